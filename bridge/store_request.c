/* The SQLite store: requests and their decisions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/store_internal.h"
#include "ztp/codec.h"

/* Paths come in no order, so that each new one changes a page of their index
 * that nobody else has just changed: an index of numbers has few pages. Two
 * paths may share a number; six bytes of SHA-256 see to it that nobody can
 * make many do so. */
static int64_t path_hash(const char *path)
{
	uint8_t digest[ZTP_SHA256_LEN];
	int64_t hash = 0;
	int i;

	ztp_sha256(digest, path, strlen(path));
	for (i = 0; i < 6; i++)
		hash = hash << 8 | digest[i];
	return hash;
}

static void read_row(sqlite3_stmt *stmt, struct store_request *r)
{
	const void *fingerprint = sqlite3_column_blob(stmt, 3);

	memset(r->fingerprint, 0, sizeof(r->fingerprint));
	r->n = sqlite3_column_int64(stmt, 0);
	store_copy_text(stmt, 1, r->id, sizeof(r->id));
	store_copy_text(stmt, 2, r->path, sizeof(r->path));
	if (fingerprint && sqlite3_column_bytes(stmt, 3) == ZTP_SHA256_LEN)
		memcpy(r->fingerprint, fingerprint, ZTP_SHA256_LEN);
	store_copy_text(stmt, 4, r->channel, sizeof(r->channel));
	store_copy_text(stmt, 5, r->traceparent, sizeof(r->traceparent));
	r->state = (enum ztp_state)sqlite3_column_int(stmt, 6);
	r->attempt = sqlite3_column_int(stmt, 7);
	r->received_at = sqlite3_column_int64(stmt, 8);
	r->expires_at = sqlite3_column_int64(stmt, 9);
	r->announced_at = sqlite3_column_int64(stmt, 10);
	r->due_at = sqlite3_column_int64(stmt, 11);
	r->retry_at = sqlite3_column_int64(stmt, 12);
	r->todo = (enum store_todo)sqlite3_column_int(stmt, 13);
	r->tries = sqlite3_column_int(stmt, 14);
	r->finished_at = sqlite3_column_int64(stmt, 15);
	r->delivered_at = sqlite3_column_int64(stmt, 16);
	r->stored_state = r->state;
	r->stored_listed = r->finished_at != 0;
	r->stored_tried = r->tries > 0;
	r->stored_due = r->due_at;
	r->stored_retry = r->retry_at;
}

/* --- what is known without a query */

static void time_gone(struct store_soonest *soonest, int64_t at)
{
	if (at == soonest->at)
		soonest->known = false; /* another may have the same */
}

static void time_come(struct store_soonest *soonest, int64_t at)
{
	if (at != 0 && (soonest->at == 0 || at < soonest->at))
		soonest->at = at;
}

static enum store_times due_of(enum ztp_state state)
{
	return ztp_state_undecided(state) ? STORE_DUE_UNDECIDED
					  : STORE_DUE_OTHERS;
}

static void count_times(struct store_soonest *soonest, struct store_request *r)
{
	enum store_times due = due_of(r->state),
			 due_before = due_of(r->stored_state);
	bool tried = r->tries > 0;

	if (due != due_before || r->due_at != r->stored_due) {
		time_gone(&soonest[due_before], r->stored_due);
		time_come(&soonest[due], r->due_at);
	}
	if (tried != r->stored_tried || r->retry_at != r->stored_retry) {
		time_gone(&soonest[STORE_RETRY_FRESH + r->stored_tried],
			  r->stored_retry);
		time_come(&soonest[STORE_RETRY_FRESH + tried], r->retry_at);
	}
	r->stored_tried = tried;
	r->stored_due = r->due_at;
	r->stored_retry = r->retry_at;
}

static void forget_times(struct store *store)
{
	int i;

	for (i = 0; i < STORE_TIMES_END; i++)
		store->facts.soonest[i].known = false;
}

/* The row is as r says: what was counted of it before, and is now. */
static void count_row(struct store *store, struct store_request *r)
{
	struct store_facts *facts = &store->facts;
	bool listed = r->finished_at != 0;

	count_times(facts->soonest, r);
	if (r->stored_state != ZTP_STATE_NONE)
		facts->count[r->stored_state]--;
	if (r->state != ZTP_STATE_NONE)
		facts->count[r->state]++;
	facts->listed += listed - r->stored_listed;
	if (ztp_state_undecided(r->state) && r->due_at != r->expires_at)
		facts->moved = true;
	r->stored_state = r->state;
	r->stored_listed = listed;
}

