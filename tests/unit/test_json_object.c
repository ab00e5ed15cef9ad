/* Members as views: found by name and converted to values. */
#include "ztp/json.h"

#include <stdlib.h>

#include "tests/unit/exact.h"

/* 64 characters: one more than are evaluated */
#define HUGE	     "1000000000000000000000000000000000000000000000000000000000000000"
#define TINY	     "0.00000000000000000000000000000000000000000000000000000000000000"
#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NONE	     (-7) /* the value before, which absent members leave */

/* In the order of the table. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct value {
	const char *text;
	int string_rc; /* of at most 12 bytes */
	const char *string;
	int int_rc; /* from -9 to 100 */
	int64_t number;
	int time_rc;
	int64_t time;
};

/* Checks one value as member "m" between others. Reads it twice, because the
 * first time may unescape it. */
static void check_value(const struct value *want)
{
	char *text = exact_print("{\"k\":[{\"m\":1}],\"m\":%s,\"n\":\"\\n\"}",
				 want->text);
	size_t len = strlen(text);
	struct ztp_field fields[] = {{.name = "absent"}, {.name = "m"}};
	int64_t number = NONE, time = NONE;
	struct ztp_object object;
	struct ztp_str view;

	assert_int_equal(ztp_object_read(&object, fields, 2,
					 (struct ztp_str){text, len}, len,
					 NULL),
			 0);
	assert_true(object.is_object && fields[0].kind == 0);
	assert_int_equal(fields[1].raw.n, strlen(want->text));
	assert_memory_equal(fields[1].raw.p, want->text, strlen(want->text));
	for (int again = 0; again < 2; again++) {
		exact_code(want->text,
			   ztp_object_string(&view, &object, 1, 12, NULL),
			   want->string_rc);
		assert_int_equal(view.p != NULL, want->string != NULL);
		assert_true(!want->string || ztp_str_is(view, want->string));
		/* where it may be left out, "" is as good as nothing */
		exact_code(want->text,
			   ztp_object_text(&view, &object, 1, 12, NULL),
			   want->string_rc);
		assert_int_equal(view.p != NULL, want->string && *want->string);
	}
	exact_code(want->text,
		   ztp_object_int(&number, &object, 1, -9, 100, NULL),
		   want->int_rc);
	assert_int_equal(number, want->number);
	exact_code(want->text, ztp_object_time(&time, &object, 1, NULL),
		   want->time_rc);
	assert_int_equal(time, want->time);
	ztp_object_clear(&object);
	free(text);
}

#define TYPE	  ZTP_ERR_TYPE
#define NOT	  ZTP_ERR_VALUE /* right type, wrong range or form */
#define LONG	  ZTP_ERR_TOO_LARGE
#define NO_STRING TYPE, NULL
#define NO_NUMBER TYPE, NONE
#define NO_TIME	  TYPE, NONE
#define BAD_TIME  NOT, NONE

