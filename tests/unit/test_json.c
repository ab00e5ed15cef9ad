/* The strict reader: what RFC 8259 allows, and each rule that refuses a
 * text. */
#include "ztp/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/exact.h"

#define ROOM (1024 * 1024)

struct line {
	const char *text;
	size_t n; /* 0: strlen */
	int want;
};

static int check(const char *text, size_t n)
{
	char *copy = exact_copy(text, n);
	struct ztp_error error = {.code = ZTP_OK};
	int rc = ztp_json_check(copy, n, ROOM, &error);

	assert_int_equal(rc, error.code);
	assert_int_equal(rc != 0, error.message[0] != '\0');
	free(copy);
	return rc;
}

static void check_lines(const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = lines[i].n ? lines[i].n : strlen(lines[i].text);

		exact_code(lines[i].text, check(lines[i].text, n),
			   lines[i].want);
	}
}
#define CHECK(lines) check_lines(lines, sizeof(lines) / sizeof(*(lines)))

static void takes_what_rfc_8259_allows(void **state)
{
	static const struct line lines[] = {
		{"{}", 0, 0},
		{"[]", 0, 0},
		{" \t\r\n{ } ", 0, 0},
		{"0", 0, 0},
		{"-0", 0, 0},
		{"1.5e+10", 0, 0},
		{"1E400", 0, 0},
		{"-12.250", 0, 0},
		{"123456789012345678901234567890", 0, 0},
		{"true", 0, 0},
		{"false", 0, 0},
		{"null", 0, 0},
		{"\"\"", 0, 0},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 0, 0},
		{"\"\\u00e9\\uFFFF\\ud83D\\uDe00\"", 0, 0},
		{"\"\x7f\"", 0, 0},
		{"\"\xc2\x80\xdf\xbf\"", 0, 0},
		{"\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"", 0, 0},
		{"\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", 0, 0},
		{"{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}", 0, 0},
		{"{\"\":1}", 0, 0},
		{"[1,[2,[3]],{\"x\":[]}]", 0, 0},
		{"{\"a\":1,\"A\":1,\"aa\":1}", 0, 0},
	};

	(void)state;
	CHECK(lines);
}

static void refuses_what_is_no_json(void **state)
{
	static const struct line lines[] = {
		{" ", 0, ZTP_ERR_JSON},
		{"007", 0, ZTP_ERR_JSON},
		{"-", 0, ZTP_ERR_JSON},
		{"-01", 0, ZTP_ERR_JSON},
		{"+1", 0, ZTP_ERR_JSON},
		{".5", 0, ZTP_ERR_JSON},
		{"1.", 0, ZTP_ERR_JSON},
		{"1e", 0, ZTP_ERR_JSON},
		{"1e+", 0, ZTP_ERR_JSON},
		{"0x10", 0, ZTP_ERR_JSON},
		{"1_000", 0, ZTP_ERR_JSON},
		{"NaN", 0, ZTP_ERR_JSON},
		{"Infinity", 0, ZTP_ERR_JSON},
		{"-Infinity", 0, ZTP_ERR_JSON},
		{"nul", 0, ZTP_ERR_JSON},
		{"nulL", 0, ZTP_ERR_JSON},
		{"True", 0, ZTP_ERR_JSON},
		{"truex", 0, ZTP_ERR_JSON},
		{"[1,]", 0, ZTP_ERR_JSON},
		{"[,1]", 0, ZTP_ERR_JSON},
		{"[1 2]", 0, ZTP_ERR_JSON},
		{"[1}", 0, ZTP_ERR_JSON},
		{"{\"a\":1]", 0, ZTP_ERR_JSON},
		{"{\"a\":1,}", 0, ZTP_ERR_JSON},
		{"{\"a\" 1}", 0, ZTP_ERR_JSON},
		{"{\"a\":}", 0, ZTP_ERR_JSON},
		{"{\"a\"}", 0, ZTP_ERR_JSON},
		{"{a:1}", 0, ZTP_ERR_JSON},
		{"{1:1}", 0, ZTP_ERR_JSON},
		{"{'a':1}", 0, ZTP_ERR_JSON},
		{"{,}", 0, ZTP_ERR_JSON},
		{"\"a", 0, ZTP_ERR_JSON},
		{"\"\\", 0, ZTP_ERR_JSON},
		{"\"\\x41\"", 0, ZTP_ERR_JSON},
		{"\"\\u12\"", 0, ZTP_ERR_JSON},
		{"\"\\u12g4\"", 0, ZTP_ERR_JSON},
		{"\"\\u 123\"", 0, ZTP_ERR_JSON},
		{"\"\t\"", 0, ZTP_ERR_JSON},
		{"\"\n\"", 0, ZTP_ERR_JSON},
		{"\"\x1f\"", 0, ZTP_ERR_JSON},
		{"// c\n1", 0, ZTP_ERR_JSON},
		{"[1]/**/", 0, ZTP_ERR_JSON},
		{"\xef\xbb\xbf{}", 0, ZTP_ERR_JSON},
		{"\f1", 0, ZTP_ERR_JSON},
		{"\xc2\xa0", 0, ZTP_ERR_JSON},
	};

	(void)state;
	CHECK(lines);
}

