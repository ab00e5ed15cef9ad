/* What a transaction writes into the WAL, and when. SQLite's own writes are counted,
 * and fail when they are to. */
#include "sql_number.h"

#include <errno.h>
#include <sys/syscall.h>

#include "bridge/store/store_gather.h"

#define ROWS 20 /* of a kilobyte: some pages */

static const struct ztp_sqlite_file described = {.path = "store.db",
						 .what = "store"};

struct gathered {
	struct scratch scratch;
	sqlite3 *db, *other; /* of somebody else */
	struct store_gather *gather;
	struct ztp_error error;
};

static int writes, syncs;      /* since they were counted anew */
static int writes_then_synced; /* when the last sync began */
static bool disk_full;

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	writes++;
	if (disk_full) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, len, at);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	return pwrite64(fd, data, len, at);
}

int fdatasync(int fd)
{
	syncs++;
	writes_then_synced = writes;
	return (int)syscall(SYS_fdatasync, fd);
}

static void count_anew(void)
{
	writes = syncs = writes_then_synced = 0;
}

static void run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static void add(sqlite3 *db, int count)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c "
		 "WHERE i<%d) INSERT INTO t(x) SELECT randomblob(1000) FROM c",
		 count);
	run(db, sql);
}

static sqlite3 *connected(struct gathered *g)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(g->scratch.base, &db), SQLITE_OK);
	run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
		"PRAGMA wal_autocheckpoint=0");
	return db;
}

static int setup(void **state)
{
	struct gathered *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	scratch_make(&g->scratch);
	g->db = connected(g);
	run(g->db, "CREATE TABLE t(n INTEGER PRIMARY KEY, x)");
	g->other = connected(g);
	assert_int_equal(
		store_gather_open(&g->gather, g->db, &described, &g->error), 0);
	count_anew();
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct gathered *g = *state;

	assert_int_equal(sqlite3_close(g->db), SQLITE_OK);
	store_gather_free(g->gather);
	assert_int_equal(sqlite3_close(g->other), SQLITE_OK);
	scratch_remove(&g->scratch);
	free(g);
	return 0;
}

static void assert_whole(struct gathered *g, int rows)
{
	assert_int_equal(sql_number(g->db, "SELECT count(*) FROM t"), rows);
	assert_int_equal(sql_number(g->other, "SELECT count(*) FROM t"), rows);
	assert_int_equal(sql_number(g->other, "SELECT integrity_check='ok' "
					      "FROM pragma_integrity_check"),
			 1);
}

/* And it is there for others as soon as it has been committed. */
static void test_a_transaction_is_one_write(void **state)
{
	struct gathered *g = *state;

	run(g->db, "BEGIN IMMEDIATE");
	add(g->db, ROWS);
	assert_int_equal(writes, 0);
	run(g->db, "COMMIT");
	assert_int_equal(writes, 1);
	assert_whole(g, ROWS);
}

static void test_what_does_not_fit_is_written_in_parts(void **state)
{
	struct gathered *g = *state;

	add(g->db, 1000);
	assert_in_range(writes, 1000 * 1000 / (64 << 10), 25);
	assert_whole(g, 1000);
}

/* With synchronous=FULL all of it is there before the disk is waited for. */
static void test_written_before_it_is_synced(void **state)
{
	struct gathered *g = *state;

	run(g->db, "PRAGMA synchronous=FULL");
	add(g->db, ROWS);
	assert_int_equal(writes, 1);
	assert_int_equal(syncs, 1);
	assert_int_equal(writes_then_synced, 1);
}

static void test_a_write_that_fails_ends_the_transaction(void **state)
{
	struct gathered *g = *state;

	add(g->db, 1);
	disk_full = true;
	run(g->db, "BEGIN IMMEDIATE");
	add(g->db, ROWS);
	assert_int_equal(sqlite3_exec(g->db, "COMMIT", NULL, NULL, NULL),
			 SQLITE_FULL);
	disk_full = false;
	if (!sqlite3_get_autocommit(g->db))
		run(g->db, "ROLLBACK");
	assert_whole(g, 1);
	add(g->db, 2);
	assert_whole(g, 3);
}

static void test_a_transaction_larger_than_memory(void **state)
{
	struct gathered *g = *state;

	run(g->db, "PRAGMA cache_size=10; BEGIN IMMEDIATE");
	add(g->db, 500);
	assert_true(writes > 0);
	assert_int_equal(sql_number(g->db, "SELECT sum(length(x)) FROM t"),
			 500 * 1000);
	assert_int_equal(sql_number(g->other, "SELECT count(*) FROM t"), 0);
	run(g->db, "COMMIT");
	assert_whole(g, 500);
}

/* Where it was to be written, somebody else's transaction is by then. */
static void test_what_was_rolled_back_is_not_written_later(void **state)
{
	struct gathered *g = *state;

	run(g->db, "PRAGMA cache_size=10; BEGIN IMMEDIATE;"
		   "INSERT INTO t(x) VALUES(zeroblob(500000))");
	assert_true(writes > 0);
	run(g->db, "ROLLBACK");
	add(g->other, 200);
	count_anew();
	assert_whole(g, 200);
	assert_int_equal(writes, 0);
	add(g->db, 1);
	assert_whole(g, 201);
}

static void test_a_part_that_is_taken_back(void **state)
{
	struct gathered *g = *state;

	run(g->db, "PRAGMA cache_size=10; BEGIN IMMEDIATE");
	add(g->db, ROWS);
	run(g->db, "SAVEPOINT part");
	add(g->db, 500);
	run(g->db, "ROLLBACK TO part; RELEASE part");
	add(g->db, 1);
	run(g->db, "COMMIT");
	assert_whole(g, ROWS + 1);
}

/* Its log begins anew when all of it has been written back, and is cut. */
static void test_a_log_that_begins_anew(void **state)
{
	struct gathered *g = *state;

	run(g->db, "PRAGMA journal_size_limit=0");
	add(g->db, ROWS);
	run(g->other, "PRAGMA wal_checkpoint(PASSIVE)");
	run(g->db, "PRAGMA wal_checkpoint(PASSIVE)");
	for (int i = 1; i <= 3; i++) {
		add(g->db, 1);
		assert_whole(g, ROWS + i);
	}
	run(g->db, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_whole(g, ROWS + 3);
}

static void test_without_a_log(void **state)
{
	struct gathered *g = *state;
	struct store_gather *none = g->gather;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_not_equal(
		store_gather_open(&none, db, &described, &g->error), 0);
	assert_null(none);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_transaction_is_one_write),
		TEST(test_what_does_not_fit_is_written_in_parts),
		TEST(test_written_before_it_is_synced),
		TEST(test_a_write_that_fails_ends_the_transaction),
		TEST(test_a_transaction_larger_than_memory),
		TEST(test_what_was_rolled_back_is_not_written_later),
		TEST(test_a_part_that_is_taken_back),
		TEST(test_a_log_that_begins_anew),
		TEST(test_without_a_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
