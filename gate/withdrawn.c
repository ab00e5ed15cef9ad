/*
 * One id is acknowledged for two things: for the pending event, and later for
 * its withdrawal. If the bridge had not acknowledged the first when the
 * candidate ended, an acknowledgement of it may still be on its way, and must
 * not be taken for one of the second. Two are owed then; a bridge that has not
 * seen the pending event sends the second one when it is offered the withdrawal
 * once more.
 */
#include "gate/withdrawn.h"

#include <string.h>

#include "base/json_tree.h"
#include "gate/outbox.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

static const char sql_add[] =
	"INSERT OR REPLACE INTO withdrawn(request_id, path, fingerprint, "
	"reason, owed, at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
static const char sql_ack[] =
	"UPDATE withdrawn SET owed = owed - 1 WHERE request_id = ?1 AND "
	"owed > 0";
static const char sql_request[] =
	"SELECT 1 FROM withdrawn WHERE request_id = ?1 AND path = ?2";
static const char sql_key[] =
	"SELECT 1 FROM withdrawn WHERE path = ?1 AND fingerprint = ?2";
static const char sql_prune[] =
	"DELETE FROM withdrawn WHERE request_id IN (SELECT request_id FROM "
	"withdrawn WHERE at < ?1 ORDER BY at LIMIT ?2)";
static const char sql_owed[] =
	"SELECT request_id, path, fingerprint, reason FROM withdrawn WHERE "
	"owed > 0 AND request_id > ?1 ORDER BY request_id LIMIT ?2";

int ztp_withdrawn_add(struct ztp_db *db, const struct ztp_candidate *candidate,
		      const char *reason, int64_t now_ms,
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_add, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, candidate->id);
	ztp_db_text(stmt, 2, candidate->path);
	ztp_db_blob(stmt, 3, candidate->fingerprint, ZTP_SHA256_LEN);
	ztp_db_text(stmt, 4, reason);
	ztp_db_int(stmt, 5, candidate->acked ? 1 : 2);
	ztp_db_int(stmt, 6, now_ms);
	return ztp_db_run(db, stmt, error);
}

int ztp_withdrawn_ack(struct ztp_db *db, const char *id,
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_ack, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, id);
	rc = ztp_db_run(db, stmt, error);
	return rc == 0 ? ztp_db_changes(db) > 0 : rc;
}

static int exists(struct ztp_db *db, sqlite3_stmt *stmt,
		  struct ztp_error *error)
{
	int rc = ztp_db_step(db, stmt, error);

	(void)sqlite3_reset(stmt);
	return rc;
}

int ztp_withdrawn_request(struct ztp_db *db, const char *id, const char *path,
			  struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_request, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, id);
	ztp_db_text(stmt, 2, path);
	return exists(db, stmt, error);
}

int ztp_withdrawn_key(struct ztp_db *db, const char *path,
		      const uint8_t fingerprint[ZTP_SHA256_LEN],
		      struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_key, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, path);
	ztp_db_blob(stmt, 2, fingerprint, ZTP_SHA256_LEN);
	return exists(db, stmt, error);
}

int ztp_withdrawn_prune(struct ztp_db *db, int64_t before_ms, int64_t limit,
			struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_prune, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_int(stmt, 1, before_ms);
	ztp_db_int(stmt, 2, limit);
	rc = ztp_db_run(db, stmt, error);
	return rc == 0 ? ztp_db_changes(db) : rc;
}

/* ---- offering */

static bool offer(struct ztp_gate *gate, sqlite3_stmt *stmt)
{
	struct ztp_round *round = &gate->withdrawals;
	char path[ZTP_PATH_MAX + 1], reason[64];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	cJSON *object;

	if (!ztp_db_get_text(stmt, 0, round->cursor, sizeof(round->cursor)) ||
	    !ztp_db_get_text(stmt, 1, path, sizeof(path)) ||
	    !ztp_db_get_blob(stmt, 2, fingerprint, ZTP_SHA256_LEN) ||
	    !ztp_db_get_text(stmt, 3, reason, sizeof(reason)))
		return false;
	object = cJSON_CreateObject();
	if (!cJSON_AddStringToObject(object, ZTP_M_REQUEST_ID, round->cursor) ||
	    !cJSON_AddStringToObject(object, ZTP_M_DEVICE_PATH, path) ||
	    !ztp_tree_add_sha256(object, ZTP_M_FINGERPRINT, fingerprint) ||
	    !cJSON_AddStringToObject(object, ZTP_M_REASON, reason)) {
		cJSON_Delete(object); /* the next round offers it */
		return true;
	}
	(void)ztp_outbox_put(gate, ZTP_MQTT_WITHDRAWN, object, 1);
	return true;
}

/* Offers the next page after the cursor. False at the end, or on an error;
 * after the interval it is tried again. */
static bool offer_page(struct ztp_gate *gate)
{
	struct ztp_round *round = &gate->withdrawals;
	sqlite3_stmt *stmt = ztp_db_use(gate->db, sql_owed, NULL);
	int count = 0;

	if (!stmt)
		return false;
	ztp_db_text(stmt, 1, round->cursor);
	ztp_db_int(stmt, 2, ZTP_ROUND_PAGE);
	while (ztp_db_step(gate->db, stmt, NULL) > 0 && offer(gate, stmt))
		count++;
	(void)sqlite3_reset(stmt);
	return count == ZTP_ROUND_PAGE;
}

void ztp_withdrawn_tick(struct ztp_gate *gate, int64_t now_ms)
{
	struct ztp_round *round = &gate->withdrawals;

	(void)ztp_round_begin(round, now_ms);
	if (round->running && !offer_page(gate))
		ztp_round_end(round, now_ms);
}
