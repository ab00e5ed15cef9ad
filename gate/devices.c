#include "gate/devices.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/gate_protocol.h"
#include "ztp/json.h"

#define COLUMNS                                                                \
	"path, fingerprint, spki_sha256, spki, blocked, onboarding, "          \
	"request_id, created_at, connected, greeted, identity"

static const char sql_get[] = "SELECT " COLUMNS " FROM devices WHERE path = ?1";
static const char sql_list[] =
	"SELECT " COLUMNS " FROM devices WHERE path > ?1 ORDER BY path LIMIT "
	"?2";
static const char sql_list_of[] =
	"SELECT " COLUMNS " FROM devices WHERE registry = ?3 AND path > ?1 "
	"ORDER BY path LIMIT ?2";
static const char sql_insert[] =
	"INSERT INTO devices(path, fingerprint, spki_sha256, spki, blocked, "
	"onboarding, request_id, created_at, connected, greeted, identity, "
	"registry, metadata) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
	"?11, ?12, ?13)";
static const char sql_metadata[] =
	"SELECT metadata FROM devices WHERE path = ?1";
static const char sql_delete[] = "DELETE FROM devices WHERE path = ?1";
static const char sql_remember[] =
	"INSERT OR REPLACE INTO deleted(request_id, path, at) "
	"VALUES(?1, ?2, ?3)";
static const char sql_remembered[] =
	"SELECT 1 FROM deleted WHERE request_id = ?1 AND path = ?2";
static const char sql_prune[] =
	"DELETE FROM deleted WHERE (request_id, path) IN (SELECT request_id, "
	"path FROM deleted WHERE at < ?1 ORDER BY at LIMIT ?2)";
static const char sql_blocked[] =
	"UPDATE devices SET blocked = ?2 WHERE path = ?1";
static const char sql_connected[] =
	"UPDATE devices SET connected = ?2 WHERE path = ?1";
static const char sql_greeted[] =
	"UPDATE devices SET greeted = 1 WHERE path = ?1";
static const char sql_of_certificate[] =
	"SELECT count(*) FROM devices WHERE identity IN (?1, ?2)";

static int read_row(struct ztp_device *device, sqlite3_stmt *stmt,
		    struct ztp_error *error)
{
	const void *spki = sqlite3_column_blob(stmt, 3);
	size_t spki_len = (size_t)sqlite3_column_bytes(stmt, 3);
	char mode[16];

	if (!ztp_db_get_text(stmt, 0, device->path, sizeof(device->path)) ||
	    !ztp_db_get_blob(stmt, 1, device->fingerprint, ZTP_SHA256_LEN) ||
	    !ztp_db_get_blob(stmt, 2, device->spki_sha256, ZTP_SHA256_LEN) ||
	    !spki || spki_len > sizeof(device->spki) ||
	    !ztp_db_get_text(stmt, 5, mode, sizeof(mode)) ||
	    !ztp_onboarding_parse(&device->onboarding, mode) ||
	    !ztp_db_get_text(stmt, 6, device->request_id,
			     sizeof(device->request_id)) ||
	    !ztp_db_get_blob(stmt, 10, device->identity, ZTP_SHA256_LEN))
		return ztp_fail(
			error, ZTP_ERR_IO,
			"registry database: a device in it is not valid");
	memcpy(device->spki, spki, spki_len);
	device->spki_len = spki_len;
	device->blocked = sqlite3_column_int(stmt, 4) != 0;
	device->created_at = sqlite3_column_int64(stmt, 7);
	device->connected_at = sqlite3_column_int64(stmt, 8);
	device->greeted = sqlite3_column_int(stmt, 9) != 0;
	return 0;
}

int ztp_devices_get(struct ztp_db *db, struct ztp_device *device,
		    const char *path, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_get, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, path);
	rc = ztp_db_step(db, stmt, error);
	if (rc > 0) {
		int bad = read_row(device, stmt, error);

		rc = bad ? bad : 1;
		(void)sqlite3_reset(stmt);
	}
	return rc;
}

