#include "gate/db_values.h"

#include <limits.h>
#include <string.h>

#include "gate/db.h"
#include "ztp/text.h"

/* Without memory the parameter would be NULL, and a column that may be NULL
 * would lose what it was to hold. A value that is too big takes its place, which
 * needs no memory: a statement that reads it fails with SQLITE_TOOBIG. */
static void bound(sqlite3_stmt *stmt, int index, int rc)
{
	if (rc != SQLITE_OK)
		(void)sqlite3_bind_zeroblob(stmt, index, INT_MAX);
}

void ztp_db_text(sqlite3_stmt *stmt, int index, const char *text)
{
	bound(stmt, index,
	      sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT));
}

void ztp_db_blob(sqlite3_stmt *stmt, int index, const void *bytes, size_t n)
{
	bound(stmt, index,
	      sqlite3_bind_blob(stmt, index, bytes, (int)n, SQLITE_TRANSIENT));
}

void ztp_db_int(sqlite3_stmt *stmt, int index, int64_t value)
{
	(void)sqlite3_bind_int64(stmt, index, value);
}

void ztp_db_certificate(sqlite3_stmt *stmt, int index,
			const struct ztp_db_certificate *cert)
{
	ztp_db_blob(stmt, index, cert->identity, ZTP_SHA256_LEN);
	ztp_db_blob(stmt, index + 1, cert->fingerprint, ZTP_SHA256_LEN);
}

bool ztp_db_get_text(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);
	size_t n = (size_t)sqlite3_column_bytes(stmt, column);

	out[0] = '\0';
	if (!text)
		return true;
	if (n >= size || memchr(text, '\0', n) ||
	    !ztp_utf8_valid((const char *)text, n))
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

bool ztp_db_get_blob(sqlite3_stmt *stmt, int column, void *out, size_t n)
{
	const void *bytes = sqlite3_column_blob(stmt, column);

	if (!bytes || (size_t)sqlite3_column_bytes(stmt, column) != n)
		return false;
	memcpy(out, bytes, n);
	return true;
}

int64_t ztp_db_count(struct ztp_db *db, sqlite3_stmt *stmt,
		     struct ztp_error *error)
{
	int64_t number;
	int rc = ztp_db_step(db, stmt, error);

	if (rc <= 0)
		return rc < 0 ? rc : ZTP_ERR_IO;
	number = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return number;
}
