/* One path, and a great many certificates that were rejected for it: who can
 * have that many makes nothing dearer by them, for himself or others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/db_schema.h"
#include "gate_rows.h"

#define MANY	  600
#define STEPS_MAX 1500 /* each of them would cost some steps */

static int setup(void **state)
{
	int rc = gate_setup(state);

	gate_put(*state, "rejected", MANY,
		 (struct gate_rows){.path = CUSTOM "a",
				    .rejected = true,
				    .retry_at = GATE_DAY});
	gate_tick();
	return rc;
}

static void asks_and_is_rejected(struct gate_fixture *f, int seconds)
{
	int64_t before = gate_steps(f);

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_in_range(gate_steps(f) - before, 1, STEPS_MAX);
	gate_tick();
	before = gate_steps(f);
	gate_reject(f, CUSTOM "a", f->fingerprints[0], seconds,
		    "\"rejected\":true");
	assert_in_range(gate_steps(f) - before, 1, STEPS_MAX);
	gate_tick();
	assert_int_equal(gate_rejected_rows(f), MANY + 1);
}

static void test_it_is_asked_and_rejected(void **state)
{
	struct gate_fixture *f = *state;
	int64_t before;

	asks_and_is_rejected(f, 60);
	before = gate_steps(f);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_AUTH);
	assert_in_range(gate_steps(f) - before, 1, STEPS_MAX);
	assert_int_equal(gate_rejected_rows(f), MANY + 1);
}

static void test_an_operator_rejects_it(void **state)
{
	struct gate_fixture *f = *state;
	int64_t before;

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	before = gate_steps(f);
	gate_says(f,
		  "\"command\":\"rejectPending\",\"device_path\":\"" CUSTOM
		  "a\"",
		  "\"ended\":1");
	gate_says(f,
		  "\"command\":\"rejectPending\",\"device_path\":\"" CUSTOM
		  "a\"",
		  "NOT_FOUND");
	assert_in_range(gate_steps(f) - before, 1, STEPS_MAX);
}

/* A device's path forgets them, as long as they are not very many; the others
 * are forgotten in their time. */
static void test_it_becomes_a_device(void **state)
{
	struct gate_fixture *f = *state;
	int64_t before, left;

	gate_put(f, "few", 5,
		 (struct gate_rows){.path = CUSTOM "b",
				    .rejected = true,
				    .retry_at = GATE_DAY});
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_create(f, CUSTOM "b", 0, "rb", "\"created\":true");
	assert_int_equal(gate_rejected_rows(f), MANY);
	before = gate_steps(f);
	gate_create(f, CUSTOM "a", 0, "ra", "\"created\":true");
	assert_in_range(gate_steps(f) - before, 1, MANY * 40);
	left = gate_rejected_rows(f);
	assert_in_range(left, MANY / 2, MANY - 1);
	assert_int_equal(gate_registry(f, "custom")->counts.rejected, left);
	assert_int_equal(gate_registry(f, "custom")->counts.candidates, 0);
	assert_int_equal(gate_live_rows(f), 0);
	/* none of them stands in the way when it is made again */
	gate_ok(f,
		"\"command\":\"deleteDevice\",\"device_path\":\"" CUSTOM "a\"");
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
}

static void test_it_is_created_directly(void **state)
{
	struct gate_fixture *f = *state;
	int64_t before;

	gate_ok(f, "\"command\":\"modifyRegistry\",\"registry\":"
		   "\"acme/custom\",\"onboarding\":\"direct\"");
	before = gate_steps(f);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_in_range(gate_steps(f) - before, 1, MANY * 40);
	assert_in_range(gate_rejected_rows(f), MANY / 2, MANY - 1);
}

/* Gates of before have left them. */
static void test_of_an_older_database(void **state)
{
	struct gate_fixture *f = *state;

	for (int version = 1; version < ZTP_DB_SCHEMA_VERSION; version++) {
		gate_unload(f);
		gate_broker_reset();
		gate_make_older(f, version);
		assert_int_equal(gate_load(f), 0);
		f->op = gate_client("op", OP, "secret", 5);
		gate_tick();
		asks_and_is_rejected(f, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, gate_teardown)
		T(test_it_is_asked_and_rejected),
		T(test_an_operator_rejects_it),
		T(test_it_becomes_a_device),
		T(test_it_is_created_directly),
		T(test_of_an_older_database),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
