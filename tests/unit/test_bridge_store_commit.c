/* Transactions are all or nothing, and the write-ahead log stays short. */
#include "store_case.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

static int64_t offset(struct store_case *c, const char *topic, int partition)
{
	struct store_landmark landmark;

	return store_offset_get(c->store, topic, partition, &landmark);
}

static int set_offset(struct store_case *c, const char *topic, int partition,
		      int64_t next)
{
	const struct store_landmark none = {.offset = STORE_LANDMARK_UNKNOWN};

	return store_offset_set(c->store, topic, partition, next, &none,
				&c->error);
}

static void test_rollback_restores(void **state)
{
	struct store_case *c = *state;
	struct journal_mark mark = {3, 44}, later = {4, 55}, got;
	struct journal_mark floor = {2, 22};
	struct store_request r = store_case_add(c, 1, ZTP_STATE_RECEIVED), s;
	struct store_record record = {.topic = STORE_RESULTS};

	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	assert_int_equal(store_mark_set(c->store, &mark, &floor, &c->error), 0);
	assert_int_equal(set_offset(c, "t", 0, 7), 0);
	assert_int_equal(store_set(c->store, "a", "1", &c->error), 0);
	store_case_commit(c, 50);
	assert_int_equal(store_newest(c->store), 50);

	r.state = ZTP_STATE_REJECTED;
	r.finished_at = 60;
	assert_int_equal(store_request_save(c->store, &r, &c->error), 0);
	store_case_add(c, 2, ZTP_STATE_APPROVED);
	assert_int_equal(store_outbox_remove(c->store, record.seq, &c->error),
			 0);
	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	assert_int_equal(store_mark_set(c->store, &later, &later, &c->error),
			 0);
	assert_int_equal(set_offset(c, "t", 0, 8), 0);
	assert_int_equal(store_set(c->store, "a", "2", &c->error), 0);
	assert_true(store_dirty(c->store));
	store_mark_get(c->store, &got); /* the committed one */
	assert_int_equal(got.offset, 44);
	store_rollback(c->store);
	store_rollback(c->store);
	assert_false(store_dirty(c->store));

	assert_int_equal(store_count(c->store, ZTP_STATE_RECEIVED), 1);
	assert_int_equal(store_count(c->store, ZTP_STATE_APPROVED), 0);
	assert_int_equal(store_unfinished(c->store), 1);
	assert_int_equal(store_finished(c->store), 0);
	assert_int_equal(store_outbox_count(c->store), 1);
	assert_int_equal(store_newest(c->store), 50);
	assert_int_equal(offset(c, "t", 0), 7);
	store_mark_get(c->store, &got);
	assert_int_equal(got.segment, 3);
	store_floor_get(c->store, &got);
	assert_int_equal(got.segment, 2);
	assert_int_equal(got.offset, 22);
	assert_int_equal(
		store_request_by_id(c->store, "request-2", &s, &c->error), 0);
	/* Row numbers continue where they were. */
	assert_int_equal(store_case_add(c, 3, ZTP_STATE_RECEIVED).n, r.n + 1);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A full disk: nothing of the batch is kept, nothing is lost, and the store
 * works again once there is room. */
static void test_no_room(void **state)
{
	static char value[60000];
	struct store_case *c = *state;
	struct store_record record = {.topic = STORE_DLQ,
				      .value = {value, sizeof(value)}};
	void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
	int i, rc = 0;

	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	store_case_commit(c, 1);
	limit_files(1 << 20);
	for (i = 0; i < 1000 && rc == 0; i++) {
		rc = store_outbox_add(c->store, &record, &c->error);
		if (rc == 0 && i % 8 == 7)
			rc = store_commit(c->store, 2, &c->error);
	}
	assert_true(rc == ZTP_ERR_IO || rc == ZTP_ERR_FULL);
	assert_false(c->error.fatal);
	store_rollback(c->store);
	assert_int_equal(store_outbox_count(c->store), (i - 1) / 8 * 8);
	limit_files(RLIM_INFINITY);
	signal(SIGXFSZ, before);
	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	store_case_commit(c, 3);
	store_case_reopen(c);
	assert_int_equal(store_outbox_count(c->store), (i - 1) / 8 * 8 + 1);
	assert_int_equal(store_unfinished(c->store), 1);
}

/* What was not committed is lost with the process. */
static void test_close_rolls_back(void **state)
{
	struct store_case *c = *state;

	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	store_case_commit(c, 1);
	store_case_add(c, 2, ZTP_STATE_RECEIVED);
	store_case_reopen(c);
	assert_int_equal(store_unfinished(c->store), 1);
	assert_int_equal(store_commit(c->store, 99, &c->error), 0);
	assert_int_equal(store_newest(c->store), 1); /* nothing was written */
}

static void test_small_values(void **state)
{
	struct store_case *c = *state;
	struct journal_mark mark = {UINT64_MAX >> 24, 4194303}, got;
	char value[16];

	assert_int_equal(
		store_get(c->store, "x", value, sizeof(value), &c->error), 0);
	assert_string_equal(value, "");
	assert_int_equal(store_set(c->store, "x", "old", &c->error), 0);
	assert_int_equal(store_set(c->store, "x", "new", &c->error), 0);
	assert_int_equal(offset(c, "t", 0), -1);
	assert_int_equal(set_offset(c, "t", 0, 1), 0);
	assert_int_equal(set_offset(c, "t", 1, INT64_MAX), 0);
	assert_int_equal(set_offset(c, "u", 0, 0), 0);
	assert_int_equal(set_offset(c, "t", 0, 2), 0);
	assert_int_equal(store_mark_set(c->store, &mark, &mark, &c->error), 0);
	store_case_commit(c, 1700000000000);
	store_case_commit(c, 1); /* earlier: the newest stays */
	store_case_reopen(c);
	assert_int_equal(
		store_get(c->store, "x", value, sizeof(value), &c->error), 1);
	assert_string_equal(value, "new");
	assert_int_equal(offset(c, "t", 0), 2);
	assert_int_equal(offset(c, "t", 1), INT64_MAX);
	assert_int_equal(offset(c, "u", 0), 0);
	assert_int_equal(offset(c, "u", 1), -1);
	assert_int_equal(store_newest(c->store), 1700000000000);
	store_mark_get(c->store, &got);
	assert_true(got.segment == mark.segment && got.offset == mark.offset);
}

static void expect_landmark(struct store_case *c, int64_t next, int64_t offset,
			    int64_t written_at, uint32_t crc)
{
	struct store_landmark got;

	assert_int_equal(store_offset_get(c->store, "t", 0, &got), next);
	assert_int_equal(got.offset, offset);
	if (offset < 0)
		return;
	assert_int_equal(got.written_at, written_at);
	assert_int_equal(got.crc, crc);
}

static void test_landmarks(void **state)
{
	struct store_case *c = *state;
	const struct store_landmark first = {.offset = 5, .crc = UINT32_MAX};
	const struct store_landmark second = {7, 1700000000000, 99};

	expect_landmark(c, -1, STORE_LANDMARK_UNKNOWN, 0, 0);
	assert_int_equal(
		store_offset_set(c->store, "t", 0, 6, &first, &c->error), 0);
	store_case_commit(c, 1);
	store_case_reopen(c);
	expect_landmark(c, 6, 5, 0, UINT32_MAX);
	assert_int_equal(
		store_offset_set(c->store, "t", 0, 9, &second, &c->error), 0);
	expect_landmark(c, 9, 7, 1700000000000, 99);
	assert_int_equal(store_offset_restart(c->store, "t", &c->error), 0);
	expect_landmark(c, 0, STORE_LANDMARK_NONE, 0, 0);
	store_rollback(c->store);
	expect_landmark(c, 6, 5, 0, UINT32_MAX);
}

/* Version 6 stored a position only, which is taken at its word. */
static void test_position_without_landmark(void **state)
{
	struct store_case *c = *state;

	assert_int_equal(set_offset(c, "t", 0, 8), 0);
	store_case_commit(c, 1);
	assert_int_equal(sqlite3_exec(store_case_db(c),
				      STORE_CASE_BEFORE_7
				      "PRAGMA user_version=6",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	store_case_reopen(c);
	expect_landmark(c, 8, STORE_LANDMARK_UNKNOWN, 0, 0);
}

/* No reader is open when a call returns, so the log is written back while the
 * store is in use, and does not grow with the amount written. */
static void test_log_stays_short(void **state)
{
	struct store_case *c = *state;
	static char value[4000];
	struct store_case_rows rows;
	int64_t most = 0;
	int i, k;

	for (i = 0; i < 1200; i++) {
		int64_t seqs[16];

		for (k = 0; k < 16; k++) {
			struct store_record record = {
				.topic = STORE_DLQ,
				.value = {value, sizeof(value)}};

			assert_int_equal(
				store_outbox_add(c->store, &record, &c->error),
				0);
			seqs[k] = record.seq;
		}
		store_case_commit(c, i + 1);
		memset(&rows, 0, sizeof(rows));
		store_next_due(c->store, true);
		store_oldest_undecided(c->store);
		offset(c, "t", 0);
		store_due_each(c->store, true, 1, 5, store_case_note, &rows,
			       &c->error);
		store_list_each(c->store, 0, 100,
				&(struct store_filter){.limit = 5},
				store_case_note, &rows, &c->error);
		for (k = 0; k < 16; k++)
			assert_int_equal(store_outbox_remove(c->store, seqs[k],
							     &c->error),
					 0);
		store_case_commit(c, i + 1);
		if (store_bytes(c->store) > most)
			most = store_bytes(c->store);
	}
	assert_true(most > 0);
	/* Of 77 MB that were written: commits wait when 32 MB are in the log,
	 * however little the thread has been let run. */
	assert_true(most < 40 << 20);
	assert_int_equal(store_outbox_count(c->store), 0);
}

/* The thread does it: there is no second commit that could. */
static void test_log_is_written_back(void **state)
{
	static uint8_t value[65536];
	struct store_case *c = *state;
	int64_t before = scratch_size(c->scratch.base);
	int i, ms;

	for (i = 0; i < 300; i++) {
		struct store_record record = {
			.topic = STORE_DLQ,
			.value = {(char *)value, sizeof(value)}};

		assert_int_equal(store_outbox_add(c->store, &record, &c->error),
				 0);
	}
	store_case_commit(c, 1);
	for (ms = 0;
	     scratch_size(c->scratch.base) < before + (18 << 20) && ms < 30000;
	     ms += 10)
		poll(NULL, 0, 10);
	assert_true(ms < 30000);
}

/* What is read between the two is of one moment; a write ends it. */
static void test_reads_share_one_look(void **state)
{
	struct store_case *c = *state;
	struct store_request r;

	store_case_add(c, 0, ZTP_STATE_RECEIVED);
	store_read_begin(c->store); /* within a transaction: nothing */
	assert_true(store_dirty(c->store));
	store_read_end(c->store);
	store_case_commit(c, 1);
	store_read_begin(c->store);
	store_read_begin(c->store);
	assert_false(sqlite3_get_autocommit(store_case_db(c)));
	assert_int_equal(store_request_by_n(c->store, 1, &r, &c->error), 1);
	assert_false(store_dirty(c->store));
	store_read_end(c->store);
	assert_true(sqlite3_get_autocommit(store_case_db(c)));
	store_read_begin(c->store);
	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	store_read_end(c->store); /* not the transaction of that write */
	assert_true(store_dirty(c->store));
	store_case_commit(c, 2);
	store_read_end(c->store);
	assert_int_equal(store_request_by_n(c->store, 2, &r, &c->error), 1);
}

/* A rollback that has no memory leaves its transaction open, and so does the
 * end of a look at the database. */
static void test_what_was_left_open_is_ended(void **state)
{
	static const char *const left[] = {"BEGIN IMMEDIATE; DELETE FROM meta",
					   "BEGIN"};
	struct store_case *c = *state;
	char value[8];
	size_t i;

	assert_int_equal(store_set(c->store, "a", "1", &c->error), 0);
	store_case_commit(c, 50);
	for (i = 0; i < 2; i++) {
		assert_int_equal(
			sqlite3_exec(c->store->db, left[i], NULL, NULL, NULL),
			SQLITE_OK);
		if (i == 0)
			assert_int_equal(store_unwind(c->store, &c->error), 0);
		assert_int_equal(store_set(c->store, "b", "2", &c->error), 0);
		store_case_commit(c, 60);
		assert_int_equal(store_get(c->store, "a", value, sizeof(value),
					   &c->error),
				 1);
		assert_string_equal(value, "1");
	}
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_rollback_restores),
		T(test_what_was_left_open_is_ended),
		T(test_no_room),
		T(test_close_rolls_back),
		T(test_small_values),
		T(test_landmarks),
		T(test_position_without_landmark),
		T(test_log_stays_short),
		T(test_log_is_written_back),
		T(test_reads_share_one_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
