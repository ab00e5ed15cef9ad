#include "gate/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "gate/db_schema.h"

#define END_REJECTED_MAX 128 /* rejections of a path that has become a device */

#define COLUMNS                                                                \
	"id, path, fingerprint, spki_sha256, ca, rejected, acked, attempt, "   \
	"remote_addr, received_at, seen_at, not_after, retry_at, der, "        \
	"identity"
#define SELECT "SELECT " COLUMNS " FROM candidates WHERE "
#define SELECT_BY(index)                                                       \
	"SELECT " COLUMNS " FROM candidates INDEXED BY " index " WHERE "
#define PAGE " AND id > ?1 ORDER BY id LIMIT ?2"

static const char sql_get[] = SELECT "path = ?1 AND fingerprint = ?2";
static const char sql_der[] = "SELECT der FROM candidates WHERE id = ?1";
static const char sql_put[] =
	"INSERT OR REPLACE INTO candidates(" COLUMNS ", registry) VALUES("
	"?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
	"?16)";
static const char sql_seen[] =
	"UPDATE candidates SET seen_at = ?2 WHERE id = ?1";
static const char sql_reject[] =
	"UPDATE candidates SET rejected = 1, acked = 1, retry_at = ?2, der = "
	"x'' WHERE id = ?1";
static const char sql_delete[] = "DELETE FROM candidates WHERE id = ?1";
static const char sql_end_live[] =
	"DELETE FROM candidates INDEXED BY candidates_path WHERE path = ?1 AND "
	"rejected = 0";
static const char sql_end_rejected[] =
	"DELETE FROM candidates WHERE id IN (SELECT id FROM candidates INDEXED "
	"BY candidates_cooling WHERE path = ?1 AND rejected = 1 LIMIT ?2)";
static const char sql_ack[] =
	"UPDATE candidates SET acked = 1 WHERE id = ?1 AND acked = 0";
static const char sql_of_certificate[] =
	"SELECT count(*) FROM candidates WHERE identity IN (?1, ?2) AND "
	"rejected = 0";
static const char sql_cooling[] =
	"SELECT max(retry_at), max(attempt) FROM candidates INDEXED BY "
	"candidates_cooling WHERE path = ?1 AND identity IN (?2, ?3) AND "
	"rejected = 1";
static const char sql_of_path[] =
	"SELECT count(*) FROM candidates INDEXED BY candidates_path WHERE "
	"path = ?1 AND rejected = 0";

/* Two indexes would do for the first: one has all that are live. */
static const char sql_offered[] =
	SELECT_BY("candidates_offered") "acked = 0 AND rejected = 0" PAGE;
static const char sql_all[] = SELECT_BY("candidates_live") "rejected = 0" PAGE;
static const char sql_registry[] = SELECT "registry = ?3 AND rejected = 0" PAGE;
static const char sql_ca[] =
	SELECT "registry = ?3 AND ca = ?4 AND rejected = 0" PAGE;
static const char sql_path[] =
	SELECT_BY("candidates_path") "path = ?3 AND rejected = 0" PAGE;
static const char sql_id[] = SELECT "id = ?3 AND rejected = 0" PAGE;
static const char sql_cooled_certificate[] = SELECT
	"identity IN (?4, ?5) AND rejected = 1 AND retry_at <= ?3 ORDER BY "
	"retry_at LIMIT ?2";
static const char sql_cooled_registry[] = SELECT
	"registry = ?4 AND rejected = 1 AND retry_at <= ?3 ORDER BY retry_at "
	"LIMIT ?2";
static const char sql_due[] = SELECT ZTP_DB_CANDIDATE_DUE
	" <= ?3 ORDER BY " ZTP_DB_CANDIDATE_DUE " LIMIT ?2";

static int read_row(struct ztp_candidate *candidate, sqlite3_stmt *stmt,
		    struct ztp_error *error)
{
	if (!ztp_db_get_text(stmt, 0, candidate->id, sizeof(candidate->id)) ||
	    !ztp_db_get_text(stmt, 1, candidate->path,
			     sizeof(candidate->path)) ||
	    !ztp_db_get_blob(stmt, 2, candidate->fingerprint, ZTP_SHA256_LEN) ||
	    !ztp_db_get_blob(stmt, 3, candidate->spki_sha256, ZTP_SHA256_LEN) ||
	    !ztp_db_get_blob(stmt, 4, candidate->ca, ZTP_SHA256_LEN) ||
	    !ztp_db_get_blob(stmt, 14, candidate->identity, ZTP_SHA256_LEN))
		return ztp_fail(
			error, ZTP_ERR_IO,
			"registry database: a candidate in it is not valid");
	/* Nothing hangs on it. Gates of before have stored what a device said
	 * (gate/address.h), and one row would keep all others from being
	 * read. */
	if (!ztp_db_get_text(stmt, 8, candidate->remote_addr,
			     sizeof(candidate->remote_addr)))
		candidate->remote_addr[0] = '\0';
	candidate->rejected = sqlite3_column_int(stmt, 5) != 0;
	candidate->acked = sqlite3_column_int(stmt, 6) != 0;
	candidate->attempt = sqlite3_column_int64(stmt, 7);
	candidate->received_at = sqlite3_column_int64(stmt, 9);
	candidate->seen_at = sqlite3_column_int64(stmt, 10);
	candidate->not_after = sqlite3_column_int64(stmt, 11);
	candidate->retry_at = sqlite3_column_int64(stmt, 12);
	candidate->der = sqlite3_column_blob(stmt, 13);
	candidate->der_len = (size_t)sqlite3_column_bytes(stmt, 13);
	return 0;
}

