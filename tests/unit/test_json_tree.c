/* What the strict reader makes of a text: trees, members as written, and
 * members by their type. */
#include "ztp/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"

#define ROOM (1024 * 1024)

static void parse_checks_first(void **state)
{
	cJSON *tree = (cJSON *)&tree;
	static const char twice[] = "{\"a\":1,\"a\":2}";

	(void)state;
	assert_int_equal(
		ztp_json_parse(&tree, twice, strlen(twice), ROOM, NULL),
		ZTP_ERR_DUPLICATE_KEY);
	assert_null(tree);
}

static void a_long_number_is_no_error_and_no_small_number(void **state)
{
	char *text = exact_print("{\"s\":\"%0100d\",\"n\":[%s%0100d,-1.%0100d"
				 "e2],\"k\":7}",
				 5, "1", 0, 0);
	char *copy = exact_copy(text, strlen(text));
	cJSON *tree, *list;

	(void)state;
	assert_int_equal(ztp_json_parse(&tree, copy, strlen(text), ROOM, NULL),
			 0);
	list = cJSON_GetObjectItemCaseSensitive(tree, "n");
	assert_true(isinf(cJSON_GetArrayItem(list, 0)->valuedouble));
	assert_true(isinf(cJSON_GetArrayItem(list, 1)->valuedouble));
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_int_equal(strlen(cJSON_GetObjectItem(tree, "s")->valuestring),
			 100);
	assert_int_equal(cJSON_GetObjectItem(tree, "k")->valueint, 7);
	cJSON_Delete(tree);
	free(copy);
	free(text);
}

static void a_number_of_63_characters_is_read(void **state)
{
	char *text = exact_print("[%063d]", 0);
	cJSON *tree;

	(void)state;
	text[1] = '1';
	assert_int_equal(ztp_json_parse(&tree, text, strlen(text), ROOM, NULL),
			 0);
	assert_true(cJSON_GetArrayItem(tree, 0)->valuedouble == 1e62);
	cJSON_Delete(tree);
	free(text);
}

static void member_is(const char *text, const char *name, const char *want)
{
	char *copy = exact_copy(text, strlen(text));
	struct ztp_str value;
	bool found = ztp_json_member(&value, copy, strlen(text), name);

	assert_int_equal(found, want != NULL);
	if (want) {
		assert_int_equal(value.n, strlen(want));
		assert_memory_equal(value.p, want, value.n);
	} else {
		assert_null(value.p);
	}
	free(copy);
}

static void member_gives_the_bytes_as_written(void **state)
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

static cJSON *tree_of(const char *text)
{
	cJSON *tree;

	assert_int_equal(ztp_json_parse(&tree, text, strlen(text), ROOM, NULL),
			 0);
	return tree;
}

static void strings(void **state)
{
	cJSON *tree = tree_of("{\"a\":\"four\",\"n\":null,\"i\":1,\"A\":2}");
	const char *text = "";

	(void)state;
	assert_int_equal(ztp_json_string(&text, tree, "a", 4, NULL), 0);
	assert_string_equal(text, "four");
	assert_int_equal(ztp_json_string(&text, tree, "a", 3, NULL),
			 ZTP_ERR_TOO_LARGE);
	assert_null(text);
	assert_int_equal(ztp_json_string(&text, tree, "n", 3, NULL), 0);
	assert_null(text);
	assert_int_equal(ztp_json_string(&text, tree, "x", 3, NULL), 0);
	assert_null(text);
	assert_int_equal(ztp_json_string(&text, tree, "i", 3, NULL),
			 ZTP_ERR_TYPE);
	assert_int_equal(ztp_json_string(&text, tree, "A", 3, NULL),
			 ZTP_ERR_TYPE);
	cJSON_Delete(tree);
}

static void integers(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t value;
	} lines[] = {
		{"0", 0, 0},
		{"-0", 0, 0},
		{"100", 0, 100},
		{"1e2", 0, 100},
		{"100.0", 0, 100},
		{"null", 0, -7},
		{"101", ZTP_ERR_VALUE, -7},
		{"-1", ZTP_ERR_VALUE, -7},
		{"9007199254740991", ZTP_ERR_VALUE, -7},
		{"9007199254740992", ZTP_ERR_TYPE, -7},
		{"9007199254740993", ZTP_ERR_TYPE, -7},
		{"-9007199254740993", ZTP_ERR_TYPE, -7},
		{"1e999", ZTP_ERR_TYPE, -7},
		{"1.5", ZTP_ERR_TYPE, -7},
		{"\"1\"", ZTP_ERR_TYPE, -7},
		{"true", ZTP_ERR_TYPE, -7},
		{"[1]", ZTP_ERR_TYPE, -7},
		{"{}", ZTP_ERR_TYPE, -7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *text = exact_print("{\"n\":%s}", lines[i].text);
		cJSON *tree = tree_of(text);
		int64_t value = -7;

		exact_code(lines[i].text,
			   ztp_json_int(&value, tree, "n", 0, 100, NULL),
			   lines[i].rc);
		assert_int_equal(value, lines[i].value);
		cJSON_Delete(tree);
		free(text);
	}
}

static void times(void **state)
{
	cJSON *tree = tree_of("{\"t\":\"1970-01-01T00:00:01.5Z\",\"n\":null,"
			      "\"i\":1,\"b\":\"yesterday\"}");
	int64_t ms = -7;

	(void)state;
	assert_int_equal(ztp_json_time(&ms, tree, "n", NULL), 0);
	assert_int_equal(ztp_json_time(&ms, tree, "x", NULL), 0);
	assert_int_equal(ztp_json_time(&ms, tree, "i", NULL), ZTP_ERR_TYPE);
	assert_int_equal(ztp_json_time(&ms, tree, "b", NULL), ZTP_ERR_VALUE);
	assert_int_equal(ms, -7);
	assert_int_equal(ztp_json_time(&ms, tree, "t", NULL), 0);
	assert_int_equal(ms, 1500);
	cJSON_Delete(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_checks_first),
		cmocka_unit_test(a_long_number_is_no_error_and_no_small_number),
		cmocka_unit_test(a_number_of_63_characters_is_read),
		cmocka_unit_test(member_gives_the_bytes_as_written),
		cmocka_unit_test(strings),
		cmocka_unit_test(integers),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
