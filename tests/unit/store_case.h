/*
 * tests/unit/store_case.h - a store in a directory of its own, and requests for
 * it. For the tests of bridge/store/.
 */
#ifndef TEST_STORE_CASE_H
#define TEST_STORE_CASE_H

#include "scratch.h"

#include "bridge/store/store_internal.h"

struct store_case {
	struct scratch scratch;
	struct store *store;
	struct ztp_error error;
};

static inline void store_case_open(struct store_case *c)
{
	int rc = store_open(&c->store, c->scratch.base, false, &c->error);

	if (rc != 0)
		fail_msg("%s", c->error.message);
}

static inline int store_case_setup(void **state)
{
	struct store_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	scratch_make(&c->scratch);
	store_case_open(c);
	*state = c;
	return 0;
}

static inline int store_case_teardown(void **state)
{
	struct store_case *c = *state;

	store_close(c->store);
	scratch_remove(&c->scratch);
	free(c);
	return 0;
}

static inline void store_case_reopen(struct store_case *c)
{
	store_close(c->store);
	c->store = NULL;
	store_case_open(c);
}

/* The database itself, to look past the store. */
static inline sqlite3 *store_case_db(const struct store_case *c)
{
	return c->store ? c->store->db : NULL;
}

static inline void store_case_commit(struct store_case *c, int64_t now)
{
	assert_int_equal(store_commit(c->store, now, &c->error), 0);
	assert_false(store_dirty(c->store));
}

/* The i-th request: received, due at 1000 + i, not added to the store. */
static inline struct store_request store_case_request(int i)
{
	struct store_request r = {
		.state = ZTP_STATE_RECEIVED,
		.attempt = 1,
		.received_at = 100 + i,
		.expires_at = 1000 + i,
		.owed.due_at = 1000 + i,
		.announced_at = 100 + i,
	};

	snprintf(r.id, sizeof(r.id), "request-%d", i);
	snprintf(r.path, sizeof(r.path),
		 "subscriptions/s/registries/r%d/devices/d%d", i % 3, i);
	snprintf(r.traceparent, sizeof(r.traceparent),
		 "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033%02x-01",
		 i & 0xff);
	memset(r.fingerprint, i, sizeof(r.fingerprint));
	return r;
}

static inline struct store_request store_case_add(struct store_case *c, int i,
						  enum ztp_state state)
{
	struct store_request r = store_case_request(i);

	r.state = state;
	if (ztp_state_finished(state)) {
		r.finished_at = 5000 + i;
		r.owed.due_at = 0;
	}
	assert_int_equal(store_request_add(c->store, &r, &c->error), 0);
	return r;
}

/* Takes back what version 7 has added to the schema, and version 6 and 7. */
#define STORE_CASE_BEFORE_7                                                    \
	"ALTER TABLE position DROP COLUMN landmark;"                           \
	"ALTER TABLE position DROP COLUMN written_at;"                         \
	"ALTER TABLE position DROP COLUMN crc;"                                \
	"DROP INDEX request_retry;"                                            \
	"UPDATE request SET tries=tries+(losses<<24),"                         \
	" retry_at=retry_at-(1<<60) WHERE losses>0;"                           \
	"ALTER TABLE request DROP COLUMN losses;"                              \
	"CREATE INDEX request_retry ON request((tries>0), retry_at)"           \
	" WHERE retry_at IS NOT NULL;"
#define STORE_CASE_BEFORE_6                                                    \
	STORE_CASE_BEFORE_7                                                    \
	"ALTER TABLE request DROP COLUMN decision;"                            \
	"ALTER TABLE request DROP COLUMN heard;"                               \
	"ALTER TABLE request DROP COLUMN connection;"                          \
	"ALTER TABLE request DROP COLUMN resends;"                             \
	"ALTER TABLE request DROP COLUMN resent_at;"

/* The decision about row n, which is added if there is none. */
static inline void store_case_decide(struct store_case *c, int64_t n,
				     const struct store_decision *d)
{
	struct store_request r;

	if (store_request_by_n(c->store, n, &r, &c->error) == 0)
		r = store_case_add(c, (int)n, ZTP_STATE_APPROVED);
	assert_int_equal(store_decision_put(c->store, &r, d, &c->error), 0);
	assert_int_equal(store_request_save(c->store, &r, &c->error), 0);
}

static inline int store_case_decision(struct store_case *c, int64_t n,
				      bool payload, struct store_decision *d)
{
	struct store_request r;

	if (store_request_by_n(c->store, n, &r, &c->error) == 0)
		r = (struct store_request){.n = n};
	return store_decision_get(c->store, &r, payload, d, &c->error);
}

/* The rows of a list, by their n, in the order of the list. */
struct store_case_rows {
	int64_t n[256];
	int count, stop_at;
};

static inline int store_case_note(void *arg, struct store_request *r)
{
	struct store_case_rows *rows = arg;

	assert_true(rows->count < 256);
	rows->n[rows->count++] = r->n;
	return rows->stop_at && rows->count == rows->stop_at ? 77 : 0;
}

static inline int store_case_note_owed(void *arg, const struct store_owed *owed)
{
	struct store_case_rows *rows = arg;

	assert_true(rows->count < 256);
	rows->n[rows->count++] = owed->n;
	return rows->stop_at && rows->count == rows->stop_at ? 77 : 0;
}

static inline void store_case_expect(const struct store_case_rows *rows,
				     const int64_t *want, int count)
{
	int i;

	assert_int_equal(rows->count, count);
	for (i = 0; i < count; i++)
		assert_int_equal(rows->n[i], want[i]);
}

#endif
