/*
 * The SQLite store: opens a store or says why it cannot. base/sqlite.h decides
 * what is refused, and how; this file defines what a store is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "bridge/store/store_internal.h"

/* What is deleted or overwritten is gone from the file (store_payload.c). The
 * page cache holds the working set of the indexes. The WAL may grow long
 * enough that a frequently changed page is written back once for many changes;
 * after a burst it is truncated again. */
#define PRAGMAS                                                                \
	"PRAGMA secure_delete=ON; PRAGMA cache_size=-16384; " STORE_WAL_LIMIT  \
	"; PRAGMA temp_store=MEMORY; "

static const char *const store_sql[SQL_COUNT] = {
#define X(name, sql) sql,
	STORE_SQL(X)
#undef X
};

/* migrations[v] brings version v to v + 1. */
static const char *const migrations[STORE_SCHEMA_VERSION] = {
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
	/* The indexes get a column of their own. The state changes while a
	 * request stays undecided, and with this column no index has to be
	 * updated then. */
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
	/* One row holds what each commit writes (store_counters.c). */
	"INSERT INTO meta(name,value) SELECT 'facts',"
	" (SELECT ifnull(group_concat(name||'='||value,';'),'') FROM meta"
	"  WHERE name IN ('newest','mark','moved'))||';'||"
	" (SELECT ifnull(group_concat(what||'='||count,';'),'') FROM counter);"
	"DELETE FROM meta WHERE name IN ('newest','mark','moved');"
	"DROP TABLE counter;",
	/* Versions 3 and 4 kept tables of their own instead of request_path. */
	"",
	/* A command that waits for its device has a state of its own
	 * (ztp/obligation.h), instead of being recognised by its
	 * missing retry_at. */
	"UPDATE request SET todo=5 WHERE todo=2 AND retry_at IS NULL;"
	"UPDATE request SET todo=7 WHERE todo=4 AND retry_at IS NULL"
	" AND undecided IS NULL AND due_at IS NOT NULL;"
	"DROP INDEX request_waiting;"
	"CREATE INDEX request_waiting ON request(n) WHERE todo=5;",
	"DROP TABLE IF EXISTS path_index;"
	"DROP TABLE IF EXISTS path_bucket;"
	"CREATE INDEX IF NOT EXISTS request_path ON request(path_hash);",
	/* Decisions get row numbers in the order in which they arrive
	 * (store_decision.c), the device's contacts a place (ztp/contact.h), and
	 * rejections lose their payloads. */
	"ALTER TABLE request ADD COLUMN decision INTEGER;"
	"ALTER TABLE request ADD COLUMN heard INTEGER;"
	"ALTER TABLE request ADD COLUMN connection INTEGER;"
	"ALTER TABLE request ADD COLUMN resends INTEGER;"
	"ALTER TABLE request ADD COLUMN resent_at INTEGER;"
	"UPDATE decision SET kind=0,payload=NULL,content_type=NULL"
	" WHERE verdict=0 AND kind<>0;",
	/* Losses were in the high bits of `tries`, and a suspect's retry_at was
	 * lowered by 2^60. */
	"ALTER TABLE request ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;"
	"DROP INDEX request_retry;"
	"UPDATE request SET losses=tries>>24, tries=tries&16777215,"
	" retry_at=CASE WHEN retry_at<0 THEN retry_at+(1<<60) ELSE retry_at END"
	" WHERE tries>16777215;"
	"CREATE INDEX request_retry ON request((" STORE_QUEUE "), retry_at)"
	" WHERE retry_at IS NOT NULL;"
	/* The last record read of a partition (STORE_LANDMARK_UNKNOWN: before
	 * this version nobody looked). */
	"ALTER TABLE position ADD COLUMN landmark INTEGER NOT NULL DEFAULT -2;"
	"ALTER TABLE position ADD COLUMN written_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE position ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;",
};

/* Checks that each of 256 rows, spread evenly over the table, is found again
 * by its id. */
#define SAMPLE                                                                 \
	"WITH RECURSIVE step(i) AS (SELECT 0 UNION ALL"                        \
	" SELECT i+1 FROM step WHERE i<255), pick(n) AS (SELECT"               \
	" (SELECT min(n) FROM request WHERE n>="                               \
	"  (SELECT max(n) FROM request)*i/255) FROM step)"                     \
	"SELECT CASE WHEN count(a.n)=count(b.n) THEN 'ok'"                     \
	" ELSE 'a request is not found by its id' END"                         \
	" FROM pick JOIN request a ON a.n=pick.n"                              \
	" LEFT JOIN request b ON b.id=a.id AND b.n=a.n"

static const char *const samples[] = {"PRAGMA quick_check(meta)",
				      "PRAGMA quick_check(position)", SAMPLE,
				      NULL};

/* --- opening */

