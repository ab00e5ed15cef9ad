/*
 * The SQLite store: opening, transactions, and the small facts.
 *
 * Mode WAL. synchronous=NORMAL survives the death of the process at any
 * moment, FULL that of the machine. The loop thread is the only user, so the
 * counts that everybody asks for live in memory beside the database: they
 * change with the rows, are written with the commit, and fall back to the
 * committed ones with a rollback.
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

#define APPLICATION_ID 0x5a545042 /* "ZTPB" */
#define SCHEMA_VERSION 1

static const char *const store_sql[SQL_COUNT] = {
#define X(name, sql) sql,
	STORE_SQL(X)
#undef X
};

/* migrations[v] brings version v to v + 1. */
static const char *const migrations[SCHEMA_VERSION] = {
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE counter(state INTEGER PRIMARY KEY, count INTEGER);"
	"CREATE TABLE position(topic TEXT, part INTEGER, next INTEGER,"
	" PRIMARY KEY(topic, part)) WITHOUT ROWID;"
	"CREATE TABLE request(n INTEGER PRIMARY KEY, id TEXT NOT NULL,"
	" path TEXT NOT NULL, fingerprint BLOB NOT NULL, channel TEXT,"
	" traceparent TEXT, state INTEGER NOT NULL, attempt INTEGER NOT NULL,"
	" received_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
	" announced_at INTEGER, due_at INTEGER, retry_at INTEGER,"
	" todo INTEGER, tries INTEGER NOT NULL, finished_at INTEGER,"
	" delivered_at INTEGER);"
	"CREATE UNIQUE INDEX request_id ON request(id);"
	"CREATE INDEX request_path ON request(path);"
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
	" payload BLOB, content_type TEXT);"
	"CREATE TABLE outbox(seq INTEGER PRIMARY KEY, topic INTEGER NOT NULL,"
	" request INTEGER, key BLOB, value BLOB, headers BLOB);",
};

int store_fail(struct store *store, int rc, struct ztp_error *error)
{
	int primary = rc & 0xff;
	enum ztp_err code = ZTP_ERR_IO;

	if (primary == SQLITE_FULL || sqlite3_system_errno(store->db) == ENOSPC)
		code = ZTP_ERR_FULL;
	ztp_fail(error, code, "store %s: %s%s", store->path,
		 sqlite3_errmsg(store->db),
		 code == ZTP_ERR_FULL ? " (no space left on device)" : "");
	if (error) {
		error->fatal =
			primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
		error->retriable = !error->fatal;
	}
	return code;
}

void store_bind_text(sqlite3_stmt *stmt, int i, const char *text)
{
	if (text && *text)
		sqlite3_bind_text(stmt, i, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(stmt, i);
}

void store_bind_time(sqlite3_stmt *stmt, int i, int64_t ms)
{
	if (ms)
		sqlite3_bind_int64(stmt, i, ms);
	else
		sqlite3_bind_null(stmt, i);
}

void store_copy_text(sqlite3_stmt *stmt, int column, char *out, size_t cap)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	snprintf(out, cap, "%s", text ? (const char *)text : "");
}

sqlite3_stmt *store_stmt(struct store *store, enum store_sql sql, bool write,
			 struct ztp_error *error)
{
	sqlite3_stmt *stmt = store->stmt[sql];

	if (write && !store->in_transaction) {
		int rc = sqlite3_step(store->stmt[SQL_BEGIN]);

		sqlite3_reset(store->stmt[SQL_BEGIN]);
		if (rc != SQLITE_DONE) {
			store_fail(store, rc, error);
			return NULL;
		}
		store->in_transaction = true;
	}
	sqlite3_reset(stmt);
	return stmt;
}

int store_run(struct store *store, sqlite3_stmt *stmt, struct ztp_error *error)
{
	int rc = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
}

/* --- opening */

static int exec(struct store *store, const char *sql, struct ztp_error *error)
{
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_fail(store, rc, error);
}

