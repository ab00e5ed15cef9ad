/*
 * A copy that is read anew has no indexes until it has been read. Whatever goes
 * wrong on the way, in the end it has all of them, or is read once more.
 */
#include "sql_number.h"
#include "store_pair.h"

#define REQUESTS 2000
#define SCHEMA	 "SELECT name,sql FROM sqlite_schema ORDER BY 1"

static int setup(void **state)
{
	struct pair *pair;
	int i;

	if (store_pair_setup(state) != 0)
		return -1;
	pair = *state;
	for (i = 1; i <= REQUESTS; i++)
		store_case_add(&pair->active, i, ZTP_STATE_RECEIVED);
	assert_int_equal(store_state_changes(pair->active.store, publish, pair,
					     &pair->active.error),
			 0);
	store_case_commit(&pair->active, 0);
	return 0;
}

static void begin(struct store_case *c)
{
	if (store_copy_begin(c->store, &c->error) != 0)
		fail_msg("%s", c->error.message);
}

static void limit_pages(const struct store_case *c, int64_t count)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld",
		 (long long)count);
	assert_int_equal(sqlite3_exec(c->store->db, sql, NULL, NULL, NULL),
			 SQLITE_OK);
}

/* The disk has room for one page more each time. */
static void a_full_disk_delays_the_indexes(void **state)
{
	struct pair *pair = *state;
	struct store_case *c = &pair->copy;
	int64_t room;
	int failed = 0, rc;

	begin(c);
	apply_from(pair, c, 0, false);
	commit_copy(c, 1);
	room = sql_number(c->store->db, "PRAGMA page_count");
	limit_pages(c, room);
	while ((rc = store_copy_end(c->store, &c->error)) != 0) {
		assert_int_equal(rc, ZTP_ERR_FULL);
		assert_false(store_copy_lost(c->store));
		assert_true(failed++ < 1000);
		limit_pages(c, ++room);
	}
	assert_true(failed > 1);
	commit_copy(c, (int64_t)pair->count);
	expect_same_rows(&pair->active, c, SCHEMA);
	expect_same(&pair->active, c);
}

static int spare_one(void *left, int action, const char *a, const char *b,
		     const char *c, const char *d)
{
	int *count = left;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return action == SQLITE_DROP_INDEX && (*count)-- == 0 ? SQLITE_DENY
							      : SQLITE_OK;
}

/* After any number of them has gone. */
static void one_that_cannot_be_dropped(void **state)
{
	struct pair *pair = *state;
	struct store_case *c = &pair->copy;
	int dropped = 0, left = 0;

	sqlite3_set_authorizer(c->store->db, spare_one, &left);
	while (store_copy_begin(c->store, &c->error) != 0) {
		sqlite3_set_authorizer(c->store->db, NULL, NULL);
		expect_same_rows(&pair->active, c, SCHEMA);
		left = ++dropped;
		sqlite3_set_authorizer(c->store->db, spare_one, &left);
	}
	sqlite3_set_authorizer(c->store->db, NULL, NULL);
	assert_true(dropped > 1);
	apply_from(pair, c, 0, false);
	commit_copy(c, 1);
	assert_int_equal(store_copy_end(c->store, &c->error), 0);
	commit_copy(c, (int64_t)pair->count);
	expect_same_rows(&pair->active, c, SCHEMA);
	expect_same(&pair->active, c);
}

/* Kafka has compacted, while this was being read, that the first of two requests
 * with one id was removed. */
static void two_requests_with_one_id_are_read_once_more(void **state)
{
	struct pair *pair = *state;
	struct store_case *active = &pair->active, *c = &pair->copy;
	struct store_request r = store_case_request(1);
	size_t first = pair->count, i;

	assert_int_equal(sqlite3_exec(active->store->db, "DELETE FROM request",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(store_request_add(active->store, &r, &active->error),
			 0);
	assert_int_equal(store_state_changes(active->store, publish, pair,
					     &active->error),
			 0);
	begin(c);
	for (i = 0; i < first; i++)
		if (strcmp(pair->records[i].key, "r/request-1") == 0)
			apply(c, &pair->records[i]);
	apply_from(pair, c, first, false);
	commit_copy(c, 1);
	assert_true(store_copy_end(c->store, &c->error) < 0);
	assert_true(store_copy_lost(c->store));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, setup, store_pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_disk_delays_the_indexes),
		TEST(one_that_cannot_be_dropped),
		TEST(two_requests_with_one_id_are_read_once_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
