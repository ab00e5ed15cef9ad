/*
 * The SQLite store: from a path to an open store, or a reason why not.
 *
 * What is refused stays as it was found, its mode and its log included, so
 * that somebody can still look at it. A store of an older version is brought
 * to ours in one transaction per version; a process that dies in between
 * leaves a version that is whole.
 *
 * A process that is killed cannot damage the file (a log with checksums is in
 * front of it), so what the check at start looks for is what disks and people
 * do. A small store is checked whole. In a large one, which would take longer
 * than a restart may, only what all rests on is, and a sample of the rows;
 * what is damaged elsewhere is found when it is read, which ends the process.
 * The whole check: sqlite3 FILE 'PRAGMA integrity_check', at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/store_internal.h"

#define PRAGMAS                                                                \
	"PRAGMA cache_size=-16384; "                                           \
	"PRAGMA journal_size_limit=33554432; PRAGMA temp_store=MEMORY; "
#define CHECK_WHOLE_MAX (64 << 20) /* bytes: some tenths of a second */

#define APPLICATION_ID 0x5a545042 /* "ZTPB" */
#define SCHEMA_VERSION 4

static const char *const store_sql[SQL_COUNT] = {
#define X(name, sql) sql,
	STORE_SQL(X)
#undef X
};

/* migrations[v] brings version v to v + 1. */
static const char *const migrations[SCHEMA_VERSION] = {
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE counter(what INTEGER PRIMARY KEY, count INTEGER);"
	"CREATE TABLE position(topic TEXT, part INTEGER, next INTEGER,"
	" PRIMARY KEY(topic, part)) WITHOUT ROWID;"
	"CREATE TABLE request(n INTEGER PRIMARY KEY, id TEXT NOT NULL,"
	" path TEXT NOT NULL, path_hash INTEGER NOT NULL,"
	" fingerprint BLOB NOT NULL, channel TEXT,"
	" traceparent TEXT, state INTEGER NOT NULL, attempt INTEGER NOT NULL,"
	" received_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
	" announced_at INTEGER, due_at INTEGER, retry_at INTEGER,"
	" todo INTEGER, tries INTEGER NOT NULL, finished_at INTEGER,"
	" delivered_at INTEGER);"
	"CREATE UNIQUE INDEX request_id ON request(id);"
	"CREATE INDEX request_path ON request(path_hash);"
	"CREATE INDEX request_channel ON request(channel)"
	" WHERE channel IS NOT NULL;"
	"CREATE INDEX request_undecided_due ON request(due_at)"
	" WHERE state IN (1,2);"
	"CREATE INDEX request_due ON request(due_at)"
	" WHERE state NOT IN (1,2) AND due_at IS NOT NULL;"
	"CREATE INDEX request_retry ON request((tries>0), retry_at)"
	" WHERE retry_at IS NOT NULL;"
	"CREATE INDEX request_waiting ON request(n)"
	" WHERE todo=2 AND retry_at IS NULL;"
	"CREATE INDEX request_undecided ON request(n) WHERE state IN (1,2);"
	"CREATE INDEX request_finished ON request(finished_at)"
	" WHERE finished_at IS NOT NULL;"
	"CREATE TABLE decision(n INTEGER PRIMARY KEY, by_customer INTEGER,"
	" verdict INTEGER, digest BLOB, topic TEXT, part INTEGER,"
	" offset INTEGER, reason TEXT, message TEXT, kind INTEGER,"
	" payload BLOB, content_type TEXT, metadata TEXT);"
	"CREATE TABLE outbox(seq INTEGER PRIMARY KEY, topic INTEGER NOT NULL,"
	" request INTEGER, key BLOB, value BLOB, headers BLOB);",
	/* A column of its own for what the indexes ask: the state changes
	 * while a request is undecided, and no index has to hear of it. */
	"ALTER TABLE request ADD COLUMN undecided INTEGER;"
	"UPDATE request SET undecided=1 WHERE state IN (1,2);"
	"DROP INDEX request_undecided_due;"
	"DROP INDEX request_due;"
	"DROP INDEX request_undecided;"
	"CREATE INDEX request_undecided_due ON request(due_at)"
	" WHERE undecided=1;"
	"CREATE INDEX request_due ON request(due_at)"
	" WHERE undecided IS NULL AND due_at IS NOT NULL;"
	"CREATE INDEX request_undecided ON request(n) WHERE undecided=1;"
	/* What each commit writes, in one row (store_facts.c). */
	"INSERT INTO meta(name,value) SELECT 'facts',"
	" (SELECT ifnull(group_concat(name||'='||value,';'),'') FROM meta"
	"  WHERE name IN ('newest','mark','moved'))||';'||"
	" (SELECT ifnull(group_concat(what||'='||count,';'),'') FROM counter);"
	"DELETE FROM meta WHERE name IN ('newest','mark','moved');"
	"DROP TABLE counter;",
	/* An index that is written when it is worth it (store_paths.c). */
	"DROP INDEX request_path;"
	"CREATE TABLE path_index(hash INTEGER, n INTEGER,"
	" PRIMARY KEY(hash, n)) WITHOUT ROWID;"
	"CREATE TABLE path_bucket(b INTEGER PRIMARY KEY, n INTEGER);"
	"INSERT INTO path_index SELECT path_hash,n FROM request"
	" ORDER BY path_hash,n;"
	"UPDATE meta SET value=value||';indexed='||"
	"(SELECT ifnull(max(n),0) FROM request) WHERE name='facts';",
	/* What waits for its device has a state of its own (ztp/obligation.h),
	 * and is not told by the want of a time. */
	"UPDATE request SET todo=5 WHERE todo=2 AND retry_at IS NULL;"
	"UPDATE request SET todo=7 WHERE todo=4 AND retry_at IS NULL"
	" AND undecided IS NULL AND due_at IS NOT NULL;"
	"DROP INDEX request_waiting;"
	"CREATE INDEX request_waiting ON request(n) WHERE todo=5;",
};

