/*
 * A store and its copy: what a turn changes reaches the copy whole, whatever the
 * turn did, and nothing of a turn that is rolled back. A copy that is read anew
 * is the same as one that has been there all the time.
 */
#include "store_pair.h"

#include "bridge/store/store_move.h"

#define TURNS	 400
#define REQUESTS 60

/* --- what a turn may do */

static uint32_t draw(struct pair *pair, uint32_t below)
{
	pair->random = pair->random * 1664525 + 1013904223;
	return (pair->random >> 8) % below;
}

static bool pick(struct pair *pair, struct store_request *r)
{
	char id[32];

	snprintf(id, sizeof(id), "request-%u", draw(pair, REQUESTS));
	return store_request_by_id(pair->active.store, id, r,
				   &pair->active.error) == 1;
}

static void do_add(struct pair *pair)
{
	int i = (int)draw(pair, REQUESTS);
	struct store_request r = store_case_request(i);

	r.owed.what = ZTP_OWED_NONE;
	assert_true(store_request_add(pair->active.store, &r,
				      &pair->active.error) >= 0);
}

static void do_save(struct pair *pair)
{
	struct store_request r;

	if (!pick(pair, &r))
		return;
	r.state = (enum ztp_state)(1 + draw(pair, ZTP_STATE_END - 1));
	r.finished_at = ztp_state_finished(r.state) ? 5000 + draw(pair, 99) : 0;
	r.owed.what = (enum ztp_owed)draw(pair, ZTP_OWED_END);
	r.owed.retry_at = draw(pair, 2) ? 100 + draw(pair, 50) : 0;
	r.owed.tries = (int)draw(pair, 3);
	assert_int_equal(
		store_request_save(pair->active.store, &r, &pair->active.error),
		0);
}

static void do_announce(struct pair *pair)
{
	int64_t first = 1 + draw(pair, REQUESTS);

	assert_int_equal(store_request_announced(pair->active.store, first,
						 first + draw(pair, 5), 10,
						 &pair->active.error),
			 0);
}

static void do_decide(struct pair *pair)
{
	uint8_t payload[] = "{}";
	struct store_decision d = {
		.by_customer = true,
		.verdict = ZTP_APPROVE,
		.topic = TOPIC,
		.offset = draw(pair, 1000),
		.payload = {.kind = ZTP_PAYLOAD_JSON,
			    .data = payload,
			    .len = 2},
	};
	struct store_request r;

	if (!pick(pair, &r))
		return;
	assert_int_equal(store_decision_put(pair->active.store, &r, &d,
					    &pair->active.error),
			 0);
	assert_int_equal(
		store_request_save(pair->active.store, &r, &pair->active.error),
		0);
}

static void do_erase(struct pair *pair)
{
	struct store *store = pair->active.store;
	struct store_request r;

	if (draw(pair, 2))
		assert_true(store_payload_expire(store, 5000 + draw(pair, 50),
						 3, &pair->active.error) >= 0);
	else if (pick(pair, &r))
		assert_int_equal(
			store_payload_erase(store, &r, &pair->active.error), 0);
}

static void do_evict(struct pair *pair)
{
	struct store *store = pair->active.store;
	bool keep = draw(pair, 2);
	struct store_place place = {0};

	if (draw(pair, 2))
		assert_true(store_evict(store, 5000 + draw(pair, 99), keep, 3,
					&pair->active.error) >= 0);
	else
		assert_true(store_evict_others(store, &place, 5060, keep, 2, 9,
					       &pair->active.error) >= 0);
}

static void do_contact(struct pair *pair)
{
	struct ztp_contact contact = {ZTP_HEARD_APPLIED, draw(pair, 9), 2, 77};

	assert_int_equal(store_contact_put(pair->active.store,
					   1 + draw(pair, REQUESTS), &contact,
					   &pair->active.error),
			 0);
}

