/* Obligations on disk: from an older version, and after a lost connection. */
#include "store_case.h"

/* A store with version 3 of the schema, in which no retry_at meant waiting for
 * the device. */
static const char version_3[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE position(topic TEXT, part INTEGER, next INTEGER,"
	" PRIMARY KEY(topic, part)) WITHOUT ROWID;"
	"CREATE TABLE request(n INTEGER PRIMARY KEY, id TEXT NOT NULL,"
	" path TEXT NOT NULL, path_hash INTEGER NOT NULL,"
	" fingerprint BLOB NOT NULL, channel TEXT,"
	" traceparent TEXT, state INTEGER NOT NULL, attempt INTEGER NOT NULL,"
	" received_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
	" announced_at INTEGER, due_at INTEGER, retry_at INTEGER,"
	" todo INTEGER, tries INTEGER NOT NULL, finished_at INTEGER,"
	" delivered_at INTEGER, undecided INTEGER);"
	"CREATE UNIQUE INDEX request_id ON request(id);"
	"CREATE INDEX request_channel ON request(channel)"
	" WHERE channel IS NOT NULL;"
	"CREATE INDEX request_retry ON request((tries>0), retry_at)"
	" WHERE retry_at IS NOT NULL;"
	"CREATE INDEX request_waiting ON request(n)"
	" WHERE todo=2 AND retry_at IS NULL;"
	"CREATE INDEX request_finished ON request(finished_at)"
	" WHERE finished_at IS NOT NULL;"
	"CREATE TABLE decision(n INTEGER PRIMARY KEY, by_customer INTEGER,"
	" verdict INTEGER, digest BLOB, topic TEXT, part INTEGER,"
	" offset INTEGER, reason TEXT, message TEXT, kind INTEGER,"
	" payload BLOB, content_type TEXT, metadata TEXT);"
	"CREATE TABLE outbox(seq INTEGER PRIMARY KEY, topic INTEGER NOT NULL,"
	" request INTEGER, key BLOB, value BLOB, headers BLOB);"
	"CREATE INDEX request_undecided_due ON request(due_at)"
	" WHERE undecided=1;"
	"CREATE INDEX request_due ON request(due_at)"
	" WHERE undecided IS NULL AND due_at IS NOT NULL;"
	"CREATE INDEX request_undecided ON request(n) WHERE undecided=1;"
	"CREATE TABLE path_index(hash INTEGER, n INTEGER,"
	" PRIMARY KEY(hash, n)) WITHOUT ROWID;"
	"CREATE TABLE path_bucket(b INTEGER PRIMARY KEY, n INTEGER);"
	"INSERT INTO meta VALUES('facts',"
	"';newest=77;indexed=0;mark=4:44:3:33;2=1;3=1;4=3;7=5;11=1');"
	"PRAGMA application_id=1515475010; PRAGMA user_version=3";

static const struct row {
	enum ztp_state state;
	int todo; /* as it was written */
	int64_t due_at, retry_at;
	int tries;
	enum ztp_owed what; /* as it is read */
} rows[] = {
	{ZTP_STATE_REQUESTED, 0, 900, 0, 0, ZTP_OWED_NONE},
	{ZTP_STATE_APPROVED, 1, 0, 500, 2, ZTP_OWED_REGISTER},
	{ZTP_STATE_REGISTERED, 2, 900, 501, 0, ZTP_OWED_SEND},
	{ZTP_STATE_REGISTERED, 2, 900, 502, 3, ZTP_OWED_SEND},
	{ZTP_STATE_REGISTERED, 2, 900, 0, 3, ZTP_OWED_WAIT_DEVICE},
	{ZTP_STATE_UNDELIVERABLE, 2, 0, 0, 1, ZTP_OWED_WAIT_DEVICE},
	{ZTP_STATE_REJECTED, 3, 0, 503, 1, ZTP_OWED_RELEASE},
	/* The gate is asked about it once it is connected again. */
	{ZTP_STATE_REJECTED, 4, 900, 504, 0, ZTP_OWED_NOTICE_SEND},
	{ZTP_STATE_REJECTED, 4, 900, 505, 1, ZTP_OWED_NOTICE_SEND},
	{ZTP_STATE_REJECTED, 4, 900, 0, 0, ZTP_OWED_NOTICE_WAIT},
	{ZTP_STATE_REJECTED, 0, 0, 0, 0, ZTP_OWED_NONE},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static void exec(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static void insert(sqlite3 *db, int64_t n, const struct row *row)
{
	char sql[512], due[24] = "NULL", retry[24] = "NULL";

	if (row->due_at)
		snprintf(due, sizeof(due), "%d", (int)row->due_at);
	if (row->retry_at)
		snprintf(retry, sizeof(retry), "%d", (int)row->retry_at);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO request(n,id,path,path_hash,fingerprint,state,"
		 "attempt,received_at,expires_at,due_at,retry_at,todo,tries,"
		 "finished_at,undecided) VALUES(%d,'id-%d','path-%d',%d,"
		 "zeroblob(32),%d,1,1,900,%s,%s,%d,%d,%s,%s)",
		 (int)n, (int)n, (int)n, (int)n, (int)row->state, due, retry,
		 row->todo, row->tries,
		 ztp_state_finished(row->state) ? "600" : "NULL",
		 ztp_state_undecided(row->state) ? "1" : "NULL");
	exec(db, sql);
}

/* Row i as read from the store. */
static struct store_request row_of(struct store_case *c, size_t i)
{
	struct store_request r;

	assert_int_equal(
		store_request_by_n(c->store, (int64_t)i + 1, &r, &c->error), 1);
	return r;
}

static void the_version_before_is_brought_to_ours(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows found = {0};
	sqlite3 *db = NULL;
	size_t i;

	store_close(c->store);
	c->store = NULL;
	scratch_files(&c->scratch, "", scratch_unlink);
	assert_int_equal(sqlite3_open(c->scratch.base, &db), SQLITE_OK);
	exec(db, version_3);
	for (i = 0; i < ROWS; i++)
		insert(db, (int64_t)i + 1, &rows[i]);
	sqlite3_close(db);
	store_case_open(c);
	for (i = 0; i < ROWS; i++) {
		struct store_request r = row_of(c, i);

		assert_int_equal(r.owed.what, rows[i].what);
		assert_int_equal(r.owed.tries, rows[i].tries);
		assert_int_equal(r.owed.due_at, rows[i].due_at);
		assert_int_equal(r.owed.retry_at, rows[i].retry_at);
		assert_int_equal(r.state, rows[i].state);
	}
	store_waiting_each(c->store, 0, 10, store_case_note, &found, &c->error);
	store_case_expect(&found, (int64_t[]){5, 6}, 2);
	assert_int_equal(store_next_retry(c->store, true), 501);
	assert_int_equal(store_next_retry(c->store, false), 500);
	assert_int_equal(store_count(c->store, ZTP_STATE_REJECTED), 5);
}

/* One statement for all rows does what the table does for each. */
static void a_lost_connection_is_as_the_table_says(void **state)
{
	static const struct ztp_owed_facts facts = {.gate = true, .now = 700};
	struct store_case *c = *state;
	struct ztp_obligation want[ZTP_OWED_END];
	int i;

	for (i = 0; i < ZTP_OWED_END; i++) {
		struct store_request r = store_case_request(i);
		bool waits = i == ZTP_OWED_NONE || i == ZTP_OWED_WAIT_DEVICE ||
			     i == ZTP_OWED_NOTICE_WAIT;

		r.state = ZTP_STATE_REGISTERED;
		r.owed = (struct ztp_obligation){.what = (enum ztp_owed)i,
						 .tries = i,
						 .losses = i % 3,
						 .retry_at = waits ? 0 : 500,
						 .due_at = 900};
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
		want[i] = r.owed;
		(void)ztp_obligation_change(&want[i], ZTP_ON_CONNECTION_LOST,
					    &facts);
	}
	store_case_commit(c, 1);
	assert_int_equal(store_absent(c->store, &c->error), 0);
	store_case_commit(c, 2);
	for (i = 0; i < ZTP_OWED_END; i++) {
		struct store_request r = row_of(c, (size_t)i);

		assert_int_equal(r.owed.what, want[i].what);
		assert_int_equal(r.owed.retry_at, want[i].retry_at);
		assert_int_equal(r.owed.due_at, want[i].due_at);
		assert_int_equal(r.owed.tries, want[i].tries);
		assert_int_equal(r.owed.losses, want[i].losses);
	}
}

static struct ztp_obligation owed(int tries, int losses, int64_t retry_at)
{
	return (struct ztp_obligation){.what = ZTP_OWED_SEND,
				       .tries = tries,
				       .losses = losses,
				       .retry_at = retry_at};
}

/* Version 6 stored losses in the high bits of tries. */
static void version_6_is_brought_to_ours(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows found = {0};
	const struct ztp_obligation all[] = {owed(2, 0, 400), owed(3, 1, 300),
					     owed(0, 16, 200), owed(0, 2, 0),
					     owed(0, 0, 500)};
	struct store_request r;
	int i;

	for (i = 0; i < 5; i++) {
		r = store_case_request(i);
		r.state = ZTP_STATE_REGISTERED;
		r.owed = all[i];
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	}
	store_case_commit(c, 1);
	exec(store_case_db(c), STORE_CASE_BEFORE_7 "PRAGMA user_version=6");
	assert_int_equal(sqlite3_exec(store_case_db(c),
				      "SELECT losses FROM request", NULL, NULL,
				      NULL),
			 SQLITE_ERROR);
	store_case_reopen(c);
	for (i = 0; i < 5; i++) {
		r = row_of(c, (size_t)i);
		assert_int_equal(r.owed.tries, all[i].tries);
		assert_int_equal(r.owed.losses, all[i].losses);
		assert_int_equal(r.owed.retry_at, all[i].retry_at);
	}
	assert_int_equal(store_next_retry(c->store, true), 500);
	assert_int_equal(store_next_retry(c->store, false), 400);
	store_suspect_each(c->store, 1000, 10, store_case_note_owed, &found,
			   &c->error);
	store_case_expect(&found, (int64_t[]){3, 2}, 2);
}

/* Suspects have a list of their own, so that no other stands behind them. */
static void suspects_stand_apart(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows found = {0};
	const struct ztp_obligation all[] = {owed(0, 0, 400), owed(3, 0, 500),
					     owed(3, 1, 300), owed(0, 16, 200)};
	struct store_request r;
	int i;

	assert_int_equal(store_next_suspect(c->store), 0);
	for (i = 0; i < 4; i++) {
		r = store_case_request(i);
		r.state = ZTP_STATE_REGISTERED;
		r.owed = all[i];
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
		r = row_of(c, (size_t)i);
		assert_int_equal(r.owed.tries, all[i].tries);
		assert_int_equal(r.owed.losses, all[i].losses);
		assert_int_equal(r.owed.retry_at, all[i].retry_at);
	}
	store_case_commit(c, 1);
	for (i = 0; i < 2; i++) {
		assert_int_equal(store_next_retry(c->store, true), 400);
		assert_int_equal(store_next_retry(c->store, false), 500);
		assert_int_equal(store_next_suspect(c->store), 200);
		store_close(c->store);
		store_case_open(c);
	}
	store_retry_each(c->store, false, 1000, 10, store_case_note_owed,
			 &found, &c->error);
	store_case_expect(&found, (int64_t[]){2}, 1);
	found = (struct store_case_rows){0};
	store_suspect_each(c->store, 1000, 10, store_case_note_owed, &found,
			   &c->error);
	store_case_expect(&found, (int64_t[]){4, 3}, 2);
	found = (struct store_case_rows){0};
	store_suspect_each(c->store, 299, 10, store_case_note_owed, &found,
			   &c->error);
	store_case_expect(&found, (int64_t[]){4}, 1);
	/* An answer clears it. */
	r = row_of(c, 3);
	r.owed = owed(1, 0, 600);
	assert_int_equal(store_request_save(c->store, &r, &c->error), 0);
	assert_int_equal(store_next_suspect(c->store), 300);
	assert_int_equal(store_next_retry(c->store, false), 500);
	found = (struct store_case_rows){0};
	store_suspect_each(c->store, 200, 10, store_case_note_owed, &found,
			   &c->error);
	assert_int_equal(found.count, 0);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(the_version_before_is_brought_to_ours),
		T(a_lost_connection_is_as_the_table_says),
		T(version_6_is_brought_to_ours),
		T(suspects_stand_apart),
	};

	return cmocka_run_group_tests_name("bridge_store_owed", tests, NULL,
					   NULL);
}
