/*
 * These rows are worth having but nobody depends on them: without its row a
 * device only has to share the time of those who have not proven a key. So they
 * have transactions of their own (ztp_db_apart), which fail on a full disk
 * without anybody else's.
 *
 * Rows that are too old are deleted a few at a time, as many as were written
 * and some more, in the order of their paths and then from the start again.
 * Looking for them all at once would take too long in a large table.
 */
#include "gate/proven.h"

#include <stdlib.h>
#include <string.h>

#define NOTED_MAX   1024 /* waiting to be written */
#define WRITE_MAX   100	 /* rows per TICK: a few ms */
#define WRITE_AFTER 5000 /* ms */
#define SWEEP_ROWS  200	 /* looked at per TICK that writes */

struct noted {
	char *path; /* owned */
	uint8_t spki_sha256[ZTP_SHA256_LEN];
	struct ztp_throttle_source source;
	int64_t wall, at;
};

struct ztp_proven {
	struct noted noted[NOTED_MAX]; /* ring */
	size_t first, count;
	char swept[ZTP_PATH_MAX + 1]; /* the last path that was looked at */
};

static const char sql_get[] = "SELECT at FROM proven WHERE path = ?1 AND "
			      "spki_sha256 = ?2 AND source = ?3";
static const char sql_put[] =
	"INSERT OR REPLACE INTO proven(path, spki_sha256, source, at) "
	"VALUES(?1, ?2, ?3, ?4)";
static const char sql_trim[] =
	"DELETE FROM proven WHERE path = ?1 AND spki_sha256 = ?2 AND source IN "
	"(SELECT source FROM proven WHERE path = ?1 AND spki_sha256 = ?2 ORDER "
	"BY at DESC, source LIMIT -1 OFFSET ?3)";
static const char sql_end_of_sweep[] =
	"SELECT path FROM proven WHERE path > ?1 ORDER BY path LIMIT 1 OFFSET "
	"?2";
static const char sql_sweep[] = "DELETE FROM proven WHERE path > ?1 AND path "
				"<= ?2 AND at < ?3";
static const char sql_sweep_rest[] =
	"DELETE FROM proven WHERE path > ?1 AND at < ?3";

struct ztp_proven *ztp_proven_new(void)
{
	return calloc(1, sizeof(struct ztp_proven));
}

void ztp_proven_free(struct ztp_proven *proven)
{
	if (!proven)
		return;
	for (size_t i = 0; i < NOTED_MAX; i++)
		free(proven->noted[i].path);
	free(proven);
}

static struct noted *noted_at(struct ztp_proven *proven, size_t i)
{
	return &proven->noted[(proven->first + i) % NOTED_MAX];
}

static const struct noted *find_noted(struct ztp_proven *proven,
				      const struct ztp_proven_key *key)
{
	for (size_t i = 0; i < proven->count; i++) {
		const struct noted *noted = noted_at(proven, i);

		if (memcmp(noted->spki_sha256, key->spki_sha256,
			   ZTP_SHA256_LEN) == 0 &&
		    memcmp(&noted->source, &key->source, sizeof(key->source)) ==
			    0 &&
		    strcmp(noted->path, key->path) == 0)
			return noted;
	}
	return NULL;
}

static void bind(sqlite3_stmt *stmt, const char *path, const uint8_t *spki,
		 const struct ztp_throttle_source *source)
{
	ztp_db_text(stmt, 1, path);
	ztp_db_blob(stmt, 2, spki, ZTP_SHA256_LEN);
	ztp_db_blob(stmt, 3, source->bytes, sizeof(source->bytes));
}

int64_t ztp_proven_at(struct ztp_proven *proven, struct ztp_db *db,
		      const struct ztp_proven_key *key, int64_t wall_ms)
{
	const struct noted *noted = find_noted(proven, key);
	sqlite3_stmt *stmt;
	int64_t at = 0;

	if (noted)
		return noted->wall;
	stmt = ztp_db_use(db, sql_get, NULL);
	if (!stmt)
		return 0;
	bind(stmt, key->path, key->spki_sha256, &key->source);
	if (ztp_db_step(db, stmt, NULL) > 0)
		at = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return at > wall_ms - ZTP_PROVEN_MS ? at : 0;
}