int store_request_add(struct store *store, struct store_request *r,
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_ADD, true, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	r->n = store->facts.request_n + 1;
	sqlite3_bind_int64(stmt, 1, r->n);
	store_bind_text(stmt, 2, r->id);
	store_bind_text(stmt, 3, r->path);
	sqlite3_bind_blob(stmt, 4, r->fingerprint, ZTP_SHA256_LEN,
			  SQLITE_STATIC);
	store_bind_text(stmt, 5, r->channel);
	store_bind_text(stmt, 6, r->traceparent);
	sqlite3_bind_int(stmt, 7, (int)r->state);
	sqlite3_bind_int(stmt, 8, r->attempt);
	sqlite3_bind_int64(stmt, 9, r->received_at);
	sqlite3_bind_int64(stmt, 10, r->expires_at);
	store_bind_time(stmt, 11, r->announced_at);
	store_bind_time(stmt, 12, r->due_at);
	store_bind_time(stmt, 13, r->retry_at);
	sqlite3_bind_int(stmt, 14, (int)r->todo);
	sqlite3_bind_int(stmt, 15, r->tries);
	store_bind_time(stmt, 16, r->finished_at);
	store_bind_time(stmt, 17, r->delivered_at);
	sqlite3_bind_int64(stmt, 18, path_hash(r->path));
	store_bind_time(stmt, 19, ztp_state_undecided(r->state));
	rc = store_run(store, stmt, error);
	if (rc != 0)
		return rc;
	store->facts.request_n = r->n;
	r->stored_state = ZTP_STATE_NONE;
	r->stored_listed = r->stored_tried = false;
	r->stored_due = r->stored_retry = 0;
	count_row(store, r);
	return 0;
}

int store_request_save(struct store *store, struct store_request *r,
		       struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_SAVE, true, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, r->n);
	sqlite3_bind_int(stmt, 2, (int)r->state);
	store_bind_time(stmt, 3, r->announced_at);
	store_bind_time(stmt, 4, r->due_at);
	store_bind_time(stmt, 5, r->retry_at);
	sqlite3_bind_int(stmt, 6, (int)r->todo);
	sqlite3_bind_int(stmt, 7, r->tries);
	store_bind_time(stmt, 8, r->finished_at);
	store_bind_time(stmt, 9, r->delivered_at);
	store_bind_time(stmt, 10, ztp_state_undecided(r->state));
	rc = store_run(store, stmt, error);
	if (rc != 0)
		return rc;
	count_row(store, r);
	return 0;
}

int store_request_announced(struct store *store, int64_t n,
			    struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_ANNOUNCED, true, error);
	int rc, changed;

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	sqlite3_bind_int(stmt, 2, ZTP_STATE_REQUESTED);
	sqlite3_bind_int(stmt, 3, ZTP_STATE_RECEIVED);
	rc = store_run(store, stmt, error);
	if (rc != 0)
		return rc;
	changed = sqlite3_changes(store->db);
	store->facts.count[ZTP_STATE_RECEIVED] -= changed;
	store->facts.count[ZTP_STATE_REQUESTED] += changed;
	return 0;
}

static int find_one(struct store *store, sqlite3_stmt *stmt,
		    struct store_request *request, struct ztp_error *error)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		read_row(stmt, request);
	sqlite3_reset(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
}

int store_request_by_id(struct store *store, const char *id,
			struct store_request *request, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_BY_ID, false, error);

	sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	return find_one(store, stmt, request, error);
}

int store_request_by_n(struct store *store, int64_t n,
		       struct store_request *request, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_BY_N, false, error);

	sqlite3_bind_int64(stmt, 1, n);
	return find_one(store, stmt, request, error);
}

/* --- lists. A row is 2.5 kB in memory, so a walk holds a page of them. */

#define PAGE 64

/* Runs a bound statement to its end, at most `limit` rows, collected in a
 * page that grows, then visited. */