/* --- opening */

static int exec(struct store *store, const char *sql, struct ztp_error *error)
{
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_fail(store, rc, error);
}

static int pragma_int(struct store *store, const char *sql, int64_t *value)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

static int lock_store(struct store *store, struct ztp_error *error)
{
	size_t size = strlen(store->path) + sizeof(".lock");
	char *name = malloc(size);
	int rc = 0;

	if (!name)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	snprintf(name, size, "%s.lock", store->path);
	store->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0)
		rc = ztp_fail(error, ZTP_ERR_IO, "store: cannot open %s: %s",
			      name, strerror(errno));
	else if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
		rc = ztp_fail(error, ZTP_ERR_IO,
			      "store %s is in use by another process",
			      store->path);
	free(name);
	return rc;
}

/* SQLite makes files with the umask; ours hold payloads. The mode of one that
 * is there is not touched before it is known to be ours. */
static int create_private(struct store *store, struct ztp_error *error)
{
	int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return ztp_fail(error,
				errno == ENOSPC ? ZTP_ERR_FULL : ZTP_ERR_IO,
				"store: cannot open %s: %s", store->path,
				strerror(errno));
	close(fd);
	return 0;
}

static int keep_private(struct store *store, struct ztp_error *error)
{
	if (chmod(store->path, 0600) != 0)
		return ztp_fail(error, ZTP_ERR_IO, "store: cannot chmod %s: %s",
				store->path, strerror(errno));
	return 0;
}

/* --- what is refused */

static const char how_to_heal[] =
	"; move it away and restore a backup (nothing was changed)";

static int damaged(struct store *store, const char *what,
		   struct ztp_error *error)
{
	ztp_fail(error, ZTP_ERR_IO, "store %s is damaged: %s%s", store->path,
		 what, how_to_heal);
	if (error)
		error->fatal = true;
	return ZTP_ERR_IO;
}

/* The error of a read while the file is looked at for the first time. */
static int unreadable(struct store *store, struct ztp_error *error)
{
	int rc = sqlite3_errcode(store->db) & 0xff;

	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
		return damaged(store, sqlite3_errmsg(store->db), error);
	return store_fail(store, rc, error);
}

