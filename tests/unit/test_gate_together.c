/* What is written together is committed and synced together, and what fails is
 * undone alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/gate.h"
#include "gate_disk.h"
#include "gate_fixture.h"

#define PENDING	   "ztp/v1/pending"
#define AUDIT	   "ztp/v1/audit"
#define GATHER_MS  30
#define TURNS	   400 /* of a ms */
#define ROWS	   20  /* in a turn, however long that takes */
#define TOGETHER   2000
#define PATIENCE_S 10

static atomic_int syncs;

/* Replaces the C library's. */
int fdatasync(int fd)
{
	syncs++;
	return gate_disk_sync(fd);
}

static struct ztp_db *db_of(struct gate_fixture *f)
{
	return ((struct ztp_gate *)f->gate)->db;
}

static void write_row(struct ztp_db *db, int number)
{
	sqlite3_stmt *stmt = ztp_db_use(
		db, "INSERT OR REPLACE INTO deleted VALUES(?1, 'x', 0)", NULL);

	assert_non_null(stmt);
	ztp_db_int(stmt, 1, number);
	assert_int_equal(ztp_db_run(db, stmt, NULL), 0);
}

/* A turn of the broker's loop, and the rest of its millisecond. */
static void turn(struct ztp_db *db, int rows)
{
	int64_t begun = ztp_clock_boot();

	for (int i = 0; i < rows; i++)
		write_row(db, i);
	if (ztp_db_due(db))
		assert_int_equal(ztp_db_commit(db, NULL), 0);
	while (ztp_clock_boot() == begun)
		;
}

/* At the begin the times between two are shorter. */
static void test_under_load_many_share_a_sync(void **state)
{
	struct ztp_db *db = db_of(*state);
	int64_t begun = ztp_clock_boot(), took;
	int before = syncs;

	for (int i = 0; i < TURNS; i++)
		turn(db, ROWS);
	took = ztp_clock_boot() - begun;
	assert_true(syncs > before);
	if (syncs - before > took / GATHER_MS + 6)
		fail_msg("%d syncs in %lld ms", syncs - before,
			 (long long)took);
	assert_true(ztp_db_durable(db) > 0);
}

static bool becomes_due(struct ztp_db *db)
{
	int64_t end = ztp_clock_boot() + PATIENCE_S * 1000;

	while (ztp_clock_boot() < end)
		if (ztp_db_due(db))
			return true;
	return false;
}

/* After a row that nobody waits for, the next one is due a ms later, and does
 * not wait until 30 have passed. */
static void test_few_do_not_wait(void **state)
{
	struct ztp_db *db = db_of(*state);
	int64_t begun;

	for (int i = 0; i < 5; i++) {
		write_row(db, i);
		assert_true(becomes_due(db));
		assert_int_equal(ztp_db_commit(db, NULL), 0);
		ztp_db_wait(db);
	}
	begun = ztp_clock_boot();
	do
		assert_true(ztp_clock_boot() < begun + PATIENCE_S * 1000);
	while (ztp_clock_boot() < begun + 2);
	assert_false(ztp_db_due(db)); /* nothing is open */
	write_row(db, 0);
	assert_true(ztp_db_due(db));
}

static int write_many(struct ztp_db *db, void *arg, struct ztp_error *error)
{
	(void)arg;
	(void)error;
	for (int i = 0; i < 2 * GATHER_MS; i++)
		write_row(db, i);
	return 0;
}

/* Rows that nobody depends on make nobody wait, however many they are. */
static void test_nor_after_many_that_nobody_needs(void **state)
{
	struct ztp_db *db = db_of(*state);

	assert_int_equal(ztp_db_apart(db, write_many, NULL, NULL), 0);
	ztp_db_wait(db);
	write_row(db, 0);
	assert_true(ztp_db_due(db));
}

/* A signal that comes before the broker's loop waits for sockets is lost. That
 * it was told meanwhile what is durable makes no difference. */
