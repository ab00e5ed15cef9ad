/*
 * base/sqlite.h - an SQLite file of ours, opened with care. One thread.
 *
 * It is made 0600, whatever the umask, if there is none, and is never reached
 * through a symbolic link. One that is damaged, of another program or of a
 * newer version is refused with what to do, and stays as it was found, its
 * mode and its log included. One of an older version is brought to ours. What
 * is open has a write-ahead log, and takes no function from its schema.
 */
#ifndef ZTP_BASE_SQLITE_H
#define ZTP_BASE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "ztp/error.h"

#define ZTP_SQL_BEGIN	 "BEGIN IMMEDIATE"
#define ZTP_SQL_COMMIT	 "COMMIT"
#define ZTP_SQL_ROLLBACK "ROLLBACK"

/* What it is; all of it must outlive the connection. */
struct ztp_sqlite_file {
	const char *path;
	const char *what;    /* "store", as messages call it */
	const char *program; /* whose it is */
	int application_id;
	/* steps[v] brings version v to v + 1, up to `version`; each is one
	 * transaction. An empty file is version 0. */
	const char *const *steps;
	int version;
	/* What is looked at in a file that is too large to be checked whole:
	 * queries that say "ok", then NULL. NULL: it is checked whole. */
	const char *const *samples;
	const char *pragmas; /* of the connection, set before the steps */
	bool exclusive;	     /* nobody else may even read it */
	int busy_ms;	     /* how long to wait for another's lock */
};

/* *db is NULL after an error. */
int ztp_sqlite_open(sqlite3 **db, const struct ztp_sqlite_file *file,
		    struct ztp_error *error);
/* The file is as it should be, also by the caller's lights: from here on the
 * log is written back when the connection is closed. */
void ztp_sqlite_accept(sqlite3 *db);

/* Of the file and its write-ahead log. */
int64_t ztp_sqlite_bytes(const struct ztp_sqlite_file *file);

/* SQLite's result rc as ours: ZTP_ERR_FULL, ZTP_ERR_NOMEM, else ZTP_ERR_IO;
 * fatal when the file is damaged, else worth another try. */
int ztp_sqlite_fail(sqlite3 *db, const struct ztp_sqlite_file *file, int rc,
		    struct ztp_error *error);
int ztp_sqlite_exec(sqlite3 *db, const struct ztp_sqlite_file *file,
		    const char *sql, struct ztp_error *error);
/* The first column of the query's only row. A file that cannot be read is
 * damaged: for what is read before it is known to be good. */
int ztp_sqlite_number(sqlite3 *db, const struct ztp_sqlite_file *file,
		      const char *sql, int64_t *value, struct ztp_error *error);

#endif
