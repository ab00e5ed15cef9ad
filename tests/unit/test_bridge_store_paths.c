/* Which requests a path has: what was added and not removed, in order of
 * arrival. */
#include "store_case.h"

#define PATHS	 6
#define PER_PATH 200

/* What ought to be found, as of this transaction and the last commit. */
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

static void edit(struct store_case *c, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(store_case_db(c), sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static void test_found_again_after_a_restart(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};
	int i, k;

	for (k = 0; k < 7; k++) {
		for (i = 0; i < 17; i++)
			add(c, &m, i % 5 ? 0 : 1);
		expect(c, &m);
		commit(c, &m);
		store_case_reopen(c);
		expect(c, &m);
	}
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
	forget(c, &m, 2);
	expect(c, &m);
	roll_back(c, &m);
	expect(c, &m);
}

static void test_removed(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};

	add_many(c, &m, 0, 40);
	commit(c, &m);
	assert_int_equal(store_evict(c->store, 0, false, 10, &c->error), 10);
	memmove(m.now[0].n, m.now[0].n + 10, 30 * sizeof(*m.now[0].n));
	m.now[0].count = 30;
	expect(c, &m);
	add(c, &m, 0); /* added and gone at once */
	forget(c, &m, 0);
	expect(c, &m);
	commit(c, &m);
	store_case_reopen(c);
	add(c, &m, 1); /* by the number of one that has gone */
	expect(c, &m);
}

/* Paths are found by a number that two may share. */
static void test_one_hash_for_two(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};

	add(c, &m, 1);
	add(c, &m, 2);
	add(c, &m, 1);
	edit(c, "UPDATE request SET path_hash="
		"(SELECT path_hash FROM request WHERE n=1)");
	m.now[2].count = 0; /* where nobody looks for it */
	expect(c, &m);
}

/* Versions 3 and 4 had tables of their own, which lacked the newest rows. */
static void test_version_with_tables_of_its_own(void **state)
{
	struct store_case *c = *state;
	struct model m = {.added = 0};

	add_many(c, &m, 0, 3);
	add_many(c, &m, 1, 2);
	commit(c, &m);
	edit(c, STORE_CASE_BEFORE_6
	     "DROP INDEX request_path;"
	     "CREATE TABLE path_index(hash INTEGER, n INTEGER,"
	     " PRIMARY KEY(hash, n)) WITHOUT ROWID;"
	     "CREATE TABLE path_bucket(b INTEGER PRIMARY KEY, n INTEGER);"
	     "INSERT INTO path_index SELECT path_hash,n FROM request"
	     " WHERE n<3;"
	     "INSERT INTO path_bucket VALUES(7,5);"
	     "UPDATE meta SET value=value||';indexed=2' WHERE name='facts';"
	     "PRAGMA user_version=4");
	store_case_reopen(c);
	expect(c, &m);
	edit(c, "SELECT * FROM request INDEXED BY request_path"
		" WHERE path_hash=1");
	assert_int_equal(sqlite3_exec(store_case_db(c),
				      "SELECT 1 FROM path_index", NULL, NULL,
				      NULL),
			 SQLITE_ERROR);
	add(c, &m, 0);
	commit(c, &m);
	store_case_reopen(c);
	expect(c, &m);
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
		T(test_found_again_after_a_restart),
		T(test_rolled_back),
		T(test_removed),
		T(test_one_hash_for_two),
		T(test_version_with_tables_of_its_own),
		T(test_anything_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
