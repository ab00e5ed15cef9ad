/* The SQLite store: requests by path, by time, by state, and for people. */
#include <stdio.h>
#include <string.h>

#include "bridge/store/store_internal.h"

int store_path_each(struct store *store, const char *path, store_visit *visit,
		    void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_PATH, false, error);

	sqlite3_bind_int64(stmt, 1, store_path_hash(store, path));
	sqlite3_bind_text(stmt, 2, path, -1, SQLITE_STATIC);
	return store_walk(store, stmt, visit, arg, error);
}

int store_channel_each(struct store *store, const char *channel,
		       store_visit *visit, void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_CHANNEL, false, error);

	sqlite3_bind_text(stmt, 1, channel, -1, SQLITE_STATIC);
	return store_walk(store, stmt, visit, arg, error);
}

int store_due_each(struct store *store, bool undecided, int64_t until,
		   int limit, store_visit *visit, void *arg,
		   struct ztp_error *error)
{
	sqlite3_stmt *stmt =
		store_stmt(store, undecided ? SQL_REQ_UNDECIDED : SQL_REQ_DUE,
			   false, error);
	int64_t next = store_next_due(store, undecided);

	if (next == 0 || next > until)
		return 0;
	sqlite3_bind_int64(stmt, 1, until);
	sqlite3_bind_int(stmt, 2, limit);
	return store_walk(store, stmt, visit, arg, error);
}

int store_waiting_each(struct store *store, int64_t after, int limit,
		       store_visit *visit, void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_WAITING, false, error);

	sqlite3_bind_int64(stmt, 1, after);
	sqlite3_bind_int(stmt, 2, limit);
	return store_walk(store, stmt, visit, arg, error);
}

bool store_registry_range(const char *registry, char from[ZTP_PATH_MAX + 2],
			  char to[ZTP_PATH_MAX + 2])
{
	const char *slash = strchr(registry, '/');
	int n;

	if (!slash || strlen(registry) > ZTP_REGISTRY_MAX)
		return false;
	n = snprintf(from, ZTP_PATH_MAX + 2,
		     ZTP_PATH_SUBSCRIPTION "%.*s" ZTP_PATH_REGISTRY
					   "%s" ZTP_PATH_DEVICE,
		     (int)(slash - registry), registry, slash + 1);
	if (n < 0 || n > ZTP_PATH_MAX)
		return false;
	memcpy(to, from, (size_t)n + 1);
	to[n - 1] = '/' + 1;
	return true;
}

int store_list_each(struct store *store, int64_t after, int64_t until,
		    const struct store_filter *filter, store_visit *visit,
		    void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_REQ_LIST, false, error);
	char from[ZTP_PATH_MAX + 2], to[ZTP_PATH_MAX + 2];

	sqlite3_clear_bindings(stmt);
	sqlite3_bind_int64(stmt, 1, after);
	sqlite3_bind_int(stmt, 2, (int)filter->state);
	if (filter->registry) {
		if (!store_registry_range(filter->registry, from, to))
			return 0;
		sqlite3_bind_text(stmt, 3, from, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 4, to, -1, SQLITE_STATIC);
	}
	sqlite3_bind_int(stmt, 5, filter->limit);
	sqlite3_bind_int64(stmt, 6, until);
	store_bind_find(stmt, filter->find);
	return store_walk(store, stmt, visit, arg, error);
}

int64_t store_list_next(struct store *store, int64_t after, bool undecided)
{
	int64_t n;

	store_number(store, undecided ? SQL_LIST_NEXT_UNDECIDED : SQL_LIST_NEXT,
		     after, &n);
	return n;
}

int64_t store_oldest_undecided(struct store *store)
{
	int64_t at;

	store_number(store, SQL_OLDEST, 0, &at);
	return at;
}
