/* The SQLite store: requests and their decisions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_internal.h"

/* Row r has been written as r says: updates the totals from the old values to
 * the new ones. */
static void count_row(struct store *store, struct store_request *r)
{
	struct store_counters *facts = &store->facts;
	bool listed = r->finished_at != 0;

	store_times_count(store, r);
	store_queues_count(store, r);
	r->stored_queue = (int)store_queue(&r->owed);
	r->stored_retry = r->owed.retry_at;
	if (r->stored_state != ZTP_STATE_NONE)
		facts->count[r->stored_state]--;
	if (r->state != ZTP_STATE_NONE)
		facts->count[r->state]++;
	facts->listed += listed - r->stored_listed;
	if (ztp_state_undecided(r->state) && r->owed.due_at != r->expires_at)
		facts->moved = true;
	r->stored_state = r->state;
	r->stored_listed = listed;
	if (r->state != ZTP_STATE_NONE)
		store_changes_request(store->changes, r->n);
}

int store_request_add(struct store *store, struct store_request *r,
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_ADD, true, error);
	bool same = memcmp(r->identity, r->fingerprint, ZTP_SHA256_LEN) == 0;
	uint8_t who[2 * ZTP_SHA256_LEN];
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	r->n = store->facts.request_n + 1;
	sqlite3_bind_int64(stmt, 1, r->n);
	store_bind_text(stmt, 2, r->id);
	store_bind_text(stmt, 3, r->path);
	memcpy(who, r->fingerprint, ZTP_SHA256_LEN);
	memcpy(who + ZTP_SHA256_LEN, r->identity, ZTP_SHA256_LEN);
	sqlite3_bind_blob(stmt, 4, who, same ? ZTP_SHA256_LEN : sizeof(who),
			  SQLITE_STATIC);
	store_bind_text(stmt, 5, r->channel);
	store_bind_text(stmt, 6, r->traceparent);
	sqlite3_bind_int(stmt, 7, (int)r->state);
	sqlite3_bind_int(stmt, 8, r->attempt);
	sqlite3_bind_int64(stmt, 9, r->received_at);
	sqlite3_bind_int64(stmt, 10, r->expires_at);
	store_bind_time(stmt, 11, r->announced_at);
	store_bind_time(stmt, 12, r->owed.due_at);
	store_bind_time(stmt, 13, r->owed.retry_at);
	sqlite3_bind_int(stmt, 14, (int)r->owed.what);
	sqlite3_bind_int(stmt, 15, r->owed.tries);
	store_bind_time(stmt, 16, r->finished_at);
	store_bind_time(stmt, 17, r->delivered_at);
	sqlite3_bind_int64(stmt, 18, store_path_hash(store, r->path));
	store_bind_time(stmt, 19, ztp_state_undecided(r->state));
	sqlite3_bind_int(stmt, 20, r->owed.losses);
	rc = store_run(store, stmt, error);
	if (rc != 0 &&
	    sqlite3_extended_errcode(store->db) == SQLITE_CONSTRAINT_UNIQUE)
		return 1;
	if (rc != 0)
		return rc;
	store->facts.request_n = r->n;
	r->decision = 0;
	r->stored_state = ZTP_STATE_NONE;
	r->stored_listed = false;
	r->stored_queue = 0;
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
	store_bind_time(stmt, 4, r->owed.due_at);
	store_bind_time(stmt, 5, r->owed.retry_at);
	sqlite3_bind_int(stmt, 6, (int)r->owed.what);
	sqlite3_bind_int(stmt, 7, r->owed.tries);
	store_bind_time(stmt, 8, r->finished_at);
	store_bind_time(stmt, 9, r->delivered_at);
	store_bind_time(stmt, 10, ztp_state_undecided(r->state));
	store_bind_time(stmt, 11, r->decision);
	sqlite3_bind_int(stmt, 12, r->owed.losses);
	rc = store_run(store, stmt, error);
	if (rc != 0)
		return rc;
	count_row(store, r);
	return 0;
}

int store_channel_put(struct store *store, int64_t n, const char *channel,
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt =
		store_stmt(store, SQL_REQ_CHANNEL_SET, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	store_bind_text(stmt, 2, channel);
	store_changes_request(store->changes, n);
	return store_run(store, stmt, error);
}

int store_request_announced(struct store *store, int64_t first, int64_t last,
			    int64_t now, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_ANNOUNCED, true, error);
	int rc, changed;

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, first);
	sqlite3_bind_int(stmt, 2, ZTP_STATE_REQUESTED);
	sqlite3_bind_int(stmt, 3, ZTP_STATE_RECEIVED);
	sqlite3_bind_int64(stmt, 4, now);
	sqlite3_bind_int64(stmt, 5, last);
	sqlite3_bind_int64(stmt, 6, store->changes ? now : 0);
	rc = store_run(store, stmt, error);
	if (rc != 0)
		return rc;
	changed = sqlite3_changes(store->db);
	for (; store->changes && first <= last; first++)
		store_changes_request(store->changes, first);
	store->facts.count[ZTP_STATE_RECEIVED] -= changed;
	store->facts.count[ZTP_STATE_REQUESTED] += changed;
	return 0;
}

