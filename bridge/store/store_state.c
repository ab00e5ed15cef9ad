/*
 * The SQLite store of a bridge that is one of several: its rows as those of
 * ztp.state. Columns go from a statement to a row and back by their types and
 * their order alone; what each means is in state_row.h.
 */
#include "bridge/store/store_state.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_state_internal.h"

static const char *const state_sql[STATE_SQL_COUNT] = {
#define X(name, sql) sql,
	STATE_STATEMENTS(X)
#undef X
};

/* --- opening */

int store_replicate(struct store *store, const char *topic,
		    struct ztp_error *error)
{
	int i, rc = SQLITE_OK;

	store->state = calloc(1, sizeof(*store->state));
	if (store->state)
		store->state->topic = strdup(topic);
	store->changes = store_changes_new();
	if (!store->state || !store->state->topic || !store->changes)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	for (i = 0; i < STATE_SQL_COUNT && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(store->db, state_sql[i], -1,
					SQLITE_PREPARE_PERSISTENT,
					&store->state->stmt[i], NULL);
	return rc == SQLITE_OK ? 0 : store_fail(store, rc, error);
}

void store_state_indexes_free(struct store_state *state)
{
	char **index = state->indexes;

	for (; index && *index; index++)
		free(*index);
	free(state->indexes);
	state->indexes = NULL;
}

void store_state_close(struct store *store)
{
	int i;

	if (!store->state)
		return;
	for (i = 0; i < STATE_SQL_COUNT; i++)
		sqlite3_finalize(store->state->stmt[i]);
	store_state_indexes_free(store->state);
	free(store->state->bytes.p);
	free(store->state->topic);
	free(store->state);
	store->state = NULL;
}

/* --- columns */

static void read_cell(sqlite3_stmt *stmt, int column, struct state_cell *cell)
{
	*cell = (struct state_cell){0};
	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
		cell->type = STATE_NUMBER;
		cell->number = sqlite3_column_int64(stmt, column);
		break;
	case SQLITE_TEXT:
		cell->type = STATE_TEXT;
		cell->bytes.p = (const char *)sqlite3_column_text(stmt, column);
		cell->bytes.n = (size_t)sqlite3_column_bytes(stmt, column);
		break;
	case SQLITE_BLOB:
		cell->type = STATE_BYTES;
		cell->bytes.p = sqlite3_column_blob(stmt, column);
		cell->bytes.n = (size_t)sqlite3_column_bytes(stmt, column);
		break;
	default:
		break;
	}
}

void store_state_read(sqlite3_stmt *stmt, enum state_kind kind,
		      struct state_row *row)
{
	row->kind = kind;
	row->removed = false;
	for (row->count = 0; row->count < state_cells(kind); row->count++)
		read_cell(stmt, row->count, &row->cells[row->count]);
}

/* --- telling a row */

struct telling {
	struct store *store;
	store_state_visit *visit;
	void *arg;
	struct ztp_error *error;
};

static int tell(const struct telling *t, const char *key, int64_t number,
		const struct state_row *row)
{
	struct state_bytes *bytes = &t->store->state->bytes;
	struct store_state_row told = {.key = ztp_str_of(key), .row = number};
	int rc = 0;

	if (row) {
		rc = state_row_encode(bytes, row, t->error);
		told.value =
			(struct ztp_str){(const char *)bytes->p, bytes->len};
	}
	return rc == 0 ? t->visit(t->arg, &told, t->error) : rc;
}

static int tell_named(const struct telling *t, const char *name, int64_t number,
		      struct state_row *row)
{
	char key[STATE_KEY_MAX + 1];

	row->name = ztp_str_of(name);
	if (state_key(key, row->kind, name) < 0)
		return ztp_fail(t->error, ZTP_ERR_TOO_LARGE,
				"a key is too long");
	return tell(t, key, number, row->removed ? NULL : row);
}

/* A row of a table; its name is a text in the statement's column `name`. */
static int tell_row(const struct telling *t, sqlite3_stmt *stmt,
		    enum state_kind kind, int name)
{
	struct state_row row;
	const char *text;

	store_state_read(stmt, kind, &row);
	/* Not before: a number's column becomes a text by this. */
	text = (const char *)sqlite3_column_text(stmt, name);
	return text ? tell_named(t, text, 0, &row)
		    : ztp_fail(t->error, ZTP_ERR_NOMEM, "out of memory");
}

/* All rows that a bound statement finds. */
static int tell_rows(const struct telling *t, enum state_sql sql,
		     enum state_kind kind, int name, int *found)
{
	sqlite3_stmt *stmt = t->store->state->stmt[sql];
	int rc = 0, step;

	while ((step = sqlite3_step(stmt)) == SQLITE_ROW && rc == 0) {
		rc = tell_row(t, stmt, kind, name);
		*found += 1;
	}
	sqlite3_reset(stmt);
	if (rc == 0 && step != SQLITE_DONE)
		rc = store_fail(t->store, step, t->error);
	return rc;
}

static int tell_number(const struct telling *t, enum state_sql sql, int64_t n,
		       enum state_kind kind, int name, int *found)
{
	sqlite3_bind_int64(t->store->state->stmt[sql], 1, n);
	return tell_rows(t, sql, kind, name, found);
}

static int tell_facts(const struct telling *t)
{
	const struct store_counters *facts = &t->store->facts;
	struct state_row row = {
		.kind = STATE_FACTS,
		.count = STATE_FACTS_CELLS,
		.cells = {
			[STATE_FACTS_NEWEST] = {STATE_NUMBER,
						facts->newest,
						{0}},
			[STATE_FACTS_ERASED_AT] = {STATE_NUMBER,
						   facts->erased.finished_at,
						   {0}},
			[STATE_FACTS_ERASED_N] = {STATE_NUMBER,
						  facts->erased.n,
						  {0}},
		}};

	return tell_named(t, "", 0, &row);
}

