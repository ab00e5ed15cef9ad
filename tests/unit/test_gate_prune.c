/* What nobody waits for any more goes, a page in a turn, and what is not due yet
 * is not looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gate/prune.h"
#include "gate_rows.h"

#define MANY 600 /* more than two pages */

static int64_t candidates(struct gate_fixture *f)
{
	static const char sql[] = "SELECT count(*) FROM candidates";

	return gate_number(f, sql);
}

static int64_t remembered(struct gate_fixture *f)
{
	static const char sql[] = "SELECT (SELECT count(*) FROM deleted) + "
				  "(SELECT count(*) FROM withdrawn)";

	return gate_number(f, sql);
}

/* Of deleted devices and of withdrawn candidates. */
static void remember(struct gate_fixture *f, const char *name, int count,
		     int64_t at)
{
	static const char deleted[] = "INSERT INTO deleted VALUES(?1, ?1, ?2)";
	static const char withdrawn[] =
		"INSERT INTO withdrawn VALUES(?1, ?1, x'', 'rejected', 0, ?2)";
	static const char *const texts[] = {deleted, withdrawn};
	struct ztp_gate *gate = f->gate;
	char id[64];

	for (int i = 0; i < 2 * count; i++) {
		sqlite3_stmt *stmt = ztp_db_use(gate->db, texts[i % 2], NULL);

		(void)snprintf(id, sizeof(id), "%s-%d", name, i);
		ztp_db_text(stmt, 1, id);
		ztp_db_int(stmt, 2, ztp_clock_wall() + at);
		assert_int_equal(ztp_db_run(gate->db, stmt, NULL), 0);
	}
}

static int64_t prune(struct gate_fixture *f)
{
	struct ztp_gate *gate = f->gate;
	int64_t before = gate_steps(f);

	gate->next_prune = 0;
	gate_tick();
	return gate_steps(f) - before;
}

static void put_what_stays(struct gate_fixture *f)
{
	gate_put(f, "live", MANY, (struct gate_rows){.not_after = GATE_DAY});
	gate_put(f, "rejected", MANY,
		 (struct gate_rows){.rejected = true, .retry_at = GATE_DAY});
	gate_put(f, "cooled", MANY,
		 (struct gate_rows){.rejected = true,
				    .retry_at = -6 * GATE_DAY});
	remember(f, "known", MANY, -89 * GATE_DAY);
}

static void test_what_stays_costs_nothing(void **state)
{
	struct gate_fixture *f = *state;

	put_what_stays(f);
	gate_tick();
	assert_in_range(prune(f), 1, 1000);
	assert_int_equal(candidates(f), 3 * MANY);
	assert_int_equal(remembered(f), 2 * MANY);
}

static void test_what_is_due_goes_in_pages(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;

	put_what_stays(f);
	gate_put(f, "over", MANY / 3, (struct gate_rows){.not_after = -2000});
	gate_put(f, "away", MANY / 3,
		 (struct gate_rows){.not_after = GATE_DAY,
				    .seen_at = -31 * GATE_DAY});
	gate_put(f, "past", MANY / 3,
		 (struct gate_rows){.rejected = true,
				    .retry_at = -8 * GATE_DAY});
	remember(f, "old", MANY, -91 * GATE_DAY);
	for (int i = 1; i <= 3; i++) {
		int left = MANY - i * ZTP_PRUNE_ROWS;

		(void)prune(f);
		left = left > 0 ? left : 0;
		assert_int_equal(candidates(f), 3 * MANY + left);
		assert_int_equal(remembered(f), 2 * (MANY + left));
		assert_int_equal(gate->next_prune - ztp_clock_boot() > 1000,
				 left == 0);
	}
	assert_int_equal(gate_registry(f, "custom")->counts.candidates,
			 gate_live_rows(f));
}

/* A page of a list costs its rows, not what is rejected before them. */
static void test_lists_do_not_go_through_rejections(void **state)
{
	static const char *const lists[] = {
		"\"command\":\"listPending\",\"limit\":5",
		"\"command\":\"listPending\",\"limit\":5,"
		"\"registry\":\"acme/custom\"",
		"\"command\":\"getInfo\"",
	};
	struct gate_fixture *f = *state;

	gate_put(f, "a-rejected", 2 * MANY,
		 (struct gate_rows){.rejected = true, .retry_at = GATE_DAY});
	gate_put(f, "live", MANY, (struct gate_rows){.not_after = GATE_DAY});
	gate_tick();
	for (size_t i = 0; i < 3; i++) {
		int64_t before = gate_steps(f);

		gate_ok(f, lists[i]);
		assert_in_range(gate_steps(f) - before, 1, 1000);
	}
}

static void test_a_database_of_version_3(void **state)
{
	struct gate_fixture *f = *state;

	put_what_stays(f);
	gate_put(f, "over", 10, (struct gate_rows){.not_after = -2000});
	gate_unload(f);
	gate_broker_reset();
	gate_make_older(f, 3);
	assert_int_equal(gate_load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	gate_tick(); /* the first prunes */
	assert_int_equal(candidates(f), 3 * MANY);
	assert_in_range(prune(f), 1, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, gate_teardown)
		T(test_what_stays_costs_nothing),
		T(test_what_is_due_goes_in_pages),
		T(test_lists_do_not_go_through_rejections),
		T(test_a_database_of_version_3),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
