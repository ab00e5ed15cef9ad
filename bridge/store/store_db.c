/*
 * The SQLite store: helpers that all its files use. Statements, their errors,
 * the transaction that the first write begins, and the small named values.
 */
#include <inttypes.h>
#include <string.h>

#include "bridge/store/store_internal.h"

int store_fail(struct store *store, int rc, struct ztp_error *error)
{
	store_note_damage(store, rc);
	return ztp_sqlite_fail(store->db, &store->file, rc, error);
}

bool store_is_damaged(const struct store *store)
{
	return store->damaged;
}

int store_damaged(const struct store *store, int64_t n, struct ztp_error *error)
{
	ztp_fail(error, ZTP_ERR_IO,
		 "store %s is damaged: request number %" PRId64
		 " is not valid; move it away and restore a backup",
		 store->path, n);
	if (error)
		error->fatal = true;
	return ZTP_ERR_IO;
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
	size_t n = text ? strnlen((const char *)text, cap - 1) : 0;

	if (n > 0)
		memcpy(out, text, n);
	out[n] = '\0';
}

/* If it cannot begin, each read has a look of its own. */
void store_read_begin(struct store *store)
{
	if (store->in_transaction || store->reading ||
	    !sqlite3_get_autocommit(store->db))
		return;
	store->reading = sqlite3_step(store->stmt[SQL_READ]) == SQLITE_DONE;
	sqlite3_reset(store->stmt[SQL_READ]);
}

void store_read_end(struct store *store)
{
	if (!store->reading)
		return;
	store->reading = false;
	(void)sqlite3_step(store->stmt[SQL_COMMIT]);
	sqlite3_reset(store->stmt[SQL_COMMIT]);
}

/* So does the end of a look (store_read_end). Savepoints have their own way. */
int store_unwind(struct store *store, struct ztp_error *error)
{
	int rc;

	if (store->in_transaction || store->reading || store->changes ||
	    sqlite3_get_autocommit(store->db))
		return 0;
	rc = sqlite3_step(store->stmt[SQL_ROLLBACK]);
	sqlite3_reset(store->stmt[SQL_ROLLBACK]);
	return sqlite3_get_autocommit(store->db) ? 0
						 : store_fail(store, rc, error);
}

int store_begin(struct store *store, struct ztp_error *error)
{
	int rc;

	if (store->in_transaction)
		return 0;
	store_read_end(store);
	if (store->changes)
		return store_turn_begin(store, error);
	rc = store_unwind(store, error);
	if (rc != 0)
		return rc;
	rc = sqlite3_step(store->stmt[SQL_BEGIN]);
	sqlite3_reset(store->stmt[SQL_BEGIN]);
	if (rc != SQLITE_DONE)
		return store_fail(store, rc, error);
	store->in_transaction = true;
	return 0;
}

sqlite3_stmt *store_stmt(struct store *store, enum store_sql sql, bool write,
			 struct ztp_error *error)
{
	sqlite3_stmt *stmt = store->stmt[sql];

	if (write && store_begin(store, error) != 0)
		return NULL;
	if (write && sql != SQL_REQ_ADD && sql != SQL_REQ_ANNOUNCED)
		store->commit_required = true;
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

bool store_number(struct store *store, enum store_sql sql, int64_t arg,
		  int64_t *value)
{
	sqlite3_stmt *stmt = store_stmt(store, sql, false, NULL);
	bool found;

	if (sqlite3_bind_parameter_count(stmt) > 0)
		sqlite3_bind_int64(stmt, 1, arg);
	found = sqlite3_step(stmt) == SQLITE_ROW;
	*value = found ? sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_reset(stmt);
	return found;
}

int store_text(struct store *store, enum store_sql sql, const char *arg,
	       char *value, size_t cap, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, sql, false, error);
	int rc;

	*value = '\0';
	sqlite3_bind_text(stmt, 1, arg, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		store_copy_text(stmt, 0, value, cap);
	sqlite3_reset(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
}

int store_get(struct store *store, const char *name, char *value, size_t cap,
	      struct ztp_error *error)
{
	return store_text(store, SQL_META_GET, name, value, cap, error);
}

int store_set(struct store *store, const char *name, const char *value,
	      struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_META_SET, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, value, -1, SQLITE_STATIC);
	if (store->changes && strcmp(name, STORE_FILTERS) == 0)
		store_changes_small(store->changes, STATE_FILTERS, "");
	if (store->changes && strcmp(name, STORE_LOST) == 0)
		store_changes_small(store->changes, STATE_LOST, "");
	return store_run(store, stmt, error);
}
