/* Members as views: what the strict reader leaves is what a tree would hold. */
#include "policy/json_object.h"
#include "ztp/json.h"

#include <stdlib.h>

#include "tests/unit/exact.h"

/* 64 characters: one more than cJSON can read */
#define HUGE	     "1000000000000000000000000000000000000000000000000000000000000000"
#define TINY	     "0.00000000000000000000000000000000000000000000000000000000000000"
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* One value, as member "m" between others, by both readers. */
static void value_is_the_same(const char *value)
{
	char *text = exact_print("{\"k\":[{\"m\":1}],\"m\":%s,\"n\":\"\\n\"}",
				 value);
	size_t len = strlen(text);
	struct ztp_field fields[] = {{.name = "absent"}, {.name = "m"}};
	struct ztp_error ours = {0}, theirs = {0};
	struct ztp_object object;
	const char *string;
	struct ztp_str view;
	int64_t a = -7, b = -7;
	cJSON *tree;
	int rc;

	assert_int_equal(ztp_json_parse(&tree, text, len, len, NULL), 0);
	assert_int_equal(ztp_object_read(&object, fields, 2,
					 (struct ztp_str){text, len}, len,
					 NULL),
			 0);
	assert_true(object.is_object && fields[0].kind == 0);
	assert_int_equal(fields[1].raw.n, strlen(value));
	assert_memory_equal(fields[1].raw.p, value, strlen(value));
	for (int again = 0; again < 2; again++) {
		rc = ztp_json_string(&string, tree, "m", 12, &theirs);
		assert_int_equal(
			ztp_object_string(&view, &object, 1, 12, &ours), rc);
		assert_string_equal(ours.message, theirs.message);
		assert_int_equal(view.p == NULL, string == NULL);
		assert_true(!string || ztp_str_is(view, string));
	}
	rc = ztp_json_int(&a, tree, "m", -9, 100, &theirs);
	assert_int_equal(ztp_object_int(&b, &object, 1, -9, 100, &ours), rc);
	assert_int_equal(a, b);
	rc = ztp_json_time(&a, tree, "m", &theirs);
	assert_int_equal(ztp_object_time(&b, &object, 1, &ours), rc);
	assert_int_equal(a, b);
	assert_string_equal(ours.message, theirs.message);
	ztp_object_clear(&object);
	cJSON_Delete(tree);
	free(text);
}

static void values_are_those_of_a_tree(void **state)
{
	static const char *const values[] = {
		"null",
		"true",
		"{}",
		"[1]",
		"\"\"",
		"\"abc\"",
		"\"123456789012\"",
		"\"1234567890123\"",
		"\"12345678901\\n\"",
		"\"123456789012\\n\"",
		"\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\xc3\xa9\\u007f\xe2\x82\xac\"",
		"\"2026-01-02T03:04:05.678Z\"",
		"\"2026-01-02T03:04:05\\u005a\"",
		"0",
		"-0",
		"7",
		"-9",
		"-10",
		"100",
		"101",
		"1e2",
		"1E-2",
		"1.0",
		"1.5",
		"9007199254740991",
		"9007199254740993",
		"1e999",
		HUGE,
		TINY,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++)
		value_is_the_same(values[i]);
}

static void names_are_compared_by_characters(void **state)
{
	static const char text[] =
		" {\"\\u0061\":1,\"ab\":2,\"\":3,\"c\":{\"d\":4},\"D\":5} ";
	struct ztp_field fields[] = {
		{.name = "a"}, {.name = "b"}, {.name = "d"}, {.name = ""}};
	struct ztp_object object;

	(void)state;
	assert_int_equal(
		ztp_object_read(&object, fields, COUNT(fields),
				(struct ztp_str){text, sizeof(text) - 1}, 100,
				NULL),
		0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_of_a_tree),
		cmocka_unit_test(names_are_compared_by_characters),
		cmocka_unit_test(what_is_no_object_has_no_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
