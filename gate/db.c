/*
 * Durability: WAL. While commits wait (at start, and for a while after a failure),
 * synchronous=FULL. Behind (gate/behind.h), synchronous=NORMAL:
 * SQLite syncs what keeps the database sound, and the thread syncs the log
 * after each commit. An exclusive lock keeps a second broker away from the file
 * and saves the shared-memory file. Integrity: the file is checked at start
 * (base/sqlite.h). If a page goes bad later, statements fail, and the gate
 * refuses devices.
 */
#include "gate/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sqlite.h"
#include "gate/behind.h"
#include "gate/db_schema.h"
#include "gate/rest.h"

#define APPLICATION_ID 0x5a545047 /* "ZTPG" */
#define STATEMENTS_MAX 96
#define BEHIND_MAX     (32 << 20) /* bytes that a slow disk may be behind */
/* Rows in one transaction. It is kept in memory until it ends. */
#define TOGETHER_MAX 2000
/* As many as let the thread gather for 12 ms; from this on it is a crowd. */
#define CALM_ROWS 12

struct ztp_db {
	sqlite3 *handle; /* NULL: closed after a failure */
	struct ztp_sqlite_file file;
	char *path;
	struct ztp_behind *behind;
	bool started; /* commits need not wait */
	bool open_transaction;
	int changes_before; /* of the open transaction, as SQLite counts */
	int64_t unhurried;  /* of its rows; see ztp_db_unhurried */
	enum { NO_MARK, MARK_WANTED, MARK_SET } mark;
	uint64_t commits, durable;
	int failed;    /* errno of the thread */
	bool doubtful; /* the last write has failed */
	struct ztp_rest rest;
	struct ztp_trust trust;
	size_t count;
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} statements[STATEMENTS_MAX];
};

static const char sql_mark[] = "SAVEPOINT mark";
static const char sql_keep[] = "RELEASE mark";
static const char sql_undo[] = "ROLLBACK TO mark";

static int fail(struct ztp_db *db, int rc, struct ztp_error *error)
{
	return ztp_sqlite_fail(db->handle, &db->file, rc, error);
}

static int execute(struct ztp_db *db, const char *sql, struct ztp_error *error)
{
	return ztp_sqlite_exec(db->handle, &db->file, sql, error);
}

/* A rollback that had no memory leaves its transaction open. Nothing may be read
 * or written before it is gone. */
static int unwind(struct ztp_db *db, struct ztp_error *error)
{
	if (db->open_transaction || sqlite3_get_autocommit(db->handle))
		return 0;
	return execute(db, ZTP_SQL_ROLLBACK, error);
}

static int fail_disk(const struct ztp_db *db, int err, struct ztp_error *error)
{
	ztp_fail(error, err == ENOSPC ? ZTP_ERR_FULL : ZTP_ERR_IO,
		 "registry database %s: %s", db->path, strerror(err));
	if (error)
		error->retriable = true;
	return err == ENOSPC ? ZTP_ERR_FULL : ZTP_ERR_IO;
}

static int open_handle(struct ztp_db *db, struct ztp_error *error)
{
	int rc = ztp_sqlite_open(&db->handle, &db->file, error);

	if (rc == 0)
		ztp_sqlite_accept(db->handle);
	return rc;
}

int ztp_db_open(struct ztp_db **out, const char *path, struct ztp_error *error)
{
	struct ztp_db *db = calloc(1, sizeof(*db));
	int rc;

	*out = NULL;
	if (!db)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	db->path = strdup(path);
	db->behind = ztp_behind_new();
	db->file = (struct ztp_sqlite_file){
		.path = db->path,
		.what = "registry database",
		.program = "mosquitto_ztp_gate",
		.application_id = APPLICATION_ID,
		.steps = ztp_db_schema,
		.version = ZTP_DB_SCHEMA_VERSION,
		.pragmas = "PRAGMA synchronous=FULL;"
			   "PRAGMA foreign_keys=OFF;"
			   "PRAGMA temp_store=MEMORY;"
			   "PRAGMA cache_size=-16384",
		.exclusive = true,
	};
	if (db->path && db->behind) {
		db->file.vfs = ztp_behind_vfs(db->behind);
		rc = open_handle(db, error);
	} else {
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	if (rc != 0) {
		ztp_db_close(db);
		return rc;
	}
	db->file.exists = db->file.checked = true;
	*out = db;
	return 0;
}

static void close_handle(struct ztp_db *db)
{
	for (size_t i = 0; i < db->count; i++)
		sqlite3_finalize(db->statements[i].stmt);
	db->count = 0;
	sqlite3_close(db->handle);
	db->handle = NULL;
}

void ztp_db_close(struct ztp_db *db)
{
	if (!db)
		return;
	ztp_db_rollback(db);
	(void)ztp_db_stop(db, NULL);
	close_handle(db);
	ztp_behind_free(db->behind);
	free(db->path);
	free(db);
}

sqlite3_stmt *ztp_db_use(struct ztp_db *db, const char *sql,
			 struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	if (!db->handle) {
		(void)fail_disk(db, db->failed, error);
		return NULL;
	}
	if (unwind(db, error) != 0)
		return NULL;
	for (size_t i = 0; i < db->count; i++) {
		if (db->statements[i].sql != sql)
			continue;
		stmt = db->statements[i].stmt;
		(void)sqlite3_reset(stmt); /* its error has been reported */
		(void)sqlite3_clear_bindings(stmt);
		return stmt;
	}
	if (db->count == STATEMENTS_MAX) {
		(void)ztp_fail(error, ZTP_ERR_INTERNAL, "too many statements");
		return NULL;
	}
	rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
				&stmt, NULL);
	if (rc != SQLITE_OK) {
		(void)fail(db, rc, error);
		return NULL;
	}
	db->statements[db->count].sql = sql;
	db->statements[db->count++].stmt = stmt;
	return stmt;
}

