/* The writer's output is byte for byte what cJSON prints. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/json_write.h"
#include "tests/unit/exact.h"

/* As a member's value and in an array. */
static void string_is(const char *text)
{
	const char *const texts[] = {text, text};
	cJSON *tree = cJSON_CreateObject();
	struct ztp_writer writer;
	char *ours, *theirs;

	assert_non_null(cJSON_AddStringToObject(tree, "a", text));
	assert_true(cJSON_AddItemToObject(tree, "b",
					  cJSON_CreateStringArray(texts, 2)));
	theirs = cJSON_PrintUnformatted(tree);
	ztp_json_start(&writer, 1);
	ztp_json_open(&writer, NULL, '{');
	ztp_json_add_string(&writer, "a", text);
	ztp_json_open(&writer, "b", '[');
	ztp_json_add_string(&writer, NULL, text);
	ztp_json_add_string(&writer, NULL, text);
	ztp_json_close(&writer, ']');
	ztp_json_close(&writer, '}');
	assert_int_equal(ztp_json_finish(&ours, NULL, &writer, NULL), 0);
	assert_string_equal(ours, theirs);
	free(ours);
	free(theirs);
	cJSON_Delete(tree);
}

static void every_byte_is_written_as_cjson_does(void **state)
{
	char text[8];

	(void)state;
	for (int c = 1; c < 256; c++) {
		snprintf(text, sizeof(text), "%c", c);
		string_is(text);
		snprintf(text, sizeof(text), "%c%c", c, c);
		string_is(text);
		snprintf(text, sizeof(text), "x%cx", c);
		string_is(text);
	}
	string_is("");
	string_is("Zo\xc3\xab \xf0\x9f\x98\x80 \xe2\x82\xac/\\\"\n\x7f");
}

static void number_is(int64_t number, const char *want)
{
	struct ztp_writer writer;
	char *ours;

	ztp_json_start(&writer, 1);
	ztp_json_add_int(&writer, NULL, number);
	assert_int_equal(ztp_json_finish(&ours, NULL, &writer, NULL), 0);
	assert_string_equal(ours, want);
	free(ours);
}

static void numbers_keep_all_digits(void **state)
{
	(void)state;
	number_is(0, "0");
	number_is(-1, "-1");
	number_is(2048, "2048");
	number_is(INT64_MAX, "9223372036854775807");
	number_is(INT64_MIN, "-9223372036854775808");
}

static void commas_are_between(void **state)
{
	static const uint8_t bytes[] = {0xab, 0x01};
	struct ztp_writer writer;
	size_t len;
	char *json;

	(void)state;
	ztp_json_start(&writer, 1);
	ztp_json_open(&writer, NULL, '{');
	ztp_json_open(&writer, "a", '{');
	ztp_json_close(&writer, '}');
	ztp_json_open(&writer, "b", '[');
	ztp_json_close(&writer, ']');
	ztp_json_add_time(&writer, "c", 1767323045678);
	ztp_json_add_hex(&writer, "d", bytes, 2);
	ztp_json_add_base64(&writer, "e", bytes, 2);
	ztp_json_add_base64(&writer, "f", bytes, 0);
	ztp_json_add_raw(&writer, "g", (struct ztp_str){"{ }", 3});
	ztp_json_add_text(&writer, "h", (struct ztp_str){"uv", 1});
	ztp_json_close(&writer, '}');
	assert_int_equal(ztp_json_finish(&json, &len, &writer, NULL), 0);
	assert_string_equal(json, "{\"a\":{},\"b\":[],"
				  "\"c\":\"2026-01-02T03:04:05.678Z\","
				  "\"d\":\"ab01\",\"e\":\"qwE=\",\"f\":\"\","
				  "\"g\":{ },\"h\":\"u\"}");
	assert_int_equal(len, strlen(json));
	free(json);
}

/* Whatever there is room for in the beginning, and whatever ends it. */
static void the_buffer_grows_anywhere(void **state)
{
	static const char *const ends[] = {"\"2026-01-02T03:04:05.678Z\"]",
					   "\"ab01ff\"]", "\"qwE=\"]", "-7]",
					   "\"\\u0001\"]"};
	static const uint8_t bytes[] = {0xab, 0x01, 0xff, 0x00};
	char want[64], *json;
	size_t len;

	(void)state;
	for (size_t room = 1; room < 64; room++)
		for (size_t end = 0; end < 5; end++) {
			struct ztp_writer writer;

			ztp_json_start(&writer, room);
			ztp_json_open(&writer, NULL, '[');
			ztp_json_add_hex(&writer, NULL, bytes, end);
			if (end == 0)
				ztp_json_add_time(&writer, NULL, 1767323045678);
			else if (end == 1)
				ztp_json_add_hex(&writer, NULL, bytes, 3);
			else if (end == 2)
				ztp_json_add_base64(&writer, NULL, bytes, 2);
			else if (end == 3)
				ztp_json_add_int(&writer, NULL, -7);
			else
				ztp_json_add_string(&writer, NULL, "\x01");
			ztp_json_close(&writer, ']');
			assert_int_equal(
				ztp_json_finish(&json, &len, &writer, NULL), 0);
			snprintf(want, sizeof(want), "[\"%.*s\",%s",
				 (int)(2 * end), "ab01ff00", ends[end]);
			assert_string_equal(json, want);
			assert_int_equal(len, strlen(want));
			free(json);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_written_as_cjson_does),
		cmocka_unit_test(numbers_keep_all_digits),
		cmocka_unit_test(commas_are_between),
		cmocka_unit_test(the_buffer_grows_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
