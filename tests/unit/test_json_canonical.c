/* One spelling for each JSON value. */
#include "policy/json_canonical.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"
#include "tests/unit/starve.h"

static char *canonical(const char *text)
{
	char *copy = exact_copy(text, strlen(text)), *out = NULL;
	size_t n = 0;
	int rc = ztp_json_canonical(
		&out, &n, (struct ztp_str){copy, strlen(text)}, 65536, NULL);

	exact_code(text, rc, 0);
	assert_int_equal(strlen(out), n);
	free(copy);
	return out;
}

static void each_value_has_one_form(void **state)
{
	static const struct {
		const char *text, *form;
	} lines[] = {
		{" null\n", "null"},
		{"true", "true"},
		{"\"\"", "\"\""},
		{"\"a\\/b\"", "\"a/b\""},
		{"\"\\u00e4\\u20AC\"", "\"ä€\""},
		{"\"\\ud83d\\ude00\"", "\"😀\""},
		{"\"\\u0041\"", "\"A\""},
		{"\"\\u000a\\t\\u0022\\\\\"", "\"\\n\\t\\\"\\\\\""},
		{"[ ]", "[]"},
		{"[1 ,2,\t[3 ]]", "[1,2,[3]]"},
		{"{ }", "{}"},
		{"{\"b\" : 1, \"a\": {\"d\":[ {\"z\":0,\"y\":0} ],\"c\":2}}",
		 "{\"a\":{\"c\":2,\"d\":[{\"y\":0,\"z\":0}]},\"b\":1}"},
		/* names by their characters, however they are written */
		{"{\"\\u00e4\":1,\"b\":2,\"\\u0061\":3}",
		 "{\"a\":3,\"b\":2,\"ä\":1}"},
		{"{\"ab\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"ab\":1}"},
		/* numbers by their digits */
		{"[1,1.0,1e0,1E0,-0,0,1e400]", "[1,1.0,1e0,1E0,-0,0,1e400]"},
		{"9007199254740993", "9007199254740993"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *form = canonical(lines[i].text), *again;

		assert_string_equal(form, lines[i].form);
		again = canonical(form);
		assert_string_equal(again, form);
		free(form);
		free(again);
	}
}

static void many_members_are_sorted(void **state)
{
	char *text = exact_print("{"), *more, *form;
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		more = exact_print("%s%s\"%c%02d\":%d", text, i ? "," : "",
				   'z' - i % 26, i, i);
		free(text);
		text = more;
	}
	more = exact_print("%s}", text);
	free(text);
	form = canonical(more);
	assert_memory_equal(form, "{\"a25\":25,\"a51\":51,\"a77\":77,", 28);
	assert_int_equal(strlen(form), strlen(more));
	free(form);
	free(more);
}

static void as_deep_as_the_reader_goes(void **state)
{
	char text[2 * ZTP_JSON_DEPTH + 1], *form;

	(void)state;
	memset(text, '[', ZTP_JSON_DEPTH);
	memset(text + ZTP_JSON_DEPTH, ']', ZTP_JSON_DEPTH);
	text[2 * ZTP_JSON_DEPTH] = '\0';
	form = canonical(text);
	assert_string_equal(form, text);
	free(form);
}

static void what_is_no_json_has_none(void **state)
{
	static const char *const texts[] = {
		"", "{", "[1,]", "{\"a\":1,\"a\":2}", "1 2", "\"\\u0000\""};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *out = NULL;
		size_t n;

		assert_true(
			ztp_json_canonical(
				&out, &n,
				(struct ztp_str){texts[i], strlen(texts[i])},
				65536, NULL) < 0);
		assert_null(out);
	}
}

static void memory_may_run_out(void **state)
{
	static const char text[] =
		"{\"b\":[\"\\u00e4\",{\"d\":1,\"c\":2}],\"a\":0}";
	int n, rc = ZTP_ERR_NOMEM;

	(void)state;
	for (n = 0; rc != 0; n++) {
		struct ztp_error error = {.code = ZTP_OK};
		char *out = NULL;
		size_t len;

		allocations_left = n;
		rc = ztp_json_canonical(
			&out, &len, (struct ztp_str){text, sizeof(text) - 1},
			65536, &error);
		allocations_left = STARVE_NEVER;
		assert_int_equal(rc == 0, out != NULL);
		if (rc)
			exact_code("starved", error.code, ZTP_ERR_NOMEM);
		free(out);
	}
	assert_in_range(n, 3, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_value_has_one_form),
		cmocka_unit_test(many_members_are_sorted),
		cmocka_unit_test(as_deep_as_the_reader_goes),
		cmocka_unit_test(what_is_no_json_has_none),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("json_canonical", tests, NULL, NULL);
}
