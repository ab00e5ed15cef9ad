/* Audit records: one by one for people, and those of a turn together for
 * bridges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "gate/audit.h"
#include "gate_fixture.h"

#define AUDIT  "ztp/v1/audit"
#define AUDITS "ztp/v1/audits"

static size_t begun; /* the messages before are the fixture's */

static void say(struct gate_fixture *f, int count)
{
	for (int i = 0; i < count; i++) {
		char path[80];

		(void)snprintf(path, sizeof(path), CUSTOM "d%d", i);
		ztp_audit(f->gate,
			  &(struct ztp_audit){.verdict = ZTP_AUDIT_ACCEPTED,
					      .code = ZTP_WHY_CREATED,
					      .path = path,
					      .always = true});
	}
}

/* Checks that the arrays have what was said one by one, in that order. Returns
 * how many arrays there are. */
static size_t compare(size_t expected)
{
	size_t arrays = 0, single = begun, records = 0;

	for (size_t i = begun; i < gate_broker.count; i++) {
		const struct gate_message *m = &gate_broker.messages[i];
		cJSON *list, *record;

		if (strcmp(m->topic, AUDITS) != 0)
			continue;
		arrays++;
		assert_null(m->client_id);
		assert_int_equal(m->qos, 1);
		list = cJSON_Parse(m->payload);
		assert_true(cJSON_IsArray(list));
		assert_in_range(strlen(m->payload), 2, ZTP_AUDITS_MAX);
		assert_in_range(cJSON_GetArraySize(list), 1, ZTP_AUDITS_COUNT);
		cJSON_ArrayForEach (record, list) {
			char *text = cJSON_PrintUnformatted(record);

			while (strcmp(gate_broker.messages[single].topic,
				      AUDIT) != 0)
				single++;
			assert_string_equal(
				text, gate_broker.messages[single++].payload);
			cJSON_free(text);
			records++;
		}
		cJSON_Delete(list);
	}
	assert_int_equal(records, expected);
	while (single < gate_broker.count)
		assert_string_not_equal(gate_broker.messages[single++].topic,
					AUDIT);
	return arrays;
}

static void test_those_of_a_turn_come_together(void **state)
{
	struct gate_fixture *f = *state;

	gate_tick();
	gate_tick();
	begun = gate_broker.count;
	say(f, 7);
	gate_tick();
	gate_tick();
	assert_int_equal(compare(7), 1);
	say(f, 1);
	gate_tick();
	gate_tick();
	assert_int_equal(compare(8), 2);
}

static void test_an_array_has_a_bound(void **state)
{
	struct gate_fixture *f = *state;

	gate_tick();
	gate_tick();
	begun = gate_broker.count;
	say(f, 2 * ZTP_AUDITS_COUNT + 1);
	gate_tick();
	gate_tick();
	assert_int_equal(compare(2 * ZTP_AUDITS_COUNT + 1), 3);
}

/* They are counted, and the next second's record says how many. */
static void test_what_the_broker_does_not_take_is_counted(void **state)
{
	struct gate_fixture *f = *state;

	gate_tick();
	gate_broker.refused = AUDITS;
	say(f, 3);
	gate_tick();
	gate_tick();
	gate_broker.refused = NULL;
	assert_int_equal(((struct ztp_gate *)f->gate)->audit_left_out, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_those_of_a_turn_come_together, gate_setup,
			gate_teardown),
		cmocka_unit_test_setup_teardown(test_an_array_has_a_bound,
						gate_setup, gate_teardown),
		cmocka_unit_test_setup_teardown(
			test_what_the_broker_does_not_take_is_counted,
			gate_setup, gate_teardown),
	};

	return gate_run_both(tests, sizeof(tests) / sizeof *tests);
}