static int get(struct ztp_db *db, struct ztp_candidate *candidate,
	       sqlite3_stmt *stmt, struct ztp_error *error)
{
	int rc = ztp_db_step(db, stmt, error);
	int bad;

	if (rc <= 0)
		return rc;
	bad = read_row(candidate, stmt, error);
	candidate->der = NULL;
	candidate->der_len = 0;
	(void)sqlite3_reset(stmt);
	return bad ? bad : 1;
}

int ztp_candidates_der(struct ztp_db *db, uint8_t **der, size_t *len,
		       const char *id, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_der, error);
	int rc;

	*der = NULL;
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, id);
	rc = ztp_db_step(db, stmt, error);
	if (rc <= 0)
		return rc < 0 ? rc
			      : ztp_fail(error, ZTP_ERR_INTERNAL,
					 "the candidate is gone");
	rc = 0;
	*len = (size_t)sqlite3_column_bytes(stmt, 0);
	*der = malloc(*len + 1);
	if (*der && *len > 0)
		memcpy(*der, sqlite3_column_blob(stmt, 0), *len);
	else
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	(void)sqlite3_reset(stmt);
	return rc;
}

int ztp_candidates_get(struct ztp_db *db, struct ztp_candidate *candidate,
		       const char *path,
		       const uint8_t fingerprint[ZTP_SHA256_LEN],
		       struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_get, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, path);
	ztp_db_blob(stmt, 2, fingerprint, ZTP_SHA256_LEN);
	return get(db, candidate, stmt, error);
}

int ztp_candidates_put(struct ztp_db *db, struct ztp_registry *registry,
		       const struct ztp_candidate *candidate, bool replaces,
		       struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_put, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, candidate->id);
	ztp_db_text(stmt, 2, candidate->path);
	ztp_db_blob(stmt, 3, candidate->fingerprint, ZTP_SHA256_LEN);
	ztp_db_blob(stmt, 4, candidate->spki_sha256, ZTP_SHA256_LEN);
	ztp_db_blob(stmt, 5, candidate->ca, ZTP_SHA256_LEN);
	ztp_db_int(stmt, 6, candidate->rejected);
	ztp_db_int(stmt, 7, candidate->acked);
	ztp_db_int(stmt, 8, candidate->attempt);
	ztp_db_text(stmt, 9, candidate->remote_addr);
	ztp_db_int(stmt, 10, candidate->received_at);
	ztp_db_int(stmt, 11, candidate->seen_at);
	ztp_db_int(stmt, 12, candidate->not_after);
	ztp_db_int(stmt, 13, candidate->retry_at);
	ztp_db_blob(stmt, 14, candidate->der, candidate->der_len);
	ztp_db_blob(stmt, 15, candidate->identity, ZTP_SHA256_LEN);
	ztp_db_text(stmt, 16, registry->name);
	rc = ztp_db_run(db, stmt, error);
	if (rc != 0)
		return rc;
	ztp_counts_add(registry,
		       (struct ztp_counts){
			       .candidates = !candidate->rejected,
			       .rejected = candidate->rejected - replaces,
		       });
	return 0;
}

static int change(struct ztp_db *db, const char *sql, const char *id,
		  int64_t value, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, id);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		ztp_db_int(stmt, 2, value);
	return ztp_db_run(db, stmt, error);
}

int ztp_candidates_seen(struct ztp_db *db, const char *id, int64_t now_ms,
			struct ztp_error *error)
{
	return change(db, sql_seen, id, now_ms, error);
}

int ztp_candidates_reject(struct ztp_db *db, struct ztp_registry *registry,
			  const struct ztp_candidate *candidate,
			  int64_t retry_at, struct ztp_error *error)
{
	int rc = change(db, sql_reject, candidate->id, retry_at, error);

	if (rc == 0 && !candidate->rejected)
		ztp_counts_add(registry, (struct ztp_counts){.candidates = -1,
							     .rejected = 1});
	return rc;
}

