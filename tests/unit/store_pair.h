/*
 * tests/unit/store_pair.h - a store, its copy, and the topic between them, and
 * whether the two are the same. For the tests of bridge/store/ of a bridge that
 * is one of several.
 */
#ifndef TEST_STORE_PAIR_H
#define TEST_STORE_PAIR_H

#include "store_case.h"

#include "bridge/store/store_state.h"

#define TOPIC "ztp.decisions"

/* The active one's store, its copy, and the topic between them, of which a key's
 * newest record counts, as after compaction. */
struct pair {
	struct store_case active, copy;
	struct record {
		char *key, *value;
		size_t len;
		int64_t row;
		bool removed, hidden; /* by a newer one */
	} * records;
	size_t count;
	uint32_t random;
};

static inline void open_copy(struct store_case *c)
{
	store_case_open(c);
	assert_int_equal(store_replicate(c->store, TOPIC, &c->error), 0);
}

static inline int store_pair_setup(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_non_null(pair);
	scratch_make(&pair->active.scratch);
	scratch_make(&pair->copy.scratch);
	open_copy(&pair->active);
	open_copy(&pair->copy);
	pair->random = 1;
	*state = pair;
	return 0;
}

static inline int store_pair_teardown(void **state)
{
	struct pair *pair = *state;

	store_close(pair->active.store);
	store_close(pair->copy.store);
	scratch_remove(&pair->active.scratch);
	scratch_remove(&pair->copy.scratch);
	for (; pair->count > 0; pair->count--) {
		free(pair->records[pair->count - 1].key);
		free(pair->records[pair->count - 1].value);
	}
	free(pair->records);
	free(pair);
	return 0;
}

/* --- the topic */

static inline int publish(void *arg, const struct store_state_row *told,
			  struct ztp_error *error)
{
	struct pair *pair = arg;
	struct record *r;
	size_t i;

	(void)error;
	for (i = 0; i < pair->count; i++)
		if (ztp_str_is(told->key, pair->records[i].key))
			pair->records[i].hidden = true;
	pair->records = realloc(pair->records,
				(pair->count + 1) * sizeof(*pair->records));
	assert_non_null(pair->records);
	r = &pair->records[pair->count++];
	*r = (struct record){.key = strndup(told->key.p, told->key.n),
			     .value = malloc(told->value.n + 1),
			     .len = told->value.n,
			     .row = told->row,
			     .removed = !told->value.p};
	assert_non_null(r->key);
	assert_non_null(r->value);
	if (told->value.p)
		memcpy(r->value, told->value.p, r->len);
	return 0;
}

static inline void apply(struct store_case *c, const struct record *r)
{
	struct store_state_row told = {
		.key = ztp_str_of(r->key),
		.value = {r->removed ? NULL : r->value, r->len},
		.row = r->row,
	};

	if (store_state_apply(c->store, &told, &c->error) != 0)
		fail_msg("%s: %s", r->key, c->error.message);
}

static inline void apply_from(struct pair *pair, struct store_case *c,
			      size_t from, bool compacted)
{
	for (; from < pair->count; from++)
		if (!compacted || !pair->records[from].hidden)
			apply(c, &pair->records[from]);
}

static inline void commit_copy(struct store_case *c, int64_t next)
{
	struct store_copy copy = {.next = next, .written_at = 7};

	if (store_copy_commit(c->store, &copy, &c->error) != 0)
		fail_msg("%s", c->error.message);
}

/* --- two stores are the same */

#define LOCAL "'member','stirred','copy','facts'"

static const char *const dumps[] = {
	"SELECT * FROM request ORDER BY n",
	"SELECT * FROM decision ORDER BY n",
	"SELECT * FROM position ORDER BY topic,part",
	"SELECT * FROM meta WHERE name NOT IN (" LOCAL ") ORDER BY name",
};

static inline void expect_same_column(sqlite3_stmt *a, sqlite3_stmt *b, int i,
				      const char *sql)
{
	int n = sqlite3_column_bytes(a, i);

	if (sqlite3_column_type(a, i) != sqlite3_column_type(b, i) ||
	    n != sqlite3_column_bytes(b, i) ||
	    (n > 0 && memcmp(sqlite3_column_blob(a, i),
			     sqlite3_column_blob(b, i), (size_t)n) != 0))
		fail_msg("%s: column %s: %s and %s", sql,
			 sqlite3_column_name(a, i), sqlite3_column_text(a, i),
			 sqlite3_column_text(b, i));
}

static inline void expect_same_rows(struct store_case *a, struct store_case *b,
				    const char *sql)
{
	sqlite3_stmt *of_a, *of_b;
	int i, step;

	assert_int_equal(
		sqlite3_prepare_v2(store_case_db(a), sql, -1, &of_a, NULL),
		SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(store_case_db(b), sql, -1, &of_b, NULL),
		SQLITE_OK);
	do {
		step = sqlite3_step(of_a);
		assert_int_equal(step, sqlite3_step(of_b));
		for (i = 0; i < sqlite3_data_count(of_a); i++)
			expect_same_column(of_a, of_b, i, sql);
	} while (step == SQLITE_ROW);
	assert_int_equal(step, SQLITE_DONE);
	sqlite3_finalize(of_a);
	sqlite3_finalize(of_b);
}

static inline void expect_same(struct store_case *a, struct store_case *b)
{
	size_t i;
	int state;

	for (i = 0; i < sizeof(dumps) / sizeof(*dumps); i++)
		expect_same_rows(a, b, dumps[i]);
	for (state = 1; state < ZTP_STATE_END; state++)
		assert_int_equal(store_count(a->store, state),
				 store_count(b->store, state));
	assert_int_equal(store_finished(a->store), store_finished(b->store));
	assert_int_equal(a->store->facts.erased.n, b->store->facts.erased.n);
	assert_int_equal(a->store->facts.newest, b->store->facts.newest);
	assert_true(store_queues_agree(b->store));
}

#endif