static void test_the_loop_is_woken_until_it_looks(void **state)
{
	struct ztp_db *db = db_of(*state);
	int64_t begun = ztp_clock_boot(), lost;

	/* It is due if this thread was kept from running for so long. */
	do {
		assert_true(ztp_clock_boot() < begun + PATIENCE_S * 1000);
		for (int i = 0; i < GATHER_MS; i++)
			write_row(db, i);
		assert_true(becomes_due(db));
		assert_int_equal(ztp_db_commit(db, NULL), 0);
		ztp_db_wait(db);
		write_row(db, 0);
	} while (ztp_db_due(db));
	lost = ztp_clock_boot() + 2 * GATHER_MS;
	while (ztp_clock_boot() < lost)
		(void)ztp_db_durable(db);
	assert_int_equal(poll(NULL, 0, PATIENCE_S * 1000), -1);
	assert_int_equal(errno, EINTR);
	assert_true(ztp_db_due(db));
}

static void test_a_disk_that_stands(void **state)
{
	struct ztp_db *db = db_of(*state);

	write_row(db, 0);
	assert_true(becomes_due(db));
	gate_disk_set(true, 0);
	assert_int_equal(ztp_db_commit(db, NULL), 0);
	for (int i = 0; i < TOGETHER - 1; i++)
		write_row(db, i);
	assert_false(ztp_db_due(db));
	write_row(db, TOGETHER);
	assert_true(ztp_db_due(db));
	gate_disk_set(false, 0);
}

/* createDevice fails when it has written already; others have written in the
 * same transaction. */
static void test_a_failure_is_undone_alone(void **state)
{
	static const char trap[] =
		"CREATE TEMP TRIGGER trap BEFORE DELETE ON candidates WHEN "
		"OLD.path LIKE '%/bad' BEGIN SELECT RAISE(ABORT, 'no'); END";
	struct gate_fixture *f = *state;
	struct mosquitto *bad = gate_first(f, CUSTOM "bad", 0);
	struct mosquitto *good = gate_first(f, CUSTOM "good", 1);
	sqlite3_stmt *stmt;

	assert_int_equal(gate_connect(bad), MOSQ_ERR_SUCCESS);
	gate_tick();
	stmt = ztp_db_use(db_of(f), trap, NULL);
	assert_non_null(stmt);
	assert_int_equal(ztp_db_run(db_of(f), stmt, NULL), 0);
	gate_tick();
	assert_int_equal(gate_connect(good), MOSQ_ERR_SUCCESS);
	gate_create(f, CUSTOM "bad", 0, "r1", "\"code\":\"UNAVAILABLE\"");
	gate_tick();
	assert_false(good->kicked);
	assert_false(bad->kicked);
	assert_null(gate_published(AUDIT, "\"not_stored\""));
	assert_int_equal(gate_published_count(PENDING, CUSTOM "good"), 1);
	gate_says(f, "\"command\":\"listPending\"", CUSTOM "bad");
	gate_says(f, "\"command\":\"getRegistry\",\"registry\":\"acme/custom\"",
		  "\"devices\":0");
	gate_create(f, CUSTOM "good", 1, "r2", "\"code\":\"OK\"");
}

/* The same at CONNECT. */
static void test_so_is_a_direct_one(void **state)
{
	static const char trap[] =
		"CREATE TEMP TRIGGER trap AFTER INSERT ON devices WHEN "
		"NEW.path LIKE '%/bad' BEGIN SELECT RAISE(ABORT, 'no'); END";
	struct gate_fixture *f = *state;
	struct mosquitto *good = gate_first(f, DIRECT "good", 1);
	sqlite3_stmt *stmt = ztp_db_use(db_of(f), trap, NULL);

	assert_non_null(stmt);
	assert_int_equal(ztp_db_run(db_of(f), stmt, NULL), 0);
	gate_tick();
	assert_int_equal(gate_connect(good), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(gate_first(f, DIRECT "bad", 0)),
			 MOSQ_ERR_AUTH);
	gate_tick();
	assert_false(good->kicked);
	assert_int_equal(gate_published_count(AUDIT, "\"created\""), 1);
	gate_says(f, "\"command\":\"getRegistry\",\"registry\":\"acme/direct\"",
		  "\"devices\":1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, gate_teardown)
		T(test_under_load_many_share_a_sync),
		T(test_few_do_not_wait),
		T(test_nor_after_many_that_nobody_needs),
		T(test_the_loop_is_woken_until_it_looks),
		T(test_a_disk_that_stands),
		T(test_a_failure_is_undone_alone),
		T(test_so_is_a_direct_one),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