/* A row's topic, which a copy otherwise takes for a sign of another request. */
static void do_channel(struct pair *pair)
{
	static const char *const topics[] = {"cmd/one", "cmd/two", ""};
	struct store_request r;

	if (pick(pair, &r))
		assert_int_equal(store_channel_put(pair->active.store, r.n,
						   topics[draw(pair, 3)],
						   &pair->active.error),
				 0);
}

static void do_position(struct pair *pair)
{
	struct store_landmark at = {.offset = draw(pair, 9), .crc = UINT32_MAX};
	struct store *store = pair->active.store;

	if (draw(pair, 5) == 0)
		assert_int_equal(
			store_offset_restart(store, TOPIC, &pair->active.error),
			0);
	else
		assert_int_equal(store_offset_set(store, TOPIC,
						  (int)draw(pair, 12),
						  draw(pair, 99), &at,
						  &pair->active.error),
				 0);
}

static void do_small(struct pair *pair)
{
	struct state_row row = {
		.kind = STATE_JOURNAL,
		.name = ztp_str_of(draw(pair, 2) ? "one" : "two"),
		.removed = draw(pair, 3) == 0,
		.count = STATE_JOURNAL_CELLS,
		.cells = {{.type = STATE_NUMBER, .number = draw(pair, 99)},
			  {.type = STATE_NUMBER}},
	};

	if (draw(pair, 4) == 0)
		assert_int_equal(store_set(pair->active.store, STORE_FILTERS,
					   draw(pair, 2) ? "a\nb" : "",
					   &pair->active.error),
				 0);
	if (draw(pair, 4) == 0)
		assert_int_equal(
			store_set(pair->active.store, "decisions_lost",
				  draw(pair, 2) ? "1796000000000" : "17",
				  &pair->active.error),
			0);
	assert_int_equal(
		store_state_put(pair->active.store, &row, &pair->active.error),
		0);
}

static void turn(struct pair *pair)
{
	static void (*const steps[])(struct pair *) = {
		do_add,	    do_add,	 do_save,  do_announce,
		do_decide,  do_erase,	 do_evict, do_contact,
		do_channel, do_position, do_small,
	};
	int count = (int)draw(pair, 6);

	while (count-- > 0)
		steps[draw(pair, sizeof(steps) / sizeof(*steps))](pair);
}

/* --- tests */

static void run(struct pair *pair)
{
	struct store_case *active = &pair->active;
	size_t from;
	int i;

	for (i = 1; i <= TURNS; i++) {
		turn(pair);
		if (draw(pair, 5) == 0) {
			store_rollback(active->store);
			continue;
		}
		from = pair->count;
		assert_int_equal(store_state_changes(active->store, publish,
						     pair, &active->error),
				 0);
		assert_int_equal(store_commit(active->store, 0, &active->error),
				 0);
		apply_from(pair, &pair->copy, from, false);
		if (draw(pair, 10) == 0)
			commit_copy(&pair->copy, (int64_t)pair->count);
	}
	commit_copy(&pair->copy, (int64_t)pair->count);
}

static void test_whatever_a_turn_does(void **state)
{
	struct pair *pair = *state;

	run(pair);
	assert_true(store_finished(pair->active.store) > 0);
	expect_same(&pair->active, &pair->copy);
}

static void empty_copy(struct pair *pair)
{
	store_close(pair->copy.store);
	scratch_remove(&pair->copy.scratch);
	scratch_make(&pair->copy.scratch);
	open_copy(&pair->copy);
}

