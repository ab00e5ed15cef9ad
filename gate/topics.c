/*
 * The topics are in a temporary table of the database. It takes part in the
 * database's transactions, so a device that could not be committed has no topic
 * either. It is filled anew at every start, because the template may have
 * changed.
 */
#include "gate/topics.h"

#include <string.h>

static const char sql_table[] =
	"CREATE TEMP TABLE IF NOT EXISTS topics(topic TEXT PRIMARY KEY, path "
	"TEXT NOT NULL UNIQUE) WITHOUT ROWID";
static const char sql_paths[] =
	"SELECT path FROM devices ORDER BY created_at, path";
static const char sql_claim[] =
	"INSERT OR IGNORE INTO topics(topic, path) VALUES(?1, ?2)";
static const char sql_owner[] =
	"SELECT 1 FROM topics WHERE topic = ?1 AND path <> ?2";
static const char sql_release[] = "DELETE FROM topics WHERE path = ?1";

static sqlite3_stmt *with_topic(struct ztp_db *db, const char *sql,
				const char *template,
				const struct ztp_path *path,
				struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql, error);
	char topic[ZTP_TOPIC_MAX + 1];

	if (!stmt)
		return NULL;
	(void)ztp_topic_render(topic, template, path);
	ztp_db_text(stmt, 1, topic);
	ztp_db_text(stmt, 2, path->whole.p);
	return stmt;
}

int ztp_topics_claim(struct ztp_db *db, const char *template,
		     const struct ztp_path *path, struct ztp_error *error)
{
	sqlite3_stmt *stmt;

	if (ztp_topic_unique(template))
		return 0;
	stmt = with_topic(db, sql_claim, template, path, error);
	return stmt ? ztp_db_run(db, stmt, error) : ZTP_ERR_IO;
}

int ztp_topics_load(struct ztp_db *db, const char *template,
		    struct ztp_error *error)
{
	char text[ZTP_PATH_MAX + 1];
	struct ztp_path path;
	sqlite3_stmt *stmt;
	int rc;

	if (ztp_topic_unique(template))
		return 0;
	stmt = ztp_db_use(db, sql_table, error);
	rc = stmt ? ztp_db_run(db, stmt, error) : ZTP_ERR_IO;
	if (rc != 0)
		return rc;
	stmt = ztp_db_use(db, sql_paths, error);
	if (!stmt)
		return ZTP_ERR_IO;
	while ((rc = ztp_db_step(db, stmt, error)) > 0) {
		rc = ZTP_ERR_IO;
		if (!ztp_db_get_text(stmt, 0, text, sizeof(text)) ||
		    ztp_path_parse(&path, text, strlen(text), error) != 0)
			break;
		rc = ztp_topics_claim(db, template, &path, error);
		if (rc != 0)
			break;
	}
	(void)sqlite3_reset(stmt);
	return rc == 0 ? ztp_db_commit(db, error) : rc;
}

int ztp_topics_taken(struct ztp_db *db, const char *template,
		     const struct ztp_path *path, struct ztp_error *error)
{
	sqlite3_stmt *stmt;
	int rc;

	if (ztp_topic_unique(template))
		return 0;
	stmt = with_topic(db, sql_owner, template, path, error);
	if (!stmt)
		return ZTP_ERR_IO;
	rc = ztp_db_step(db, stmt, error);
	(void)sqlite3_reset(stmt);
	return rc;
}

int ztp_topics_release(struct ztp_db *db, const char *template,
		       const char *path, struct ztp_error *error)
{
	sqlite3_stmt *stmt;

	if (ztp_topic_unique(template))
		return 0;
	stmt = ztp_db_use(db, sql_release, error);
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, path);
	return ztp_db_run(db, stmt, error);
}
