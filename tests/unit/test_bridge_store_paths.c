/* The requests of a path: whether the index is in memory, on disk or both, it
 * finds what was added and not removed, in order of arrival. */
#include "store_case.h"

#define PATHS	 6
#define PER_PATH 200 /* several buckets full */

/* What should be found, now and as of the last commit. */
struct model {
	struct store_case_rows now[PATHS], committed[PATHS];
	int added;
};

static const char *path_of(int i)
{
	static char path[64];

	snprintf(path, sizeof(path), "subscriptions/s/registries/r/devices/d%d",
		 i);
	return path;
}

static void add(struct store_case *c, struct model *m, int i)
{
	struct store_request r = store_case_request(m->added++);

	snprintf(r.path, sizeof(r.path), "%s", path_of(i));
	r.state = ZTP_STATE_REJECTED;
	r.finished_at = 5000 + m->added;
	r.owed.due_at = 0;
	assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	m->now[i].n[m->now[i].count++] = r.n;
}

static void commit(struct store_case *c, struct model *m)
{
	store_case_commit(c, 1);
	memcpy(m->committed, m->now, sizeof(m->now));
}

static void roll_back(struct store_case *c, struct model *m)
{
	store_rollback(c->store);
	memcpy(m->now, m->committed, sizeof(m->now));
}

static void forget(struct store_case *c, struct model *m, int i)
{
	assert_int_equal(store_forget(c->store, path_of(i), &c->error),
			 m->now[i].count);
	m->now[i].count = 0;
}

static void add_many(struct store_case *c, struct model *m, int i, int count)
{
	while (count-- > 0)
		add(c, m, i);
}

static void expect(struct store_case *c, const struct model *m)
{
	int i;

	for (i = 0; i < PATHS; i++) {
		struct store_case_rows rows = {0};

		assert_int_equal(store_path_each(c->store, path_of(i),
						 store_case_note, &rows,
						 &c->error),
				 0);
		store_case_expect(&rows, m->now[i].n, m->now[i].count);
	}
}

static int64_t on_disk(const struct store_case *c)
{
	sqlite3_stmt *stmt = NULL;
	int64_t count;

	assert_int_equal(sqlite3_prepare_v2(store_case_db(c),
					    "SELECT count(*) FROM path_index",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	count = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return count;
}

static void test_in_memory_and_on_disk(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};
	int i, k;

	add_many(c, &m, 1, 20);
	expect(c, &m);
	commit(c, &m);
	expect(c, &m);
	assert_int_equal(on_disk(c), 0); /* too few for a page */
	add_many(c, &m, 1, 20);
	commit(c, &m);
	assert_int_equal(on_disk(c), 40);
	assert_int_equal(c->store->facts.indexed, 40);
	for (k = 0; k < PER_PATH / 10; k++) {
		for (i = 0; i < 10 * PATHS; i++)
			if (m.now[i % PATHS].count < PER_PATH)
				add(c, &m, i % PATHS);
		expect(c, &m);
		commit(c, &m);
		expect(c, &m);
	}
	assert_true(on_disk(c) > PATHS * PER_PATH - PATHS * 32);
}

static void test_found_again_after_a_restart(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};
	int i, k;

	for (k = 0; k < 7; k++) {
		for (i = 0; i < 17; i++)
			add(c, &m, i % 5 ? 0 : 1);
		commit(c, &m);
		store_case_reopen(c);
		expect(c, &m);
	}
	/* One bucket has been written; the other's rows are read each time. */
	assert_true(on_disk(c) > 0);
	assert_true(c->store->facts.indexed < 10);
}

static void test_rolled_back(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};

	add_many(c, &m, 2, 30);
	commit(c, &m);
	add_many(c, &m, 2, 30);
	roll_back(c, &m);
	expect(c, &m);
	/* The bucket is not full, as if those 30 had never existed. */
	add(c, &m, 3);
	commit(c, &m);
	assert_int_equal(on_disk(c), 0);
	/* This time it is written, but the commit fails. */
	add_many(c, &m, 2, 30);
	assert_int_equal(store_paths_write(c->store, &c->error), 0);
	assert_true(on_disk(c) > 0);
	roll_back(c, &m);
	expect(c, &m);
	assert_int_equal(on_disk(c), 0);
	add_many(c, &m, 2, 3);
	commit(c, &m);
	assert_int_equal(on_disk(c), 33);
	expect(c, &m);
}

/* After a rollback the next commit writes the full bucket. */
static void test_full_and_rolled_back(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};

	add_many(c, &m, 0, 31);
	commit(c, &m);
	store_case_reopen(c);
	add(c, &m, 0);
	assert_int_equal(store_paths_write(c->store, &c->error), 0);
	roll_back(c, &m);
	assert_int_equal(on_disk(c), 0);
	add(c, &m, 0);
	commit(c, &m);
	assert_int_equal(on_disk(c), 32);
	expect(c, &m);
}

