/*
 * The SQLite store: which rows a search means.
 *
 * There is no index for it: each would be written for every request that comes,
 * and searches are rare. They look at a window of rows at a time, as the other
 * filters of lists do.
 */
#include <stdio.h>
#include <string.h>

#include "bridge/store/store_internal.h"

/* The texts that begin with `text` are those from it up to this one: ids and
 * paths have no character above '~'. */
static void bind_prefix(sqlite3_stmt *stmt, int from, int to, const char *text)
{
	char end[STORE_FIND_MAX + 1];

	(void)snprintf(end, sizeof(end), "%s\x7f", text);
	sqlite3_bind_text(stmt, from, text, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, to, end, -1, SQLITE_TRANSIENT);
}

/* The column has the certificate's identity behind its fingerprint. */
static void bind_fingerprint(sqlite3_stmt *stmt, const struct store_find *find)
{
	uint8_t to[2 * ZTP_SHA256_LEN];

	memset(to, 0xff, sizeof(to));
	memcpy(to, find->to, ZTP_SHA256_LEN);
	sqlite3_bind_blob(stmt, 13, find->from, ZTP_SHA256_LEN,
			  SQLITE_TRANSIENT);
	sqlite3_bind_blob(stmt, 14, to, sizeof(to), SQLITE_TRANSIENT);
}

void store_bind_find(sqlite3_stmt *stmt, const struct store_find *find)
{
	if (!find)
		return;
	sqlite3_bind_int(stmt, 7, 1);
	bind_prefix(stmt, 8, 9, find->id);
	if (*find->path)
		bind_prefix(stmt, 10, 11, find->path);
	if (*find->device)
		sqlite3_bind_text(stmt, 12, find->device, -1, SQLITE_TRANSIENT);
	if (find->fingerprint)
		bind_fingerprint(stmt, find);
}