int ztp_devices_insert(struct ztp_db *db, struct ztp_registry *registry,
		       const struct ztp_device *device, const char *metadata,
		       struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_insert, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, device->path);
	ztp_db_blob(stmt, 2, device->fingerprint, ZTP_SHA256_LEN);
	ztp_db_blob(stmt, 3, device->spki_sha256, ZTP_SHA256_LEN);
	ztp_db_blob(stmt, 4, device->spki, device->spki_len);
	ztp_db_int(stmt, 5, device->blocked);
	ztp_db_text(stmt, 6, ztp_onboarding_name(device->onboarding));
	ztp_db_text(stmt, 7, device->request_id);
	ztp_db_int(stmt, 8, device->created_at);
	ztp_db_int(stmt, 9, device->connected_at);
	ztp_db_int(stmt, 10, device->greeted);
	ztp_db_blob(stmt, 11, device->identity, ZTP_SHA256_LEN);
	ztp_db_text(stmt, 12, registry->name);
	ztp_db_text(stmt, 13, metadata);
	rc = ztp_db_run(db, stmt, error);
	if (rc == 0)
		ztp_counts_add(registry, (struct ztp_counts){.devices = 1});
	return rc;
}

int ztp_devices_metadata(struct ztp_db *db, char **metadata, const char *path,
			 struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_metadata, error);
	const char *text;
	int rc;

	*metadata = NULL;
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, path);
	rc = ztp_db_step(db, stmt, error);
	if (rc <= 0)
		return rc;
	rc = 0;
	text = (const char *)sqlite3_column_text(stmt, 0);
	/* It goes into a response as it is. */
	if (text && ztp_json_check(text, strlen(text), ZTP_CONTROL_METADATA_MAX,
				   NULL) == 0) {
		*metadata = strdup(text);
		if (!*metadata)
			rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

int ztp_devices_delete(struct ztp_db *db, struct ztp_registry *registry,
		       const struct ztp_device *device, int64_t now_ms,
		       struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_remember, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, device->request_id);
	ztp_db_text(stmt, 2, device->path);
	ztp_db_int(stmt, 3, now_ms);
	rc = ztp_db_run(db, stmt, error);
	if (rc != 0)
		return rc;
	stmt = ztp_db_use(db, sql_delete, error);
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, device->path);
	rc = ztp_db_run(db, stmt, error);
	if (rc == 0)
		ztp_counts_add(registry, (struct ztp_counts){.devices = -1});
	return rc;
}

int ztp_devices_was_deleted(struct ztp_db *db, const char *path,
			    const char *request_id, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_remembered, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, request_id);
	ztp_db_text(stmt, 2, path);
	rc = ztp_db_step(db, stmt, error);
	(void)sqlite3_reset(stmt);
	return rc;
}

static int update(struct ztp_db *db, const char *sql, const char *path,
		  int64_t value, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, path);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		ztp_db_int(stmt, 2, value);
	return ztp_db_run(db, stmt, error);
}

int ztp_devices_set_blocked(struct ztp_db *db, const char *path, bool blocked,
			    struct ztp_error *error)
{
	return update(db, sql_blocked, path, blocked, error);
}

int ztp_devices_set_connected(struct ztp_db *db, const char *path,
			      int64_t now_ms, struct ztp_error *error)
{
	return update(db, sql_connected, path, now_ms, error);
}

int ztp_devices_set_greeted(struct ztp_db *db, const char *path,
			    struct ztp_error *error)
{
	return update(db, sql_greeted, path, 1, error);
}

int64_t ztp_devices_of_certificate(struct ztp_db *db,
				   const struct ztp_db_certificate *cert,
				   struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_of_certificate, error);
	int64_t count;
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_certificate(stmt, 1, cert);
	rc = ztp_db_step(db, stmt, error);
	if (rc <= 0)
		return rc;
	count = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return count;
}

int ztp_devices_list(struct ztp_db *db, const char *registry, const char *after,
		     int64_t limit,
		     bool (*visit)(const struct ztp_device *device, void *arg),
		     void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt =
		ztp_db_use(db, *registry ? sql_list_of : sql_list, error);
	struct ztp_device device;
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, after);
	ztp_db_int(stmt, 2, limit);
	if (*registry)
		ztp_db_text(stmt, 3, registry);
	while ((rc = ztp_db_step(db, stmt, error)) > 0) {
		rc = read_row(&device, stmt, error);
		if (rc != 0 || !visit(&device, arg))
			break;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

int ztp_devices_prune(struct ztp_db *db, int64_t before_ms, int64_t limit,
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
