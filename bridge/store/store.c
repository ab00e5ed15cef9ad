/*
 * The SQLite store: transactions and totals.
 *
 * The database is in WAL mode. synchronous=NORMAL survives a process crash at
 * any moment, FULL survives a power loss too. The loop thread is the only
 * writer, so frequently used totals are kept in memory. They change together
 * with the rows, are written by the commit, and return to the committed values
 * on rollback.
 */
#include "bridge/store/store_internal.h"

/* --- transactions */

/* With a write-ahead log SQLite goes on writing to a file that has no name any
 * more, and all of it would be gone with the process. A copy of what Kafka has
 * may be gone. */
static int still_there(struct store *store, struct ztp_error *error)
{
	int moved = 0;

	if (store->changes ||
	    sqlite3_file_control(store->db, NULL, SQLITE_FCNTL_HAS_MOVED,
				 &moved) != SQLITE_OK ||
	    !moved)
		return 0;
	return ztp_fail(error, ZTP_ERR_IO,
			"store %s has been removed or replaced while it was "
			"open: put it back, or restart the bridge",
			store->file.path);
}

int store_commit(struct store *store, int64_t now, struct ztp_error *error)
{
	enum store_sql end = store->changes ? SQL_RELEASE : SQL_COMMIT;
	int rc;

	if (!store->in_transaction)
		return 0;
	rc = still_there(store, error);
	if (rc == 0)
		rc = store_counters_write(store, now, error);
	if (rc != 0)
		return rc;
	rc = sqlite3_step(store->stmt[end]);
	sqlite3_reset(store->stmt[end]);
	if (rc != SQLITE_DONE)
		return store_fail(store, rc, error);
	store->in_transaction = store->commit_required = false;
	store->committed = store->facts;
	store_changes_clear(store->changes);
	return 0;
}

void store_rollback(struct store *store)
{
	int i;

	if (!store->in_transaction)
		return;
	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_reset(store->stmt[i]);
	/* After some errors (a full disk), SQLite has already rolled back. */
	if (store->changes)
		store_turn_undo(store);
	else if (!sqlite3_get_autocommit(store->db))
		sqlite3_step(store->stmt[SQL_ROLLBACK]);
	sqlite3_reset(store->stmt[SQL_ROLLBACK]);
	store->in_transaction = store->commit_required = false;
	store->facts = store->committed;
	store_queues_forget(store);
}

bool store_dirty(const struct store *store)
{
	return store->in_transaction;
}

bool store_commit_required(const struct store *store)
{
	return store->commit_required;
}

void store_require_commit(struct store *store)
{
	store->commit_required = true;
}

/* --- totals */

int64_t store_count(const struct store *store, enum ztp_state state)
{
	return store->facts.count[state];
}

int64_t store_unfinished(const struct store *store)
{
	int64_t sum = 0;
	int state;

	for (state = 1; state < ZTP_STATE_END; state++)
		if (!ztp_state_finished((enum ztp_state)state))
			sum += store->facts.count[state];
	return sum;
}

int64_t store_finished(const struct store *store)
{
	return store->facts.listed;
}

int64_t store_newest(const struct store *store)
{
	return store->committed.newest;
}

void store_newest_put(struct store *store, int64_t now)
{
	if (now > store->facts.newest)
		store->facts.newest = now;
}

int64_t store_bytes(const struct store *store)
{
	return ztp_sqlite_bytes(&store->file);
}

int64_t store_offset_get(struct store *store, const char *topic, int partition,
			 struct store_landmark *landmark)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OFFSET_GET, false, NULL);
	int64_t next = -1;

	*landmark = (struct store_landmark){.offset = STORE_LANDMARK_UNKNOWN};
	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 2, partition);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		next = sqlite3_column_int64(stmt, 0);
		landmark->offset = sqlite3_column_int64(stmt, 1);
		landmark->written_at = sqlite3_column_int64(stmt, 2);
		landmark->crc = (uint32_t)sqlite3_column_int64(stmt, 3);
	}
	sqlite3_reset(stmt);
	return next;
}

void store_offset_each(struct store *store, const char *topic,
		       bool (*visit)(void *arg, int partition, int64_t next),
		       void *arg)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OFFSET_EACH, false, NULL);

	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	while (sqlite3_step(stmt) == SQLITE_ROW &&
	       visit(arg, sqlite3_column_int(stmt, 0),
		     sqlite3_column_int64(stmt, 1)))
		;
	sqlite3_reset(stmt);
}

bool store_offset_any(struct store *store, const char *topic)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OFFSET_ANY, false, NULL);
	bool any;

	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	any = sqlite3_step(stmt) == SQLITE_ROW &&
	      sqlite3_column_int64(stmt, 0) > 0;
	sqlite3_reset(stmt);
	return any;
}

int store_offset_other(struct store *store, const char *topic, char *other,
		       size_t cap, struct ztp_error *error)
{
	return store_text(store, SQL_OFFSET_OTHER, topic, other, cap, error);
}

int store_offset_restart(struct store *store, const char *topic,
			 struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OFFSET_RESTART, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	store_changes_position(store->changes, STORE_CHANGES_ALL);
	return store_run(store, stmt, error);
}

int store_offset_set(struct store *store, const char *topic, int partition,
		     int64_t next, const struct store_landmark *landmark,
		     struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OFFSET_SET, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 2, partition);
	sqlite3_bind_int64(stmt, 3, next);
	sqlite3_bind_int64(stmt, 4, landmark->offset);
	sqlite3_bind_int64(stmt, 5, landmark->written_at);
	sqlite3_bind_int64(stmt, 6, landmark->crc);
	store_changes_position(store->changes, partition);
	return store_run(store, stmt, error);
}
