/* Requests and decisions in the store: rows as given, counts that are right
 * after every move. */
#include "store_case.h"

/* --- rows */

static void expect_same(const struct store_request *a,
			const struct store_request *b)
{
	assert_int_equal(a->n, b->n);
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->path, b->path);
	assert_memory_equal(a->fingerprint, b->fingerprint, ZTP_SHA256_LEN);
	assert_memory_equal(a->identity, b->identity, ZTP_SHA256_LEN);
	assert_string_equal(a->channel, b->channel);
	assert_string_equal(a->traceparent, b->traceparent);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->attempt, b->attempt);
	assert_int_equal(a->received_at, b->received_at);
	assert_int_equal(a->expires_at, b->expires_at);
	assert_int_equal(a->announced_at, b->announced_at);
	assert_int_equal(a->owed.due_at, b->owed.due_at);
	assert_int_equal(a->owed.retry_at, b->owed.retry_at);
	assert_int_equal(a->owed.what, b->owed.what);
	assert_int_equal(a->owed.tries, b->owed.tries);
	assert_int_equal(a->finished_at, b->finished_at);
	assert_int_equal(a->delivered_at, b->delivered_at);
}

static void test_row_as_it_was_given(void **state)
{
	struct store_case *c = *state;
	struct store_request r = store_case_request(1), got;

	memset(r.id, 'i', ZTP_REQUEST_ID_MAX);
	memset(r.path, 'p', ZTP_PATH_MAX);
	memset(r.channel, 'c', ZTP_TOPIC_MAX);
	memset(r.identity, 'd', sizeof(r.identity));
	r.attempt = 7;
	r.owed.retry_at = 11;
	r.owed.what = ZTP_OWED_RELEASE;
	r.owed.tries = 12;
	r.finished_at = 13;
	r.delivered_at = 14;
	assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	assert_int_equal(r.n, 1);
	store_case_commit(c, 1);
	store_case_reopen(c);
	assert_int_equal(store_request_by_n(c->store, 1, &got, &c->error), 1);
	expect_same(&got, &r);
	assert_int_equal(store_request_by_id(c->store, r.id, &got, &c->error),
			 1);
	expect_same(&got, &r);

	r.state = ZTP_STATE_REQUESTED;
	r.announced_at = 21;
	r.owed.due_at = r.owed.retry_at = r.finished_at = r.delivered_at = 0;
	r.owed.what = ZTP_OWED_SEND;
	r.owed.tries = 0;
	got = r;
	assert_int_equal(store_request_save(c->store, &got, &c->error), 0);
	assert_int_equal(store_request_by_n(c->store, 1, &got, &c->error), 1);
	expect_same(&got, &r);
	assert_int_equal(store_request_by_n(c->store, 2, &got, &c->error), 0);
	assert_int_equal(store_request_by_id(c->store, "", &got, &c->error), 0);
}

/* Ids are unique. The caller takes another one. */
static void test_id_twice(void **state)
{
	struct store_case *c = *state;
	struct store_request r = store_case_add(c, 1, ZTP_STATE_RECEIVED);

	store_case_commit(c, 1);
	assert_int_equal(store_request_add(c->store, &r, &c->error), 1);
	assert_int_equal(store_unfinished(c->store), 1);
	snprintf(r.id, sizeof(r.id), "another");
	assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	store_case_commit(c, 1);
	assert_int_equal(store_unfinished(c->store), 2);
}

/* --- lists */

static void test_path_and_channel(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows rows = {0};
	struct store_request r;
	int i;

	for (i = 0; i < 9; i++) {
		r = store_case_request(i);
		snprintf(r.path, sizeof(r.path), "path-%d", i % 2);
		if (i % 3 == 0)
			snprintf(r.channel, sizeof(r.channel), "channel");
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	}
	store_path_each(c->store, "path-1", store_case_note, &rows, &c->error);
	store_case_expect(&rows, (int64_t[]){2, 4, 6, 8}, 4);
	rows = (struct store_case_rows){0};
	store_channel_each(c->store, "channel", store_case_note, &rows,
			   &c->error);
	store_case_expect(&rows, (int64_t[]){1, 4, 7}, 3);
	rows = (struct store_case_rows){.stop_at = 2};
	assert_int_equal(store_path_each(c->store, "path-0", store_case_note,
					 &rows, &c->error),
			 77);
	store_case_expect(&rows, (int64_t[]){1, 3}, 2);
	rows = (struct store_case_rows){0};
	store_path_each(c->store, "path", store_case_note, &rows, &c->error);
	store_channel_each(c->store, "", store_case_note, &rows, &c->error);
	assert_int_equal(rows.count, 0);
}

