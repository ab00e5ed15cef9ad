/*
 * The SQLite store of a bridge that is one of several: rows without a table of
 * their own. They are in `meta`, under their keys and as they are in Kafka.
 */
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_state_internal.h"

static int meta_key(char key[STATE_KEY_MAX + 1], enum state_kind kind,
		    const char *name, struct ztp_error *error)
{
	if (state_key(key, kind, name) < 0)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE, "a key is too long");
	return 0;
}

/* One more. That one is gone is rarer, and its size is not known; and it may have
 * had a payload, which is in the WAL as well. */
static void count_held(struct store *store, struct ztp_str value)
{
	struct store_counters *facts = &store->facts;

	if (!value.p) {
		facts->held_known = false;
		facts->erasures++;
	}
	facts->held_count++;
	facts->held_bytes += (int64_t)value.n;
}

/* The totals of what is held are counted again where they are asked for. */
int store_state_small_write(struct store *store, const char *key,
			    struct ztp_str value, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(
		store, value.p ? SQL_META_SET : SQL_META_DEL, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	if (strncmp(key, STATE_KEY_HELD, strlen(STATE_KEY_HELD)) == 0)
		count_held(store, value);
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	if (value.p)
		sqlite3_bind_blob(stmt, 2, value.p, (int)value.n,
				  SQLITE_STATIC);
	return store_run(store, stmt, error);
}

int store_state_put(struct store *store, const struct state_row *row,
		    struct ztp_error *error)
{
	struct state_bytes *bytes = &store->state->bytes;
	struct ztp_str value = {NULL, 0};
	char key[STATE_KEY_MAX + 1], name[STATE_KEY_MAX + 1] = "";
	int rc = row->removed ? 0 : state_row_encode(bytes, row, error);

	if (row->name.n > STATE_KEY_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE, "a key is too long");
	if (row->name.n > 0)
		memcpy(name, row->name.p, row->name.n);
	name[row->name.n] = '\0';
	if (rc == 0)
		rc = meta_key(key, row->kind, name, error);
	if (rc != 0)
		return rc;
	if (!row->removed)
		value = (struct ztp_str){(const char *)bytes->p, bytes->len};
	store_changes_small(store->changes, row->kind, name);
	return store_state_small_write(store, key, value, error);
}

/* *bytes is the value and then the key, which the row's name points into. */
static bool keep(struct state_bytes *bytes, sqlite3_stmt *stmt, const char *key)
{
	size_t n = strlen(key);

	bytes->len = (size_t)sqlite3_column_bytes(stmt, 0);
	bytes->cap = bytes->len + n + 1;
	free(bytes->p);
	bytes->p = malloc(bytes->cap);
	if (!bytes->p)
		return false;
	if (bytes->len > 0)
		memcpy(bytes->p, sqlite3_column_blob(stmt, 0), bytes->len);
	memcpy(bytes->p + bytes->len, key, n + 1);
	return true;
}

static int get_key(struct store *store, const char *key, struct state_row *row,
		   struct state_bytes *bytes, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_META_GET, false, error);
	bool kept = true;
	int rc, step;

	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	step = sqlite3_step(stmt);
	if (step == SQLITE_ROW)
		kept = keep(bytes, stmt, key);
	sqlite3_reset(stmt);
	if (step != SQLITE_ROW)
		return step == SQLITE_DONE ? 0 : store_fail(store, step, error);
	if (!kept)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = state_row_decode(
		row, ztp_str_of((const char *)bytes->p + bytes->len),
		(struct ztp_str){(const char *)bytes->p, bytes->len}, error);
	return rc == 0 ? 1 : rc;
}

int store_state_get(struct store *store, enum state_kind kind, const char *name,
		    struct state_row *row, struct state_bytes *bytes,
		    struct ztp_error *error)
{
	char key[STATE_KEY_MAX + 1];
	int rc = meta_key(key, kind, name, error);

	return rc == 0 ? get_key(store, key, row, bytes, error) : rc;
}

/* --- several of them */

bool store_is_replicated(const struct store *store)
{
	return store->changes != NULL;
}

int store_state_held(struct store *store, struct store_held *held,
		     struct ztp_error *error)
{
	struct store_counters *facts = &store->facts;
	sqlite3_stmt *stmt = store->state->stmt[STATE_SQL_HELD];
	int step = SQLITE_ROW;

	if (!facts->held_known) {
		step = sqlite3_step(stmt);
		facts->held_count = sqlite3_column_int64(stmt, 0);
		facts->held_bytes = sqlite3_column_int64(stmt, 1);
		facts->held_known = step == SQLITE_ROW;
		sqlite3_reset(stmt);
	}
	*held = (struct store_held){facts->held_count, facts->held_bytes};
	return step == SQLITE_ROW ? 0 : store_fail(store, step, error);
}

/* The key that comes after all of that kind: '0' follows '/'. */
static int after_all(char key[STATE_KEY_MAX + 1], enum state_kind kind)
{
	int n = state_key(key, kind, "");

	if (n > 0 && key[n - 1] == '/')
		key[n - 1]++;
	return n;
}

int store_state_after(struct store *store, enum state_kind kind,
		      const char *name, struct state_row *row,
		      struct state_bytes *bytes, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store->state->stmt[STATE_SQL_AFTER];
	char from[STATE_KEY_MAX + 1], to[STATE_KEY_MAX + 1];
	char found[STATE_KEY_MAX + 1];
	int rc = meta_key(from, kind, name, error), step;

	if (rc != 0 || after_all(to, kind) < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, from, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, to, -1, SQLITE_STATIC);
	step = sqlite3_step(stmt);
	if (step == SQLITE_ROW)
		store_copy_text(stmt, 0, found, sizeof(found));
	sqlite3_reset(stmt);
	if (step != SQLITE_ROW)
		return step == SQLITE_DONE ? 0 : store_fail(store, step, error);
	return get_key(store, found, row, bytes, error);
}
