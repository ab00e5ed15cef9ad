/*
 * base/sqlite.h - opens an SQLite database of ours with care. One thread.
 *
 * A new file gets mode 0600 whatever the umask is, and no file is reached
 * through a symbolic link. A database that is damaged, another program's or of
 * a newer version is refused with advice, and stays as it was found, including
 * its mode and its log. A database of an older version is migrated. An open one
 * has a write-ahead log, and the functions that its schema uses are not
 * trusted.
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

/* Describes a database; all of it must outlive the connection. */
struct ztp_sqlite_file {
	const char *path;
	const char *what;    /* its name in messages: "store" */
	const char *program; /* the program's name, for messages */
	int application_id;
	/* steps[v] migrates version v to v + 1, up to `version`, each in a
	 * transaction of its own. An empty file is version 0. */
	const char *const *steps;
	int version;
	/* Queries that must answer "ok", then NULL: the check of a file that is
	 * too large to be checked completely. NULL: it is always checked
	 * completely. */
	const char *const *samples;
	const char *pragmas; /* of the connection; run before the steps */
	bool exclusive;	     /* no other process may even read it */
	bool exists;	     /* it is an error if there is none */
	bool checked;	     /* its integrity, when it was opened before */
	const char *vfs;     /* NULL: SQLite's own */
	int busy_ms;	     /* how long to wait for somebody else's lock */
};

/* *db is NULL after an error, which is fatal if the file is damaged or of a version
 * that is not known. */
int ztp_sqlite_open(sqlite3 **db, const struct ztp_sqlite_file *file,
		    struct ztp_error *error);
/* Opens one that ztp_sqlite_open has refused so, to read what can be read of it; it
 * stays as it was found. *db is NULL after an error. */
int ztp_sqlite_look(sqlite3 **db, const struct ztp_sqlite_file *file,
		    int64_t *version, struct ztp_error *error);
/* Opens another connection, for another thread, to a database that
 * ztp_sqlite_open has opened. *db is NULL after an error. */
int ztp_sqlite_connect(sqlite3 **db, const struct ztp_sqlite_file *file,
		       struct ztp_error *error);
/* The caller has found the database to be good: from now on closing the
 * connection writes the log back. */
void ztp_sqlite_accept(sqlite3 *db);

/* Removes a database that nobody has open, with its log. It is no error if there
 * is none. */
int ztp_sqlite_remove(const char *path, struct ztp_error *error);

/* The size of the file and its log in bytes. */
int64_t ztp_sqlite_bytes(const struct ztp_sqlite_file *file);

/* Converts SQLite's result rc: ZTP_ERR_FULL, ZTP_ERR_NOMEM, else ZTP_ERR_IO.
 * The error is fatal when the file is damaged, otherwise retriable. */
int ztp_sqlite_fail(sqlite3 *db, const struct ztp_sqlite_file *file, int rc,
		    struct ztp_error *error);
int ztp_sqlite_exec(sqlite3 *db, const struct ztp_sqlite_file *file,
		    const char *sql, struct ztp_error *error);
/* Reads the first column of the query's only row. A read error means that the
 * file is damaged: for use before the file is known to be good. */
int ztp_sqlite_number(sqlite3 *db, const struct ztp_sqlite_file *file,
		      const char *sql, int64_t *value, struct ztp_error *error);

#endif