static void refuses_trailing_bytes(void **state)
{
	static const struct line lines[] = {
		{"{} x", 0, ZTP_ERR_JSON},   {"{}{}", 0, ZTP_ERR_JSON},
		{"1 2", 0, ZTP_ERR_JSON},    {"[]]", 0, ZTP_ERR_JSON},
		{"\"a\"b", 0, ZTP_ERR_JSON}, {"{},", 0, ZTP_ERR_JSON},
	};

	(void)state;
	CHECK(lines);
}

static void refuses_nul_raw_and_escaped(void **state)
{
	static const struct line lines[] = {
		{"{}\0", 3, ZTP_ERR_NUL},
		{"\0", 1, ZTP_ERR_NUL},
		{"\"a\0b\"", 5, ZTP_ERR_NUL},
		{"[1,\0]", 5, ZTP_ERR_NUL},
		{"{\"a\0\":1}", 8, ZTP_ERR_NUL},
		{"1\0", 2, ZTP_ERR_NUL},
		{"\"\\\0\"", 4, ZTP_ERR_JSON},
		{"\"\\u0000\"", 0, ZTP_ERR_NUL},
		{"{\"d\\u0000x\":1}", 0, ZTP_ERR_NUL},
		{"\"\\ud83d\\u0000\"", 0, ZTP_ERR_UTF8},
	};

	(void)state;
	CHECK(lines);
}

static void refuses_invalid_utf8(void **state)
{
	static const struct line lines[] = {
		{"\"\x80\"", 0, ZTP_ERR_UTF8},
		{"\"\xbf\"", 0, ZTP_ERR_UTF8},
		{"\"\xc0\xaf\"", 0, ZTP_ERR_UTF8},
		{"\"\xc1\xbf\"", 0, ZTP_ERR_UTF8},
		{"\"\xc2\"", 0, ZTP_ERR_UTF8},
		{"\"\xc2\x41\"", 0, ZTP_ERR_UTF8},
		{"\"\xe0\x80\x80\"", 0, ZTP_ERR_UTF8},
		{"\"\xe0\x9f\xbf\"", 0, ZTP_ERR_UTF8},
		{"\"\xe2\x82\"", 0, ZTP_ERR_UTF8},
		{"\"\xed\xa0\x80\"", 0, ZTP_ERR_UTF8},
		{"\"\xed\xbf\xbf\"", 0, ZTP_ERR_UTF8},
		{"\"\xf0\x80\x80\x80\"", 0, ZTP_ERR_UTF8},
		{"\"\xf0\x8f\xbf\xbf\"", 0, ZTP_ERR_UTF8},
		{"\"\xf0\x9f\x98\"", 0, ZTP_ERR_UTF8},
		{"\"\xf4\x90\x80\x80\"", 0, ZTP_ERR_UTF8},
		{"\"\xf5\x80\x80\x80\"", 0, ZTP_ERR_UTF8},
		{"\"\xff\"", 0, ZTP_ERR_UTF8},
		{"{\"\xff\":1}", 0, ZTP_ERR_UTF8},
	};

	(void)state;
	CHECK(lines);
}

static void refuses_lone_surrogate_escapes(void **state)
{
	static const struct line lines[] = {
		{"\"\\ud800\"", 0, ZTP_ERR_UTF8},
		{"\"\\udc00\"", 0, ZTP_ERR_UTF8},
		{"\"\\ud800x\"", 0, ZTP_ERR_UTF8},
		{"\"\\ud800\\n\"", 0, ZTP_ERR_UTF8},
		{"\"\\ud800\\u0041\"", 0, ZTP_ERR_UTF8},
		{"\"\\ud800\\ud800\"", 0, ZTP_ERR_UTF8},
		{"\"\\udc00\\ud800\"", 0, ZTP_ERR_UTF8},
		{"{\"\\uDFFF\":1}", 0, ZTP_ERR_UTF8},
	};

	(void)state;
	CHECK(lines);
}

