/*
 * From a path to an open database, or the reason why not.
 *
 * A killed process cannot damage the file, because a log with checksums stands
 * in front of it. The check therefore looks for what disks and people do. A
 * small file is checked completely. A large one would take longer than a
 * restart may, so only the tables that everything else depends on are checked,
 * and a sample; damage elsewhere is found when it is read. The complete check
 * can be run at any time: sqlite3 FILE 'PRAGMA integrity_check'.
 *
 * The file is opened twice. We open it first, because SQLite would create it
 * with the umask. We close it again before SQLite opens it, because closing any
 * descriptor of a file drops all locks that the process holds on it.
 */
#include "base/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define CHECK_WHOLE_MAX (64 << 20) /* bytes: takes a few tenths of a second */
#define HEADER_SIZE	100	   /* sqlite.org/fileformat.html, 1.3 */
#define HEADER_ID	68

int ztp_sqlite_fail(sqlite3 *db, const struct ztp_sqlite_file *file, int rc,
		    struct ztp_error *error)
{
	int primary = rc & 0xff;
	enum ztp_err code = ZTP_ERR_IO;

	/* SQLite's last errno may belong to an earlier error. */
	if (primary == SQLITE_FULL ||
	    ((primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) &&
	     sqlite3_system_errno(db) == ENOSPC))
		code = ZTP_ERR_FULL;
	else if (primary == SQLITE_NOMEM)
		code = ZTP_ERR_NOMEM;
	ztp_fail(error, code, "%s %s: %s%s", file->what, file->path,
		 db ? sqlite3_errmsg(db) : "out of memory",
		 code == ZTP_ERR_FULL ? " (no space left on device)" : "");
	if (error) {
		error->fatal =
			primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
		error->retriable = !error->fatal;
	}
	return code;
}

int ztp_sqlite_exec(sqlite3 *db, const struct ztp_sqlite_file *file,
		    const char *sql, struct ztp_error *error)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : ztp_sqlite_fail(db, file, rc, error);
}

/* --- checks */

/* It stays so until a person has done something. */
static int for_good(struct ztp_error *error)
{
	if (error) {
		error->fatal = true;
		error->retriable = false;
	}
	return ZTP_ERR_IO;
}

static int damaged(const struct ztp_sqlite_file *file, const char *what,
		   struct ztp_error *error)
{
	ztp_fail(error, ZTP_ERR_IO,
		 "%s %s is damaged: %s; move it away and restore a backup "
		 "(nothing was changed)",
		 file->what, file->path, what);
	return for_good(error);
}

static int unknown_version(const struct ztp_sqlite_file *file, int64_t version,
			   struct ztp_error *error)
{
	ztp_fail(error, ZTP_ERR_IO,
		 "%s %s has schema version %lld; %s "
		 "supports versions up to %d: use a newer one",
		 file->what, file->path, (long long)version, file->program,
		 file->version);
	return for_good(error);
}

/* The error of a read during the first look at the file. */
static int unreadable(sqlite3 *db, const struct ztp_sqlite_file *file,
		      struct ztp_error *error)
{
	int rc = sqlite3_errcode(db) & 0xff;

	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
		return damaged(file, sqlite3_errmsg(db), error);
	return ztp_sqlite_fail(db, file, rc, error);
}

/* Steps to the first row of a query. The caller finalizes the statement, also
 * after an error. */
static int first_row(sqlite3 *db, const struct ztp_sqlite_file *file,
		     const char *sql, sqlite3_stmt **stmt,
		     struct ztp_error *error)
{
	int rc = sqlite3_prepare_v2(db, sql, -1, stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(*stmt);
	return rc == SQLITE_ROW ? 0 : unreadable(db, file, error);
}

int ztp_sqlite_number(sqlite3 *db, const struct ztp_sqlite_file *file,
		      const char *sql, int64_t *value, struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = first_row(db, file, sql, &stmt, error);

	if (rc == 0)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc;
}

/* Runs a query whose one row must say "ok". */
static int expect_ok(sqlite3 *db, const struct ztp_sqlite_file *file,
		     const char *sql, struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	const char *text;
	int rc = first_row(db, file, sql, &stmt, error);

	if (rc == 0) {
		text = (const char *)sqlite3_column_text(stmt, 0);
		if (!text || strcmp(text, "ok") != 0)
			rc = damaged(file, text ? text : "out of memory",
				     error);
	}
	sqlite3_finalize(stmt);
	return rc;
}

#define LOG_SUFFIX "-wal" /* SQLite's name for it */

/* The names of a database's files. */
static const char *const suffixes[] = {"", LOG_SUFFIX, "-shm", "-journal"};

static int64_t size_of(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

int64_t ztp_sqlite_bytes(const struct ztp_sqlite_file *file)
{
	return size_of(file->path, "") + size_of(file->path, LOG_SUFFIX);
}

/* The database goes first: without it its log means nothing. */
int ztp_sqlite_remove(const char *path, struct ztp_error *error)
{
	char name[4096];
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		if (unlink(name) != 0 && errno != ENOENT)
			return ztp_fail(error, ZTP_ERR_IO,
					"cannot remove %s: %s", name,
					strerror(errno));
	}
	return 0;
}

static int check_integrity(sqlite3 *db, const struct ztp_sqlite_file *file,
			   struct ztp_error *error)
{
	const char *const *sample = file->samples;
	int rc = 0;

