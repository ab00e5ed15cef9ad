/* An operator who asks for lists without end costs others little, and who asks
 * for one page after the other gets all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/lists.h"
#include "gate_commands.h"
#include "gate_fixture.h"
#include "ztp/member.h"

#define MANY	   300
#define REGISTRIES "registries"
#define LIST	   "{\"command\":\"listRegistries\",\"limit\":1000}"

static int setup_many(void **state)
{
	struct gate_fixture *f;
	char members[128];

	assert_int_equal(gate_setup(state), 0);
	f = *state;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(members, sizeof(members),
			       "\"command\":\"createRegistry\","
			       "\"registry\":\"many/r%03d\"",
			       i);
		gate_ok(f, members);
	}
	return 0;
}

/* The responses to a message; to be freed. */
static cJSON *answers(struct gate_fixture *f, const char *message)
{
	gate_control(f->op, message);
	return cJSON_Parse(gate_published("$CONTROL/ztp/v1/response", NULL));
}

static const cJSON *response(const cJSON *answer, int i)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(answer, ZTP_M_RESPONSES),
				  i);
}

static int rows_of(const cJSON *one)
{
	return cJSON_GetArraySize(cJSON_GetObjectItem(
		cJSON_GetObjectItem(one, ZTP_M_DATA), REGISTRIES));
}

static const char *next_of(const cJSON *one)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(
		cJSON_GetObjectItem(one, ZTP_M_DATA), ZTP_M_NEXT));
}

static void test_lists_of_one_message_share_their_rows(void **state)
{
	struct gate_fixture *f = *state;
	cJSON *answer = answers(f, "{\"commands\":[" LIST "," LIST "," LIST
				   ",{\"command\":\"getInfo\"}]}");
	int i;

	assert_int_equal(rows_of(response(answer, 0)), ZTP_LISTS_ROWS);
	assert_non_null(next_of(response(answer, 0)));
	for (i = 1; i < 3; i++)
		assert_string_equal(
			ztp_tree_text(response(answer, i), ZTP_M_CODE),
			"RESOURCE_EXHAUSTED");
	assert_string_equal(ztp_tree_text(response(answer, 3), ZTP_M_CODE),
			    "OK");
	cJSON_Delete(answer);
}

/* A registry without devices has no rows of them, but its CAs may be long. */
static void test_a_message_of_exports(void **state)
{
	static const char export[] = "{\"command\":\"exportRegistry\","
				     "\"registry\":\"acme/custom\"}";
	struct gate_fixture *f = *state;
	struct gate_commands m;
	char *message;
	cJSON *answer;
	int with = 0, i;

	gate_commands_begin(&m);
	for (i = 0; i < 1000; i++)
		gate_commands_add(&m, "%s", export);
	message = gate_commands_end(&m);
	answer = answers(f, message);
	free(message);
	for (i = 0; i < 1000; i++)
		with += cJSON_GetObjectItem(response(answer, i), ZTP_M_DATA) !=
			NULL;
	assert_in_range(with, 1, ZTP_LISTS_ROWS);
	assert_string_equal(ztp_tree_text(response(answer, 999), ZTP_M_CODE),
			    "RESOURCE_EXHAUSTED");
	cJSON_Delete(answer);
}

static void test_page_after_page(void **state)
{
	struct gate_fixture *f = *state;
	char message[256] = "{\"commands\":[" LIST "]}";
	int pages, rows = 0;
	const char *next;
	cJSON *answer;

	for (pages = 1;; pages++) {
		answer = answers(f, message);
		rows += rows_of(response(answer, 0));
		next = next_of(response(answer, 0));
		if (!next)
			break;
		(void)snprintf(message, sizeof(message),
			       "{\"commands\":[{\"command\":\"listRegistries\","
			       "\"limit\":1000,\"after\":\"%s\"}]}",
			       next);
		cJSON_Delete(answer);
	}
	cJSON_Delete(answer);
	assert_int_equal(rows, MANY + 2); /* and those of the fixture */
	assert_int_equal(pages, 3);
}

static void test_pages_are_smaller_after_very_many(void **state)
{
	struct ztp_lists lists = {0};
	int64_t now = 1000000;
	int i, rows;

	(void)state;
	for (rows = 0; rows < ZTP_LISTS_AT_ONCE; rows += ZTP_LISTS_ROWS) {
		ztp_lists_begin(&lists, now);
		assert_int_equal(lists.left, ZTP_LISTS_ROWS);
		for (i = 0; i < ZTP_LISTS_ROWS; i++)
			ztp_lists_row(&lists);
	}
	ztp_lists_begin(&lists, now);
	assert_int_equal(lists.left, ZTP_LISTS_ROWS_BUSY);
	ztp_lists_begin(&lists, now + 500);
	assert_int_equal(lists.left, ZTP_LISTS_ROWS);
}

/* The least of some times that the thread takes for it. */
static int64_t cost_of_info(struct gate_fixture *f)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 10; i++) {
		int64_t us = ztp_clock_thread_us();

		gate_says(f, "\"command\":\"getInfo\"", "\"devices\":1,");
		us = ztp_clock_thread_us() - us;
		least = us < least ? us : least;
	}
	return least;
}

/* The bridge asks for it all the time. */
static void info_of_many_registries(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;
	int64_t few;
	char name[32];

	assert_int_equal(gate_connect(gate_first(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_says(f, "\"command\":\"getInfo\"", "\"pending\":1,");
	few = cost_of_info(f);
	for (int i = 0; i < 20 * MANY; i++) {
		(void)snprintf(name, sizeof(name), "more/r%05d", i);
		assert_int_equal(ztp_registries_put(gate->registries, name,
						    ZTP_ONBOARDING_OFF, NULL, 0,
						    NULL),
				 0);
	}
	gate_tick();
	assert_in_range(cost_of_info(f), 0, 20 * few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_lists_of_one_message_share_their_rows, setup_many,
			gate_teardown),
		cmocka_unit_test_setup_teardown(test_a_message_of_exports,
						gate_setup, gate_teardown),
		cmocka_unit_test_setup_teardown(test_page_after_page,
						setup_many, gate_teardown),
		cmocka_unit_test_setup_teardown(info_of_many_registries,
						setup_many, gate_teardown),
		cmocka_unit_test(test_pages_are_smaller_after_very_many),
	};

	return cmocka_run_group_tests_name(
		"gate_lists", tests, gate_setup_plugin, gate_teardown_group);
}