static void refuses_duplicate_keys_however_spelled(void **state)
{
	static const struct line lines[] = {
		{"{\"a\":1,\"a\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\":1,\"\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"a\":1,\"\\u0061\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\u0061\":1,\"a\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\u006a\":1,\"\\u006A\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\/\":1,\"/\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\n\":1,\"\\u000a\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\b\":1,\"\\u0008\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\f\":1,\"\\u000c\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\r\":1,\"\\u000D\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\t\":1,\"\\u0009\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\\"\":1,\"\\u0022\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\\\\\":1,\"\\u005c\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\xc3\xa9\":1,\"\\u00e9\":2}", 0, ZTP_ERR_DUPLICATE_KEY},
		{"{\"\xe2\x82\xac\":1,\"\\u20AC\":2}", 0,
		 ZTP_ERR_DUPLICATE_KEY},
		{"{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", 0,
		 ZTP_ERR_DUPLICATE_KEY},
		{"[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]", 0,
		 ZTP_ERR_DUPLICATE_KEY},
		{"{\"a\":{\"b\":1},\"a\":{\"b\":1}}", 0, ZTP_ERR_DUPLICATE_KEY},
		/* similar, but not the same */
		{"{\"\\\\u0061\":1,\"a\":2}", 0, 0},
		{"{\"\\u0061b\":1,\"a\":2}", 0, 0},
		{"{\"\\u0062\":1,\"a\":2}", 0, 0},
	};

	(void)state;
	CHECK(lines);
}

/* {"k0":0,"k1":0,...} of count keys; last replaces the last key's name. */
static char *many_keys(int count, const char *last)
{
	size_t size = (size_t)count * 20 + 64;
	char *text = malloc(size), *p = text;

	assert_non_null(text);
	*p++ = '{';
	for (int i = 0; i < count - 1; i++)
		p += snprintf(p, size - (size_t)(p - text), "\"k%d\":0,", i);
	(void)snprintf(p, size - (size_t)(p - text), "\"%s\":0}", last);
	return text;
}

static void finds_a_duplicate_among_any_number_of_keys(void **state)
{
	static const int counts[] = {2, 11, 12, 13, 14, 47, 48, 49, 97, 20000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		char *good = many_keys(counts[i], "other");
		char *bad = many_keys(counts[i], "k0");
		char *spelled = many_keys(counts[i], "\\u006b0");

		exact_code("distinct", check(good, strlen(good)), 0);
		exact_code("twice", check(bad, strlen(bad)),
			   ZTP_ERR_DUPLICATE_KEY);
		exact_code("escaped", check(spelled, strlen(spelled)),
			   ZTP_ERR_DUPLICATE_KEY);
		free(good);
		free(bad);
		free(spelled);
	}
}

