/* Payloads are erased for good: looked for in every file of the store, byte for
 * byte. And contacts of devices. */
#include "store_case.h"

#include "bridge/store/store_state.h"

#include <time.h>

#define MARK  "PAYLOAD-%06d-"
#define END   1000 /* of the first request */
#define ROWS  400
#define LATER 100000 /* ms: long enough to empty the WAL once more */

static struct {
	int64_t now;
	bool seen[ROWS + 1]; /* whose mark the store's files have */
} marks;

/* A whole one: it may end with the page. */
static bool is_mark(const char *text, int *n)
{
	char copy[16] = "", again[24];

	memcpy(copy, text, 15);
	*n = (int)strtol(copy + strcspn(copy, "0123456789"), NULL, 10);
	if (*n < 0 || *n > ROWS)
		return false;
	snprintf(again, sizeof(again), MARK, *n);
	return strcmp(again, copy) == 0;
}

static void look(const char *name)
{
	size_t len, i;
	uint8_t *bytes = scratch_read(name, &len);
	int n;

	for (i = 0; i + 15 <= len; i++)
		if (bytes[i] == 'P' && is_mark((char *)bytes + i, &n))
			marks.seen[n] = true;
	free(bytes);
}

static int found(const struct store_case *c)
{
	int i, count = 0;

	memset(marks.seen, 0, sizeof(marks.seen));
	scratch_files(&c->scratch, "", look);
	for (i = 0; i <= ROWS; i++)
		count += marks.seen[i];
	return count;
}

/* What the loop does once a second, until what was erased is gone. */
static void settle(struct store_case *c)
{
	const struct timespec pause = {0, 1000000};
	int i;

	marks.now += LATER;
	for (i = 0; store_payload_lingers(c->store); i++) {
		assert_true(i < 10000);
		assert_int_equal(
			store_payload_settle(c->store, marks.now, &c->error),
			0);
		nanosleep(&pause, NULL);
	}
}

/* An approval of row n with a payload of this size, full of its mark. */
static void decide(struct store_case *c, int64_t n, size_t size)
{
	struct store_decision d = {.by_customer = true, .verdict = ZTP_APPROVE};
	char *text = malloc(size + 16);
	size_t at;

	assert_non_null(text);
	for (at = 0; at < size; at += 15)
		snprintf(text + at, 16, MARK, (int)n);
	d.payload = (struct ztp_payload){
		.kind = ZTP_PAYLOAD_TEXT, .data = (uint8_t *)text, .len = size};
	store_case_decide(c, n, &d);
	free(text);
}

static bool kept(struct store_case *c, int64_t n)
{
	struct store_decision d;
	bool is;

	assert_int_equal(store_case_decision(c, n, true, &d), 1);
	is = d.payload.kind == ZTP_PAYLOAD_TEXT && d.payload.len > 0;
	assert_int_equal(is, !d.payload_erased);
	store_decision_clear(&d);
	return is;
}

static void erase(struct store_case *c, int64_t n)
{
	struct store_request r;

	assert_int_equal(store_request_by_n(c->store, n, &r, &c->error), 1);
	assert_int_equal(store_payload_erase(c->store, &r, &c->error), 0);
}

/* From a few bytes to one that needs pages of its own. */
static void test_one_of_each_size(void **state)
{
	static const size_t sizes[] = {15, 300, 3000, 20000, 65000};
	struct store_case *c = *state;
	int i;

	settle(c);
	for (i = 0; i < 5; i++) {
		store_case_add(c, i, ZTP_STATE_ONBOARDED);
		decide(c, i + 1, sizes[i]);
	}
	store_case_commit(c, 1);
	assert_int_equal(found(c), 5);
	assert_false(store_payload_lingers(c->store));
	for (i = 0; i < 5; i++) {
		assert_true(kept(c, i + 1));
		erase(c, i + 1);
		assert_false(kept(c, i + 1));
		erase(c, i + 1); /* again: nothing is left to erase */
	}
	store_case_commit(c, 2);
	assert_true(store_payload_lingers(c->store));
	settle(c);
	assert_int_equal(found(c), 0);
	assert_int_equal(scratch_files(&c->scratch, "store-wal", NULL), 0);
	store_case_reopen(c);
	for (i = 0; i < 5; i++)
		assert_false(kept(c, i + 1));
}

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

