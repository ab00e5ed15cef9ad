/* Lists of requests in the store: in their order, and read by their index. */
#include "store_case.h"

static int save_it(void *arg, struct store_request *r)
{
	struct store_case *c = arg;

	r->owed.due_at += 1000000;
	return store_request_save(c->store, r, &c->error);
}

static void test_due_in_order(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows rows = {0};
	struct store_request r;
	int i;

	for (i = 0; i < 6; i++) {
		r = store_case_request(i);
		r.state = i % 2 ? ZTP_STATE_REGISTERED : ZTP_STATE_REQUESTED;
		r.owed.due_at = 1000 - i;
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	}
	r = store_case_request(6);
	r.state = ZTP_STATE_APPROVED; /* no deadline for the gate */
	r.owed.due_at = 0;
	assert_int_equal(store_request_add(c->store, &r, &c->error), 0);

	assert_int_equal(store_next_due(c->store, true), 996);
	assert_int_equal(store_next_due(c->store, false), 995);
	store_due_each(c->store, true, 2000, 10, store_case_note, &rows,
		       &c->error);
	store_case_expect(&rows, (int64_t[]){5, 3, 1}, 3);
	rows = (struct store_case_rows){0};
	store_due_each(c->store, false, 997, 10, store_case_note, &rows,
		       &c->error);
	store_case_expect(&rows, (int64_t[]){6, 4}, 2);
	rows = (struct store_case_rows){0};
	store_due_each(c->store, true, 2000, 2, store_case_note, &rows,
		       &c->error);
	store_case_expect(&rows, (int64_t[]){5, 3}, 2);
	rows = (struct store_case_rows){0};
	store_due_each(c->store, true, 995, 2, store_case_note, &rows,
		       &c->error);
	assert_int_equal(rows.count, 0);
	/* Visitors may write. */
	assert_int_equal(
		store_due_each(c->store, true, 2000, 10, save_it, c, &c->error),
		0);
	assert_int_equal(store_next_due(c->store, true), 1000996);
}

static void test_retries_and_waiting(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows rows = {0};
	struct store_request r;
	int i;

	assert_int_equal(store_next_retry(c->store, true), 0);
	for (i = 0; i < 8; i++) {
		r = store_case_request(i);
		r.state = ZTP_STATE_REGISTERED;
		r.owed.what = i < 6 ? ZTP_OWED_SEND : ZTP_OWED_WAIT_DEVICE;
		r.owed.tries = i % 2 ? i : 0;
		r.owed.retry_at = i < 6 ? 500 - i : 0;
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	}
	assert_int_equal(store_next_retry(c->store, true), 496);
	assert_int_equal(store_next_retry(c->store, false), 495);
	store_retry_each(c->store, true, 500, 10, store_case_note_owed, &rows,
			 &c->error);
	store_case_expect(&rows, (int64_t[]){5, 3, 1}, 3);
	rows = (struct store_case_rows){0};
	store_retry_each(c->store, false, 498, 10, store_case_note_owed, &rows,
			 &c->error);
	store_case_expect(&rows, (int64_t[]){6, 4}, 2);
	rows = (struct store_case_rows){0};
	store_waiting_each(c->store, 0, 10, store_case_note, &rows, &c->error);
	store_case_expect(&rows, (int64_t[]){7, 8}, 2);
	rows = (struct store_case_rows){0};
	store_waiting_each(c->store, 7, 10, store_case_note, &rows, &c->error);
	store_case_expect(&rows, (int64_t[]){8}, 1);
}

