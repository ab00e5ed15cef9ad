/*
 * Reading everything anew is done without indexes, which are made at the end:
 * they would be changed at random places. Until then the copy says that it is
 * partly read, and whoever finds it so begins again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_state_internal.h"

static int add_index(struct store_state *state, size_t count, const char *sql)
{
	char **grown = realloc(state->indexes, (count + 2) * sizeof(*grown));

	if (!grown)
		return ZTP_ERR_NOMEM;
	state->indexes = grown;
	grown[count + 1] = NULL;
	grown[count] = strdup(sql);
	return grown[count] ? 0 : ZTP_ERR_NOMEM;
}

/* But for two that statements name (INDEXED BY), which could not be prepared
 * when a store is opened that was left so; these are cheap, as rows come in
 * their order. */
#define OF_REQUESTS                                                            \
	"FROM sqlite_schema WHERE type='index' AND sql NOT NULL AND "          \
	"tbl_name='request' AND name NOT IN "                                  \
	"('request_undecided','request_finished')"
#define INDEXES	   "SELECT sql " OF_REQUESTS
#define DROP_INDEX "SELECT 'DROP INDEX '||name " OF_REQUESTS " LIMIT 1"

static int list_indexes(struct store *store, struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	size_t n = 0;
	int rc = sqlite3_prepare_v2(store->db, INDEXES, -1, &stmt, NULL), step;

	if (rc != SQLITE_OK)
		return store_fail(store, rc, error);
	rc = 0;
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW && rc == 0)
		rc = add_index(store->state, n++,
			       (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	if (rc != 0)
		return ztp_fail(error, rc, "out of memory");
	return step == SQLITE_DONE ? 0 : store_fail(store, step, error);
}

static int run_sql(struct store *store, const char *sql,
		   struct ztp_error *error)
{
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_fail(store, rc, error);
}

static int drop_each(struct store *store, struct ztp_error *error)
{
	sqlite3_stmt *stmt = NULL;
	char sql[128];
	int rc = 0, step = SQLITE_ROW;

	while (rc == 0 && step == SQLITE_ROW) {
		rc = sqlite3_prepare_v2(store->db, DROP_INDEX, -1, &stmt, NULL);
		if (rc != SQLITE_OK)
			return store_fail(store, rc, error);
		step = sqlite3_step(stmt);
		if (step == SQLITE_ROW)
			store_copy_text(stmt, 0, sql, sizeof(sql));
		sqlite3_finalize(stmt);
		if (step == SQLITE_ROW)
			rc = run_sql(store, sql, error);
	}
	return rc;
}

/* All of them or none, so that what was listed before is what is to be made again. */
static int drop_indexes(struct store *store, struct ztp_error *error)
{
	int rc = run_sql(store, ZTP_SQL_BEGIN, error);

	if (rc == 0)
		rc = drop_each(store, error);
	if (rc == 0)
		rc = run_sql(store, ZTP_SQL_COMMIT, error);
	/* Some errors roll back by themselves. */
	if (rc != 0 && !sqlite3_get_autocommit(store->db))
		(void)run_sql(store, ZTP_SQL_ROLLBACK, NULL);
	return rc;
}

int store_copy_begin(struct store *store, struct ztp_error *error)
{
	static const struct store_copy partly = {.partly = true};
	int rc;

	if (store->state->indexes) /* it has been begun */
		return 0;
	rc = list_indexes(store, error);
	if (rc == 0) /* before anything is gone */
		rc = store_copy_commit(store, &partly, error);
	if (rc == 0)
		rc = drop_indexes(store, error);
	if (rc != 0)
		store_state_indexes_free(store->state);
	return rc;
}

/* Where SQLite puts its temporary files: a folder that can be written to, and
 * from which nobody else reads. NULL: where it would. */
static void set_folder(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	sqlite3_free(sqlite3_temp_directory);
	sqlite3_temp_directory =
		!path	? NULL
		: slash ? sqlite3_mprintf("%.*s", (int)(slash - path) + 1, path)
			: sqlite3_mprintf(".");
}

static void forget_first(char **index)
{
	free(*index);
	for (; *index; index++)
		index[0] = index[1];
}

/* What is made stays, so that after an error only the others are to be made. Two
 * requests with one id are no error of the disk's: compaction has kept from this
 * reader that the first of them was removed, and it has to read anew. */
static int make_indexes(struct store *store, struct ztp_error *error)
{
	char **index = store->state->indexes;
	int rc = 0;

	while (rc == 0 && index && *index) {
		rc = run_sql(store, *index, error);
		if (rc == 0)
			forget_first(index);
		else if ((sqlite3_errcode(store->db) & 0xff) ==
			 SQLITE_CONSTRAINT)
			store->state->lost = true;
	}
	return rc;
}

/* A million requests are sorted for each index, which in memory takes 70 MiB. */
int store_copy_end(struct store *store, struct ztp_error *error)
{
	int rc, after;

	set_folder(store->path);
	rc = run_sql(store, "PRAGMA temp_store=FILE", error);
	if (rc == 0)
		rc = make_indexes(store, error);
	/* Payloads do not go into such files. */
	after = run_sql(store, "PRAGMA temp_store=MEMORY",
			rc == 0 ? error : NULL);
	set_folder(NULL);
	if (rc == 0)
		rc = after;
	if (rc != 0)
		return rc;
	store_state_indexes_free(store->state);
	return 0;
}
