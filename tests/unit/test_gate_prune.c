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
#include "gate/candidates.h"
#include "gate/prune.h"
#include "gate_fixture.h"

#define DAY  (24 * 3600 * 1000LL)
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

struct kind {
	bool rejected;
	int64_t seen_at, not_after, retry_at; /* from now */
};

static void put(struct gate_fixture *f, const char *name, int count,
		struct kind kind)
{
	struct ztp_gate *gate = f->gate;
	struct ztp_registry *registry =
		ztp_registries_find(gate->registries, "acme/custom", 11);
	int64_t now = ztp_clock_wall();
	struct ztp_candidate candidate = {
		.rejected = kind.rejected,
		.acked = true,
		.seen_at = now + kind.seen_at,
		.not_after = now + kind.not_after,
		.retry_at = now + kind.retry_at,
		.der = (const uint8_t *)"",
	};

	for (int i = 0; i < count; i++) {
		(void)snprintf(candidate.id, sizeof(candidate.id), "%s-%d",
			       name, i);
		(void)snprintf(candidate.path, sizeof(candidate.path),
			       CUSTOM "%s-%d", name, i);
		assert_int_equal(ztp_candidates_put(gate->db, registry,
						    &candidate, false, NULL),
				 0);
	}
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

/* What all statements have done until now, in SQLite's own steps. */
static int64_t steps(struct gate_fixture *f)
{
	static const char sql[] = "SELECT 1";
	struct ztp_gate *gate = f->gate;
	sqlite3_stmt *stmt = ztp_db_use(gate->db, sql, NULL);
	sqlite3 *handle = sqlite3_db_handle(stmt);
	int64_t sum = 0;

	for (stmt = NULL; (stmt = sqlite3_next_stmt(handle, stmt));)
		sum += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
	return sum;
}

static int64_t prune(struct gate_fixture *f)
{
	struct ztp_gate *gate = f->gate;
	int64_t before = steps(f);

	gate->next_prune = 0;
	gate_tick();
	return steps(f) - before;
}

static void put_what_stays(struct gate_fixture *f)
{
	put(f, "live", MANY, (struct kind){.not_after = DAY});
	put(f, "rejected", MANY,
	    (struct kind){.rejected = true, .retry_at = DAY});
	put(f, "cooled", MANY,
	    (struct kind){.rejected = true, .retry_at = -6 * DAY});
	remember(f, "known", MANY, -89 * DAY);
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
	const struct ztp_registry *registry;
	struct ztp_gate *gate = f->gate;

	put_what_stays(f);
	put(f, "over", MANY / 3, (struct kind){.not_after = -2000});
	put(f, "away", MANY / 3,
	    (struct kind){.not_after = DAY, .seen_at = -31 * DAY});
	put(f, "past", MANY / 3,
	    (struct kind){.rejected = true, .retry_at = -8 * DAY});
	remember(f, "old", MANY, -91 * DAY);
	for (int i = 1; i <= 3; i++) {
		int left = MANY - i * ZTP_PRUNE_ROWS;

		(void)prune(f);
		left = left > 0 ? left : 0;
		assert_int_equal(candidates(f), 3 * MANY + left);
		assert_int_equal(remembered(f), 2 * (MANY + left));
		assert_int_equal(gate->next_prune - ztp_clock_boot() > 1000,
				 left == 0);
	}
	registry = ztp_registries_find(gate->registries, "acme/custom", 11);
	assert_int_equal(
		registry->candidates,
		gate_number(
			f,
			"SELECT count(*) FROM candidates WHERE NOT rejected"));
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

	put(f, "a-rejected", 2 * MANY,
	    (struct kind){.rejected = true, .retry_at = DAY});
	put(f, "live", MANY, (struct kind){.not_after = DAY});
	gate_tick();
	for (size_t i = 0; i < 3; i++) {
		int64_t before = steps(f);

		gate_ok(f, lists[i]);
		assert_in_range(steps(f) - before, 1, 1000);
	}
}

static void test_a_database_of_version_3(void **state)
{
	static const char older[] =
		"DROP INDEX candidates_live; DROP TABLE sweeps; DROP INDEX "
		"candidates_ca; DROP INDEX "
		"candidates_due; DROP INDEX candidates_rejected; "
		"DROP INDEX candidates_refused; DROP INDEX deleted_at;"
		"DROP INDEX withdrawn_at; PRAGMA user_version=3";
	struct gate_fixture *f = *state;

	put_what_stays(f);
	put(f, "over", 10, (struct kind){.not_after = -2000});
	gate_unload(f);
	gate_broker_reset();
	gate_rewrite(f, older);
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