static void values_by_their_types(void **state)
{
	static const struct value values[] = {
		{"null", 0, NULL, 0, NONE, 0, NONE},
		{"true", NO_STRING, NO_NUMBER, NO_TIME},
		{"false", NO_STRING, NO_NUMBER, NO_TIME},
		{"{}", NO_STRING, NO_NUMBER, NO_TIME},
		{"[1]", NO_STRING, NO_NUMBER, NO_TIME},
		{"\"\"", 0, "", NO_NUMBER, 0, NONE},
		{"\"abc\"", 0, "abc", NO_NUMBER, BAD_TIME},
		{"\"123456789012\"", 0, "123456789012", NO_NUMBER, BAD_TIME},
		{"\"1234567890123\"", LONG, NULL, NO_NUMBER, BAD_TIME},
		{"\"12345678901\\n\"", 0, "12345678901\n", NO_NUMBER, BAD_TIME},
		{"\"123456789012\\n\"", LONG, NULL, NO_NUMBER, BAD_TIME},
		{"\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"", 0,
		 "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", NO_NUMBER, BAD_TIME},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 0, "\"\\/\b\f\n\r\t",
		 NO_NUMBER, BAD_TIME},
		{"\"\xc3\xa9\\u007f\xe2\x82\xac\"", 0,
		 "\xc3\xa9\x7f\xe2\x82\xac", NO_NUMBER, BAD_TIME},
		{"\"1970-01-01T00:00:01.5Z\"", LONG, NULL, NO_NUMBER, 0, 1500},
		{"\"1970-01-01T00:00:01\\u005a\"", LONG, NULL, NO_NUMBER, 0,
		 1000},
		{"0", NO_STRING, 0, 0, NO_TIME},
		{"-0", NO_STRING, 0, 0, NO_TIME},
		{"7", NO_STRING, 0, 7, NO_TIME},
		{"-9", NO_STRING, 0, -9, NO_TIME},
		{"-10", NO_STRING, NOT, NONE, NO_TIME},
		{"100", NO_STRING, 0, 100, NO_TIME},
		{"101", NO_STRING, NOT, NONE, NO_TIME},
		{"1e2", NO_STRING, 0, 100, NO_TIME},
		{"1E-2", NO_STRING, NO_NUMBER, NO_TIME},
		{"1.0", NO_STRING, 0, 1, NO_TIME},
		{"1.5", NO_STRING, NO_NUMBER, NO_TIME},
		{"9007199254740991", NO_STRING, NOT, NONE, NO_TIME},
		{"-9007199254740991", NO_STRING, NOT, NONE, NO_TIME},
		{"9007199254740993", NO_STRING, NO_NUMBER, NO_TIME},
		{"1e999", NO_STRING, NO_NUMBER, NO_TIME},
		{HUGE, NO_STRING, NO_NUMBER, NO_TIME},
		{TINY, NO_STRING, NO_NUMBER, NO_TIME},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++)
		check_value(&values[i]);
}

static void the_last_number_that_is_evaluated(void **state)
{
	char digits[] = HUGE;
	int64_t value = NONE;

	(void)state;
	assert_true(ztp_json_number((struct ztp_str){digits, 64}) > 1e300);
	assert_true(ztp_json_number((struct ztp_str){digits, 63}) == 1e62);
	assert_true(ztp_json_integer(&value, 9007199254740991.0));
	assert_int_equal(value, 9007199254740991);
	assert_false(ztp_json_integer(&value, 9007199254740992.0));
	assert_false(ztp_json_integer(&value, -9007199254740992.0));
	assert_false(ztp_json_integer(&value, 0.5));
}

static void member_is(const char *text, const char *name, const char *want)
{
	char *copy = exact_copy(text, strlen(text));
	struct ztp_field field = {.name = name};
	struct ztp_object object;

	assert_int_equal(ztp_object_read(&object, &field, 1,
					 (struct ztp_str){copy, strlen(text)},
					 1000, NULL),
			 0);
	assert_int_equal(field.kind != 0, want != NULL);
	assert_true(!want || ztp_str_is(field.raw, want));
	ztp_object_clear(&object);
	free(copy);
}

static void a_view_is_what_was_written(void **state)
{
	static const char text[] =
		"\n{ \"a\" : 9007199254740993 , \"b\":{ \"z\": 1.0, \"a\" : "
		"[\"}]\\\"\", {}] } ,\"c\":\"x,}\\\\\",\"\\u0064\":[ ],"
		"\"e\":123456789012345678901234567890,\"f\":null}";

	(void)state;
	member_is(text, "a", "9007199254740993");
	member_is(text, "b", "{ \"z\": 1.0, \"a\" : [\"}]\\\"\", {}] }");
	member_is(text, "c", "\"x,}\\\\\"");
	member_is(text, "d", "[ ]");
	member_is(text, "e", "123456789012345678901234567890");
	member_is(text, "f", "null");
	member_is(text, "z", NULL);
	member_is(text, "", NULL);
	member_is("{}", "a", NULL);
	member_is("[1]", "a", NULL);
	member_is("1", "a", NULL);
	member_is("{\"a\":1}", "a", "1");
	member_is("{\"a\\\\\":1,\"b\":2}", "a\\", "1");
}

static void read_text(struct ztp_object *object, struct ztp_field *fields,
		      size_t count, const char *text)
{
	assert_int_equal(ztp_object_read(object, fields, count,
					 (struct ztp_str){text, strlen(text)},
					 100, NULL),
			 0);
}