/* A query whose one row says "ok". */
static int expect_ok(struct store *store, const char *sql,
		     struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	const char *text = NULL;
	int result = 0;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(stmt, 0);
	if (rc != SQLITE_ROW)
		result = unreadable(store, error);
	else if (!text || strcmp(text, "ok") != 0)
		result = damaged(store, text ? text : "no memory", error);
	sqlite3_finalize(stmt);
	return result;
}

/* 256 rows from one end to the other, each found again by its id. */
#define SAMPLE                                                                 \
	"WITH RECURSIVE step(i) AS (SELECT 0 UNION ALL"                        \
	" SELECT i+1 FROM step WHERE i<255), pick(n) AS (SELECT"               \
	" (SELECT min(n) FROM request WHERE n>="                               \
	"  (SELECT max(n) FROM request)*i/255) FROM step)"                     \
	"SELECT CASE WHEN count(a.n)=count(b.n) THEN 'ok'"                     \
	" ELSE 'a request is not found by its id' END"                         \
	" FROM pick JOIN request a ON a.n=pick.n"                              \
	" LEFT JOIN request b ON b.id=a.id AND b.n=a.n"

static int check_integrity(struct store *store, struct ztp_error *error)
{
	static const char *const checks[] = {"PRAGMA quick_check(meta)",
					     "PRAGMA quick_check(position)",
					     SAMPLE};
	size_t i;
	int rc = 0;

	if (store_bytes(store) <= CHECK_WHOLE_MAX)
		return expect_ok(store, "PRAGMA quick_check(1)", error);
	for (i = 0; i < sizeof(checks) / sizeof(*checks) && rc == 0; i++)
		rc = expect_ok(store, checks[i], error);
	return rc;
}

/* --- versions */

static int migrate_once(struct store *store, const char *sql, int version,
			struct ztp_error *error)
{
	char mark[96];
	int rc;