static double seconds(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Keys that differ only at their end and look alike to a simple hash. A
 * quadratic search would take 10^9 comparisons here, minutes under ASan. */
static void cost_is_bounded_for_hostile_keys(void **state)
{
	char *text = malloc(ROOM), *p = text;
	double start;

	(void)state;
	assert_non_null(text);
	*p++ = '{';
	for (int i = 0; i < 40000; i++)
		p += snprintf(p, ROOM - (size_t)(p - text),
			      "\"%c%c%c%c\\u0061\":0,", 'a' + i % 13,
			      'a' + i / 13 % 13, 'a' + i / 169 % 13,
			      'a' + i / 2197 % 26);
	p += snprintf(p, ROOM - (size_t)(p - text), "\"\":0}");
	start = seconds();
	exact_code("many", check(text, (size_t)(p - text)), 0);
	assert_true(seconds() - start < 5.0);
	free(text);
}

static void depth_counts_the_outermost_as_one(void **state)
{
	char text[128];

	(void)state;
	for (int depth = 15; depth <= 18; depth++) {
		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		exact_code("arrays", check(text, 2 * (size_t)depth),
			   depth <= ZTP_JSON_DEPTH ? 0 : ZTP_ERR_TOO_DEEP);
	}
	for (int depth = 16; depth <= 17; depth++) {
		char *p = text;

		for (int i = 1; i < depth; i++)
			p = stpcpy(p, "{\"\":");
		p = stpcpy(p, "{}");
		memset(p, '}', (size_t)depth - 1);
		exact_code("objects",
			   check(text, (size_t)(p - text + depth - 1)),
			   depth <= ZTP_JSON_DEPTH ? 0 : ZTP_ERR_TOO_DEEP);
	}
}

static void siblings_do_not_deepen(void **state)
{
	static const char text[] =
		"[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],{},{},"
		"{\"a\":{\"b\":{}},\"c\":[[[[[[[[[[[[[[]]]]]]]]]]]]]]}]";

	(void)state;
	exact_code("siblings", check(text, sizeof(text) - 1), 0);
}

static void a_hundred_thousand_brackets_are_no_danger(void **state)
{
	char *text = malloc(100000);

	(void)state;
	assert_non_null(text);
	memset(text, '[', 100000);
	exact_code("brackets", check(text, 100000), ZTP_ERR_TOO_DEEP);
	free(text);
}

static void size_and_emptiness(void **state)
{
	struct ztp_error error;

	(void)state;
	assert_int_equal(ztp_json_check("[1]", 3, 3, NULL), 0);
	assert_int_equal(ztp_json_check("[1]", 3, 2, &error),
			 ZTP_ERR_TOO_LARGE);
	assert_int_equal(ztp_json_check("", 0, 10, &error), ZTP_ERR_EMPTY);
	assert_int_equal(ztp_json_check(NULL, 0, 10, &error), ZTP_ERR_EMPTY);
}

static void every_prefix_is_refused_and_none_is_overread(void **state)
{
	static const char text[] =
		" {\"a\\u0061\":[1,-2.5e+3,true,false,null,\"\\ud83d\\ude00"
		"\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9\\n\"],\"b\":{\"c\":{}}}";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_true(check(text, n) < 0);
	exact_code("whole", check(text, sizeof(text) - 1), 0);
}

/* --- the values, one by one */

#define STOP_AT 3

struct seen {
	char text[256]; /* "name=kind:raw " for each */
	int count;
	bool stop;
};

static int see(void *arg, const struct ztp_json_item *item)
{
	struct seen *seen = arg;
	size_t at = strlen(seen->text);
	char name[32] = "";

	if (item->name.p)
		name[ztp_json_unescape(name, item->name)] = '\0';
	(void)snprintf(seen->text + at, sizeof(seen->text) - at, "%s=%c:%.*s ",
		       name, item->kind, (int)item->raw.n, item->raw.p);
	seen->count++;
	return seen->stop && seen->count == STOP_AT ? ZTP_ERR_FULL : 0;
}

static void each_value_is_shown_in_order(void **state)
{
	static const struct {
		const char *text, *seen;
	} lines[] = {
		{" {\"a\":1, \"\\u0062\" : {\"c\":[2]} ,\"\":null}",
		 "a=0:1 b={:{\"c\":[2]} =n:null "},
		{"[ \"x\" ,[[]], -1e2,true,false]",
		 "=\":\"x\" =[:[[]] =0:-1e2 =t:true =f:false "},
		{"[]", ""},
		{"{ }", ""},
		{" 7 ", ""},
		{"\"[1]\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		size_t n = strlen(lines[i].text);
		char *copy = exact_copy(lines[i].text, n);
		struct seen seen = {.count = 0};

		assert_int_equal(ztp_json_each((struct ztp_str){copy, n}, n,
					       see, &seen, NULL),
				 0);
		assert_string_equal(seen.text, lines[i].seen);
		free(copy);
	}
}

static void whoever_looks_can_stop_it(void **state)
{
	static const struct ztp_str text = {"[1,2,3,4", 8};
	struct seen seen = {.stop = true};
	struct ztp_error error;

	(void)state;
	assert_int_equal(ztp_json_each(text, 100, see, &seen, &error),
			 ZTP_ERR_FULL);
	assert_int_equal(seen.count, STOP_AT);
	seen.stop = false;
	assert_int_equal(ztp_json_each(text, 100, see, &seen, &error),
			 ZTP_ERR_JSON);
}

static void the_outermost_value(void **state)
{
	static const struct ztp_str string = {" \"a\\n\" ", 7};
	static const struct ztp_str array = {" [1] ", 5};
	struct ztp_json_item value;

	(void)state;
	assert_int_equal(ztp_json_value(&value, string, 7, NULL), 0);
	assert_int_equal(value.kind, '"');
	assert_int_equal(value.raw.n, 5);
	assert_null(value.name.p);
	assert_true(ztp_json_is(&value.string, "a\n"));
	assert_false(ztp_json_is(&value.string, "a"));
	assert_false(ztp_json_is(&value.string, ""));
	assert_int_equal(ztp_json_value(&value, array, 5, NULL), 0);
	assert_int_equal(value.kind, '[');
	assert_memory_equal(value.raw.p, "[1]", value.raw.n);
	assert_int_equal(ztp_json_value(&value, array, 4, NULL),
			 ZTP_ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_rfc_8259_allows),
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(refuses_trailing_bytes),
		cmocka_unit_test(refuses_nul_raw_and_escaped),
		cmocka_unit_test(refuses_invalid_utf8),
		cmocka_unit_test(refuses_lone_surrogate_escapes),
		cmocka_unit_test(refuses_duplicate_keys_however_spelled),
		cmocka_unit_test(finds_a_duplicate_among_any_number_of_keys),
		cmocka_unit_test(cost_is_bounded_for_hostile_keys),
		cmocka_unit_test(depth_counts_the_outermost_as_one),
		cmocka_unit_test(siblings_do_not_deepen),
		cmocka_unit_test(a_hundred_thousand_brackets_are_no_danger),
		cmocka_unit_test(size_and_emptiness),
		cmocka_unit_test(every_prefix_is_refused_and_none_is_overread),
		cmocka_unit_test(each_value_is_shown_in_order),
		cmocka_unit_test(whoever_looks_can_stop_it),
		cmocka_unit_test(the_outermost_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