	if (!sample || ztp_sqlite_bytes(file) <= CHECK_WHOLE_MAX)
		return expect_ok(db, file, "PRAGMA quick_check(1)", error);
	for (; *sample && rc == 0; sample++)
		rc = expect_ok(db, file, *sample, error);
	return rc;
}

/* Checks whose database it is, its version, and its integrity. *version is 0
 * for an empty file. */
static int check(sqlite3 *db, const struct ztp_sqlite_file *file,
		 int64_t *version, struct ztp_error *error)
{
	int64_t id = 0, tables = 0;
	int rc = ztp_sqlite_number(db, file, "PRAGMA application_id", &id,
				   error);

	if (rc == 0)
		rc = ztp_sqlite_number(db, file, "PRAGMA user_version", version,
				       error);
	if (rc == 0)
		rc = ztp_sqlite_number(db, file,
				       "SELECT count(*) FROM sqlite_schema",
				       &tables, error);
	if (rc != 0)
		return rc;
	if ((tables > 0 || id != 0) && id != file->application_id)
		return ztp_fail(error, ZTP_ERR_IO,
				"%s %s is another program's database",
				file->what, file->path);
	if (*version < 0 || *version > file->version)
		return unknown_version(file, *version, error);
	if (*version == 0 || file->checked)
		return 0;
	return check_integrity(db, file, error);
}

/* --- migration and settings */

static int migrate_once(sqlite3 *db, const struct ztp_sqlite_file *file,
			int from, struct ztp_error *error)
{
	char mark[96];
	int rc;

	(void)snprintf(mark, sizeof(mark),
		       "PRAGMA application_id=%d; PRAGMA user_version=%d",
		       file->application_id, from + 1);
	rc = ztp_sqlite_exec(db, file, ZTP_SQL_BEGIN, error);
	if (rc != 0)
		return rc;
	rc = ztp_sqlite_exec(db, file, file->steps[from], error);
	if (rc == 0)
		rc = ztp_sqlite_exec(db, file, mark, error);
	if (rc == 0)
		rc = ztp_sqlite_exec(db, file, ZTP_SQL_COMMIT, error);
	/* Some errors roll back by themselves. */
	if (rc != 0 && !sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, ZTP_SQL_ROLLBACK, NULL, NULL, NULL);
	return rc;
}

static int use_log(sqlite3 *db, const struct ztp_sqlite_file *file,
		   struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	const char *mode = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &stmt,
				    NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		mode = (const char *)sqlite3_column_text(stmt, 0);
	if (rc != SQLITE_ROW)
		rc = ztp_sqlite_fail(db, file, rc, error);
	else if (!mode || strcmp(mode, "wal") != 0)
		rc = ztp_fail(error, ZTP_ERR_IO,
			      "%s %s: this file system does not support "
			      "SQLite's write-ahead log",
			      file->what, file->path);
	else
		rc = 0;
	sqlite3_finalize(stmt);
	return rc;
}

/* --- the file */

static int fail_file(const struct ztp_sqlite_file *file, const char *verb,
		     struct ztp_error *error)
{
	return ztp_fail(error, errno == ENOSPC ? ZTP_ERR_FULL : ZTP_ERR_IO,
			"%s: cannot %s %s: %s", file->what, verb, file->path,
			strerror(errno));
}

/* Judged by the first bytes of the file, or by its being empty; the log is not
 * looked at. */
static bool is_ours(int fd, const struct ztp_sqlite_file *file)
{
	unsigned char head[HEADER_SIZE];
	const unsigned char *id = head + HEADER_ID;
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n <= 0)
		return n == 0;
	return n == sizeof(head) &&
	       ((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 |
		(uint32_t)id[2] << 8 | id[3]) == (uint32_t)file->application_id;
}

/* SQLite waits for the other end of a FIFO, and says nothing of a directory. */
static int check_kinds(const struct ztp_sqlite_file *file,
		       struct ztp_error *error)
{
	char name[PATH_MAX + 16];
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", file->path,
			       suffixes[i]);
		if (ztp_file_is_other(name))
			return ztp_fail(error, ZTP_ERR_IO,
					"%s: %s is not a regular file",
					file->what, name);
	}
	return 0;
}

