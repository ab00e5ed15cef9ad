#include "spoil.h"

#include <sqlite3.h>

#include "fuzz.h"
#include "ztp/codec.h"

#define NAMES "abcdefghijklmnopqrstuvwxyz_"

void spoil_copy(const char *from, const char *to)
{
	char bytes[1 << 16];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	MUST(in && out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		MUST(fwrite(bytes, 1, n, out) == n);
	MUST(fclose(out) == 0 && fclose(in) == 0);
}

static void bind_hex(sqlite3_stmt *stmt, const char *hex)
{
	uint8_t bytes[4096];
	size_t n = strlen(hex) / 2;

	if (n <= sizeof(bytes) && ztp_hex_decode(bytes, n, hex, 2 * n))
		sqlite3_bind_blob(stmt, 1, bytes, (int)n, SQLITE_TRANSIENT);
}

static void bind(sqlite3_stmt *stmt, const char *value)
{
	if (*value == 'x')
		bind_hex(stmt, value + 1);
	else if (*value == '\'')
		sqlite3_bind_text(stmt, 1, value + 1, -1, SQLITE_TRANSIENT);
	else if (strchr(value, '.'))
		sqlite3_bind_double(stmt, 1, strtod(value, NULL));
	else if (*value)
		sqlite3_bind_int64(stmt, 1, strtoll(value, NULL, 10));
}

static void spoil(sqlite3 *db, const char *line)
{
	size_t table = strspn(line, NAMES), column;
	sqlite3_stmt *stmt = NULL;
	char sql[256];

	column = table > 0 && line[table] == '.'
			 ? strspn(line + table + 1, NAMES)
			 : 0;
	if (column == 0 || line[table + 1 + column] != ' ' ||
	    table + column > 100)
		return;
	snprintf(sql, sizeof(sql), "UPDATE OR IGNORE %.*s SET %.*s = ?1",
		 (int)table, line, (int)column, line + table + 1);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return;
	bind(stmt, line + table + column + 2);
	(void)sqlite3_step(stmt);
	sqlite3_finalize(stmt);
}

void spoil_rows(const char *path, const uint8_t *data, size_t size)
{
	sqlite3 *db = NULL;

	MUST(sqlite3_open(path, &db) == SQLITE_OK);
	(void)sqlite3_exec(db, "PRAGMA synchronous=OFF; BEGIN", NULL, NULL,
			   NULL);
	while (size > 0) {
		char *line = fuzz_line(&data, &size);

		spoil(db, line);
		free(line);
	}
	(void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	MUST(sqlite3_close(db) == SQLITE_OK);
}