int ztp_candidates_delete(struct ztp_db *db, struct ztp_registry *registry,
			  const struct ztp_candidate *candidate,
			  struct ztp_error *error)
{
	int rc = change(db, sql_delete, candidate->id, 0, error);

	if (rc == 0)
		ztp_counts_add(registry,
			       (struct ztp_counts){
				       .candidates = -!candidate->rejected,
				       .rejected = -candidate->rejected,
			       });
	return rc;
}

int ztp_candidates_end_path(struct ztp_db *db, struct ztp_registry *registry,
			    const char *path, struct ztp_error *error)
{
	int rc = change(db, sql_end_live, path, 0, error);

	if (rc == 0)
		ztp_counts_add(
			registry,
			(struct ztp_counts){.candidates = -ztp_db_changes(db)});
	if (rc == 0)
		rc = change(db, sql_end_rejected, path, END_REJECTED_MAX,
			    error);
	if (rc == 0)
		ztp_counts_add(
			registry,
			(struct ztp_counts){.rejected = -ztp_db_changes(db)});
	return rc;
}

int ztp_candidates_ack(struct ztp_db *db, const char *id,
		       struct ztp_error *error)
{
	int rc = change(db, sql_ack, id, 0, error);

	return rc == 0 ? ztp_db_changes(db) > 0 : rc;
}

int64_t ztp_candidates_of_certificate(struct ztp_db *db,
				      const struct ztp_db_certificate *cert,
				      struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_of_certificate, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_certificate(stmt, 1, cert);
	return ztp_db_count(db, stmt, error);
}

int ztp_candidates_cooling(struct ztp_db *db, int64_t *retry_at,
			   int64_t *attempt, const char *path,
			   const struct ztp_db_certificate *cert,
			   struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_cooling, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, path);
	ztp_db_certificate(stmt, 2, cert);
	rc = ztp_db_step(db, stmt, error); /* always one row */
	if (rc < 0)
		return rc;
	*retry_at = sqlite3_column_int64(stmt, 0);
	*attempt = sqlite3_column_int64(stmt, 1);
	(void)sqlite3_reset(stmt);
	return 0;
}

int64_t ztp_candidates_of_path(struct ztp_db *db, const char *path,
			       struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_of_path, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, path);
	return ztp_db_count(db, stmt, error);
}

static void bind_query(sqlite3_stmt *stmt,
		       const struct ztp_candidate_query *query)
{
	ztp_db_text(stmt, 1, query->after ? query->after : "");
	ztp_db_int(stmt, 2, query->limit);
	if (query->which < ZTP_CANDIDATES_DUE) {
		if (sqlite3_bind_parameter_count(stmt) > 2)
			ztp_db_text(stmt, 3, query->of);
		if (query->which == ZTP_CANDIDATES_CA)
			ztp_db_blob(stmt, 4, query->ca, ZTP_SHA256_LEN);
		return;
	}
	ztp_db_int(stmt, 3, query->now_ms);
	if (query->which == ZTP_CANDIDATES_COOLED_CERTIFICATE)
		ztp_db_certificate(stmt, 4, query->cert);
	if (query->which == ZTP_CANDIDATES_COOLED_REGISTRY)
		ztp_db_text(stmt, 4, query->of);
}

int ztp_candidates_list(struct ztp_db *db,
			const struct ztp_candidate_query *query,
			bool (*visit)(const struct ztp_candidate *candidate,
				      void *arg),
			void *arg, struct ztp_error *error)
{
	static const char *const texts[] = {
		[ZTP_CANDIDATES_OFFERED] = sql_offered,
		[ZTP_CANDIDATES_ALL] = sql_all,
		[ZTP_CANDIDATES_REGISTRY] = sql_registry,
		[ZTP_CANDIDATES_CA] = sql_ca,
		[ZTP_CANDIDATES_PATH] = sql_path,
		[ZTP_CANDIDATES_ID] = sql_id,
		[ZTP_CANDIDATES_DUE] = sql_due,
		[ZTP_CANDIDATES_COOLED_CERTIFICATE] = sql_cooled_certificate,
		[ZTP_CANDIDATES_COOLED_REGISTRY] = sql_cooled_registry,
	};
	sqlite3_stmt *stmt = ztp_db_use(db, texts[query->which], error);
	struct ztp_candidate candidate;
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	bind_query(stmt, query);
	while ((rc = ztp_db_step(db, stmt, error)) > 0) {
		rc = read_row(&candidate, stmt, error);
		if (rc != 0 || !visit(&candidate, arg))
			break;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}
