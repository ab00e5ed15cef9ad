/* The SQLite store: reads rows of requests, one by one or all that a
 * statement selects. */
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_internal.h"

#define PAGE 64

/* The identity stands behind the fingerprint where it is another one. */
static void read_fingerprint(sqlite3_stmt *stmt, struct store_request *r)
{
	const char *bytes = sqlite3_column_blob(stmt, 3);
	int len = sqlite3_column_bytes(stmt, 3);

	memset(r->fingerprint, 0, sizeof(r->fingerprint));
	if (bytes && len >= ZTP_SHA256_LEN)
		memcpy(r->fingerprint, bytes, ZTP_SHA256_LEN);
	memcpy(r->identity, r->fingerprint, ZTP_SHA256_LEN);
	if (bytes && len == 2 * ZTP_SHA256_LEN)
		memcpy(r->identity, bytes + ZTP_SHA256_LEN, ZTP_SHA256_LEN);
}

static void read_row(sqlite3_stmt *stmt, struct store_request *r)
{
	read_fingerprint(stmt, r);
	r->n = sqlite3_column_int64(stmt, 0);
	store_copy_text(stmt, 1, r->id, sizeof(r->id));
	store_copy_text(stmt, 2, r->path, sizeof(r->path));
	store_copy_text(stmt, 4, r->channel, sizeof(r->channel));
	store_copy_text(stmt, 5, r->traceparent, sizeof(r->traceparent));
	r->state = (enum ztp_state)sqlite3_column_int(stmt, 6);
	r->attempt = sqlite3_column_int(stmt, 7);
	r->received_at = sqlite3_column_int64(stmt, 8);
	r->expires_at = sqlite3_column_int64(stmt, 9);
	r->announced_at = sqlite3_column_int64(stmt, 10);
	r->owed.due_at = sqlite3_column_int64(stmt, 11);
	r->owed.what = (enum ztp_owed)sqlite3_column_int(stmt, 13);
	r->owed.retry_at = sqlite3_column_int64(stmt, 12);
	r->owed.tries = sqlite3_column_int(stmt, 14);
	r->owed.losses = sqlite3_column_int(stmt, 18);
	r->finished_at = sqlite3_column_int64(stmt, 15);
	r->delivered_at = sqlite3_column_int64(stmt, 16);
	r->decision = sqlite3_column_int64(stmt, 17);
	r->stored_state = r->state;
	r->stored_listed = r->finished_at != 0;
	r->stored_queue = (int)store_queue(&r->owed);
	r->stored_due = r->owed.due_at;
	r->stored_retry = r->owed.retry_at;
}

/* Others use these numbers as an index. */
static bool is_valid(const struct store_request *r)
{
	return r->state > ZTP_STATE_NONE && r->state < ZTP_STATE_END &&
	       (int)r->owed.what >= 0 && r->owed.what < ZTP_OWED_END &&
	       r->owed.tries >= 0 && r->owed.losses >= 0;
}

/* The statement's last column is the path's hash. */
static int find_one(struct store *store, sqlite3_stmt *stmt,
		    struct store_request *request, struct ztp_error *error)
{
	int rc = sqlite3_step(stmt), end;

	if (rc == SQLITE_ROW) {
		read_row(stmt, request);
		store_path_hash_is(store, request->path,
				   sqlite3_column_int64(
					   stmt, sqlite3_data_count(stmt) - 1));
	}
	/* It also fails if a text could not be read for lack of memory. */
	end = sqlite3_reset(stmt);
	if (end != SQLITE_OK)
		return store_fail(store, end, error);
	if (rc == SQLITE_ROW && !is_valid(request))
		return store_damaged(store, request->n, error);
	return rc == SQLITE_ROW;
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

/* A row takes 2.5 kB in memory, and most walks see none or one, so the array
 * is kept for the next walk. (A visit may start a walk itself; that one
 * allocates an array of its own.) */
int store_walk(struct store *store, sqlite3_stmt *stmt, store_visit *visit,
	       void *arg, struct ztp_error *error)
{
	struct store_request *rows = NULL;
	size_t count = 0, room = 0, i;
	int rc;

	rows = store->spare;
	room = rows ? store->spare_room : 0;
	store->spare = NULL;
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
		read_row(stmt, &rows[count++]);
	}
	sqlite3_reset(stmt);
	rc = rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
	for (i = 0; i < count && rc == 0; i++)
		rc = is_valid(&rows[i])
			     ? visit(arg, &rows[i])
			     : store_damaged(store, rows[i].n, error);
	if (room > PAGE || store->spare) {
		free(rows);
	} else {
		store->spare = rows;
		store->spare_room = room;
	}
	return rc;
}