static int walk(struct store *store, sqlite3_stmt *stmt, store_visit *visit,
		void *arg, struct ztp_error *error)
{
	struct store_request *rows = NULL;
	size_t count = 0, room = 0, i;
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (count == room) {
			size_t more = room ? 2 * room : PAGE / 8;
			struct store_request *grown =
				realloc(rows, more * sizeof(*rows));

			if (!grown) {
				sqlite3_reset(stmt);
				free(rows);
				return ztp_fail(error, ZTP_ERR_NOMEM,
						"out of memory");
			}
			rows = grown;
			room = more;
		}
		memset(&rows[count], 0, sizeof(rows[count]));
		read_row(stmt, &rows[count++]);
	}
	sqlite3_reset(stmt);
	rc = rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
	for (i = 0; i < count && rc == 0; i++)
		rc = visit(arg, &rows[i]);
	free(rows);
	return rc;
}

int store_path_each(struct store *store, const char *path, store_visit *visit,
		    void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_PATH, false, error);

	sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, path_hash(path));
	return walk(store, stmt, visit, arg, error);
}

int store_channel_each(struct store *store, const char *channel,
		       store_visit *visit, void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_CHANNEL, false, error);

	sqlite3_bind_text(stmt, 1, channel, -1, SQLITE_STATIC);
	return walk(store, stmt, visit, arg, error);
}

int store_due_each(struct store *store, bool undecided, int64_t until,
		   int limit, store_visit *visit, void *arg,
		   struct ztp_error *error)
{
	sqlite3_stmt *stmt =
		store_stmt(store, undecided ? SQL_REQ_UNDECIDED : SQL_REQ_DUE,
			   false, error);
	int64_t next = store_next_due(store, undecided);

	if (next == 0 || next > until)
		return 0;
	sqlite3_bind_int64(stmt, 1, until);
	sqlite3_bind_int(stmt, 2, limit);
	return walk(store, stmt, visit, arg, error);
}

int store_retry_each(struct store *store, bool fresh, int64_t until, int limit,
		     store_visit *visit, void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_RETRY, false, error);
	int64_t next = store_next_retry(store, fresh);

	if (next == 0 || next > until)
		return 0;
	sqlite3_bind_int64(stmt, 1, until);
	sqlite3_bind_int(stmt, 2, limit);
	sqlite3_bind_int(stmt, 3, !fresh);
	return walk(store, stmt, visit, arg, error);
}

int store_waiting_each(struct store *store, int64_t after, int limit,
		       store_visit *visit, void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_WAITING, false, error);

	sqlite3_bind_int64(stmt, 1, after);
	sqlite3_bind_int(stmt, 2, limit);
	return walk(store, stmt, visit, arg, error);
}

/* False, and 0, when there is none or the database cannot be read. */
static bool one_number(struct store *store, enum store_sql sql, int64_t arg,
		       int64_t *value)
{
	sqlite3_stmt *stmt = store_stmt(store, sql, false, NULL);
	bool found;

	if (sqlite3_bind_parameter_count(stmt) > 0)
		sqlite3_bind_int64(stmt, 1, arg);
	found = sqlite3_step(stmt) == SQLITE_ROW;
	*value = found ? sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_reset(stmt);
	return found;
}

/* "s/r" to the range of paths of that registry. */
static bool registry_range(const char *registry, char from[ZTP_PATH_MAX + 2],
			   char to[ZTP_PATH_MAX + 2])
{
	const char *slash = strchr(registry, '/');
	int n;

	if (!slash || strlen(registry) > ZTP_REGISTRY_MAX)
		return false;
	n = snprintf(from, ZTP_PATH_MAX + 2,
		     "subscriptions/%.*s/registries/%s/devices/",
		     (int)(slash - registry), registry, slash + 1);
	if (n < 0 || n > ZTP_PATH_MAX)
		return false;
	memcpy(to, from, (size_t)n + 1);
	to[n - 1] = '/' + 1;
	return true;
}