static int run(struct ztp_db *db, sqlite3_stmt *stmt, struct ztp_error *error)
{
	int rc = sqlite3_step(stmt);

	rc = rc == SQLITE_DONE ? 0 : fail(db, rc, error);
	(void)sqlite3_reset(stmt);
	return rc;
}

static int run_text(struct ztp_db *db, const char *sql, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql, error);

	return stmt ? run(db, stmt, error) : ZTP_ERR_IO;
}

/* Without memory, or when it cannot read, SQLite rolls back by itself, also
 * because of a SELECT. What is written then would be in no transaction. */
static bool is_lost(const struct ztp_db *db)
{
	return db->open_transaction && sqlite3_get_autocommit(db->handle);
}

static int begin(struct ztp_db *db, struct ztp_error *error)
{
	int rc = 0;

	if (is_lost(db))
		return ztp_fail(error, ZTP_ERR_IO,
				"registry database %s: what was written before "
				"is lost",
				db->path);
	if (db->open_transaction)
		return 0;
	if (!db->handle)
		return fail_disk(db, db->failed, error);
	rc = ztp_rest_check(&db->rest, db->path, error);
	if (rc == 0 && ztp_behind_is(db->behind) &&
	    ztp_behind_bytes(db->behind) > BEHIND_MAX)
		rc = ztp_fail(error, ZTP_ERR_IO,
			      "registry database %s: the disk is too slow",
			      db->path);
	if (rc == 0)
		rc = unwind(db, error);
	if (rc == 0)
		rc = execute(db, ZTP_SQL_BEGIN, error);
	db->open_transaction = rc == 0;
	db->changes_before = sqlite3_total_changes(db->handle);
	db->unhurried = 0;
	return rc;
}

static int set_mark(struct ztp_db *db, struct ztp_error *error)
{
	int rc = run_text(db, sql_mark, error);

	if (rc == 0)
		db->mark = MARK_SET;
	return rc;
}

int ztp_db_run(struct ztp_db *db, sqlite3_stmt *stmt, struct ztp_error *error)
{
	int rc = begin(db, error);

	if (rc == 0 && db->mark == MARK_WANTED)
		rc = set_mark(db, error);
	return rc == 0 ? run(db, stmt, error) : rc;
}

int ztp_db_step(struct ztp_db *db, sqlite3_stmt *stmt, struct ztp_error *error)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 1;
	rc = rc == SQLITE_DONE ? 0 : fail(db, rc, error);
	(void)sqlite3_reset(stmt);
	return rc;
}

int ztp_db_changes(const struct ztp_db *db)
{
	return sqlite3_changes(db->handle);
}

void ztp_db_mark(struct ztp_db *db)
{
	db->mark = MARK_WANTED;
}

int ztp_db_keep(struct ztp_db *db, struct ztp_error *error)
{
	int rc = 0;

	if (db->mark == MARK_SET)
		rc = run_text(db, sql_keep, error);
	if (rc == 0)
		db->mark = NO_MARK;
	return rc;
}

int ztp_db_undo(struct ztp_db *db)
{
	bool set = db->mark == MARK_SET;

	db->mark = NO_MARK;
	if (is_lost(db))
		return ZTP_ERR_IO;
	if (!set)
		return 0;
	return run_text(db, sql_undo, NULL) == 0 &&
			       run_text(db, sql_keep, NULL) == 0
		       ? 1
		       : ZTP_ERR_IO;
}

/* Fails without harm: then commits go on waiting for the disk. */
static int go_behind(struct ztp_db *db, struct ztp_error *error)
{
	int rc = execute(db, "PRAGMA synchronous=NORMAL", error);

	if (rc != 0)
		return rc;
	if (ztp_behind_begin(db->behind) != 0) {
		rc = fail_disk(db, errno, error);
		(void)execute(db, "PRAGMA synchronous=FULL", NULL);
	}
	return rc;
}

int ztp_db_start(struct ztp_db *db, struct ztp_error *error)
{
	int rc = go_behind(db, error);

	db->started = rc == 0;
	return rc;
}

