/*
 * The SQLite store of a bridge that is one of several: its transactions are
 * savepoints, each of which ends as Kafka's transaction ends, while the database
 * is committed now and then (store_copy.c).
 */
#include "bridge/store/store_state_internal.h"

int store_turn_begin(struct store *store, struct ztp_error *error)
{
	int rc = SQLITE_DONE;

	/* Not even until the loop looks again: what is not there any more would
	 * be taken for what has never been. */
	if (store->state->lost)
		return ztp_fail(error, ZTP_ERR_IO,
				"store %s has lost rows, and is read again",
				store->path);
	if (sqlite3_get_autocommit(store->db)) {
		rc = sqlite3_step(store->stmt[SQL_BEGIN]);
		sqlite3_reset(store->stmt[SQL_BEGIN]);
	}
	if (rc == SQLITE_DONE) {
		rc = sqlite3_step(store->stmt[SQL_TURN]);
		sqlite3_reset(store->stmt[SQL_TURN]);
	}
	if (rc != SQLITE_DONE) {
		store_note_damage(store, rc);
		return ztp_sqlite_fail(store->db, &store->file, rc, error);
	}
	store->in_transaction = true;
	return 0;
}

void store_turn_undo(struct store *store)
{
	store_changes_clear(store->changes);
	if (sqlite3_get_autocommit(store->db)) {
		store->state->lost = true;
		return;
	}
	if (sqlite3_step(store->stmt[SQL_UNDO]) != SQLITE_DONE)
		store->state->lost = true;
	sqlite3_reset(store->stmt[SQL_UNDO]);
	if (sqlite3_step(store->stmt[SQL_RELEASE]) != SQLITE_DONE)
		store->state->lost = true;
	sqlite3_reset(store->stmt[SQL_RELEASE]);
}