static void test_read_anew(void **state)
{
	struct pair *pair = *state;
	struct store_copy copy;

	run(pair);
	empty_copy(pair);
	assert_int_equal(store_copy_begin(pair->copy.store, &pair->copy.error),
			 0);
	apply_from(pair, &pair->copy, 0, true);
	commit_copy(&pair->copy, 1);
	store_copy_get(pair->copy.store, &copy, &pair->copy.error);
	assert_true(copy.partly);
	assert_int_equal(store_copy_end(pair->copy.store, &pair->copy.error),
			 0);
	commit_copy(&pair->copy, (int64_t)pair->count);
	expect_same(&pair->active, &pair->copy);
	expect_same_rows(&pair->active, &pair->copy,
			 "SELECT name,sql FROM sqlite_schema ORDER BY 1");
	store_copy_get(pair->copy.store, &copy, &pair->copy.error);
	assert_false(copy.partly);
	assert_int_equal(copy.next, pair->count);
	assert_int_equal(copy.written_at, 7);
}

/* As --to-standby does it. */
static void test_all_rows_of_a_store(void **state)
{
	struct pair *pair = *state;
	size_t from;

	run(pair);
	empty_copy(pair);
	from = pair->count;
	assert_int_equal(store_state_all(pair->active.store, publish, pair,
					 &pair->active.error),
			 0);
	apply_from(pair, &pair->copy, from, false);
	commit_copy(&pair->copy, 1);
	/* Journals' marks are the bridges', and not part of it. */
	expect_same_rows(&pair->active, &pair->copy, dumps[0]);
	expect_same_rows(&pair->active, &pair->copy, dumps[1]);
	expect_same_rows(&pair->active, &pair->copy, dumps[2]);
}

/* The database is committed now and then; what came after is not in it. */
static void test_as_of_its_offset(void **state)
{
	struct pair *pair = *state;
	struct store_case *c = &pair->copy;
	struct store_copy copy;

	store_case_add(&pair->active, 1, ZTP_STATE_RECEIVED);
	store_state_changes(pair->active.store, publish, pair,
			    &pair->active.error);
	apply_from(pair, c, 0, false);
	commit_copy(c, 10);
	assert_false(store_copy_dirty(c->store));
	store_case_add(&pair->active, 2, ZTP_STATE_RECEIVED);
	store_state_changes(pair->active.store, publish, pair,
			    &pair->active.error);
	apply_from(pair, c, 2, false);
	assert_true(store_copy_dirty(c->store));
	assert_int_equal(store_unfinished(c->store), 2);
	store_close(c->store);
	open_copy(c);
	store_copy_get(c->store, &copy, &c->error);
	assert_int_equal(copy.next, 10);
	assert_int_equal(store_unfinished(c->store), 1);
}

/* A process that was killed while it read everything anew. */
static void test_partly_read(void **state)
{
	struct pair *pair = *state;
	struct store_case *c = &pair->copy;
	struct store_copy copy;

	run(pair);
	empty_copy(pair);
	assert_int_equal(store_copy_begin(c->store, &c->error), 0);
	apply_from(pair, c, 0, true);
	commit_copy(c, 1);
	store_close(c->store);
	open_copy(c);
	store_copy_get(c->store, &copy, &c->error);
	assert_true(copy.partly);
	assert_int_equal(store_refuse_copy(c->store, &c->error), ZTP_ERR_USAGE);
}

static void test_a_single_bridge_refuses_a_copy(void **state)
{
	struct pair *pair = *state;
	struct store_case *c = &pair->copy;

	assert_int_equal(store_refuse_copy(c->store, &c->error), 0);
	commit_copy(c, 10);
	assert_int_equal(store_refuse_copy(c->store, &c->error), ZTP_ERR_USAGE);
	assert_non_null(strstr(c->error.message, "--from-standby"));
}

/* A turn without a change has no rows, nor the facts. */
static int not_one(void *arg, const struct store_state_row *row,
		   struct ztp_error *error)
{
	(void)arg;
	(void)error;
	fail_msg("%.*s", (int)row->key.n, row->key.p);
	return 0;
}