int store_list_each(struct store *store, int64_t after, int64_t until,
		    enum ztp_state state, const char *registry, int limit,
		    store_visit *visit, void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_LIST, false, error);
	char from[ZTP_PATH_MAX + 2], to[ZTP_PATH_MAX + 2];

	sqlite3_clear_bindings(stmt);
	sqlite3_bind_int64(stmt, 1, after);
	sqlite3_bind_int(stmt, 2, (int)state);
	if (registry) {
		if (!registry_range(registry, from, to))
			return 0;
		sqlite3_bind_text(stmt, 3, from, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 4, to, -1, SQLITE_STATIC);
	}
	sqlite3_bind_int(stmt, 5, limit);
	sqlite3_bind_int64(stmt, 6, until);
	return walk(store, stmt, visit, arg, error);
}

int64_t store_list_next(struct store *store, int64_t after, bool undecided)
{
	int64_t n;

	one_number(store, undecided ? SQL_LIST_NEXT_UNDECIDED : SQL_LIST_NEXT,
		   after, &n);
	return n;
}

static int64_t soonest(struct store *store, enum store_times which,
		       enum store_sql sql, int64_t arg)
{
	struct store_soonest *soonest = &store->facts.soonest[which];

	if (!soonest->known) /* min() gives a row, too, when it is of none */
		soonest->known = one_number(store, sql, arg, &soonest->at);
	return soonest->at;
}

int64_t store_next_due(struct store *store, bool undecided)
{
	return undecided ? soonest(store, STORE_DUE_UNDECIDED,
				   SQL_NEXT_UNDECIDED, 0)
			 : soonest(store, STORE_DUE_OTHERS, SQL_NEXT_DUE, 0);
}

int64_t store_next_retry(struct store *store, bool fresh)
{
	return soonest(store, fresh ? STORE_RETRY_FRESH : STORE_RETRY_TRIED,
		       SQL_NEXT_RETRY, !fresh);
}

int64_t store_oldest_undecided(struct store *store)
{
	int64_t at;

	one_number(store, SQL_OLDEST, 0, &at);
	return at;
}

int store_absent(struct store *store, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_ABSENT, true, error);

	forget_times(store);
	return stmt ? store_run(store, stmt, error) : ZTP_ERR_IO;
}

int store_reanchor(struct store *store, struct ztp_error *error)
{
	sqlite3_stmt *stmt;
	int rc;

	if (!store->facts.moved) /* it would look at every row */
		return 0;
	stmt = store_stmt(store, SQL_REANCHOR, true, error);
	if (!stmt)
		return ZTP_ERR_IO;
	rc = store_run(store, stmt, error);
	forget_times(store);
	if (rc == 0)
		store->facts.moved = false;
	return rc;
}

/* --- giving way */

static int run_by_n(struct store *store, enum store_sql sql, int64_t n,
		    struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, sql, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	return store_run(store, stmt, error);
}

static int remove_request(struct store *store, struct store_request *r,
			  struct ztp_error *error)
{
	int rc = run_by_n(store, SQL_DEC_DEL, r->n, error);

	if (rc == 0)
		rc = run_by_n(store, SQL_REQ_DEL, r->n, error);
	if (rc == 0) {
		r->state = ZTP_STATE_NONE;
		r->finished_at = r->due_at = r->retry_at = 0;
		count_row(store, r);
	}
	return rc;
}

struct eviction {
	struct store *store;
	bool keep_onboarded;
	int count;
	struct ztp_error *error;
};

static int evict_one(void *arg, struct store_request *r)
{
	struct eviction *e = arg;
	int rc;

	e->count++;
	if (!e->keep_onboarded || r->state != ZTP_STATE_ONBOARDED)
		return remove_request(e->store, r, e->error);
	rc = run_by_n(e->store, SQL_DEC_DEL, r->n, e->error);
	if (rc == 0)
		rc = run_by_n(e->store, SQL_REQ_UNLIST, r->n, e->error);
	if (rc == 0) {
		r->finished_at = 0;
		count_row(e->store, r);
	}
	return rc;
}

int store_evict(struct store *store, int64_t before, bool keep_onboarded,
		int limit, struct ztp_error *error)
{
	struct eviction e = {store, keep_onboarded, 0, error};
	sqlite3_stmt *stmt = store_stmt(store, SQL_EVICT_LIST, false, error);
	int rc;

	sqlite3_bind_int64(stmt, 1, before ? before : INT64_MAX);
	sqlite3_bind_int(stmt, 2, limit);
	rc = walk(store, stmt, evict_one, &e, error);
	return rc == 0 ? e.count : rc;
}

