/* Trees of cJSON nodes, built from what the strict reader shows. */
#include "base/json_tree.h"

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
		ztp_tree_parse(&tree, twice, strlen(twice), ROOM, NULL),
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
	assert_int_equal(ztp_tree_parse(&tree, copy, strlen(text), ROOM, NULL),
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
	assert_int_equal(ztp_tree_parse(&tree, text, strlen(text), ROOM, NULL),
			 0);
	assert_true(cJSON_GetArrayItem(tree, 0)->valuedouble == 1e62);
	cJSON_Delete(tree);
	free(text);
}

static cJSON *tree_of(const char *text)
{
	cJSON *tree;

	assert_int_equal(ztp_tree_parse(&tree, text, strlen(text), ROOM, NULL),
			 0);
	return tree;
}

static void strings(void **state)
{
	cJSON *tree = tree_of("{\"a\":\"four\",\"n\":null,\"i\":1,\"A\":2}");
	const char *text = "";

	(void)state;
	assert_int_equal(ztp_tree_string(&text, tree, "a", 4, NULL), 0);
	assert_string_equal(text, "four");
	assert_int_equal(ztp_tree_string(&text, tree, "a", 3, NULL),
			 ZTP_ERR_TOO_LARGE);
	assert_null(text);
	assert_int_equal(ztp_tree_string(&text, tree, "n", 3, NULL), 0);
	assert_null(text);
	assert_int_equal(ztp_tree_string(&text, tree, "x", 3, NULL), 0);
	assert_null(text);
	assert_int_equal(ztp_tree_string(&text, tree, "i", 3, NULL),
			 ZTP_ERR_TYPE);
	assert_int_equal(ztp_tree_string(&text, tree, "A", 3, NULL),
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
			   ztp_tree_int(&value, tree, "n", 0, 100, NULL),
			   lines[i].rc);
		assert_int_equal(value, lines[i].value);
		cJSON_Delete(tree);
		free(text);
	}
}

/* cJSON's own parser accepts too much, but for a text that the strict reader
 * accepts it builds the same tree. */
static void trees_are_those_of_cjson(void **state)
{
	static const char *const texts[] = {
		" {} ",
		"\n[ ]",
		"true",
		"false",
		"null",
		" -12.5e+3 ",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
		"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
		"{\"\":\"\",\"\\u0061\":{\"b\":[[],[{}],{\"\":null}]},\"A\":1}",
		"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
		"[0,-0,1e2,1E-2,0.1,123456789012345678901234567890]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cJSON *ours = tree_of(texts[i]), *theirs;
		char *our_text, *their_text;

		theirs = cJSON_ParseWithLength(texts[i], strlen(texts[i]));
		assert_true(cJSON_Compare(ours, theirs, true));
		our_text = cJSON_PrintUnformatted(ours);
		their_text = cJSON_PrintUnformatted(theirs);
		assert_string_equal(our_text, their_text);
		free(our_text);
		free(their_text);
		cJSON_Delete(ours);
		cJSON_Delete(theirs);
	}
}

static void texts(void **state)
{
	cJSON *tree = tree_of("{\"a\":\"four\",\"n\":null,\"i\":1}");

	(void)state;
	assert_string_equal(ztp_tree_text(tree, "a"), "four");
	assert_string_equal(ztp_tree_text(tree, "A"), "");
	assert_string_equal(ztp_tree_text(tree, "n"), "");
	assert_string_equal(ztp_tree_text(tree, "i"), "");
	assert_string_equal(ztp_tree_text(NULL, "a"), "");
	cJSON_Delete(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_checks_first),
		cmocka_unit_test(a_long_number_is_no_error_and_no_small_number),
		cmocka_unit_test(a_number_of_63_characters_is_read),
		cmocka_unit_test(trees_are_those_of_cjson),
		cmocka_unit_test(texts),
		cmocka_unit_test(strings),
		cmocka_unit_test(integers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