static int pragma_int(struct store *store, const char *sql, int64_t *value,
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : store_fail(store, rc, error);
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

/* SQLite makes files with the umask; ours hold payloads. */
static int make_private(struct store *store, struct ztp_error *error)
{
	int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc = 0;

	if (fd < 0)
		return ztp_fail(error, ZTP_ERR_IO, "store: cannot open %s: %s",
				store->path, strerror(errno));
	if (fchmod(fd, 0600) != 0)
		rc = ztp_fail(error, ZTP_ERR_IO, "store: cannot chmod %s: %s",
			      store->path, strerror(errno));
	close(fd);
	return rc;
}

static const char how_to_heal[] =
	"; move it away and restore a backup (nothing was changed)";

/* A damaged file shows itself here or is damaged where nothing looks; either
 * way it is never replaced silently. */
static int check_integrity(struct store *store, struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	const unsigned char *text = NULL;
	int rc, result = 0;

	rc = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &stmt,
				NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		text = sqlite3_column_text(stmt, 0);
	if (!text || strcmp((const char *)text, "ok") != 0) {
		result = ztp_fail(error, ZTP_ERR_IO,
				  "store %s is damaged: %s%s", store->path,
				  text ? (const char *)text
				       : sqlite3_errmsg(store->db),
				  how_to_heal);
		if (error)
			error->fatal = true;
	}
	sqlite3_finalize(stmt);
	return result;
}

static int migrate(struct store *store, struct ztp_error *error)
{
	int64_t id = 0, version = 0, tables = 0;
	char sql[96];
	int rc;

	if (pragma_int(store, "PRAGMA application_id", &id, error) != 0 ||
	    pragma_int(store, "PRAGMA user_version", &version, error) != 0 ||
	    pragma_int(store, "SELECT count(*) FROM sqlite_schema", &tables,
		       error) != 0)
		return ztp_fail(error, ZTP_ERR_IO, "store %s is damaged: %s%s",
				store->path, sqlite3_errmsg(store->db),
				how_to_heal);
	if (tables > 0 && id != APPLICATION_ID)
		return ztp_fail(error, ZTP_ERR_IO,
				"store %s is another program's database",
				store->path);
	if (version > SCHEMA_VERSION)
		return ztp_fail(error, ZTP_ERR_IO,
				"store %s has schema version %lld, this is "
				"ztp-bridge for %d: use a newer one",
				store->path, (long long)version,
				SCHEMA_VERSION);
	if (version > 0 && (rc = check_integrity(store, error)) != 0)
		return rc;
	for (; version < SCHEMA_VERSION; version++) {
		rc = exec(store, "BEGIN IMMEDIATE", error);
		if (rc == 0)
			rc = exec(store, migrations[version], error);
		snprintf(sql, sizeof(sql),
			 "PRAGMA application_id=%d; PRAGMA user_version=%d",
			 APPLICATION_ID, (int)version + 1);
		if (rc == 0)
			rc = exec(store, sql, error);
		if (rc == 0)
			rc = exec(store, "COMMIT", error);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int load_facts(struct store *store, struct ztp_error *error)
{
	struct store_facts *facts = &store->facts;
	char text[128];
	int state, topic;

	for (state = 1; state < ZTP_STATE_END; state++) {
		sqlite3_stmt *stmt =
			store_stmt(store, SQL_COUNT_GET, false, error);

		sqlite3_bind_int(stmt, 1, state);
		if (sqlite3_step(stmt) == SQLITE_ROW)
			facts->count[state] = sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	if (pragma_int(store, "SELECT count(*) FROM outbox",
		       &facts->outbox_count, error) != 0 ||
	    pragma_int(store, "SELECT ifnull(max(n),0) FROM request",
		       &facts->request_n, error) != 0)
		return ZTP_ERR_IO;
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		snprintf(text, sizeof(text),
			 "SELECT ifnull(max(seq),%lld) FROM outbox "
			 "WHERE seq<%lld",
			 (long long)OUTBOX_SEQ(topic),
			 (long long)OUTBOX_SEQ(topic + 1));
		if (pragma_int(store, text, &facts->outbox_seq[topic], error) !=
		    0)
			return ZTP_ERR_IO;
		/* The newest of a topic below: this one is empty. */
		if (facts->outbox_seq[topic] < OUTBOX_SEQ(topic))
			facts->outbox_seq[topic] = OUTBOX_SEQ(topic);
	}
	if (store_get(store, "newest", text, sizeof(text), error) < 0)
		return ZTP_ERR_IO;
	facts->newest = strtoll(text, NULL, 10);
	if (store_get(store, "mark", text, sizeof(text), error) < 0)
		return ZTP_ERR_IO;
	if (*text) {
		char *end;

		facts->mark.segment = strtoull(text, &end, 10);
		if (*end == ':')
			facts->mark.offset = strtoull(end + 1, NULL, 10);
	}
	store->committed = store->facts;
	return 0;
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
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		goto fail;
	}
	rc = lock_store(store, error);
	if (rc == 0)
		rc = make_private(store, error);
	if (rc != 0)
		goto fail;
	rc = sqlite3_open_v2(path, &store->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		rc = ztp_fail(error, ZTP_ERR_IO, "store %s: %s", path,
			      store->db ? sqlite3_errmsg(store->db)
					: "out of memory");
		goto fail;
	}
	sqlite3_busy_timeout(store->db, 5000); /* an online backup's lock */
	rc = migrate(store, error);
	if (rc == 0)
		rc = exec(store,
			  "PRAGMA journal_mode=WAL; PRAGMA cache_size=-16384;"
			  "PRAGMA wal_autocheckpoint=2000;"
			  "PRAGMA temp_store=MEMORY;",
			  error);
	if (rc == 0)
		rc = exec(store,
			  sync_full ? "PRAGMA synchronous=FULL"
				    : "PRAGMA synchronous=NORMAL",
			  error);
	if (rc == 0)
		rc = prepare_all(store, error);
	if (rc == 0)
		rc = load_facts(store, error);
	if (rc != 0)
		goto fail;
	*out = store;
	return 0;
fail:
	store_close(store);
	return rc;
}

void store_close(struct store *store)
{
	int i;

	if (!store)
		return;
	store_rollback(store);
	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(store->stmt[i]);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store->path);
	free(store);
}

/* --- transactions */

static int write_facts(struct store *store, int64_t now,
		       struct ztp_error *error)
{
	char text[64];
	int state, rc = 0;

	for (state = 1; state < ZTP_STATE_END && rc == 0; state++) {
		sqlite3_stmt *stmt;

		if (store->facts.count[state] == store->committed.count[state])
			continue;
		stmt = store_stmt(store, SQL_COUNT_SET, true, error);
		if (!stmt)
			return ZTP_ERR_IO;
		sqlite3_bind_int(stmt, 1, state);
		sqlite3_bind_int64(stmt, 2, store->facts.count[state]);
		rc = store_run(store, stmt, error);
	}
	if (rc == 0 && now > store->facts.newest) {
		snprintf(text, sizeof(text), "%lld", (long long)now);
		rc = store_set(store, "newest", text, error);
		store->facts.newest = now;
	}
	return rc;
}

int store_commit(struct store *store, int64_t now, struct ztp_error *error)
{
	int rc;

	if (!store->in_transaction)
		return 0;
	rc = write_facts(store, now, error);
	if (rc != 0)
		return rc;
	rc = sqlite3_step(store->stmt[SQL_COMMIT]);
	sqlite3_reset(store->stmt[SQL_COMMIT]);
	if (rc != SQLITE_DONE)
		return store_fail(store, rc, error);
	store->in_transaction = false;
	store->committed = store->facts;
	return 0;
}

void store_rollback(struct store *store)
{
	int i;

	if (!store->in_transaction)
		return;
	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_reset(store->stmt[i]);
	/* Some errors (a full disk) have rolled back already. */
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_step(store->stmt[SQL_ROLLBACK]);
	sqlite3_reset(store->stmt[SQL_ROLLBACK]);
	store->in_transaction = false;
	store->facts = store->committed;
}

bool store_dirty(const struct store *store)
{
	return store->in_transaction;
}

/* --- small facts */

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
	int64_t sum = 0;
	int state;

	for (state = 1; state < ZTP_STATE_END; state++)
		if (ztp_state_finished((enum ztp_state)state))
			sum += store->facts.count[state];
	return sum;
}