/* Decided in another order than they came, and erased in a third one: no copy
 * is left where SQLite made room. The rest stays as it is. */
static void test_many_in_any_order(void **state)
{
	struct store_case *c = *state;
	int order[ROWS], i;
	uint32_t seed = 7;

	for (i = 0; i < ROWS; i++) {
		store_case_add(c, i, ZTP_STATE_ONBOARDED);
		order[i] = i + 1;
	}
	for (i = ROWS - 1; i > 0; i--) {
		int k = (int)(draw(&seed) % (uint32_t)(i + 1)), n = order[k];

		order[k] = order[i];
		order[i] = n;
	}
	for (i = 0; i < ROWS; i++) {
		decide(c, order[i], 15 + draw(&seed) % 1500);
		if (i % 50 == 49)
			store_case_commit(c, i);
	}
	assert_int_equal(found(c), ROWS);
	for (i = 0; i < ROWS; i++)
		if (draw(&seed) % 4 > 0 || order[i] == 1)
			erase(c, order[i]);
		else
			order[i] = 0;
	store_case_commit(c, ROWS);
	settle(c);
	(void)found(c);
	for (i = 0; i < ROWS; i++)
		if (order[i] != 0 && marks.seen[order[i]])
			fail_msg("%d is still there", order[i]);
	for (i = 1; i <= ROWS; i++)
		assert_int_equal(kept(c, i), marks.seen[i]);
}

/* By the time of their end, and not before. */
static void test_what_is_due(void **state)
{
	struct store_case *c = *state;
	int i;

	for (i = 0; i < 10; i++) { /* two end at the same time */
		struct store_request r = store_case_request(i);

		r.state = ZTP_STATE_ONBOARDED;
		r.finished_at = END + i / 2;
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
		decide(c, i + 1, 15);
	}
	store_case_add(c, 10, ZTP_STATE_REGISTERED); /* it has not ended */
	decide(c, 11, 15);
	store_case_commit(c, 1);
	assert_int_equal(store_payload_expire(c->store, END - 1, 9, &c->error),
			 0);
	assert_false(store_dirty(c->store));
	assert_int_equal(store_payload_expire(c->store, END + 1, 3, &c->error),
			 3);
	assert_false(kept(c, 3));
	assert_true(kept(c, 4));
	store_rollback(c->store);
	assert_true(kept(c, 1));
	assert_int_equal(store_payload_expire(c->store, END + 1, 3, &c->error),
			 3);
	store_case_commit(c, 2);
	store_case_reopen(c);
	assert_int_equal(store_payload_expire(c->store, END + 1, 9, &c->error),
			 1);
	assert_int_equal(store_payload_expire(c->store, END + 1, 9, &c->error),
			 0);
	for (i = 1; i <= 10; i++)
		assert_int_equal(kept(c, i), i > 4);
	assert_int_equal(
		store_payload_expire(c->store, INT64_MAX, 99, &c->error), 6);
	assert_true(kept(c, 11));
	store_case_commit(c, 3);
}

/* A process that was killed in between leaves its WAL to the next one. */
static void test_after_a_kill(void **state)
{
	struct store_case *c = *state;
	char from[128], to[128];
	uint8_t *bytes[2];
	size_t len[2];
	int i;

	store_case_add(c, 1, ZTP_STATE_ONBOARDED);
	decide(c, 1, 300);
	store_case_commit(c, 1);
	erase(c, 1);
	store_case_commit(c, 2);
	for (i = 0; i < 2; i++) {
		snprintf(from, sizeof(from), "%s%s", c->scratch.base,
			 i ? "-wal" : "");
		bytes[i] = scratch_read(from, &len[i]);
	}
	store_close(c->store);
	c->store = NULL;
	for (i = 0; i < 2; i++) {
		snprintf(to, sizeof(to), "%s%s", c->scratch.base,
			 i ? "-wal" : "");
		scratch_write(to, bytes[i], len[i]);
		free(bytes[i]);
	}
	assert_int_equal(found(c), 1);
	store_case_open(c);
	assert_true(store_payload_lingers(c->store));
	settle(c);
	assert_int_equal(found(c), 0);
	assert_false(kept(c, 1));
}

