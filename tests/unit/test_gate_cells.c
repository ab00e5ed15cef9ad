/* Which bridges there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/json_tree.h"
#include "gate/cells.h"
#include "ztp/member.h"

static int hear(struct ztp_cells *cells, const char *text, int64_t now)
{
	cJSON *in = cJSON_Parse(text);
	int rc;

	assert_non_null(in);
	rc = ztp_cells_hear(cells, in, now, NULL);
	cJSON_Delete(in);
	return rc;
}

static void expect(struct ztp_cells *cells, int64_t now, const char *wanted)
{
	cJSON *data = cJSON_CreateObject();
	char *text;

	ztp_cells_tell(cells, data, now);
	text = cJSON_PrintUnformatted(
		cJSON_GetObjectItemCaseSensitive(data, ZTP_M_CELLS));
	assert_string_equal(text, wanted);
	cJSON_free(text);
	cJSON_Delete(data);
}

static void test_the_last_word_counts(void **state)
{
	struct ztp_cells cells = {0};

	(void)state;
	expect(&cells, 0, "[]");
	assert_int_equal(hear(&cells, "{}", 0), 0); /* ztpctl */
	expect(&cells, 0, "[]");
	assert_int_equal(hear(&cells, "{\"group\":\"a\"}", 0), 0);
	expect(&cells, 0, "[{\"group\":\"a\",\"subscriptions\":[]}]");
	assert_int_equal(
		hear(&cells, "{\"group\":\"a\",\"subscriptions\":[\"s\"]}", 1),
		0);
	expect(&cells, 1, "[{\"group\":\"a\",\"subscriptions\":[\"s\"]}]");
	ztp_cells_clear(&cells);
	expect(&cells, 1, "[]");
}

static void test_who_is_silent_is_forgotten(void **state)
{
	struct ztp_cells cells = {0};

	(void)state;
	assert_int_equal(hear(&cells, "{\"group\":\"a\"}", 0), 0);
	assert_int_equal(hear(&cells, "{\"group\":\"b\"}", 60000), 0);
	expect(&cells, ZTP_CELL_SILENT_MS + 1,
	       "[{\"group\":\"b\",\"subscriptions\":[]}]");
	ztp_cells_clear(&cells);
}

static void test_no_more_than_there_is_room_for(void **state)
{
	struct ztp_cells cells = {0};
	char text[64];

	(void)state;
	for (int i = 0; i <= ZTP_CELLS_MAX; i++) {
		snprintf(text, sizeof(text), "{\"group\":\"g%d\"}", i);
		assert_int_equal(hear(&cells, text, 0), 0);
	}
	assert_string_equal(cells.cells[ZTP_CELLS_MAX - 1].group, "g63");
	/* and there is room again once they are silent */
	assert_int_equal(
		hear(&cells, "{\"group\":\"new\"}", ZTP_CELL_SILENT_MS + 1), 0);
	expect(&cells, ZTP_CELL_SILENT_MS + 1,
	       "[{\"group\":\"new\",\"subscriptions\":[]}]");
	ztp_cells_clear(&cells);
}

static void test_what_is_refused(void **state)
{
	struct ztp_cells cells = {0};
	static const char *const texts[] = {
		"{\"group\":7}",
		"{\"group\":\"a\",\"subscriptions\":\"s\"}",
		"{\"group\":\"a\",\"subscriptions\":[1]}",
		"{\"group\":\"a\",\"subscriptions\":[\"a/b\"]}",
		"{\"group\":\"a\",\"subscriptions\":[\"\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(hear(&cells, texts[i], 0) < 0);
	expect(&cells, 0, "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_word_counts),
		cmocka_unit_test(test_who_is_silent_is_forgotten),
		cmocka_unit_test(test_no_more_than_there_is_room_for),
		cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