int ztp_db_stop(struct ztp_db *db, struct ztp_error *error)
{
	db->started = false;
	if (ztp_behind_end(db->behind) == 0)
		return 0;
	return fail_disk(db, errno, error);
}

static int64_t changes(const struct ztp_db *db)
{
	/* The count of SQLite 3.36 and before is an int, and wraps. */
	return (int)((unsigned)sqlite3_total_changes(db->handle) -
		     (unsigned)db->changes_before);
}

void ztp_db_unhurried(struct ztp_db *db, int64_t rows)
{
	db->unhurried += rows;
}

static int64_t needed(const struct ztp_db *db)
{
	int64_t calm = db->unhurried < CALM_ROWS ? db->unhurried : CALM_ROWS;

	return changes(db) - db->unhurried + calm;
}

bool ztp_db_due(struct ztp_db *db)
{
	bool open = db->open_transaction;
	bool ready = !ztp_behind_is(db->behind) ||
		     ztp_behind_ready(db->behind, open);

	return open && (ready || changes(db) >= TOGETHER_MAX);
}

/* rows: as many of them are waited for by somebody. */
static int commit(struct ztp_db *db, int64_t rows, struct ztp_error *error)
{
	int64_t start = ztp_clock_boot();
	int rc = ztp_behind_check(db->behind, error);

	if (rc == 0) {
		rc = execute(db, ZTP_SQL_COMMIT, error);
		if (rc != 0)
			ztp_rest_begin(&db->rest, db->handle,
				       ztp_clock_boot() - start);
	}
	if (rc != 0)
		ztp_db_rollback(db);
	db->open_transaction = false;
	db->mark = NO_MARK;
	db->doubtful = rc != 0;
	if (rc != 0)
		return rc;
	db->rest = (struct ztp_rest){0};
	db->commits++;
	if (ztp_behind_is(db->behind)) {
		ztp_behind_commit(db->behind, db->commits, rows);
		return 0;
	}
	db->durable = db->commits;
	if (db->started && ztp_trust_has(&db->trust))
		(void)go_behind(db, NULL); /* the disk is well again */
	return 0;
}

int ztp_db_commit(struct ztp_db *db, struct ztp_error *error)
{
	return db->open_transaction ? commit(db, needed(db), error) : 0;
}

uint64_t ztp_db_group(const struct ztp_db *db)
{
	return db->commits + db->open_transaction;
}

uint64_t ztp_db_durable(struct ztp_db *db)
{
	uint64_t durable = 0;

	if (ztp_behind_is(db->behind) && !db->failed)
		durable = ztp_behind_durable(db->behind, &db->failed);
	if (durable > db->durable) /* else from before the thread began */
		db->durable = durable;
	return db->durable;
}

bool ztp_db_failed(struct ztp_db *db, struct ztp_error *error)
{
	if (db->failed)
		(void)fail_disk(db, db->failed, error);
	return db->failed != 0;
}

bool ztp_db_is_doubtful(const struct ztp_db *db)
{
	return db->doubtful;
}

int ztp_db_recover(struct ztp_db *db, struct ztp_error *error)
{
	int64_t start = ztp_clock_boot();
	int rc = ztp_behind_check(db->behind, error);

	ztp_db_rollback(db);
	if (rc != 0)
		return rc;
	(void)ztp_behind_end(db->behind);
	if (ztp_behind_is(db->behind))
		return fail_disk(db, errno, error);
	if (db->handle) {
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
				  1, NULL);
		close_handle(db);
	}
	rc = open_handle(db, error);
	if (rc != 0)
		return rc;
	db->failed = 0;
	db->doubtful = true;
	db->durable = db->commits;
	ztp_trust_lose(&db->trust, ztp_clock_boot() - start);
	return 0;
}

void ztp_db_wake(struct ztp_db *db)
{
	if (ztp_behind_is(db->behind))
		ztp_behind_wake(db->behind);
}

void ztp_db_wait(struct ztp_db *db)
{
	if (ztp_behind_is(db->behind))
		ztp_behind_wait(db->behind);
}

void ztp_db_rollback(struct ztp_db *db)
{
	if (!db->open_transaction)
		return;
	/* Fails if SQLite has already rolled back by itself, or has no memory:
	 * see unwind. */
	(void)sqlite3_exec(db->handle, ZTP_SQL_ROLLBACK, NULL, NULL, NULL);
	db->open_transaction = false;
	db->mark = NO_MARK;
}

bool ztp_db_dirty(const struct ztp_db *db)
{
	return db->open_transaction;
}

int ztp_db_apart(struct ztp_db *db,
		 int (*write)(struct ztp_db *db, void *arg,
			      struct ztp_error *error),
		 void *arg, struct ztp_error *error)
{
	int rc = begin(db, error);

	if (rc == 0)
		rc = write(db, arg, error);
	if (rc == 0 && db->open_transaction)
		rc = commit(db, 0, error);
	ztp_db_rollback(db);
	return rc;
}
