/*
 * bridge/store/store_gather.h - writes what a transaction adds to the WAL by one
 * call instead of two for each page. The store's thread only.
 */
#ifndef BRIDGE_STORE_STORE_GATHER_H
#define BRIDGE_STORE_STORE_GATHER_H

#include "base/sqlite.h"

struct store_gather;

/* From now on, for the WAL of this connection to the file, which must have been read.
 * *gather is NULL after an error. */
int store_gather_open(struct store_gather **gather, sqlite3 *db,
		      const struct ztp_sqlite_file *file,
		      struct ztp_error *error);
/* After the connection has been closed. NULL is allowed. */
void store_gather_free(struct store_gather *gather);

#endif