static void test_lists_for_people(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows rows = {0};
	int i;

	for (i = 0; i < 9; i++)
		store_case_add(
			c, i, i < 4 ? ZTP_STATE_REJECTED : ZTP_STATE_REQUESTED);
	assert_int_equal(store_oldest_undecided(c->store), 104);
	assert_int_equal(store_list_next(c->store, 0, false), 1);
	assert_int_equal(store_list_next(c->store, 0, true), 5);
	assert_int_equal(store_list_next(c->store, 8, true), 9);
	assert_int_equal(store_list_next(c->store, 9, true), 0);
	store_list_each(c->store, 2, 8, &(struct store_filter){.limit = 3},
			store_case_note, &rows, &c->error);
	store_case_expect(&rows, (int64_t[]){3, 4, 5}, 3);
	rows = (struct store_case_rows){0};
	store_list_each(c->store, 0, 99,
			&(struct store_filter){.state = ZTP_STATE_REQUESTED,
					       .registry = "s/r1",
					       .limit = 9},
			store_case_note, &rows, &c->error);
	store_case_expect(&rows, (int64_t[]){5, 8}, 2);
	rows = (struct store_case_rows){0};
	store_list_each(c->store, 0, 99,
			&(struct store_filter){.state = ZTP_STATE_NONE,
					       .registry = "s/r",
					       .limit = 9},
			store_case_note, &rows, &c->error);
	store_list_each(c->store, 0, 99,
			&(struct store_filter){.state = ZTP_STATE_NONE,
					       .registry = "nonsense",
					       .limit = 9},
			store_case_note, &rows, &c->error);
	assert_int_equal(rows.count, 0);
}

/* --- query plans: the index that each list must use, so that its cost depends
 * on the rows it returns and not on all there are. Before INDEX there may be
 * COVERING, which later releases of SQLite find more often and which does not
 * matter here. */

static void plan_of(struct store_case *c, enum store_sql sql, char *text,
		    size_t cap)
{
	sqlite3_stmt *stmt = NULL;
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s",
					sqlite3_sql(c->store->stmt[sql]));
	size_t len = 0;

	assert_non_null(explain);
	assert_int_equal(
		sqlite3_prepare_v2(store_case_db(c), explain, -1, &stmt, NULL),
		SQLITE_OK);
	*text = '\0';
	while (sqlite3_step(stmt) == SQLITE_ROW && len < cap)
		len += (size_t)snprintf(
			text + len, cap - len, "%s;",
			(const char *)sqlite3_column_text(stmt, 3));
	sqlite3_finalize(stmt);
	sqlite3_free(explain);
}

static void test_every_list_has_its_index(void **state)
{
	static const struct {
		enum store_sql sql;
		const char *by;
	} want[] = {
		{SQL_REQ_BY_ID, "INDEX request_id (id=?)"},
		{SQL_REQ_BY_N, "USING INTEGER PRIMARY KEY (rowid=?)"},
		{SQL_REQ_PATH, "INDEX request_path (path_hash=?)"},
		{SQL_REQ_CHANNEL, "INDEX request_channel (channel=?)"},
		{SQL_REQ_UNDECIDED, "INDEX request_undecided_due (due_at<?)"},
		{SQL_REQ_DUE, "INDEX request_due (due_at>? AND due_at<?)"},
		{SQL_QUEUE, "INDEX request_retry (<expr>=? AND retry_at>?)"},
		{SQL_REQ_WAITING, "INDEX request_waiting (n>?)"},
		{SQL_REQ_LIST, "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		{SQL_LIST_NEXT, "INTEGER PRIMARY KEY (rowid>?)"},
		{SQL_LIST_NEXT_UNDECIDED, "INDEX request_undecided (n>?)"},
		{SQL_NEXT_UNDECIDED, "INDEX request_undecided_due"},
		{SQL_NEXT_DUE, "INDEX request_due (due_at>?)"},
		{SQL_OLDEST, "INDEX request_undecided"},
		{SQL_EVICT_LIST, "INDEX request_finished (finished_at<?)"},
		{SQL_REQ_SAVE, "USING INTEGER PRIMARY KEY (rowid=?)"},
		{SQL_DEC_GET, "USING INTEGER PRIMARY KEY (rowid=?)"},
		{SQL_DEC_GET_ALL, "USING INTEGER PRIMARY KEY (rowid=?)"},
		{SQL_OUT_LIST, "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		{SQL_OUT_DEL, "USING INTEGER PRIMARY KEY (rowid=?)"},
	};
	struct store_case *c = *state;
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(want) / sizeof(*want); i++) {
		plan_of(c, want[i].sql, text, sizeof(text));
		if (!strstr(text, want[i].by) || strstr(text, "TEMP B-TREE"))
			fail_msg("%s\nis done by %s", /* and no sorting */
				 sqlite3_sql(c->store->stmt[want[i].sql]),
				 text);
	}
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_due_in_order),
		T(test_retries_and_waiting),
		T(test_lists_for_people),
		T(test_every_list_has_its_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