void ztp_proven_note(struct ztp_proven *proven,
		     const struct ztp_proven_key *key, int64_t wall_ms,
		     int64_t now_ms)
{
	struct noted *noted = noted_at(proven, proven->count);

	if (proven->count == NOTED_MAX || find_noted(proven, key))
		return;
	noted->path = strdup(key->path);
	if (!noted->path)
		return;
	memcpy(noted->spki_sha256, key->spki_sha256, ZTP_SHA256_LEN);
	noted->source = key->source;
	noted->wall = wall_ms;
	noted->at = now_ms;
	proven->count++;
}

/* ---- writing */

static int put(struct ztp_db *db, const struct noted *noted)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_put, NULL);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	bind(stmt, noted->path, noted->spki_sha256, &noted->source);
	ztp_db_int(stmt, 4, noted->wall);
	rc = ztp_db_run(db, stmt, NULL);
	if (rc != 0)
		return rc;
	stmt = ztp_db_use(db, sql_trim, NULL);
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, noted->path);
	ztp_db_blob(stmt, 2, noted->spki_sha256, ZTP_SHA256_LEN);
	ztp_db_int(stmt, 3, ZTP_PROVEN_ADDRESSES);
	return ztp_db_run(db, stmt, NULL);
}

/* The path up to which to sweep: 1, 0 when the end of the table comes first, or
 * negative. */
static int end_of_sweep(struct ztp_db *db, const char *from, size_t rows,
			char to[ZTP_PATH_MAX + 1])
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_end_of_sweep, NULL);
	int rc;

	to[0] = '\0';
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, from);
	ztp_db_int(stmt, 2, (int64_t)rows);
	rc = ztp_db_step(db, stmt, NULL);
	if (rc > 0 && !ztp_db_get_text(stmt, 0, to, ZTP_PATH_MAX + 1))
		rc = 0;
	(void)sqlite3_reset(stmt);
	return rc;
}

static int sweep(struct ztp_proven *proven, struct ztp_db *db, size_t rows,
		 int64_t before_ms)
{
	char to[ZTP_PATH_MAX + 1];
	int more = end_of_sweep(db, proven->swept, rows, to);
	sqlite3_stmt *stmt;

	if (more < 0)
		return more;
	stmt = ztp_db_use(db, more ? sql_sweep : sql_sweep_rest, NULL);
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, proven->swept);
	if (more)
		ztp_db_text(stmt, 2, to);
	ztp_db_int(stmt, 3, before_ms);
	memcpy(proven->swept, to, sizeof(to));
	return ztp_db_run(db, stmt, NULL);
}

struct writing {
	struct ztp_proven *proven;
	int64_t wall;
};

static int write_some(struct ztp_db *db, void *arg, struct ztp_error *error)
{
	const struct writing *writing = arg;
	struct ztp_proven *proven = writing->proven;
	size_t rows = 0;
	int rc = 0;

	(void)error;
	while (rc == 0 && proven->count > 0 && rows < WRITE_MAX) {
		struct noted *noted = noted_at(proven, 0);

		rc = put(db, noted);
		free(noted->path);
		noted->path = NULL;
		proven->first = (proven->first + 1) % NOTED_MAX;
		proven->count--;
		rows++;
	}
	if (rc == 0)
		rc = sweep(proven, db, rows * 2 + SWEEP_ROWS,
			   writing->wall - ZTP_PROVEN_MS);
	return rc;
}

static void write_out(struct ztp_proven *proven, struct ztp_db *db,
		      int64_t wall_ms)
{
	struct writing writing = {proven, wall_ms};

	(void)ztp_db_apart(db, write_some, &writing, NULL);
}

void ztp_proven_tick(struct ztp_proven *proven, struct ztp_db *db,
		     int64_t wall_ms, int64_t now_ms)
{
	if (proven->count > 0 && !ztp_db_dirty(db) &&
	    (proven->count >= NOTED_MAX / 2 ||
	     now_ms - noted_at(proven, 0)->at >= WRITE_AFTER))
		write_out(proven, db, wall_ms);
}

void ztp_proven_flush(struct ztp_proven *proven, struct ztp_db *db,
		      int64_t wall_ms)
{
	size_t before = 0;

	/* an end, also if nothing can be written */
	while (proven->count > 0 && proven->count != before) {
		before = proven->count;
		write_out(proven, db, wall_ms);
	}
}