/* An online backup reads the WAL: it is emptied later, and nobody waits. */
static void test_while_somebody_reads(void **state)
{
	struct store_case *c = *state;
	sqlite3 *reader = NULL;
	int i;

	store_case_add(c, 1, ZTP_STATE_ONBOARDED);
	decide(c, 1, 300);
	store_case_commit(c, 1);
	assert_int_equal(sqlite3_open(c->scratch.base, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader,
				      "BEGIN; SELECT count(*) FROM request",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	erase(c, 1);
	store_case_commit(c, 2);
	for (i = 0; i < 50; i++)
		assert_int_equal(store_payload_settle(c->store,
						      marks.now + LATER,
						      &c->error),
				 0);
	assert_true(store_payload_lingers(c->store));
	assert_int_equal(found(c), 1);
	sqlite3_close(reader);
	settle(c);
	assert_int_equal(found(c), 0);
}

/* Commits go on meanwhile, and one of them empties the WAL. */
static void test_while_others_commit(void **state)
{
	struct store_case *c = *state;
	const struct timespec pause = {0, 1000000};
	int i;

	decide(c, 1, 300);
	store_case_commit(c, 1);
	settle(c);
	erase(c, 1);
	store_case_commit(c, 2);
	assert_int_equal(
		store_payload_settle(c->store, marks.now + 1999, &c->error), 0);
	assert_true(store_payload_lingers(c->store)); /* emptied a moment ago */
	assert_int_equal(
		store_payload_settle(c->store, marks.now + 2000, &c->error), 0);
	for (i = 0; found(c) > 0; i++) {
		assert_true(i < 10000);
		store_case_add(c, 10 + i, ZTP_STATE_RECEIVED);
		assert_int_equal(store_payload_settle(c->store,
						      marks.now + LATER,
						      &c->error),
				 0); /* not within it */
		store_case_commit(c, 3 + i);
		nanosleep(&pause, NULL);
	}
	/* The thread that empties it may not have said so yet. */
	for (i = 0; store_payload_lingers(c->store); i++) {
		assert_true(i < 10000);
		assert_int_equal(store_payload_settle(c->store,
						      marks.now + LATER,
						      &c->error),
				 0);
		nanosleep(&pause, NULL);
	}
}

/* Requests give way, and dead letters reach Kafka. */
static void test_what_is_removed_is_gone(void **state)
{
	struct store_case *c = *state;
	struct store_record record = {
		.topic = STORE_DLQ,
		.value = {"PAYLOAD-000002-", 15},
	};

	store_case_add(c, 1, ZTP_STATE_ONBOARDED);
	decide(c, 1, 300);
	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	store_case_commit(c, 1);
	settle(c);
	assert_int_equal(found(c), 2);
	assert_int_equal(store_outbox_remove(c->store, record.seq, &c->error),
			 0);
	store_case_commit(c, 2);
	settle(c);
	assert_int_equal(found(c), 1);
	assert_int_equal(store_evict(c->store, 10000, true, 9, &c->error), 1);
	store_case_commit(c, 3);
	settle(c);
	assert_int_equal(found(c), 0);
	/* It does not get the next decision for its own. */
	store_case_reopen(c);
	decide(c, 2, 15);
	assert_int_equal(
		store_case_decision(c, 1, true, &(struct store_decision){0}),
		0);
}

static void commit_copy(struct store_case *c, int64_t next)
{
	const struct store_copy copy = {.next = next};

	assert_int_equal(store_commit(c->store, 0, &c->error), 0);
	assert_int_equal(store_copy_commit(c->store, &copy, &c->error), 0);
}

/* A decision for an unknown request waits for it, and goes: it had no effect, or is
 * the request's from then on. */
static void test_what_was_held_is_gone(void **state)
{
	struct store_case *c = *state;
	struct state_row row = {.kind = STATE_HELD,
				.name = ztp_str_of("id/0.1"),
				.count = STATE_HELD_CELLS};

	assert_int_equal(store_replicate(c->store, "ztp.decisions", &c->error),
			 0);
	settle(c);
	row.cells[STATE_HELD_TOPIC] = (struct state_cell){
		.type = STATE_TEXT, .bytes = ztp_str_of("ztp.decisions")};
	row.cells[STATE_HELD_PART].type = STATE_NUMBER;
	row.cells[STATE_HELD_OFFSET].type = STATE_NUMBER;
	row.cells[STATE_HELD_UNTIL] =
		(struct state_cell){.type = STATE_NUMBER, .number = 1};
	row.cells[STATE_HELD_VALUE] = (struct state_cell){
		.type = STATE_BYTES, .bytes = ztp_str_of("PAYLOAD-000003-")};
	row.cells[STATE_HELD_HEADERS] = (struct state_cell){
		.type = STATE_BYTES, .bytes = ztp_str_of("")};
	assert_int_equal(store_state_put(c->store, &row, &c->error), 0);
	commit_copy(c, 2);
	settle(c);
	assert_int_equal(found(c), 1);
	row.removed = true;
	assert_int_equal(store_state_put(c->store, &row, &c->error), 0);
	commit_copy(c, 3);
	settle(c);
	assert_int_equal(found(c), 0);
}

/* Version 5 numbered decisions as their requests, and kept the payload of a
 * rejection. */
static void test_older_version(void **state)
{
	struct store_case *c = *state;
	struct store_decision d = {.by_customer = true, .verdict = ZTP_REJECT};
	sqlite3 *db = NULL;
	char *why = NULL;

	store_case_add(c, 1, ZTP_STATE_ONBOARDED);
	store_case_add(c, 2, ZTP_STATE_REJECTED);
	store_case_decide(c, 2, &d);
	decide(c, 1, 300);
	store_case_commit(c, 1);
	store_close(c->store);
	c->store = NULL;
	assert_int_equal(sqlite3_open(c->scratch.base, &db), SQLITE_OK);
	if (sqlite3_exec(db,
			 "UPDATE decision SET n=3-(n&3), kind=kind&15;"
			 "UPDATE decision SET kind=3,payload=(SELECT payload"
			 " FROM decision WHERE n=1) WHERE n=2;"
			 "UPDATE decision SET kind=3,"
			 "payload=CAST('PAYLOAD-000002-' AS BLOB) WHERE "
			 "n=2;" STORE_CASE_BEFORE_6 "PRAGMA user_version=5",
			 NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(found(c), 2);
	store_case_open(c);
	settle(c);
	assert_int_equal(found(c), 1);
	assert_true(kept(c, 1));
	assert_int_equal(store_case_decision(c, 2, true, &d), 1);
	assert_int_equal(d.payload.kind, ZTP_PAYLOAD_NONE);
	assert_false(d.payload_erased);
	store_decision_clear(&d);
	decide(c, 3, 15); /* a new one beside them */
	assert_true(kept(c, 3));
	erase(c, 1);
	assert_false(kept(c, 1));
	store_case_commit(c, 2);
	settle(c);
	(void)found(c);
	assert_false(marks.seen[1]);
}

/* --- contacts */

static void test_contacts(void **state)
{
	struct store_case *c = *state;
	struct ztp_contact contact = {ZTP_HEARD_FAILED, INT64_MIN, 5, 77}, got;

	assert_int_equal(store_contact_get(c->store, 1, &got, &c->error), 0);
	assert_int_equal(got.heard, ZTP_HEARD_NOTHING);
	store_case_add(c, 1, ZTP_STATE_ONBOARDED);
	assert_int_equal(store_contact_get(c->store, 1, &got, &c->error), 0);
	assert_int_equal(got.connection, 0);
	assert_int_equal(store_contact_put(c->store, 1, &contact, &c->error),
			 0);
	store_case_commit(c, 1);
	store_case_reopen(c);
	assert_int_equal(store_contact_get(c->store, 1, &got, &c->error), 0);
	assert_int_equal(got.heard, ZTP_HEARD_FAILED);
	assert_int_equal(got.connection, INT64_MIN);
	assert_int_equal(got.resends, 5);
	assert_int_equal(got.resent_at, 77);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_one_of_each_size),
		T(test_many_in_any_order),
		T(test_what_is_due),
		T(test_after_a_kill),
		T(test_while_somebody_reads),
		T(test_while_others_commit),
		T(test_what_is_removed_is_gone),
		T(test_what_was_held_is_gone),
		T(test_older_version),
		T(test_contacts),
	};

	return cmocka_run_group_tests_name("bridge_store_payload", tests, NULL,
					   NULL);
}
