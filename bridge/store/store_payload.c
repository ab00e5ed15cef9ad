/*
 * The SQLite store: payloads are erased for good.
 *
 * Three copies must go. The row's own is overwritten with zeros in place
 * (store_decision.c), and secure_delete does the same to what is deleted. The
 * WAL has the older versions of these pages, so it is written back and emptied
 * a little later, for all that was erased until then. And a process that was
 * killed before that has left its WAL behind, which is emptied after the start.
 *
 * Which payloads are due needs no index of its own. Finished requests are listed
 * by the time of their end, and all end equally long before their payload is
 * due. It is enough to know how far in that list the payloads are erased.
 */
#include <inttypes.h>
#include <stdio.h>

#include "bridge/store/store_internal.h"

#define EMPTY_MS 2000 /* at most so often is the WAL emptied */

/* --- rows */

static int erase_row(struct store *store, int64_t row, int64_t request,
		     struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_DEC_ERASE, true, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, row);
	rc = store_run(store, stmt, error);
	if (rc == 0 && sqlite3_changes(store->db) > 0) {
		store->facts.erasures++;
		store_changes_decision(store->changes, request);
	}
	return rc;
}

int store_payload_erase(struct store *store, const struct store_request *r,
			struct ztp_error *error)
{
	return erase_row(store, store_decision_row(r), r->n, error);
}

int store_payload_expire(struct store *store, int64_t until, int limit,
			 struct ztp_error *error)
{
	sqlite3_stmt *list = store_stmt(store, SQL_DEC_EXPIRED, false, error);
	struct store_place *place = &store->facts.erased;
	int rc = 0, step, count = 0;

	sqlite3_bind_int64(list, 1, place->finished_at);
	sqlite3_bind_int64(list, 2, until);
	sqlite3_bind_int64(list, 3, place->n);
	sqlite3_bind_int(list, 4, limit);
	while (rc == 0 && (step = sqlite3_step(list)) == SQLITE_ROW) {
		place->finished_at = sqlite3_column_int64(list, 0);
		place->n = sqlite3_column_int64(list, 1);
		rc = erase_row(store, sqlite3_column_int64(list, 2), place->n,
			       error);
		count++;
	}
	sqlite3_reset(list);
	if (rc == 0 && step != SQLITE_DONE)
		rc = store_fail(store, step, error);
	return rc == 0 ? count : rc;
}

/* --- the WAL */

bool store_payload_lingers(const struct store *store)
{
	return store->facts.erasures != store->erased;
}

/* A WAL ends with the commit that begins the next one, so there must be one, and
 * it must change something. */
static int commit_anything(struct store *store, int64_t now,
			   struct ztp_error *error)
{
	char text[24];
	int rc;

	snprintf(text, sizeof(text), "%" PRIu64, ++store->stirred);
	rc = store_set(store, "stirred", text, error);
	if (rc == 0)
		rc = store_commit(store, store->changes ? 0 : now, error);
	if (rc != 0)
		store_rollback(store);
	return rc == 0 && store->changes ? store_copy_write(store, error) : rc;
}

int store_payload_settle(struct store *store, int64_t now,
			 struct ztp_error *error)
{
	int rc = 0;

	if (store->in_transaction || !sqlite3_get_autocommit(store->db))
		return 0;
	if (store->erasing == 0) {
		if (!store_payload_lingers(store) ||
		    now - store->erased_at < EMPTY_MS)
			return 0;
		store->erasing = store->committed.erasures;
		store_checkpoint_empty(store->writeback);
	}
	if (!store_checkpoint_emptied(store->writeback, store->db))
		rc = commit_anything(store, now, error);
	if (!store_checkpoint_emptied(store->writeback, store->db))
		return rc;
	store->erased = store->erasing;
	store->erasing = 0;
	store->erased_at = now;
	return 0;
}