static int forget_one(void *arg, struct store_request *r)
{
	struct eviction *e = arg;

	e->count++;
	return remove_request(e->store, r, e->error);
}

int store_forget(struct store *store, const char *path, struct ztp_error *error)
{
	struct eviction e = {store, false, 0, error};
	int rc = store_path_each(store, path, forget_one, &e, error);

	return rc == 0 ? e.count : rc;
}

/* --- decisions */

int store_decision_put(struct store *store, int64_t n,
		       const struct store_decision *d, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_DEC_PUT, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	sqlite3_bind_int(stmt, 2, d->by_customer);
	sqlite3_bind_int(stmt, 3, (int)d->verdict);
	sqlite3_bind_blob(stmt, 4, d->digest, ZTP_SHA256_LEN, SQLITE_STATIC);
	store_bind_text(stmt, 5, d->topic);
	sqlite3_bind_int(stmt, 6, d->partition);
	sqlite3_bind_int64(stmt, 7, d->offset);
	store_bind_text(stmt, 8, d->reason);
	store_bind_text(stmt, 9, d->message);
	sqlite3_bind_int(stmt, 10, (int)d->payload.kind);
	sqlite3_bind_blob(stmt, 11, d->payload.data, (int)d->payload.len,
			  SQLITE_STATIC);
	store_bind_text(stmt, 12, d->payload.content_type);
	store_bind_text(stmt, 13, d->metadata ? d->metadata : "");
	return store_run(store, stmt, error);
}

static int read_payload(sqlite3_stmt *stmt, struct ztp_payload *payload)
{
	const void *data = sqlite3_column_blob(stmt, 9);

	payload->kind = (enum ztp_payload_kind)sqlite3_column_int(stmt, 8);
	payload->len = (size_t)sqlite3_column_bytes(stmt, 9);
	store_copy_text(stmt, 10, payload->content_type,
			sizeof(payload->content_type));
	payload->data = malloc(payload->len + 1);
	if (!payload->data)
		return ZTP_ERR_NOMEM;
	if (payload->len > 0)
		memcpy(payload->data, data, payload->len);
	payload->data[payload->len] = '\0';
	return 0;
}

static int read_metadata(sqlite3_stmt *stmt, char **metadata)
{
	const char *text = (const char *)sqlite3_column_text(stmt, 11);

	*metadata = strdup(text ? text : "");
	return *metadata ? 0 : ZTP_ERR_NOMEM;
}

int store_decision_get(struct store *store, int64_t n, bool payload,
		       struct store_decision *d, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(
		store, payload ? SQL_DEC_GET_ALL : SQL_DEC_GET, false, error);
	const void *digest;
	int rc;

	memset(d, 0, sizeof(*d));
	sqlite3_bind_int64(stmt, 1, n);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW) {
		sqlite3_reset(stmt);
		return rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
	}
	d->by_customer = sqlite3_column_int(stmt, 0) != 0;
	d->verdict = (enum ztp_verdict)sqlite3_column_int(stmt, 1);
	digest = sqlite3_column_blob(stmt, 2);
	if (digest && sqlite3_column_bytes(stmt, 2) == ZTP_SHA256_LEN)
		memcpy(d->digest, digest, ZTP_SHA256_LEN);
	store_copy_text(stmt, 3, d->topic, sizeof(d->topic));
	d->partition = sqlite3_column_int(stmt, 4);
	d->offset = sqlite3_column_int64(stmt, 5);
	store_copy_text(stmt, 6, d->reason, sizeof(d->reason));
	store_copy_text(stmt, 7, d->message, sizeof(d->message));
	rc = payload ? read_payload(stmt, &d->payload) : 0;
	if (payload && rc == 0)
		rc = read_metadata(stmt, &d->metadata);
	sqlite3_reset(stmt);
	if (rc != 0)
		store_decision_clear(d);
	if (rc != 0)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return 1;
}

void store_decision_clear(struct store_decision *decision)
{
	if (!decision)
		return;
	free(decision->payload.data);
	decision->payload.data = NULL;
	decision->payload.len = 0;
	free(decision->metadata);
	decision->metadata = NULL;
}