int store_lock(const char *path, int *fd, struct ztp_error *error)
{
	size_t size = strlen(path) + sizeof(".lock");
	char *name = malloc(size);
	int rc = 0;

	if (!name)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	snprintf(name, size, "%s.lock", path);
	if (ztp_file_is_other(name)) {
		rc = ztp_fail(error, ZTP_ERR_IO,
			      "store: %s is not a regular file", name);
		goto out;
	}
	*fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		rc = ztp_fail(error, ZTP_ERR_IO, "store: cannot open %s: %s",
			      name, strerror(errno));
	else if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
		rc = ztp_fail(error, ZTP_ERR_IO,
			      "store %s is in use by another process", path);
out:
	free(name);
	return rc;
}

/* --- what is kept in memory */

/* Loads the highest numbers in use; each topic's are a range. */
static int load_sequences(struct store *store, struct ztp_error *error)
{
	struct store_counters *facts = &store->facts;
	char sql[128];
	int topic;
	int rc = ztp_sqlite_number(store->db, &store->file,
				   "SELECT ifnull(max(n),0) FROM request",
				   &facts->request_n, error);

	if (rc == 0)
		rc = ztp_sqlite_number(store->db, &store->file,
				       "SELECT ifnull(max(n),0) FROM decision",
				       &facts->decision_n, error);
	if (rc != 0)
		return rc;
	if (facts->decision_n < DECISION_FIRST)
		facts->decision_n = DECISION_FIRST;
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		int64_t *seq = &facts->outbox_seq[topic];

		snprintf(sql, sizeof(sql),
			 "SELECT ifnull(max(seq),0) FROM outbox "
			 "WHERE seq<%lld",
			 (long long)OUTBOX_SEQ(topic + 1));
		rc = ztp_sqlite_number(store->db, &store->file, sql, seq,
				       error);
		if (rc != 0)
			return rc;
		/* The maximum belongs to a lower topic: this topic is empty. */
		if (*seq < OUTBOX_SEQ(topic))
			*seq = OUTBOX_SEQ(topic);
	}
	return 0;
}

static int waiting_number(struct store *store, const char *what, int topic,
			  int64_t *number, struct ztp_error *error)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "SELECT %s FROM outbox WHERE seq>=%lld AND seq<%lld", what,
		 (long long)OUTBOX_SEQ(topic),
		 (long long)OUTBOX_SEQ(topic + 1));
	return ztp_sqlite_number(store->db, &store->file, sql, number, error);
}

/* Counted anew: a release that does not know of it may have been here. */
static int load_waiting(struct store *store, struct ztp_error *error)
{
	struct store_counters *facts = &store->facts;
	int topic, rc = 0;

	for (topic = 1; topic < STORE_TOPIC_END && rc == 0; topic++)
		rc = waiting_number(store, "count(*)", topic,
				    &facts->waiting[topic], error);
	if (rc == 0)
		rc = waiting_number(store, "ifnull(sum(" STORE_OUT_BYTES "),0)",
				    STORE_DLQ, &facts->letter_bytes, error);
	return rc;
}

static int load_facts(struct store *store, struct ztp_error *error)
{
	int rc = store_counters_read(store, error);

	if (rc == 0)
		rc = load_sequences(store, error);
	if (rc == 0)
		rc = load_waiting(store, error);
	store->facts.erasures = 1; /* an earlier process's may be in the WAL */
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

static void describe(struct store *store, bool sync_full)
{
	store->file = (struct ztp_sqlite_file){
		.path = store->path,
		.what = "store",
		.program = ZTP_BRIDGE,
		.application_id = STORE_APPLICATION_ID,
		.steps = migrations,
		.version = STORE_SCHEMA_VERSION,
		.samples = samples,
		.pragmas = sync_full ? PRAGMAS "PRAGMA synchronous=FULL"
				     : PRAGMAS "PRAGMA synchronous=NORMAL",
		.busy_ms = STORE_BUSY_MS,
	};
}

static int open_database(struct store *store, struct ztp_error *error)
{
	int rc;

	/* SQLite's memory statistics are not used, and each allocation would
	 * take a lock to update them. The call is refused if SQLite is already
	 * in use, which does no harm. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	rc = ztp_sqlite_open(&store->db, &store->file, error);
	if (rc == 0)
		rc = prepare_all(store, error);
	if (rc == 0)
		rc = load_facts(store, error);
	if (rc == 0)
		rc = store_gather_open(&store->gather, store->db, &store->file,
				       error);
	if (rc == 0)
		rc = store_checkpoint_open(store, error);
	if (rc == 0)
		ztp_sqlite_accept(store->db);
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
	describe(store, sync_full);
	rc = store_queues_open(store, error);
	if (rc == 0)
		rc = store_lock(store->path, &store->lock_fd, error);
	if (rc == 0)
		rc = open_database(store, error);
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
	store_checkpoint_close(store->writeback);
	store_state_close(store);
	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(store->stmt[i]);
	sqlite3_close(store->db);
	store_gather_free(store->gather);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	store_queues_close(store);
	store_changes_free(store->changes);
	free(store->spare);
	free(store->path);
	free(store);
}