/* Creates the file if there may be none, and makes it private if its first bytes
 * say that it is ours. The log keeps its mode. */
static int make_private(const struct ztp_sqlite_file *file,
			struct ztp_error *error)
{
	int create = file->exists ? 0 : O_CREAT;
	int fd = open(file->path, O_RDWR | create | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	int rc = 0;

	if (fd < 0)
		return fail_file(file, "open", error);
	if (is_ours(fd, file) && fchmod(fd, 0600) != 0)
		rc = fail_file(file, "chmod", error);
	if (close(fd) != 0 && rc == 0)
		rc = fail_file(file, "close", error);
	return rc;
}

/* A killed process may have left a commit in the log that is not on the disk
 * yet. SQLite reads it all the same, and what follows from it must not outlive
 * it. Before SQLite opens the log, for the reason given above. */
static int sync_log(const struct ztp_sqlite_file *file, struct ztp_error *error)
{
	char log[PATH_MAX + 8];

	snprintf(log, sizeof(log), "%s-wal", file->path);
	return ztp_file_sync(log) == 0 ? 0 : fail_file(file, "sync", error);
}

/* For a file that is ours only by what its log says. */
static int keep_private(const struct ztp_sqlite_file *file,
			struct ztp_error *error)
{
	return chmod(file->path, 0600) == 0 ? 0
					    : fail_file(file, "chmod", error);
}

/* A database that is refused keeps its log as it is. */
static void be_careful(sqlite3 *db, const struct ztp_sqlite_file *file)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_busy_timeout(db, file->busy_ms);
}

static int prepare(sqlite3 *db, const struct ztp_sqlite_file *file,
		   struct ztp_error *error)
{
	int64_t version = 0;
	int rc = 0;

	be_careful(db, file);
	if (file->exclusive)
		rc = ztp_sqlite_exec(db, file, "PRAGMA locking_mode=EXCLUSIVE",
				     error);
	if (rc == 0)
		rc = check(db, file, &version, error);
	if (rc == 0)
		rc = keep_private(file, error);
	if (rc == 0)
		rc = use_log(db, file, error);
	if (rc == 0)
		rc = ztp_sqlite_exec(db, file, file->pragmas, error);
	for (; version < file->version && rc == 0; version++)
		rc = migrate_once(db, file, (int)version, error);
	return rc;
}

int ztp_sqlite_connect(sqlite3 **out, const struct ztp_sqlite_file *file,
		       struct ztp_error *error)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(file->path, &db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				 file->vfs);

	*out = NULL;
	if (rc != SQLITE_OK) {
		rc = ztp_sqlite_fail(db, file, rc, error);
		sqlite3_close(db);
		return rc;
	}
	*out = db;
	return 0;
}

int ztp_sqlite_open(sqlite3 **out, const struct ztp_sqlite_file *file,
		    struct ztp_error *error)
{
	int rc = check_kinds(file, error);

	*out = NULL;
	if (rc == 0)
		rc = make_private(file, error);
	if (rc == 0)
		rc = sync_log(file, error);
	if (rc == 0)
		rc = ztp_sqlite_connect(out, file, error);
	if (rc == 0)
		rc = prepare(*out, file, error);
	if (rc != 0) {
		sqlite3_close(*out);
		*out = NULL;
	}
	return rc;
}

int ztp_sqlite_look(sqlite3 **db, const struct ztp_sqlite_file *file,
		    int64_t *version, struct ztp_error *error)
{
	int64_t id = 0;
	int rc = ztp_sqlite_connect(db, file, error);

	if (rc == 0) {
		be_careful(*db, file);
		rc = ztp_sqlite_number(*db, file, "PRAGMA application_id", &id,
				       error);
	}
	if (rc == 0)
		rc = ztp_sqlite_number(*db, file, "PRAGMA user_version",
				       version, error);
	if (rc == 0 && id != file->application_id)
		rc = ztp_fail(error, ZTP_ERR_IO,
			      "%s %s is another program's database", file->what,
			      file->path);
	if (rc != 0) {
		sqlite3_close(*db);
		*db = NULL;
	}
	return rc;
}

void ztp_sqlite_accept(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
}
