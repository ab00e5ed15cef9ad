/*
 * gate/db.h - the registry's SQLite database: opening it, prepared statements,
 * transactions. Broker thread only. A call may read from the disk; after
 * ztp_db_start none waits for a write.
 *
 * A write opens a transaction if none is open; ztp_db_commit ends it. Whoever
 * reads sees at once what was written. It is durable later: a commit has a
 * number, and what must not be told before it is durable waits for that number
 * (gate/outbox.h).
 */
#ifndef ZTP_GATE_DB_H
#define ZTP_GATE_DB_H

#include <sqlite3.h>

#include "gate/db_values.h"
#include "ztp/error.h"

struct ztp_db;

/* Creates the file (0600) if there is none. Refuses a file that is damaged,
 * another program's, of a newer version, or in use. */
int ztp_db_open(struct ztp_db **out, const char *path, struct ztp_error *error);
void ztp_db_close(struct ztp_db *db);

/* The prepared statement for an SQL text, reset and with its bindings cleared;
 * it belongs to the db. A text is identified by its address, so it must be a
 * static array; there may be 96 of them. NULL, with error filled, if SQLite
 * refuses it. */
sqlite3_stmt *ztp_db_use(struct ztp_db *db, const char *sql,
			 struct ztp_error *error);

/* Runs a statement that returns no rows, in the open transaction. */
int ztp_db_run(struct ztp_db *db, sqlite3_stmt *stmt, struct ztp_error *error);
/* Steps to the next row. Returns 1, 0 at the end, or negative. Reset the
 * statement when leaving early. */
int ztp_db_step(struct ztp_db *db, sqlite3_stmt *stmt, struct ztp_error *error);
/* Of a query that always has one row: its number, not negative, or an error. */
int64_t ztp_db_count(struct ztp_db *db, sqlite3_stmt *stmt,
		     struct ztp_error *error);
/* How many rows the last ztp_db_run changed. */
int ztp_db_changes(const struct ztp_db *db);

/* Is there an open transaction, and is it time to commit it? While the thread
 * (ztp_db_start) is busy, and for some ms under load, more is to join it; then
 * the broker's loop is woken when it is time. To be asked in each TICK: until
 * then the loop is woken again. */
bool ztp_db_due(struct ztp_db *db);
/* So many rows of the open transaction are only waited for to go on with what they
 * are part of: they are written soon, but make no crowd (gate/writer.h). */
void ztp_db_unhurried(struct ztp_db *db, int64_t rows);
/* Does nothing without an open transaction. Rolls back if the commit fails. */
int ztp_db_commit(struct ztp_db *db, struct ztp_error *error);
void ztp_db_rollback(struct ztp_db *db);
bool ztp_db_dirty(const struct ztp_db *db);

/* What is written from here on can be undone alone, until it is kept or the
 * transaction ends. */
void ztp_db_mark(struct ztp_db *db);
int ztp_db_keep(struct ztp_db *db, struct ztp_error *error);
/* 1; 0: nothing was written; negative: the transaction must be rolled back. */
int ztp_db_undo(struct ztp_db *db);

/* Runs write in a transaction of its own, which must not be open yet. For what
 * is to be lost alone when it cannot be written, and nobody waits for: what is
 * written next does not gather more because of it. */
int ztp_db_apart(struct ztp_db *db,
		 int (*write)(struct ztp_db *db, void *arg,
			      struct ztp_error *error),
		 void *arg, struct ztp_error *error);

/* From now on a thread makes durable what is committed. Without this, and for a
 * while after a failure of the thread (gate/rest.h), ztp_db_commit waits for the
 * disk. */
int ztp_db_start(struct ztp_db *db, struct ztp_error *error);
/* Waits for all of it, and ends the thread. An error: some of it is lost. */
int ztp_db_stop(struct ztp_db *db, struct ztp_error *error);
/* The number of the commit that contains, or will contain, all that has been
 * written until now. */
uint64_t ztp_db_group(const struct ztp_db *db);
/* The newest commit that is durable. */
uint64_t ztp_db_durable(struct ztp_db *db);
/* Did the thread fail, as far as ztp_db_durable has seen? Then all commits that
 * are not durable are lost, though they can still be read. */
bool ztp_db_failed(struct ztp_db *db, struct ztp_error *error);
/* Has the last write failed? Then nothing should be said or done because of what is
 * written before it is committed. */
bool ztp_db_is_doubtful(const struct ztp_db *db);
/* Opens the database again without what is lost. An error: nothing can be read
 * or written; to be tried again. */
int ztp_db_recover(struct ztp_db *db, struct ztp_error *error);
/* There is more to do: the broker's loop turns again within some ms. */
void ztp_db_wake(struct ztp_db *db);
/* Waits until all commits are durable or lost. */
void ztp_db_wait(struct ztp_db *db);

#endif
