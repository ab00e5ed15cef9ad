#include "bridge/store/store_refused.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/store/store_state_internal.h"

/* A later version may have put it elsewhere; then it is not a copy, as far as this
 * one can tell. */
#define GET "SELECT value FROM meta WHERE name=?1"

/* 1: there is such a value, with a NUL after it; 0: there is none; or a negative
 * error. */
static int get(sqlite3_stmt *stmt, const char *name, struct state_bytes *bytes)
{
	int step, rc = 0;

	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	step = sqlite3_step(stmt);
	if (step == SQLITE_ROW) {
		const void *value = sqlite3_column_blob(stmt, 0);

		bytes->len = (size_t)sqlite3_column_bytes(stmt, 0);
		free(bytes->p);
		bytes->p = calloc(1, bytes->len + 1);
		if (bytes->p && value)
			memcpy(bytes->p, value, bytes->len);
		rc = bytes->p ? 1 : ZTP_ERR_NOMEM;
	}
	sqlite3_reset(stmt);
	return step == SQLITE_ROW || step == SQLITE_DONE ? rc : ZTP_ERR_IO;
}

/* Is it a copy of something? And nothing else at the same time. */
static bool read_copy(sqlite3_stmt *stmt, struct store_refused *refused)
{
	struct state_bytes *bytes = &refused->bytes;
	int rc = get(stmt, STORE_MOVE, bytes);

	if (rc < 0 || (rc == 1 && bytes->len > 0) ||
	    get(stmt, STORE_COPY, bytes) != 1)
		return false;
	store_copy_parse(&refused->at, (const char *)bytes->p);
	return refused->at.next > 0 || refused->at.partly;
}

static bool read_birth(sqlite3_stmt *stmt, struct store_refused *refused)
{
	struct state_bytes *bytes = &refused->bytes;
	int rc = get(stmt, STATE_BIRTH_KEY, bytes);

	refused->birth =
		(struct state_row){.kind = STATE_BIRTH, .removed = true};
	if (rc == 1)
		rc = state_row_decode(
			&refused->birth, ztp_str_of(STATE_BIRTH_KEY),
			(struct ztp_str){(const char *)bytes->p, bytes->len},
			NULL);
	return rc == 0;
}

static bool read_all(sqlite3 *db, struct store_refused *refused)
{
	sqlite3_stmt *stmt = NULL;
	bool is_copy =
		sqlite3_prepare_v2(db, GET, -1, &stmt, NULL) == SQLITE_OK &&
		read_copy(stmt, refused) && read_birth(stmt, refused);

	sqlite3_finalize(stmt);
	return is_copy;
}

static bool look(struct store_refused *refused, const char *path)
{
	const struct ztp_sqlite_file file = {
		.path = path,
		.what = "store",
		.program = ZTP_BRIDGE,
		.application_id = STORE_APPLICATION_ID,
		.busy_ms = STORE_BUSY_MS,
	};
	int64_t version = 0;
	sqlite3 *db;
	bool is_copy;

	if (ztp_sqlite_look(&db, &file, &version, NULL) != 0)
		return false;
	refused->newer = version > STORE_SCHEMA_VERSION;
	is_copy = read_all(db, refused);
	sqlite3_close(db);
	return is_copy;
}

bool store_refused_look(struct store_refused *refused, const char *path)
{
	*refused = (struct store_refused){.lock_fd = -1};
	refused->held = store_lock(path, &refused->lock_fd, NULL) == 0 &&
			look(refused, path);
	if (!refused->held)
		store_refused_release(refused);
	return refused->held;
}

void store_refused_release(struct store_refused *refused)
{
	if (refused->lock_fd >= 0)
		close(refused->lock_fd);
	free(refused->bytes.p);
	*refused = (struct store_refused){.lock_fd = -1};
}
