/*
 * The SQLite store: the decisions about requests.
 *
 * Their rows are numbered in the order of their arrival, so each is added at
 * the end of its table. SQLite then never moves a row to make room for another:
 * a row that has moved leaves a copy in the unused part of its page, which
 * nobody overwrites, and the row has a payload. Decisions of stores before
 * schema 6 have the number of their request.
 *
 * `kind` also says whether the payload is kept (16 more) or erased (32 more).
 * Both take the same space, so a row that is erased is overwritten in place,
 * and moves none of its neighbours.
 */
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_internal.h"

#define KIND 15
#define KEPT 16

int64_t store_decision_row(const struct store_request *r)
{
	return r->decision ? r->decision : r->n;
}

/* Bytes of a payload, even if it is empty: never NULL. */
static void bind_payload(sqlite3_stmt *stmt, const struct ztp_payload *payload)
{
	if (payload->kind == ZTP_PAYLOAD_NONE)
		return;
	sqlite3_bind_int(stmt, 10, (int)payload->kind + KEPT);
	sqlite3_bind_blob(stmt, 11,
			  payload->len ? (const void *)payload->data : "",
			  (int)payload->len, SQLITE_STATIC);
	store_bind_text(stmt, 12, payload->content_type);
}

/* An earlier decision, which another one replaces. */
static int remove_row(struct store *store, int64_t row, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_DEC_DEL, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, row);
	return store_run(store, stmt, error);
}

int store_decision_put(struct store *store, struct store_request *r,
		       const struct store_decision *d, struct ztp_error *error)
{
	sqlite3_stmt *stmt;
	int rc = r->decision ? remove_row(store, r->decision, error) : 0;

	if (rc != 0)
		return rc;
	stmt = store_stmt(store, SQL_DEC_PUT, true, error);
	if (!stmt)
		return ZTP_ERR_IO;
	r->decision = ++store->facts.decision_n;
	store_changes_decision(store->changes, r->n);
	sqlite3_bind_int64(stmt, 1, r->decision);
	sqlite3_bind_int(stmt, 2, d->by_customer);
	sqlite3_bind_int(stmt, 3, (int)d->verdict);
	sqlite3_bind_blob(stmt, 4, d->digest, ZTP_SHA256_LEN, SQLITE_STATIC);
	store_bind_text(stmt, 5, d->topic);
	sqlite3_bind_int(stmt, 6, d->partition);
	sqlite3_bind_int64(stmt, 7, d->offset);
	store_bind_text(stmt, 8, d->reason);
	store_bind_text(stmt, 9, d->message);
	sqlite3_bind_int(stmt, 10, ZTP_PAYLOAD_NONE);
	bind_payload(stmt, &d->payload);
	store_bind_text(stmt, 13, d->metadata ? d->metadata : "");
	return store_run(store, stmt, error);
}

static int read_payload(sqlite3_stmt *stmt, struct store_decision *d)
{
	struct ztp_payload *payload = &d->payload;
	int kind = sqlite3_column_int(stmt, 8);
	const void *data;

	d->payload_erased = kind >= STORE_ERASED;
	if (d->payload_erased)
		return 0;
	data = sqlite3_column_blob(stmt, 9);
	payload->kind = (enum ztp_payload_kind)(kind & KIND);
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

static bool is_valid(const struct store_decision *d)
{
	return (d->verdict == ZTP_APPROVE || d->verdict == ZTP_REJECT) &&
	       (int)d->payload.kind >= ZTP_PAYLOAD_NONE &&
	       d->payload.kind <= ZTP_PAYLOAD_TEXT;
}

/* And with it its payload? Whoever was onboarded has been approved. */
static bool is_evicted(const struct store_request *r)
{
	return r->state == ZTP_STATE_ONBOARDED &&
	       r->decision != DECISION_EVICTED_BARE;
}

int store_decision_get(struct store *store, const struct store_request *r,
		       bool payload, struct store_decision *d,
		       struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(
		store, payload ? SQL_DEC_GET_ALL : SQL_DEC_GET, false, error);
	const void *digest;
	int rc, end;

	memset(d, 0, sizeof(*d));
	sqlite3_bind_int64(stmt, 1, store_decision_row(r));
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW) {
		sqlite3_reset(stmt);
		d->payload_erased = payload && is_evicted(r);
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
	rc = payload ? read_payload(stmt, d) : 0;
	if (payload && rc == 0)
		rc = read_metadata(stmt, &d->metadata);
	end = sqlite3_reset(stmt); /* a text could not be read */
	if (rc == 0 && end == SQLITE_OK && is_valid(d))
		return 1;
	store_decision_clear(d);
	if (rc != 0)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return end != SQLITE_OK ? store_fail(store, end, error)
				: store_damaged(store, r->n, error);
}

void store_decision_clear(struct store_decision *decision)
{
	if (!decision)
		return;
	free(decision->payload.data);
	decision->payload.data = NULL;
	decision->payload.len = 0;
	decision->payload_erased = false;
	free(decision->metadata);
	decision->metadata = NULL;
}
