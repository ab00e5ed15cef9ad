/*
 * gate/db_values.h - parameters (from 1) and columns (from 0) of SQLite's
 * statements.
 */
#ifndef ZTP_GATE_DB_VALUES_H
#define ZTP_GATE_DB_VALUES_H

#include <sqlite3.h>

#include "ztp/codec.h"

/* What a certificate is counted by: its identity (ztp/cert.h). Rows from before
 * version 2 have the fingerprint in its place. Both are views. */
struct ztp_db_certificate {
	const uint8_t *identity, *fingerprint;
};
/* Binds both, to this parameter and the next. */
void ztp_db_certificate(sqlite3_stmt *stmt, int index,
			const struct ztp_db_certificate *cert);

/* A parameter that could not be bound makes the statement fail when it
 * runs. */
void ztp_db_text(sqlite3_stmt *stmt, int index, const char *text);
void ztp_db_blob(sqlite3_stmt *stmt, int index, const void *bytes, size_t n);
void ztp_db_int(sqlite3_stmt *stmt, int index, int64_t value);
/* False if the column does not fit or is not UTF-8, as a response has to be.
 * NULL reads as "". */
bool ztp_db_get_text(sqlite3_stmt *stmt, int column, char *out, size_t size);
/* False unless the column has exactly n bytes. */
bool ztp_db_get_blob(sqlite3_stmt *stmt, int column, void *out, size_t n);

#endif