int store_request_unasked(struct store *store, const struct store_late *late,
			  struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_UNASKED, true, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int(stmt, 1, ZTP_STATE_RECEIVED);
	sqlite3_bind_int64(stmt, 2, late->until);
	sqlite3_bind_int(stmt, 3, ZTP_STATE_REQUESTED);
	sqlite3_bind_int64(stmt, 4, late->since);
	sqlite3_bind_int64(stmt, 5, late->took);
	sqlite3_bind_int64(stmt, 6, late->first);
	sqlite3_bind_int64(stmt, 7, late->last);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		store_changes_request(store->changes,
				      sqlite3_column_int64(stmt, 0));
		store->facts.count[ZTP_STATE_REQUESTED]--;
		store->facts.count[ZTP_STATE_RECEIVED]++;
	}
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
}

int store_absent(struct store *store, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_ABSENT, true, error);

	store_times_forget(store);
	store_queues_forget(store);
	return stmt ? store_run(store, stmt, error) : ZTP_ERR_IO;
}

int store_reanchor(struct store *store, struct ztp_error *error)
{
	sqlite3_stmt *stmt;
	int rc;

	if (!store->facts.moved) /* the statement reads every row */
		return 0;
	stmt = store_stmt(store, SQL_REANCHOR, true, error);
	if (!stmt)
		return ZTP_ERR_IO;
	rc = store_run(store, stmt, error);
	store_times_forget(store);
	if (rc == 0)
		store->facts.moved = false;
	return rc;
}

/* --- eviction */

static int run_by_n(struct store *store, enum store_sql sql, int64_t n,
		    struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, sql, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	return store_run(store, stmt, error);
}

static int remove_decision(struct store *store, const struct store_request *r,
			   struct ztp_error *error)
{
	/* An older one has no payload any more. */
	if (r->finished_at >= store->facts.erased.finished_at)
		store->facts.erasures++;
	store_changes_removed(store->changes, STATE_DECISION, r->id,
			      store_decision_row(r));
	return run_by_n(store, SQL_DEC_DEL, store_decision_row(r), error);
}

static int remove_request(struct store *store, struct store_request *r,
			  struct ztp_error *error)
{
	int rc = remove_decision(store, r, error);

	if (rc == 0)
		rc = store_reason_drop(store, r, error);
	if (rc == 0)
		rc = run_by_n(store, SQL_REQ_DEL, r->n, error);
	if (rc == 0) {
		store_changes_removed(store->changes, STATE_REQUEST, r->id,
				      r->n);
		r->state = ZTP_STATE_NONE;
		r->finished_at = 0;
		r->owed = (struct ztp_obligation){0};
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

static int unlist(struct store *store, const struct store_request *r,
		  struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_UNLIST, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, r->n);
	sqlite3_bind_int64(stmt, 2, r->decision);
	return store_run(store, stmt, error);
}

/* A device that comes again is told whether there was a payload: an approval
 * without one would count as its new configuration. */
static int evict_one(void *arg, struct store_request *r)
{
	struct eviction *e = arg;
	int64_t had = 1;
	int rc;

	e->count++;
	if (!e->keep_onboarded || r->state != ZTP_STATE_ONBOARDED)
		return remove_request(e->store, r, e->error);
	if (!store_number(e->store, SQL_DEC_HAD, store_decision_row(r), &had))
		had = 1;
	rc = remove_decision(e->store, r, e->error);
	r->decision = had ? DECISION_EVICTED : DECISION_EVICTED_BARE;
	if (rc == 0)
		rc = unlist(e->store, r, e->error);
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
	rc = store_walk(store, stmt, evict_one, &e, error);
	return rc == 0 ? e.count : rc;
}

/* As STORE_TO_BE_TOLD. */
static bool is_to_be_told(const struct store_request *r)
{
	return r->owed.what == ZTP_OWED_RELEASE ||
	       ztp_owed_is_notice(r->owed.what);
}

struct eviction_of_others {
	struct eviction e;
	struct store_place *place;
	int most, visited;
};

static int evict_other(void *arg, struct store_request *r)
{
	struct eviction_of_others *o = arg;

	if (o->e.count == o->most)
		return 0;
	o->visited++;
	*o->place = (struct store_place){r->finished_at, r->n};
	return r->state == ZTP_STATE_REJECTED || is_to_be_told(r)
		       ? 0
		       : evict_one(&o->e, r);
}

int store_evict_others(struct store *store, struct store_place *place,
		       int64_t before, bool keep_onboarded, int most, int limit,
		       struct ztp_error *error)
{
	struct eviction_of_others o = {
		{store, keep_onboarded, 0, error}, place, most, 0};
	sqlite3_stmt *stmt = store_stmt(store, SQL_EVICT_MORE, false, error);
	int rc;

	sqlite3_bind_int64(stmt, 1, place->finished_at);
	sqlite3_bind_int64(stmt, 2, place->n);
	sqlite3_bind_int64(stmt, 3, before);
	sqlite3_bind_int(stmt, 4, limit);
	rc = store_walk(store, stmt, evict_other, &o, error);
	return rc == 0 ? o.visited : rc;
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
