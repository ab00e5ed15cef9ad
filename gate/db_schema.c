#include "gate/db_schema.h"

static const char schema[] =
	"CREATE TABLE registries(name TEXT PRIMARY KEY, onboarding TEXT NOT "
	"NULL, audience TEXT, created_at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE cas(registry TEXT NOT NULL, fingerprint BLOB NOT NULL, "
	"pem TEXT NOT NULL, PRIMARY KEY(registry, fingerprint)) WITHOUT ROWID;"
	"CREATE TABLE devices(path TEXT PRIMARY KEY, registry TEXT NOT NULL, "
	"fingerprint BLOB NOT NULL, spki_sha256 BLOB NOT NULL, spki BLOB NOT "
	"NULL, blocked INTEGER NOT NULL DEFAULT 0, onboarding TEXT NOT NULL, "
	"request_id TEXT NOT NULL, metadata TEXT, created_at INTEGER NOT NULL, "
	"connected INTEGER NOT NULL DEFAULT 0, greeted INTEGER NOT NULL "
	"DEFAULT 0) WITHOUT ROWID;"
	"CREATE INDEX devices_registry ON devices(registry, path);"
	"CREATE INDEX devices_fingerprint ON devices(fingerprint);"
	"CREATE TABLE candidates(id TEXT PRIMARY KEY, path TEXT NOT NULL, "
	"registry TEXT NOT NULL, fingerprint BLOB NOT NULL, spki_sha256 BLOB "
	"NOT NULL, der BLOB NOT NULL, ca BLOB NOT NULL, rejected INTEGER NOT "
	"NULL DEFAULT 0, acked INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT "
	"NULL DEFAULT 1, remote_addr TEXT NOT NULL, received_at INTEGER NOT "
	"NULL, seen_at INTEGER NOT NULL, not_after INTEGER NOT NULL, retry_at "
	"INTEGER NOT NULL DEFAULT 0, UNIQUE(path, fingerprint)) WITHOUT ROWID;"
	"CREATE INDEX candidates_fingerprint ON candidates(fingerprint) WHERE "
	"rejected = 0;"
	"CREATE INDEX candidates_registry ON candidates(registry, id);"
	"CREATE INDEX candidates_offered ON candidates(id) WHERE acked = 0 AND "
	"rejected = 0;"
	"CREATE TABLE deleted(request_id TEXT NOT NULL, path TEXT NOT NULL, "
	"at INTEGER NOT NULL, PRIMARY KEY(request_id, path)) WITHOUT ROWID;";

/* Version 2 counts certificates by their identity (ztp/cert.h) instead of their
 * fingerprint. Rows of before keep the fingerprint, and are found by it. It also
 * remembers candidates that were withdrawn. */
static const char withdrawn[] =
	"ALTER TABLE devices ADD COLUMN identity BLOB NOT NULL DEFAULT x'';"
	"UPDATE devices SET identity = fingerprint;"
	"DROP INDEX devices_fingerprint;"
	"CREATE INDEX devices_identity ON devices(identity);"
	"ALTER TABLE candidates ADD COLUMN identity BLOB NOT NULL DEFAULT x'';"
	"UPDATE candidates SET identity = fingerprint;"
	"DROP INDEX candidates_fingerprint;"
	"CREATE INDEX candidates_identity ON candidates(identity) WHERE "
	"rejected = 0;"
	"CREATE TABLE withdrawn(request_id TEXT PRIMARY KEY, path TEXT NOT "
	"NULL, fingerprint BLOB NOT NULL, reason TEXT NOT NULL, owed INTEGER "
	"NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX withdrawn_path ON withdrawn(path);"
	"CREATE INDEX withdrawn_owed ON withdrawn(request_id) WHERE owed > 0;";

/* Version 3 remembers from where a key was proven. source: struct
 * ztp_throttle_source. */
static const char proven[] =
	"CREATE TABLE proven(path TEXT NOT NULL, spki_sha256 BLOB NOT NULL, "
	"source BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(path, "
	"spki_sha256, source)) WITHOUT ROWID;";

/* Version 4 finds what is to be deleted without looking at all else, and counts
 * rejections. Candidates end page by page with their CA or registry; what is left
 * of that is in `sweeps` (ca empty: all of the registry). */
static const char due[] =
	"CREATE INDEX candidates_due ON candidates(" ZTP_DB_CANDIDATE_DUE ");"
	"CREATE INDEX candidates_rejected ON candidates(registry, retry_at) "
	"WHERE rejected = 1;"
	"CREATE INDEX candidates_refused ON candidates(identity, retry_at) "
	"WHERE rejected = 1;"
	"DROP INDEX candidates_registry;"
	"CREATE INDEX candidates_registry ON candidates(registry, id) WHERE "
	"rejected = 0;"
	"CREATE INDEX candidates_ca ON candidates(registry, ca, id) WHERE "
	"rejected = 0;"
	"CREATE INDEX candidates_live ON candidates(id) WHERE rejected = 0;"
	"CREATE TABLE sweeps(id INTEGER PRIMARY KEY, registry TEXT NOT NULL, "
	"ca BLOB NOT NULL, ended INTEGER NOT NULL, sessions INTEGER NOT NULL);"
	"CREATE INDEX deleted_at ON deleted(at);"
	"CREATE INDEX withdrawn_at ON withdrawn(at);";

/* Version 5 finds what is live of a path, and what one certificate is there,
 * without looking at all others that were rejected there: with as many
 * certificates of one CA anybody can make them as many as a registry may have. And
 * it counts those of a certificate in the index alone: SQLite asks a row whether it
 * is rejected, unless the index tells, although all of the index are. */
static const char of_path[] =
	"CREATE INDEX candidates_path ON candidates(path, id) WHERE rejected = "
	"0;"
	"CREATE INDEX candidates_cooling ON candidates(path, identity) WHERE "
	"rejected = 1;"
	"DROP INDEX candidates_identity;"
	"CREATE INDEX candidates_identity ON candidates(identity, rejected) "
	"WHERE rejected = 0;"
	"DROP INDEX candidates_refused;"
	"CREATE INDEX candidates_refused ON candidates(identity, retry_at, "
	"rejected) WHERE rejected = 1;";

const char *const ztp_db_schema[ZTP_DB_SCHEMA_VERSION] = {schema, withdrawn,
							  proven, due, of_path};