static int tell_filters(const struct telling *t)
{
	int found = 0;

	return tell_rows(t, STATE_SQL_FILTERS, STATE_FILTERS, 1, &found);
}

static int tell_lost(const struct telling *t)
{
	int found = 0;

	return tell_rows(t, STATE_SQL_LOST, STATE_LOST, 1, &found);
}

static int tell_small(const struct telling *t, enum state_kind kind,
		      const char *name)
{
	struct state_bytes bytes = {0};
	struct state_row row = {.kind = kind};
	int rc;

	if (kind == STATE_FILTERS)
		return tell_filters(t);
	if (kind == STATE_LOST)
		return tell_lost(t);
	rc = store_state_get(t->store, kind, name, &row, &bytes, t->error);
	row.removed = rc == 0;
	if (rc >= 0)
		rc = tell_named(t, name, 0, &row);
	free(bytes.p);
	return rc;
}

/* --- what a turn has changed */

/* What is gone comes before what is there, and a decision before its request,
 * so that a copy finds a request's earlier decision. */
static int tell_gone(const struct telling *t)
{
	const struct store_changes_names *gone = &t->store->changes->gone;
	struct state_row row = {.removed = true};
	size_t i;
	int rc = 0;

	for (i = 0; i < gone->count && rc == 0; i++) {
		row.kind = gone->rows[i].kind;
		rc = tell_named(t, gone->rows[i].name, gone->rows[i].row, &row);
	}
	return rc;
}

static int tell_tables(const struct telling *t)
{
	struct store_changes *changes = t->store->changes;
	struct store_changes_list *list = &changes->decisions;
	int rc = 0, found = 0;
	size_t i;

	store_changes_once(list);
	for (i = 0; i < list->count && rc == 0; i++)
		rc = tell_number(t, STATE_SQL_DECISION, list->rows[i],
				 STATE_DECISION, STATE_DECISION_CELLS, &found);
	list = &changes->requests;
	store_changes_once(list);
	for (i = 0; i < list->count && rc == 0; i++)
		rc = tell_number(t, STATE_SQL_REQUEST, list->rows[i],
				 STATE_REQUEST, STATE_REQUEST_ID, &found);
	return rc;
}

static int tell_position(const struct telling *t, int64_t part)
{
	sqlite3_stmt *stmt = t->store->state->stmt[STATE_SQL_POSITION];
	int found = 0;

	sqlite3_bind_text(stmt, 2, t->store->state->topic, -1, SQLITE_STATIC);
	return tell_number(t, STATE_SQL_POSITION, part, STATE_POSITION,
			   STATE_POSITION_PART, &found);
}

static int tell_rest(const struct telling *t)
{
	struct store_changes *changes = t->store->changes;
	struct store_changes_names *small = &changes->small;
	int rc = 0;
	size_t i;

	store_changes_once(&changes->positions);
	for (i = 0; i < changes->positions.count && rc == 0; i++)
		rc = tell_position(t, changes->positions.rows[i]);
	for (i = 0; i < small->count && rc == 0; i++)
		rc = tell_small(t, small->rows[i].kind, small->rows[i].name);
	return rc;
}

int store_state_changes(struct store *store, store_state_visit *visit,
			void *arg, struct ztp_error *error)
{
	struct telling t = {store, visit, arg, error};
	int rc;

	if (store->changes->failed)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (!store_changes_any(store->changes))
		return 0;
	rc = tell_gone(&t);
	if (rc == 0)
		rc = tell_tables(&t);
	if (rc == 0)
		rc = tell_rest(&t);
	return rc == 0 ? tell_facts(&t) : rc;
}

bool store_state_changed(const struct store *store)
{
	return store_changes_any(store->changes);
}

/* --- everything */

/* All rows of a kind whose names differ. */
static int tell_each(const struct telling *t, enum state_kind kind)
{
	char name[STATE_KEY_MAX + 1] = "";
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc;

	while ((rc = store_state_after(t->store, kind, name, &row, &bytes,
				       t->error)) == 1) {
		memcpy(name, row.name.p, row.name.n);
		name[row.name.n] = '\0';
		rc = tell_named(t, name, 0, &row);
		if (rc != 0)
			break;
	}
	free(bytes.p);
	return rc;
}

static int tell_all_small(const struct telling *t)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc = store_state_get(t->store, STATE_TAKEN, "", &row, &bytes,
				 t->error);

	if (rc == 1)
		rc = tell_named(t, "", 0, &row);
	free(bytes.p);
	if (rc == 0)
		rc = tell_each(t, STATE_JOURNAL);
	return rc == 0 ? tell_each(t, STATE_HELD) : rc;
}

int store_state_all(struct store *store, store_state_visit *visit, void *arg,
		    struct ztp_error *error)
{
	struct telling t = {store, visit, arg, error};
	int64_t n = 0;
	int rc = 0, found = 0;

	while (rc == 0 && (n = store_list_next(store, n, false)) != 0) {
		rc = tell_number(&t, STATE_SQL_DECISION, n, STATE_DECISION,
				 STATE_DECISION_CELLS, &found);
		if (rc == 0)
			rc = tell_number(&t, STATE_SQL_REQUEST, n,
					 STATE_REQUEST, STATE_REQUEST_ID,
					 &found);
	}
	if (rc == 0)
		rc = tell_position(&t, STORE_CHANGES_ALL);
	if (rc == 0)
		rc = tell_filters(&t);
	if (rc == 0)
		rc = tell_lost(&t);
	if (rc == 0)
		rc = tell_all_small(&t);
	return rc == 0 ? tell_facts(&t) : rc;
}