int64_t store_newest(const struct store *store)
{
	return store->committed.newest;
}

static int64_t file_bytes(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

int64_t store_bytes(const struct store *store)
{
	return file_bytes(store->path, "") + file_bytes(store->path, "-wal");
}

int store_get(struct store *store, const char *name, char *value, size_t cap,
	      struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_META_GET, false, error);
	int rc;

	*value = '\0';
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		store_copy_text(stmt, 0, value, cap);
	sqlite3_reset(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
}

int store_set(struct store *store, const char *name, const char *value,
	      struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_META_SET, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, value, -1, SQLITE_STATIC);
	return store_run(store, stmt, error);
}

void store_mark_get(const struct store *store, struct journal_mark *mark)
{
	*mark = store->committed.mark;
}

int store_mark_set(struct store *store, const struct journal_mark *mark,
		   struct ztp_error *error)
{
	char text[64];

	snprintf(text, sizeof(text), "%llu:%llu",
		 (unsigned long long)mark->segment,
		 (unsigned long long)mark->offset);
	store->facts.mark = *mark;
	return store_set(store, "mark", text, error);
}

int64_t store_offset_get(struct store *store, const char *topic, int partition)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OFFSET_GET, false, NULL);
	int64_t next = -1;

	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 2, partition);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		next = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return next;
}

int store_offset_set(struct store *store, const char *topic, int partition,
		     int64_t next, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_OFFSET_SET, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_text(stmt, 1, topic, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 2, partition);
	sqlite3_bind_int64(stmt, 3, next);
	return store_run(store, stmt, error);
}
