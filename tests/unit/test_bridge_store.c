/* Opening a store: what is created, what is refused and left unchanged, and how
 * older versions are migrated. */
#include "store_case.h"

#include "sql_number.h"

#include <sys/wait.h>

static void name_of(const struct store_case *c, const char *suffix,
		    char name[128])
{
	snprintf(name, 128, "%s%s", c->scratch.base, suffix);
}

/* Changes the closed store's file with another connection. */
static void edit(struct store_case *c, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	store_close(c->store);
	c->store = NULL;
	assert_int_equal(sqlite3_open(c->scratch.base, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The file is refused with this message and left unchanged. */
static void expect_refused(struct store_case *c, const char *says)
{
	size_t before_len, after_len;
	uint8_t *before = scratch_read(c->scratch.base, &before_len), *after;
	int mode = scratch_mode(c->scratch.base);

	memset(&c->error, 0, sizeof(c->error));
	assert_int_equal(
		store_open(&c->store, c->scratch.base, false, &c->error),
		ZTP_ERR_IO);
	assert_null(c->store);
	if (!strstr(c->error.message, says))
		fail_msg("\"%s\" does not say \"%s\"", c->error.message, says);
	assert_non_null(strstr(c->error.message, c->scratch.base));
	after = scratch_read(c->scratch.base, &after_len);
	assert_int_equal(after_len, before_len);
	assert_memory_equal(after, before, before_len);
	assert_int_equal(scratch_mode(c->scratch.base), mode);
	free(before);
	free(after);
}

/* --- taken away */

/* Nothing is committed into a file that nobody can open again. */
static void test_removed_while_it_is_open(void **state)
{
	struct store_case *c = *state;
	char aside[128];

	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	store_case_commit(c, 5);
	name_of(c, ".aside", aside);
	assert_int_equal(rename(c->scratch.base, aside), 0);
	store_case_add(c, 2, ZTP_STATE_RECEIVED);
	assert_int_equal(store_commit(c->store, 6, &c->error), ZTP_ERR_IO);
	assert_non_null(strstr(c->error.message, "removed or replaced"));
	assert_false(c->error.fatal);
	store_rollback(c->store);
	assert_int_equal(rename(aside, c->scratch.base), 0);
	store_case_add(c, 2, ZTP_STATE_RECEIVED);
	store_case_commit(c, 7);
}

/* --- made */

static void test_new_store(void **state)
{
	struct store_case *c = *state;
	struct journal_mark mark = {9, 9};
	char name[128];

	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	store_case_commit(c, 5);
	assert_int_equal(scratch_mode(c->scratch.base), 0600);
	name_of(c, "-wal", name);
	assert_int_equal(scratch_mode(name), 0600);
	name_of(c, "-shm", name);
	assert_int_equal(scratch_mode(name), 0600);
	name_of(c, ".lock", name);
	assert_int_equal(scratch_mode(name), 0600);
	assert_int_equal(sql_number(store_case_db(c), "PRAGMA user_version"),
			 7);
	assert_int_equal(sql_number(store_case_db(c), "PRAGMA application_id"),
			 0x5a545042);
	assert_int_equal(sql_number(store_case_db(c), "PRAGMA synchronous"), 1);
	store_mark_get(c->store, &mark);
	assert_int_equal(mark.segment, 0);
	assert_int_equal(mark.offset, 0);
	store_close(c->store);
	c->store = NULL;
	assert_int_equal(
		store_open(&c->store, c->scratch.base, true, &c->error), 0);
	assert_int_equal(sql_number(store_case_db(c), "PRAGMA synchronous"), 2);
	assert_int_equal(store_unfinished(c->store), 1);
}

static void test_mode_is_mended(void **state)
{
	struct store_case *c = *state;

	assert_int_equal(chmod(c->scratch.base, 0644), 0);
	store_case_reopen(c);
	assert_int_equal(scratch_mode(c->scratch.base), 0600);
}

static void test_empty_file_is_a_new_store(void **state)
{
	struct store_case *c = *state;

	store_close(c->store);
	c->store = NULL;
	scratch_write(c->scratch.base, "", 0);
	store_case_open(c);
	assert_int_equal(sql_number(store_case_db(c), "PRAGMA user_version"),
			 7);
	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	store_case_commit(c, 1);
}

static void test_no_place_for_it(void **state)
{
	struct store_case *c = *state;
	struct store *none = NULL;
	char name[128];

	name_of(c, "/not/there", name);
	assert_int_equal(store_open(&none, name, false, &c->error), ZTP_ERR_IO);
	assert_int_equal(store_open(&none, c->scratch.dir, false, &c->error),
			 ZTP_ERR_IO);
	snprintf(name, sizeof(name), "%s.lock", c->scratch.dir);
	assert_int_equal(unlink(name), 0);
	assert_null(none);
}

static void test_second_process_is_refused(void **state)
{
	struct store_case *c = *state;
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct store *store;
		struct ztp_error error = {0};
		int rc = store_open(&store, c->scratch.base, false, &error);

		_exit(rc == ZTP_ERR_IO && strstr(error.message, "in use") ? 0
									  : 1);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* The lock ends with the process or with the store. */
	store_case_reopen(c);
}

/* --- refused */

static void test_newer_version(void **state)
{
	struct store_case *c = *state;

	edit(c, "PRAGMA user_version=8");
	expect_refused(c, "newer");
	edit(c, "PRAGMA user_version=-1");
	expect_refused(c, "version");
	edit(c, "PRAGMA user_version=7");
	store_case_open(c);
}

static void test_another_programs_database(void **state)
{
	struct store_case *c = *state;

	edit(c, "PRAGMA application_id=7");
	assert_int_equal(chmod(c->scratch.base, 0644), 0);
	expect_refused(c, "another program's");
	edit(c, "PRAGMA application_id=0");
	expect_refused(c, "another program's");
}

static void test_no_database_at_all(void **state)
{
	struct store_case *c = *state;
	char text[5000];

	store_close(c->store);
	c->store = NULL;
	memset(text, 'x', sizeof(text));
	scratch_write(c->scratch.base, text, sizeof(text));
	expect_refused(c, "damaged");
	assert_true(c->error.fatal);
	assert_non_null(strstr(c->error.message, "restore a backup"));
}

/* The bytes of a closed store of several pages. */
static uint8_t *some_pages(struct store_case *c, size_t *len)
{
	int i;

	for (i = 0; i < 200; i++)
		store_case_add(c, i, ZTP_STATE_REQUESTED);
	store_case_commit(c, 1);
	store_close(c->store);
	c->store = NULL;
	return scratch_read(c->scratch.base, len);
}

static void test_damaged_anywhere(void **state)
{
	struct store_case *c = *state;
	size_t len, at;
	uint8_t *bytes = some_pages(c, &len), saved[64];

	assert_true(len > 20 * 4096);
	/* the header of every page; here all are b-tree pages */
	for (at = 0; at < len; at += 4096) {
		memcpy(saved, bytes + at, sizeof(saved));
		memset(bytes + at, 0xa5, sizeof(saved));
		scratch_write(c->scratch.base, bytes, len);
		expect_refused(c, "damaged");
		assert_non_null(strstr(c->error.message, "move it away"));
		memcpy(bytes + at, saved, sizeof(saved));
	}
	scratch_write(c->scratch.base, bytes, len);
	store_case_open(c);
	assert_int_equal(store_unfinished(c->store), 200);
	free(bytes);
}

static void test_cut(void **state)
{
	struct store_case *c = *state;
	size_t len, at;
	uint8_t *bytes = some_pages(c, &len);

	for (at = 4096; at < len; at += 3 * 4096) {
		scratch_write(c->scratch.base, bytes, at);
		expect_refused(c, "damaged");
	}
	scratch_write(c->scratch.base, bytes, 100);
	expect_refused(c, "");
	free(bytes);
}

/* A store that is too large to be checked completely before every start. */
static void test_large_store_by_sample(void **state)
{
	static const char *const parts[] = {"meta", "position", "request",
					    "request_id"};
	static uint8_t value[65536], bad[64], good[64];
	struct store_case *c = *state;
	int64_t root[4];
	size_t i;
	int fd;

	for (i = 0; i < 1100; i++) {
		struct store_record record = {
			.topic = STORE_DLQ,
			.value = {(char *)value, sizeof(value)}};

		assert_int_equal(store_outbox_add(c->store, &record, &c->error),
				 0);
	}
	for (i = 0; i < 300; i++)
		store_case_add(c, (int)i, ZTP_STATE_REQUESTED);
	store_case_commit(c, 1);
	for (i = 0; i < 4; i++) {
		char sql[128];

		snprintf(sql, sizeof(sql),
			 "SELECT rootpage FROM sqlite_schema WHERE name='%s'",
			 parts[i]);
		root[i] = sql_number(store_case_db(c), sql);
	}
	store_case_reopen(c);
	assert_true(store_bytes(c->store) > 65 << 20);
	assert_int_equal(store_outbox_count(c->store), 1100);
	store_close(c->store);
	c->store = NULL;
	memset(bad, 0xa5, sizeof(bad));
	fd = open(c->scratch.base, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (i = 0; i < 4; i++) {
		off_t at = (root[i] - 1) * 4096;

		assert_int_equal(pread(fd, good, 64, at), 64);
		assert_int_equal(pwrite(fd, bad, 64, at), 64);
		expect_refused(c, "damaged");
		assert_int_equal(pwrite(fd, good, 64, at), 64);
	}
	close(fd);
	store_case_open(c);
}

/* Some commits are only in the log when the file turns out to be damaged. The
 * log stays, and once the file is repaired nothing is lost. */
static void test_log_of_a_damaged_store_stays(void **state)
{
	struct store_case *c = *state;
	char wal[128], copy[128];
	size_t len, wal_len, again_len;
	uint8_t *bytes = some_pages(c, &len), *log, *again;

	store_case_open(c);
	store_case_add(c, 900, ZTP_STATE_RECEIVED);
	store_case_commit(c, 2);
	name_of(c, "-wal", wal);
	name_of(c, "-copy", copy);
	log = scratch_read(wal, &wal_len);
	assert_true(wal_len > 0);
	store_close(c->store);
	c->store = NULL;
	/* as after a kill: the older file, and the log */
	memset(bytes + 3 * 4096, 0xa5, 64); /* not a page in the log */
	scratch_write(c->scratch.base, bytes, len);
	scratch_write(wal, log, wal_len);
	expect_refused(c, "damaged");
	again = scratch_read(wal, &again_len);
	assert_int_equal(again_len, wal_len);
	assert_memory_equal(again, log, wal_len);
	free(again);
	free(log);
	free(bytes);
}

/* --- versions */

/* Version 1 had no column `undecided`, and a table of counters. */
static void test_first_version(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows rows = {.count = 0};
	struct journal_mark mark;
	const int64_t undecided[] = {1, 2};

	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	store_case_add(c, 2, ZTP_STATE_REQUESTED);
	store_case_add(c, 3, ZTP_STATE_REGISTERED);
	store_case_commit(c, 1);
	edit(c, STORE_CASE_BEFORE_6
	     "DROP INDEX request_undecided_due;"
	     "DROP INDEX request_due; DROP INDEX request_undecided;"
	     "ALTER TABLE request DROP COLUMN undecided;"
	     "CREATE INDEX request_undecided_due ON request(due_at)"
	     " WHERE state IN (1,2);"
	     "CREATE INDEX request_due ON request(due_at)"
	     " WHERE state NOT IN (1,2) AND due_at IS NOT NULL;"
	     "CREATE INDEX request_undecided ON request(n)"
	     " WHERE state IN (1,2);"
	     "DELETE FROM meta;"
	     "INSERT INTO meta VALUES('mark','4:44'),('newest','77'),"
	     "('moved','');"
	     "CREATE TABLE counter(what INTEGER PRIMARY KEY,"
	     " count INTEGER);"
	     "INSERT INTO counter VALUES(-1,3),(-2,4),(1,5),(2,6);"
	     "PRAGMA user_version=1");
	store_case_open(c);
	store_mark_get(c->store, &mark);
	assert_true(mark.segment == 4 && mark.offset == 44);
	store_floor_get(c->store, &mark);
	assert_true(mark.segment == 4 && mark.offset == 44);
	assert_int_equal(store_newest(c->store), 77);
	assert_int_equal(store_outbox_count(c->store), 3);
	assert_int_equal(store_finished(c->store), 4);
	assert_int_equal(store_count(c->store, ZTP_STATE_RECEIVED), 5);
	assert_int_equal(store_count(c->store, ZTP_STATE_REQUESTED), 6);
	assert_int_equal(sql_number(store_case_db(c), "PRAGMA user_version"),
			 7);
	assert_int_equal(store_due_each(c->store, true, 5000, 9,
					store_case_note, &rows, &c->error),
			 0);
	store_case_expect(&rows, undecided, 2);
	assert_int_equal(store_next_due(c->store, false), 1003);
	assert_int_equal(store_list_next(c->store, 1, true), 2);
	rows = (struct store_case_rows){0};
	store_path_each(c->store, store_case_request(2).path, store_case_note,
			&rows, &c->error);
	store_case_expect(&rows, (int64_t[]){2}, 1);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_removed_while_it_is_open),
		T(test_new_store),
		T(test_mode_is_mended),
		T(test_empty_file_is_a_new_store),
		T(test_no_place_for_it),
		T(test_second_process_is_refused),
		T(test_newer_version),
		T(test_another_programs_database),
		T(test_no_database_at_all),
		T(test_damaged_anywhere),
		T(test_cut),
		T(test_large_store_by_sample),
		T(test_log_of_a_damaged_store_stays),
		T(test_first_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