	snprintf(mark, sizeof(mark),
		 "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 APPLICATION_ID, version);
	rc = exec(store, "BEGIN IMMEDIATE", error);
	if (rc != 0)
		return rc;
	rc = exec(store, sql, error);
	if (rc == 0)
		rc = exec(store, mark, error);
	if (rc == 0)
		rc = exec(store, "COMMIT", error);
	/* Some errors have rolled back already. */
	if (rc != 0 && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int store_migrate(struct store *store, const char *const *steps, int newest,
		  struct ztp_error *error)
{
	int64_t id = 0, version = 0, tables = 0;
	int rc = 0;

	if (pragma_int(store, "PRAGMA application_id", &id) != 0 ||
	    pragma_int(store, "PRAGMA user_version", &version) != 0 ||
	    pragma_int(store, "SELECT count(*) FROM sqlite_schema", &tables) !=
		    0)
		return unreadable(store, error);
	if ((tables > 0 || id != 0) && id != APPLICATION_ID)
		return ztp_fail(error, ZTP_ERR_IO,
				"store %s is another program's database",
				store->path);
	if (version < 0 || version > newest)
		return ztp_fail(error, ZTP_ERR_IO,
				"store %s has schema version %lld, this is "
				"ztp-bridge for %d: use a newer one",
				store->path, (long long)version, newest);
	if (version > 0)
		rc = check_integrity(store, error);
	for (; version < newest && rc == 0; version++)
		rc = migrate_once(store, steps[version], (int)version + 1,
				  error);
	return rc;
}

/* --- what is kept in memory */

/* The highest numbers in use; each topic's are a range. A row's number that the
 * index of paths has been written up to does not come again, though the row is
 * gone: a new row by that number would not be read at the next start. */
static int load_sequences(struct store *store, struct ztp_error *error)
{
	struct store_facts *facts = &store->facts;
	char sql[128];
	int topic;

	if (pragma_int(store,
		       "SELECT max(ifnull((SELECT max(n) FROM request),0),"
		       " ifnull((SELECT max(n) FROM path_bucket),0))",
		       &facts->request_n) != 0)
		return unreadable(store, error);
	if (facts->request_n < facts->indexed)
		facts->request_n = facts->indexed;
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		int64_t *seq = &facts->outbox_seq[topic];

		snprintf(sql, sizeof(sql),
			 "SELECT ifnull(max(seq),0) FROM outbox "
			 "WHERE seq<%lld",
			 (long long)OUTBOX_SEQ(topic + 1));
		if (pragma_int(store, sql, seq) != 0)
			return unreadable(store, error);
		/* The newest of a topic below: this one is empty. */
		if (*seq < OUTBOX_SEQ(topic))
			*seq = OUTBOX_SEQ(topic);
	}
	return 0;
}

static int load_facts(struct store *store, struct ztp_error *error)
{
	int rc = store_facts_read(store, error);

	if (rc == 0)
		rc = load_sequences(store, error);
	if (rc == 0)
		rc = store_paths_open(store, error);
	if (rc == 0)
		store->committed = store->facts;
	return rc;
}

static int prepare_all(struct store *store, struct ztp_error *error)
{
	int i;

	for (i = 0; i < SQL_COUNT; i++) {
		int rc = sqlite3_prepare_v3(store->db, store_sql[i], -1,
					    SQLITE_PREPARE_PERSISTENT,
					    &store->stmt[i], NULL);

		if (rc != SQLITE_OK)
			return store_fail(store, rc, error);
	}
	return 0;
}

/* The page cache holds what a working set of indexes needs; the log is long
 * enough that a page which changes often is written back once for many
 * changes, and shrinks again after a burst. */
static int configure(struct store *store, bool sync_full,
		     struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	const char *mode = NULL;
	int rc = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode=WAL", -1,
				    &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		mode = (const char *)sqlite3_column_text(stmt, 0);
	if (rc != SQLITE_ROW)
		rc = store_fail(store, rc, error);
	else if (!mode || strcmp(mode, "wal") != 0)
		rc = ztp_fail(error, ZTP_ERR_IO,
			      "store %s: this file system cannot share memory",
			      store->path);
	else
		rc = 0;
	sqlite3_finalize(stmt);
	if (rc != 0)
		return rc;
	return exec(store,
		    sync_full ? PRAGMAS "PRAGMA synchronous=FULL"
			      : PRAGMAS "PRAGMA synchronous=NORMAL",
		    error);
}

static int open_database(struct store *store, bool sync_full,
			 struct ztp_error *error)
{
	int rc;

	/* Nobody asks for the statistics of SQLite's memory, and each of its
	 * allocations would take a lock to keep them. Refused when SQLite is
	 * in use already, which does no harm. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	rc = sqlite3_open_v2(store->path, &store->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		return ztp_fail(error, ZTP_ERR_IO, "store %s: %s", store->path,
				store->db ? sqlite3_errmsg(store->db)
					  : "out of memory");
	/* What is refused keeps its log as it is. */
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_busy_timeout(store->db, 5000); /* an online backup's lock */
	rc = store_migrate(store, migrations, SCHEMA_VERSION, error);
	if (rc == 0)
		rc = keep_private(store, error);
	if (rc == 0)
		rc = configure(store, sync_full, error);
	if (rc == 0)
		rc = prepare_all(store, error);
	if (rc == 0)
		rc = load_facts(store, error);
	if (rc == 0)
		rc = store_writeback_open(store, error);
	if (rc == 0)
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
				  0, NULL);
	return rc;
}

int store_open(struct store **out, const char *path, bool sync_full,
	       struct ztp_error *error)
{
	struct store *store = calloc(1, sizeof(*store));
	int rc;

	if (!store)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	store->lock_fd = -1;
	store->path = strdup(path);
	if (!store->path) {
		store_close(store);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	rc = lock_store(store, error);
	if (rc == 0)
		rc = create_private(store, error);
	if (rc == 0)
		rc = open_database(store, sync_full, error);
	if (rc != 0) {
		store_close(store);
		return rc;
	}
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	int i;

	if (!store)
		return;
	store_rollback(store);
	store_writeback_close(store->writeback);
	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(store->stmt[i]);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	store_paths_free(store->paths);
	free(store->spare);
	free(store->path);
	free(store);
}
