/*
 * gate/db.h - the registry's SQLite file: opened and checked, its statements
 * prepared, its transactions. Broker thread only; every call may block for a
 * disk access, ztp_db_commit for an fsync.
 *
 * Writes open a transaction by themselves; ztp_db_commit ends it. What has
 * to be durable before somebody is told is committed at once, the rest once
 * per turn of the broker's loop.
 */
#ifndef ZTP_GATE_DB_H
#define ZTP_GATE_DB_H

#include <sqlite3.h>

#include "ztp/codec.h"
#include "ztp/error.h"

struct ztp_db;

/* Makes the file (0600) when there is none; refuses one that is damaged, of
 * another program or of a newer version, or in use. */
int ztp_db_open(struct ztp_db **out, const char *path, struct ztp_error *error);
void ztp_db_close(struct ztp_db *db);

/* The prepared statement of a text, reset, its bindings cleared; it belongs to
 * the db. Texts are told apart by their address: static arrays, at most 64 of
 * them. NULL with error filled when SQLite does not take it. */
sqlite3_stmt *ztp_db_use(struct ztp_db *db, const char *sql,
			 struct ztp_error *error);

/* Runs a statement that returns no row, within the open transaction. */
int ztp_db_run(struct ztp_db *db, sqlite3_stmt *stmt, struct ztp_error *error);
/* The next row: 1, or 0 at the end, or negative. Reset it when leaving
 * early. */
int ztp_db_step(struct ztp_db *db, sqlite3_stmt *stmt, struct ztp_error *error);
/* Rows that the last ztp_db_run changed. */
int ztp_db_changes(const struct ztp_db *db);

/* Nothing open: nothing done. A commit that fails is rolled back. */
int ztp_db_commit(struct ztp_db *db, struct ztp_error *error);
void ztp_db_rollback(struct ztp_db *db);
bool ztp_db_dirty(const struct ztp_db *db);

/* --- binding and reading; indexes from 1 and from 0, as SQLite has them */
void ztp_db_text(sqlite3_stmt *stmt, int index, const char *text);
void ztp_db_blob(sqlite3_stmt *stmt, int index, const void *bytes, size_t n);
void ztp_db_int(sqlite3_stmt *stmt, int index, int64_t value);
/* False when the column is longer than fits; NULL reads as "". */
bool ztp_db_get_text(sqlite3_stmt *stmt, int column, char *out, size_t size);
/* False unless it has exactly n bytes. */
bool ztp_db_get_blob(sqlite3_stmt *stmt, int column, void *out, size_t n);

#endif