static void test_nothing_changed(void **state)
{
	struct pair *pair = *state;
	struct store_case *c = &pair->active;

	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	assert_true(store_state_changed(c->store));
	store_rollback(c->store);
	assert_false(store_state_changed(c->store));
	assert_int_equal(
		store_state_changes(c->store, not_one, NULL, &c->error), 0);
	assert_false(store_copy_lost(c->store));
	assert_int_equal(store_unfinished(c->store), 0);
}

/* A full disk makes SQLite take back more than the turn. No other one begins
 * then: it would take the rows that are gone for rows that never were. */
static void test_no_turn_without_what_was_lost(void **state)
{
	struct pair *pair = *state;
	struct store_case *c = &pair->active;
	struct store_request r = {.state = ZTP_STATE_RECEIVED};
	int i, rc = 0;

	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	assert_int_equal(store_commit(c->store, 1, &c->error), 0);
	assert_int_equal(sqlite3_exec(c->store->db, "PRAGMA max_page_count=1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	for (i = 0; i < 100000 && rc == 0; i++) {
		snprintf(r.id, sizeof(r.id), "more-%d", i);
		snprintf(r.path, sizeof(r.path), "more/%d", i);
		rc = store_request_add(c->store, &r, &c->error);
	}
	assert_true(rc < 0);
	store_rollback(c->store);
	assert_true(store_copy_lost(c->store));
	assert_int_equal(store_begin(c->store, &c->error), ZTP_ERR_IO);
}

static void publish_turn(struct pair *pair)
{
	struct store_case *active = &pair->active;

	assert_int_equal(store_state_changes(active->store, publish, pair,
					     &active->error),
			 0);
	assert_int_equal(store_commit(active->store, 0, &active->error), 0);
}

/* A copy that was away while a request was evicted and came again, until nothing is
 * left that says so: its id is at another number by then, or another one has its
 * number. */
static void test_a_removal_that_compaction_took(void **state)
{
	struct pair *pair = *state;
	struct store_case *active = &pair->active;
	size_t from;

	store_case_add(active, 1, ZTP_STATE_ONBOARDED);
	publish_turn(pair);
	apply_from(pair, &pair->copy, 0, false);
	commit_copy(&pair->copy, (int64_t)pair->count);
	from = pair->count;
	store_case_add(active, 2, ZTP_STATE_RECEIVED);
	assert_true(store_evict(active->store, 9000, false, 3,
				&active->error) >= 0);
	store_case_add(active, 1, ZTP_STATE_RECEIVED);
	publish_turn(pair);
	apply_from(pair, &pair->copy, from, true);
	commit_copy(&pair->copy, (int64_t)pair->count);
	expect_same(&pair->active, &pair->copy);

	assert_int_equal(sqlite3_exec(store_case_db(&pair->copy),
				      "UPDATE request SET id='other' WHERE n=2",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	apply_from(pair, &pair->copy, from, true);
	commit_copy(&pair->copy, (int64_t)pair->count);
	expect_same(&pair->active, &pair->copy);
}

static void test_a_row_that_is_none(void **state)
{
	struct pair *pair = *state;
	struct store_case *c = &pair->copy;
	struct store_state_row told = {.key = ztp_str_of("r/x"),
				       .value = ztp_str_of("\x01")};

	assert_int_equal(store_state_apply(c->store, &told, &c->error),
			 ZTP_ERR_VALUE);
	told.value = ztp_str_of("\x02");
	assert_int_equal(store_state_apply(c->store, &told, &c->error),
			 ZTP_ERR_STATE_NEWER);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, store_pair_setup,                \
					store_pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whatever_a_turn_does),
		TEST(test_read_anew),
		TEST(test_all_rows_of_a_store),
		TEST(test_as_of_its_offset),
		TEST(test_partly_read),
		TEST(test_a_single_bridge_refuses_a_copy),
		TEST(test_nothing_changed),
		TEST(test_no_turn_without_what_was_lost),
		TEST(test_a_removal_that_compaction_took),
		TEST(test_a_row_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