/* --- counts */

static void expect_counts(struct store_case *c)
{
	static const char sql[] = "SELECT count(*) FROM request WHERE state=?1";
	sqlite3_stmt *stmt = NULL;
	int64_t unfinished = 0;
	int state;

	assert_int_equal(
		sqlite3_prepare_v2(store_case_db(c), sql, -1, &stmt, NULL),
		SQLITE_OK);
	for (state = 1; state < ZTP_STATE_END; state++) {
		int64_t count;

		sqlite3_bind_int(stmt, 1, state);
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		count = sqlite3_column_int64(stmt, 0);
		assert_int_equal(store_count(c->store, (enum ztp_state)state),
				 count);
		if (!ztp_state_finished((enum ztp_state)state))
			unfinished += count;
		sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
	assert_int_equal(store_unfinished(c->store), unfinished);
	assert_int_equal(sqlite3_prepare_v2(store_case_db(c),
					    "SELECT count(finished_at) "
					    "FROM request",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(store_finished(c->store),
			 sqlite3_column_int64(stmt, 0));
	sqlite3_finalize(stmt);
}

/* Moves in an arbitrary order, with commits, rollbacks and restarts between
 * them. */
static void test_counts_after_anything(void **state)
{
	struct store_case *c = *state;
	unsigned seed = 12345;
	int i, made = 0;

	for (i = 0; i < 3000; i++) {
		unsigned what = (seed = seed * 1103515245 + 12345) >> 16;
		struct store_request r;
		int64_t rows = c->store->facts.request_n;
		int64_t n = rows ? 1 + (what >> 4) % rows : 0;

		if (what % 16 < 5) {
			store_case_add(c, made++, ZTP_STATE_RECEIVED);
		} else if (what % 16 < 13 &&
			   store_request_by_n(c->store, n, &r, &c->error)) {
			r.state = (enum ztp_state)(1 + what / 7 % 11);
			r.finished_at = ztp_state_finished(r.state) ? i : 0;
			assert_int_equal(
				store_request_save(c->store, &r, &c->error), 0);
		} else if (what % 16 == 13) {
			assert_true(store_evict(c->store, 0, what & 16, 2,
						&c->error) >= 0);
		} else if (what % 16 == 14) {
			store_case_commit(c, i);
		}
		if (i % 100 != 99)
			continue;
		if (what & 32) {
			store_rollback(c->store);
		} else {
			store_case_commit(c, i);
		}
		store_case_reopen(c);
		expect_counts(c);
	}
	assert_true(store_unfinished(c->store) > 0);
}

/* --- eviction */

static void test_oldest_give_way(void **state)
{
	struct store_case *c = *state;
	struct store_decision d = {.verdict = ZTP_REJECT};
	struct store_request r;
	int i;

	for (i = 0; i < 6; i++) {
		r = store_case_request(i);
		r.state = ZTP_STATE_REJECTED;
		r.finished_at = 600 - i;
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
		store_case_decide(c, r.n, &d);
	}
	store_case_add(c, 6, ZTP_STATE_REQUESTED);
	assert_int_equal(store_evict(c->store, 596, false, 10, &c->error), 2);
	assert_int_equal(store_request_by_n(c->store, 6, &r, &c->error), 0);
	assert_int_equal(store_request_by_n(c->store, 5, &r, &c->error), 0);
	assert_int_equal(store_case_decision(c, 5, true, &d), 0);
	assert_int_equal(store_evict(c->store, 0, false, 3, &c->error), 3);
	assert_int_equal(store_request_by_n(c->store, 1, &r, &c->error), 1);
	assert_int_equal(store_finished(c->store), 1);
	assert_int_equal(store_evict(c->store, 0, false, 3, &c->error), 1);
	assert_int_equal(store_evict(c->store, 0, false, 3, &c->error), 0);
	assert_int_equal(store_unfinished(c->store), 1);
	expect_counts(c);
}

/* Rejected ones are passed over, and the next call goes on behind them. */
static void test_others_give_way_before_rejected(void **state)
{
	struct store_case *c = *state;
	struct store_place place = {0};
	struct store_request r;
	int i;

	for (i = 0; i < 8; i++) { /* the n-th ended at 5000 + n - 1 */
		r = store_case_request(i);
		r.state = i % 2 ? ZTP_STATE_EXPIRED : ZTP_STATE_REJECTED;
		r.finished_at = 5000 + i / 2;
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	}
	assert_int_equal(store_evict_others(c->store, &place, 5002, false, 9, 3,
					    &c->error),
			 3);
	assert_int_equal(place.n, 3);
	assert_int_equal(store_request_by_n(c->store, 2, &r, &c->error), 0);
	assert_int_equal(store_request_by_n(c->store, 3, &r, &c->error), 1);
	/* As many as asked for, and the place stays there. */
	assert_int_equal(store_evict_others(c->store, &place, 5002, false, 1, 9,
					    &c->error),
			 1);
	assert_int_equal(place.n, 4);
	/* Nothing that ended later. */
	assert_int_equal(store_evict_others(c->store, &place, 5002, false, 9, 9,
					    &c->error),
			 2);
	assert_int_equal(place.n, 6);
	assert_int_equal(store_evict_others(c->store, &place, 5002, false, 9, 9,
					    &c->error),
			 0);
	assert_int_equal(store_finished(c->store), 5);
	expect_counts(c);
}

/* Without a gate the store knows which devices exist. Such rows stay, without
 * their decision, and do not evict others. */
static void test_onboarded_stay(void **state)
{
	struct store_case *c = *state;
	struct store_decision d = {.verdict = ZTP_APPROVE};
	struct store_request r;
	int i;

	for (i = 0; i < 10; i++) {
		r = store_case_add(
			c, i, i < 8 ? ZTP_STATE_ONBOARDED : ZTP_STATE_REJECTED);
		store_case_decide(c, r.n, &d);
	}
	store_case_commit(c, 1);
	assert_int_equal(store_finished(c->store), 10);
	assert_int_equal(store_evict(c->store, 0, true, 8, &c->error), 8);
	store_case_commit(c, 2);
	store_case_reopen(c);
	assert_int_equal(store_finished(c->store), 2);
	assert_int_equal(store_count(c->store, ZTP_STATE_ONBOARDED), 8);
	expect_counts(c);
	assert_int_equal(store_request_by_n(c->store, 1, &r, &c->error), 1);
	assert_string_equal(r.path, store_case_request(0).path);
	assert_int_equal(r.fingerprint[0], 0);
	assert_int_equal(store_case_decision(c, 1, false, &d), 0);
	/* Delivered again: it is saved and still evicts nothing. */
	r.owed.what = ZTP_OWED_SEND;
	assert_int_equal(store_request_save(c->store, &r, &c->error), 0);
	assert_int_equal(store_finished(c->store), 2);
	assert_int_equal(store_evict(c->store, 0, true, 9, &c->error), 2);
	assert_int_equal(store_finished(c->store), 0);
	assert_int_equal(store_evict(c->store, 0, true, 9, &c->error), 0);
	expect_counts(c);
}

static void test_forget(void **state)
{
	struct store_case *c = *state;
	struct store_decision d = {.verdict = ZTP_APPROVE};
	struct store_request r;
	int i;

	for (i = 0; i < 4; i++) {
		r = store_case_request(i);
		snprintf(r.path, sizeof(r.path), "%s", i < 3 ? "a" : "b");
		r.state = i ? ZTP_STATE_REQUESTED : ZTP_STATE_ONBOARDED;
		assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
		store_case_decide(c, r.n, &d);
	}
	assert_int_equal(store_forget(c->store, "none", &c->error), 0);
	assert_int_equal(store_forget(c->store, "a", &c->error), 3);
	assert_int_equal(store_forget(c->store, "a", &c->error), 0);
	store_case_commit(c, 1);
	store_case_reopen(c);
	assert_int_equal(store_unfinished(c->store), 1);
	assert_int_equal(store_case_decision(c, 2, false, &d), 0);
	assert_int_equal(store_request_by_n(c->store, 4, &r, &c->error), 1);
	expect_counts(c);
}

/* --- deadlines at a start */

static void test_moved_deadlines_go_back(void **state)
{
	struct store_case *c = *state;
	struct store_request r = store_case_request(1);
	int changes;

	store_case_add(c, 0, ZTP_STATE_REQUESTED);
	store_case_commit(c, 1);
	store_case_reopen(c);
	changes = sqlite3_total_changes(store_case_db(c));
	assert_int_equal(store_reanchor(c->store, &c->error), 0);
	assert_false(store_dirty(c->store)); /* nothing was moved */
	assert_int_equal(sqlite3_total_changes(store_case_db(c)), changes);

	r.owed.due_at =
		r.expires_at + 7200000; /* the clock had been set back */
	assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	r = store_case_request(2);
	r.state = ZTP_STATE_REGISTERED; /* counted from the decision on */
	r.owed.due_at = r.expires_at + 5;
	assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	store_case_commit(c, 2);
	store_case_reopen(c);
	assert_int_equal(store_reanchor(c->store, &c->error), 0);
	store_case_commit(c, 3);
	store_case_reopen(c);
	assert_int_equal(store_request_by_n(c->store, 2, &r, &c->error), 1);
	assert_int_equal(r.owed.due_at, r.expires_at);
	assert_int_equal(store_request_by_n(c->store, 3, &r, &c->error), 1);
	assert_int_equal(r.owed.due_at, r.expires_at + 5);
	assert_int_equal(store_reanchor(c->store, &c->error), 0);
	assert_false(store_dirty(c->store));
}

/* --- decisions */

static void test_decisions(void **state)
{
	struct store_case *c = *state;
	uint8_t bytes[70000];
	struct store_decision d = {.by_customer = true,
				   .verdict = ZTP_APPROVE,
				   .topic = "ztp.decisions",
				   .partition = 3,
				   .offset = INT64_MAX,
				   .reason = "because",
				   .message = "g\xc3\xbcltig"},
			      got;

	memset(bytes, 0, sizeof(bytes));
	bytes[5] = 0xff;
	memset(d.digest, 0xd1, sizeof(d.digest));
	d.payload.kind = ZTP_PAYLOAD_BYTES;
	d.payload.data = bytes;
	d.payload.len = sizeof(bytes);
	snprintf(d.payload.content_type, sizeof(d.payload.content_type),
		 "application/cbor");
	store_case_decide(c, 1, &d);
	store_case_commit(c, 1);
	store_case_reopen(c);
	assert_int_equal(store_case_decision(c, 1, true, &got), 1);
	assert_true(got.by_customer);
	assert_int_equal(got.verdict, ZTP_APPROVE);
	assert_memory_equal(got.digest, d.digest, sizeof(d.digest));
	assert_string_equal(got.topic, d.topic);
	assert_int_equal(got.partition, 3);
	assert_int_equal(got.offset, INT64_MAX);
	assert_string_equal(got.reason, d.reason);
	assert_string_equal(got.message, d.message);
	assert_int_equal(got.payload.kind, ZTP_PAYLOAD_BYTES);
	assert_int_equal(got.payload.len, sizeof(bytes));
	assert_memory_equal(got.payload.data, bytes, sizeof(bytes));
	assert_string_equal(got.payload.content_type, "application/cbor");
	store_decision_clear(&got);
	store_decision_clear(&got);
	store_decision_clear(NULL);
	assert_int_equal(store_case_decision(c, 1, false, &got), 1);
	assert_null(got.payload.data);
	assert_int_equal(got.payload.len, 0);

	memset(&d, 0, sizeof(d)); /* by the timeout */
	d.verdict = ZTP_APPROVE;
	store_case_decide(c, 1, &d);
	assert_int_equal(store_case_decision(c, 1, true, &got), 1);
	assert_false(got.by_customer);
	assert_string_equal(got.topic, "");
	assert_int_equal(got.payload.kind, ZTP_PAYLOAD_NONE);
	assert_int_equal(got.payload.len, 0);
	store_decision_clear(&got);
	assert_int_equal(store_case_decision(c, 2, true, &got), 0);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_row_as_it_was_given),
		T(test_id_twice),
		T(test_path_and_channel),
		T(test_counts_after_anything),
		T(test_oldest_give_way),
		T(test_onboarded_stay),
		T(test_forget),
		T(test_others_give_way_before_rejected),
		T(test_moved_deadlines_go_back),
		T(test_decisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
