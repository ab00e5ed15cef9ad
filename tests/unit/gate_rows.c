#include "gate_rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gate/candidates.h"
#include "gate/db_schema.h"
#include "gate/gate.h"
#include "sql_number.h"

/* --- rows */

void gate_put(struct gate_fixture *f, const char *name, int count,
	      struct gate_rows rows)
{
	const char *of = rows.registry ? rows.registry : "custom";
	struct ztp_registry *registry = gate_registry(f, of);
	struct ztp_gate *gate = f->gate;
	int64_t now = ztp_clock_wall();
	struct ztp_candidate candidate = {
		.rejected = rows.rejected,
		.acked = true,
		.seen_at = now + rows.seen_at,
		.not_after = now + rows.not_after,
		.retry_at = now + rows.retry_at,
		.der = (const uint8_t *)"",
	};

	assert_non_null(registry);
	if (rows.ca)
		memcpy(candidate.ca, rows.ca, ZTP_SHA256_LEN);
	for (int i = 1; i <= count; i++) {
		(void)snprintf(candidate.id, sizeof(candidate.id), "%s-%d",
			       name, i);
		(void)snprintf(candidate.path, sizeof(candidate.path),
			       "subscriptions/acme/registries/%s/devices/%s-%d",
			       of, name, i);
		if (rows.path)
			(void)snprintf(candidate.path, sizeof(candidate.path),
				       "%s", rows.path);
		memcpy(candidate.fingerprint, &i, sizeof(i));
		memcpy(candidate.identity, &i, sizeof(i));
		assert_int_equal(ztp_candidates_put(gate->db, registry,
						    &candidate, false, NULL),
				 0);
	}
}

int64_t gate_live_rows(struct gate_fixture *f)
{
	static const char sql[] =
		"SELECT count(*) FROM candidates WHERE NOT rejected";

	return gate_number(f, sql);
}

int64_t gate_rejected_rows(struct gate_fixture *f)
{
	static const char sql[] =
		"SELECT count(*) FROM candidates WHERE rejected";

	return gate_number(f, sql);
}

struct ztp_registry *gate_registry(struct gate_fixture *f, const char *name)
{
	struct ztp_gate *gate = f->gate;
	char whole[ZTP_REGISTRY_MAX + 1];

	(void)snprintf(whole, sizeof(whole), "acme/%s", name);
	return ztp_registries_find(gate->registries, whole, strlen(whole));
}

void gate_change(struct gate_fixture *f, const char *sql)
{
	struct ztp_gate *gate = f->gate;

	assert_int_equal(
		ztp_db_run(gate->db, ztp_db_use(gate->db, sql, NULL), NULL), 0);
	gate_tick();
}

static sqlite3 *handle_of(struct gate_fixture *f)
{
	static const char sql[] = "SELECT 1";
	struct ztp_gate *gate = f->gate;

	return sqlite3_db_handle(ztp_db_use(gate->db, sql, NULL));
}

int64_t gate_steps(struct gate_fixture *f)
{
	sqlite3 *handle = handle_of(f);
	sqlite3_stmt *stmt;
	int64_t sum = 0;

	for (stmt = NULL; (stmt = sqlite3_next_stmt(handle, stmt));)
		sum += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
	return sum;
}

int64_t gate_pages(struct gate_fixture *f)
{
	static const int kinds[] = {SQLITE_DBSTATUS_CACHE_HIT,
				    SQLITE_DBSTATUS_CACHE_MISS};
	int64_t sum = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		int now, most;

		assert_int_equal(sqlite3_db_status(handle_of(f), kinds[i], &now,
						   &most, 0),
				 SQLITE_OK);
		sum += now;
	}
	return sum;
}

/* --- an older database */

static void execute(sqlite3 *handle, const char *sql)
{
	if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
}

/* Each row of the query is a statement. */
static void execute_each(sqlite3 *handle, const char *query)
{
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(handle, query, -1, &stmt, NULL),
			 SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		execute(handle, (const char *)sqlite3_column_text(stmt, 0));
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

void gate_make_older(const struct gate_fixture *f, int version)
{
	static const char rows[] =
		"SELECT 'INSERT INTO main.' || name || '(' || columns || ') "
		"SELECT ' || columns || ' FROM now.' || name FROM (SELECT "
		"t.name, group_concat(c.name) AS columns FROM "
		"main.sqlite_master "
		"t, pragma_table_info(t.name, 'main') c WHERE t.type = 'table' "
		"GROUP BY "
		"t.name)";
	char path[sizeof(f->db) + 8], text[sizeof(path) + 32];
	sqlite3 *handle;

	(void)snprintf(path, sizeof(path), "%s.older", f->db);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	for (int i = 0; i < version; i++)
		execute(handle, ztp_db_schema[i]);
	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %d", version);
	execute(handle, text);
	(void)snprintf(text, sizeof(text), "ATTACH '%s' AS now", f->db);
	execute(handle, text);
	(void)snprintf(text, sizeof(text), "PRAGMA main.application_id = %d",
		       (int)sql_number(handle, "PRAGMA now.application_id"));
	execute(handle, text);
	execute_each(handle, rows);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	assert_int_equal(rename(path, f->db), 0);
}