static void test_removed(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};
	int k;

	add_many(c, &m, 0, 40); /* on disk */
	commit(c, &m);
	add_many(c, &m, 0, 5); /* in memory */
	commit(c, &m);
	add(c, &m, 0); /* of this transaction */
	forget(c, &m, 0);
	expect(c, &m);
	roll_back(c, &m);
	expect(c, &m);
	forget(c, &m, 0);
	commit(c, &m);
	expect(c, &m);
	assert_int_equal(on_disk(c), 0); /* 45 removed ones make a page */
	for (k = 0; k < 5; k++) {	 /* added and removed at once */
		add_many(c, &m, 0, 3);
		forget(c, &m, 0);
		expect(c, &m);
		commit(c, &m);
	}
	add(c, &m, 0);
	add(c, &m, 0);
	commit(c, &m);
	assert_int_equal(on_disk(c), 1 + 1);
	expect(c, &m);
}

/* The process died before their removal was written, so their numbers lead
 * nowhere. */
static void test_removed_and_forgotten(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};

	add_many(c, &m, 0, 40);
	commit(c, &m);
	assert_int_equal(store_evict(c->store, 0, false, 10, &c->error), 10);
	memmove(m.now[0].n, m.now[0].n + 10, 30 * sizeof(*m.now[0].n));
	m.now[0].count = 30;
	commit(c, &m);
	expect(c, &m);
	store_case_reopen(c);
	assert_int_equal(on_disk(c), 40);
	expect(c, &m);
	/* That has shown that ten lead nowhere. */
	add_many(c, &m, 0, 22);
	commit(c, &m);
	assert_int_equal(on_disk(c), 30 + 22);
	expect(c, &m);
	/* The last rows are gone. Their numbers must not be used again, or the
	 * new rows would be mistaken for those in the index. */
	forget(c, &m, 0);
	commit(c, &m);
	store_case_reopen(c);
	add(c, &m, 0);
	add(c, &m, 1);
	assert_int_equal(m.now[0].n[0], 40 + 22 + 1);
	commit(c, &m);
	expect(c, &m);
	store_case_reopen(c);
	expect(c, &m);
}

/* As after a migration: all rows are in the index, and no bucket has a mark. */
static void test_newest_has_gone_from_a_migrated_store(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};

	add(c, &m, 0);
	c->store->facts.indexed = 1;
	commit(c, &m);
	forget(c, &m, 0);
	commit(c, &m);
	store_case_reopen(c);
	add(c, &m, 1);
	commit(c, &m);
	store_case_reopen(c);
	expect(c, &m);
}

/* Paths are found by a hash that two may share. */
static void test_one_hash_for_two(void **state)
{
	struct store_case *c = *state;
	struct store_case_rows rows = {0};
	int64_t hash = store_path_hash(store_case_request(1).path);

	store_case_add(c, 1, ZTP_STATE_RECEIVED);
	store_case_add(c, 2, ZTP_STATE_RECEIVED);
	assert_int_equal(store_paths_add(c->store, hash, 2, &c->error), 0);
	store_path_each(c->store, store_case_request(1).path, store_case_note,
			&rows, &c->error);
	store_case_expect(&rows, (int64_t[]){1}, 1);
}

static int stop_at_first(void *arg, struct store_request *r)
{
	(void)r;
	return ++*(int *)arg == 3 ? 77 : 0;
}

static void test_anything_in_any_order(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};
	uint32_t seed = 1;
	int step, i, visits = 0;

	for (step = 0; step < 3000; step++) {
		seed = seed * 1103515245 + 12345;
		i = (int)(seed >> 16) % PATHS;
		switch (seed >> 24 & 15) {
		case 0:
			commit(c, &m);
			break;
		case 1:
			roll_back(c, &m);
			break;
		case 2:
			if (seed >> 20 & 7)
				break;
			commit(c, &m);
			store_case_reopen(c);
			break;
		case 3:
			if (seed >> 20 & 7)
				break;
			forget(c, &m, i);
			break;
		default:
			if (m.now[i].count < PER_PATH)
				add(c, &m, i);
		}
		if (step % 16 == 0)
			expect(c, &m);
	}
	commit(c, &m);
	expect(c, &m);
	for (i = 0; i < PATHS && m.now[i].count < 3; i++)
		continue;
	assert_int_equal(store_path_each(c->store, path_of(i), stop_at_first,
					 &visits, &c->error),
			 77);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_in_memory_and_on_disk),
		T(test_found_again_after_a_restart),
		T(test_rolled_back),
		T(test_full_and_rolled_back),
		T(test_removed),
		T(test_removed_and_forgotten),
		T(test_newest_has_gone_from_a_migrated_store),
		T(test_one_hash_for_two),
		T(test_anything_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
