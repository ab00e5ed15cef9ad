/* Views of text, UTF-8, and decimal numbers. */
#include "ztp/text.h"

#include <stdlib.h>

#include "tests/unit/exact.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void views(void **state)
{
	struct ztp_str str = ztp_str_of("ab/c");

	(void)state;
	assert_true(ztp_str_is(str, "ab/c"));
	assert_false(ztp_str_is(str, "ab"));
	assert_true(ztp_str_is(ztp_str_of(NULL), ""));
	assert_false(ztp_str_is((struct ztp_str){NULL, 0}, ""));
	assert_false(ztp_str_take(&str, "b"));
	assert_false(ztp_str_take(&str, "ab/cd"));
	assert_true(ztp_str_take(&str, "ab/"));
	assert_true(ztp_str_is(str, "c"));
	assert_true(ztp_str_take(&str, "c"));
	assert_int_equal(str.n, 0);
}

static void blanks_around(void **state)
{
	static const char *const lines[][2] = {
		{"a", "a"},	 {" \t a b\r\n", "a b"}, {"", ""},
		{" \t\r\n", ""}, {"\fa ", "\fa"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t n = strlen(lines[i][0]);
		char *copy = exact_copy(lines[i][0], n);

		assert_true(ztp_str_is(ztp_str_trim((struct ztp_str){copy, n}),
				       lines[i][1]));
		free(copy);
	}
}

static void utf8_characters(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} vectors[] = {
		{"a", 1},
		{"\x7f", 1},
		{"\xc2\x80", 2}, /* the first and the last of each length */
		{"\xdf\xbf", 2},
		{"\xe0\xa0\x80", 3},
		{"\xef\xbf\xbf", 3},
		{"\xf0\x90\x80\x80", 4},
		{"\xee\x80\x80", 3}, /* behind the surrogates */
		{"\xc3\xa4", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x98\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\xed\x9f\xbf", 3},
		{"\xc0\x80", 0},
		{"\xc1\xbf", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xed\xa0\x80", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xf5\x80\x80\x80", 0},
		{"\x80", 0},
		{"\xff", 0},
		{"\xc3", 0},
		{"\xe2\x82", 0},
		{"\xc3(", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		size_t n = strlen(vectors[i].text);
		char *copy = exact_copy(vectors[i].text, n);

		assert_int_equal(ztp_utf8_char(copy, n), vectors[i].len);
		free(copy);
	}
	assert_int_equal(ztp_utf8_char("", 0), 0);
}

static void valid_text(void **state)
{
	static const char good[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";

	(void)state;
	assert_true(ztp_utf8_valid("", 0));
	assert_true(ztp_utf8_valid(good, sizeof(good) - 1));
	assert_false(ztp_utf8_valid(good, sizeof(good) - 2));
	assert_false(ztp_utf8_valid(good, sizeof(good)));
	assert_false(ztp_utf8_valid("a\xff", 2));
}

/* A text cut anywhere keeps only whole characters. */
static void a_cut_leaves_no_half_character(void **state)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};

	(void)state;
	for (size_t n = 0; n < COUNT(kept); n++) {
		char *copy = exact_copy(text, n);

		assert_int_equal(ztp_utf8_cut(copy, n), kept[n]);
		free(copy);
	}
	/* invalid UTF-8 is left alone */
	assert_int_equal(ztp_utf8_cut("a\xff", 2), 2);
	assert_int_equal(ztp_utf8_cut("\x80\x80\x80\x80\x80", 5), 5);
	assert_int_equal(ztp_utf8_cut("a\x80", 2), 2);
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} lines[] = {
		{"0", true, 0},	    {"42", true, 42},
		{"-7", true, -7},   {"007", true, 7},
		{"100", true, 100}, {"101", false, 0},
		{"9", true, 9},	    {"99", true, 99},
		{"-8", false, 0},   {"", false, 0},
		{"-", false, 0},    {"+1", false, 0},
		{" 1", false, 0},   {"1 ", false, 0},
		{"1e1", false, 0},  {"0x1", false, 0},
		{"--1", false, 0},  {"9223372036854775808", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		int64_t value = 0;

		assert_int_equal(
			ztp_number_parse(&value, lines[i].text, -7, 100),
			lines[i].good);
		assert_int_equal(value, lines[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views),
		cmocka_unit_test(blanks_around),
		cmocka_unit_test(utf8_characters),
		cmocka_unit_test(valid_text),
		cmocka_unit_test(a_cut_leaves_no_half_character),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