static void names_are_compared_by_characters(void **state)
{
	static const char text[] =
		" {\"\\u0061\":1,\"ab\":2,\"\":3,\"c\":{\"d\":4},\"D\":5} ";
	struct ztp_field fields[] = {
		{.name = "a"}, {.name = "b"}, {.name = "d"}, {.name = ""}};
	struct ztp_object object;

	(void)state;
	read_text(&object, fields, COUNT(fields), text);
	assert_int_equal(fields[0].kind, '0');
	assert_int_equal(*fields[0].raw.p, '1');
	assert_int_equal(fields[1].kind, 0);
	assert_int_equal(fields[2].kind, 0);
	assert_int_equal(*fields[3].raw.p, '3');
	ztp_object_clear(&object);
}

static void what_is_no_object_has_no_fields(void **state)
{
	static const char *const texts[] = {"[{\"a\":1}]", "\"{\"", " 7 "};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct ztp_field fields[] = {{.name = "a", .kind = 'x'}};
		struct ztp_str text = {texts[i], strlen(texts[i])};
		struct ztp_object object;

		assert_int_equal(
			ztp_object_read(&object, fields, 1, text, 100, NULL),
			0);
		assert_false(object.is_object);
		assert_int_equal(fields[0].kind, 0);
		ztp_object_clear(&object);
	}
}

/* All that had escapes are in one buffer. */
static void unescaped_strings_keep_their_place(void **state)
{
	static const char text[] =
		"{\"a\":\"\\n1\",\"b\":\"\\u00e42\",\"c\":\"x\\\\\"}";
	struct ztp_field fields[] = {
		{.name = "a"}, {.name = "b"}, {.name = "c"}};
	static const char *const want[] = {"\n1",
					   "\xc3\xa4"
					   "2",
					   "x\\"};
	struct ztp_object object;
	struct ztp_str views[3];

	(void)state;
	read_text(&object, fields, COUNT(fields), text);
	for (size_t i = 0; i < COUNT(want); i++)
		assert_int_equal(
			ztp_object_string(&views[i], &object, i, 9, NULL), 0);
	for (size_t i = 0; i < COUNT(want); i++)
		assert_true(ztp_str_is(views[i], want[i]));
	ztp_object_clear(&object);
}

static void a_copy_is_terminated_within_its_size(void **state)
{
	static const char text[] = "{\"a\":\"abc\",\"b\":\"abcd\",\"c\":null}";
	struct ztp_field fields[] = {
		{.name = "a"}, {.name = "b"}, {.name = "c"}};
	char *out = malloc(4);
	struct ztp_object object;

	(void)state;
	read_text(&object, fields, COUNT(fields), text);
	assert_int_equal(ztp_object_copy(out, 4, &object, 0, NULL), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(ztp_object_copy(out, 4, &object, 1, NULL),
			 ZTP_ERR_TOO_LARGE);
	assert_int_equal(ztp_object_copy(out, 4, &object, 2, NULL), 0);
	assert_string_equal(out, "");
	free(out);
	ztp_object_clear(&object);
}

static void every_digit_begins_a_number(void **state)
{
	char text[] = "{\"a\":0}";

	(void)state;
	for (int digit = 0; digit <= 9; digit++) {
		struct ztp_field fields[] = {{.name = "a"}};
		struct ztp_object object;
		int64_t value = NONE;

		text[5] = (char)('0' + digit);
		assert_int_equal(ztp_object_read(&object, fields, 1,
						 ztp_str_of(text), 100, NULL),
				 0);
		assert_int_equal(fields[0].kind, '0');
		assert_int_equal(ztp_object_int(&value, &object, 0, 0, 9, NULL),
				 0);
		assert_int_equal(value, digit);
		ztp_object_clear(&object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_by_their_types),
		cmocka_unit_test(the_last_number_that_is_evaluated),
		cmocka_unit_test(a_view_is_what_was_written),
		cmocka_unit_test(names_are_compared_by_characters),
		cmocka_unit_test(what_is_no_object_has_no_fields),
		cmocka_unit_test(unescaped_strings_keep_their_place),
		cmocka_unit_test(a_copy_is_terminated_within_its_size),
		cmocka_unit_test(every_digit_begins_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
