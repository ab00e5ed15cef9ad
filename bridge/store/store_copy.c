/*
 * The SQLite store of a bridge that is one of several: takes the rows of
 * ztp.state, and says what it stands for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_state_internal.h"

/* --- rows */

static void bind_cell(sqlite3_stmt *stmt, int i, const struct state_cell *cell)
{
	const char *p = cell->bytes.n ? cell->bytes.p : "";
	int n = (int)cell->bytes.n;

	switch (cell->type) {
	case STATE_NUMBER:
		sqlite3_bind_int64(stmt, i, cell->number);
		break;
	case STATE_TEXT:
		sqlite3_bind_text(stmt, i, p, n, SQLITE_STATIC);
		break;
	case STATE_BYTES:
		sqlite3_bind_blob(stmt, i, p, n, SQLITE_STATIC);
		break;
	case STATE_NULL:
		sqlite3_bind_null(stmt, i);
		break;
	}
}

/* NULL: no transaction could be begun. The statement is one that writes. */
static sqlite3_stmt *state_stmt(struct store *store, enum state_sql sql,
				struct ztp_error *error)
{
	if (store_begin(store, error) != 0)
		return NULL;
	sqlite3_reset(store->state->stmt[sql]);
	return store->state->stmt[sql];
}

static int put_row(struct store *store, enum state_sql sql,
		   const struct state_row *row, int first,
		   struct ztp_error *error)
{
	sqlite3_stmt *stmt = state_stmt(store, sql, error);
	int i;

	if (!stmt)
		return ZTP_ERR_IO;
	for (i = 0; i < row->count; i++)
		bind_cell(stmt, first + i, &row->cells[i]);
	return store_run(store, stmt, error);
}

static bool is_set(const struct state_cell *cell)
{
	return cell->type == STATE_NUMBER && cell->number != 0;
}

/* --- requests */

/* The totals without the row that is there, if there is one. */
static int uncount(struct store *store, int64_t n, bool *found,
		   struct ztp_error *error)
{
	sqlite3_stmt *stmt = state_stmt(store, STATE_SQL_OLD_REQUEST, error);
	int rc, state;

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	rc = sqlite3_step(stmt);
	*found = rc == SQLITE_ROW;
	if (*found) {
		state = sqlite3_column_int(stmt, 0);
		if (state > 0 && state < ZTP_STATE_END)
			store->facts.count[state]--;
		store->facts.listed -= sqlite3_column_int(stmt, 1);
	}
	sqlite3_reset(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE
		       ? 0
		       : store_fail(store, rc, error);
}

static void count(struct store_counters *facts, const struct state_cell *cell)
{
	enum ztp_state state = (enum ztp_state)cell[STATE_REQUEST_STATE].number;

	facts->count[state]++;
	facts->listed += is_set(&cell[STATE_REQUEST_FINISHED_AT]);
	if (cell[STATE_REQUEST_N].number > facts->request_n)
		facts->request_n = cell[STATE_REQUEST_N].number;
	if (ztp_state_undecided(state) &&
	    cell[STATE_REQUEST_DUE_AT].number !=
		    cell[STATE_REQUEST_EXPIRES_AT].number)
		facts->moved = true;
}

static int put_request_by(struct store *store, enum state_sql sql,
			  const struct state_row *row, struct ztp_error *error)
{
	const struct state_cell *cell = row->cells;
	const struct ztp_str *text = &cell[STATE_REQUEST_PATH].bytes;
	int state = (int)cell[STATE_REQUEST_STATE].number;
	sqlite3_stmt *stmt = state_stmt(store, sql, error);
	char path[ZTP_PATH_MAX + 1];

	if (!stmt)
		return ZTP_ERR_IO;
	memcpy(path, text->p, text->n);
	path[text->n] = '\0';
	sqlite3_bind_int64(stmt, 1, store_path_hash(store, path));
	store_bind_time(stmt, 2, ztp_state_undecided((enum ztp_state)state));
	return put_row(store, sql, row, 3, error);
}

/* Its id is that of another row, whose removal compaction has kept from a copy that
 * was away for long. */
static int uncount_its_id(struct store *store, const struct state_row *row,
			  struct ztp_error *error)
{
	const struct ztp_str *id = &row->cells[STATE_REQUEST_ID].bytes;
	sqlite3_stmt *stmt = state_stmt(store, STATE_SQL_OLD_ID, error);
	bool found;
	int64_t n;
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_text(stmt, 1, id->p, (int)id->n, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, row->cells[STATE_REQUEST_N].number);
	rc = sqlite3_step(stmt);
	n = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	if (rc == SQLITE_DONE)
		return 0;
	return rc == SQLITE_ROW ? uncount(store, n, &found, error)
				: store_fail(store, rc, error);
}

/* Nearly all are new, or another state of one that is there. These two statements
 * write one row and find what is wrong before, so SQLite needs no copies of pages
 * to take them back, as for INSERT OR REPLACE, which took four fifths of a
 * standby's CPU time. It is left for what changes nothing then: another request
 * had its number or its id. */
static int put_request(struct store *store, const struct state_row *row,
		       struct ztp_error *error)
{
	const struct state_cell *cell = row->cells;
	int64_t n = cell[STATE_REQUEST_N].number;
	bool found = false;
	int rc = 0;

	/* A new one is usually the last. */
	if (n <= store->facts.request_n)
		rc = uncount(store, n, &found, error);
	if (rc == 0)
		rc = put_request_by(store,
				    found ? STATE_SQL_SAME_REQUEST
					  : STATE_SQL_NEW_REQUEST,
				    row, error);
	if (rc == 0 && sqlite3_changes(store->db) == 0) {
		rc = uncount_its_id(store, row, error);
		if (rc == 0)
			rc = put_request_by(store, STATE_SQL_PUT_REQUEST, row,
					    error);
	}
	if (rc == 0)
		count(&store->facts, cell);
	return rc;
}

static int remove_request(struct store *store, const struct ztp_str *id,
			  int64_t n, struct ztp_error *error)
{
	sqlite3_stmt *stmt;
	bool found;
	int rc = uncount(store, n, &found, error);

	stmt = state_stmt(store, STATE_SQL_DEL_REQUEST, error);
	if (rc != 0 || !stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	sqlite3_bind_text(stmt, 2, id->p, (int)id->n, SQLITE_STATIC);
	return store_run(store, stmt, error);
}

/* --- decisions */

static int remove_decision(struct store *store, int64_t n,
			   struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_DEC_DEL, true, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, n);
	store->facts.erasures++;
	return store_run(store, stmt, error);
}

/* The request may have had another one, which only its row knows. Or it is the same
 * without its payload, which was erased. */
static int put_decision(struct store *store, const struct state_row *row,
			struct ztp_error *error)
{
	int64_t n = row->cells[STATE_DECISION_N].number;
	sqlite3_stmt *stmt = state_stmt(store, STATE_SQL_OLD_DECISION, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_int64(stmt, 1, row->cells[STATE_DECISION_REQUEST].number);
	sqlite3_bind_int64(stmt, 2, n);
	rc = store_run(store, stmt, error);
	if (rc == 0 && (sqlite3_changes(store->db) > 0 ||
			row->cells[STATE_DECISION_KIND].number >= STORE_ERASED))
		store->facts.erasures++;
	if (rc == 0)
		rc = put_row(store, STATE_SQL_PUT_DECISION, row, 1, error);
	if (n > store->facts.decision_n)
		store->facts.decision_n = n;
	return rc;
}

/* --- the others */

static int take_facts(struct store *store, const struct state_row *row)
{
	struct store_counters *facts = &store->facts;

	facts->newest = row->cells[STATE_FACTS_NEWEST].number;
	facts->erased.finished_at = row->cells[STATE_FACTS_ERASED_AT].number;
	facts->erased.n = row->cells[STATE_FACTS_ERASED_N].number;
	return 0;
}

static int take_filters(struct store *store, const struct state_row *row,
			struct ztp_error *error)
{
	char *text = strndup(row->cells[0].bytes.p ? row->cells[0].bytes.p : "",
			     row->cells[0].bytes.n);
	int rc = text ? store_set(store, STORE_FILTERS, text, error)
		      : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");

	free(text);
	return rc;
}

static int take_lost(struct store *store, const struct state_row *row,
		     struct ztp_error *error)
{
	char at[24];

	snprintf(at, sizeof(at), "%lld", (long long)row->cells[0].number);
	return store_set(store, STORE_LOST, at, error);
}

/* Only --to-standby removes one, of a run that was not finished. */
static int remove_position(struct store *store, const struct ztp_str *part,
			   struct ztp_error *error)
{
	sqlite3_stmt *stmt = state_stmt(store, STATE_SQL_DEL_POSITION, error);

	if (!stmt)
		return ZTP_ERR_IO;
	sqlite3_bind_text(stmt, 1, store->state->topic, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, part->p, (int)part->n, SQLITE_STATIC);
	return store_run(store, stmt, error);
}

static int take_small(struct store *store, const struct store_state_row *told,
		      struct ztp_error *error)
{
	char key[STATE_KEY_MAX + 1];

	if (told->key.n > STATE_KEY_MAX)
		return ztp_fail(error, ZTP_ERR_VALUE, "a key is too long");
	memcpy(key, told->key.p, told->key.n);
	key[told->key.n] = '\0';
	return store_state_small_write(store, key, told->value, error);
}

static int take_removed(struct store *store, const struct state_row *row,
			const struct store_state_row *told,
			struct ztp_error *error)
{
	switch (row->kind) {
	case STATE_REQUEST:
		return remove_request(store, &row->name, told->row, error);
	case STATE_DECISION:
		return remove_decision(store, told->row, error);
	case STATE_POSITION:
		return remove_position(store, &row->name, error);
	case STATE_FILTERS:
		return store_set(store, STORE_FILTERS, "", error);
	case STATE_LOST:
		return store_set(store, STORE_LOST, "-1", error);
	case STATE_FACTS:
		return 0; /* nobody removes it */
	default:
		return take_small(store, told, error);
	}
}

static int take(struct store *store, const struct state_row *row,
		const struct store_state_row *told, struct ztp_error *error)
{
	if (row->removed)
		return take_removed(store, row, told, error);
	switch (row->kind) {
	case STATE_REQUEST:
		return put_request(store, row, error);
	case STATE_DECISION:
		return put_decision(store, row, error);
	case STATE_POSITION:
		return put_row(store, STATE_SQL_PUT_POSITION, row, 1, error);
	case STATE_FACTS:
		return take_facts(store, row);
	case STATE_FILTERS:
		return take_filters(store, row, error);
	case STATE_LOST:
		return take_lost(store, row, error);
	default:
		return take_small(store, told, error);
	}
}

int store_state_apply(struct store *store, const struct store_state_row *told,
		      struct ztp_error *error)
{
	struct state_row row;
	int rc = state_row_decode(&row, told->key, told->value, error);

	if (rc == 0)
		rc = take(store, &row, told, error);
	store_changes_clear(store->changes);
	store->state->dirty = true;
	return rc;
}

/* --- what the copy stands for */

void store_copy_parse(struct store_copy *copy, const char *text)
{
	int64_t parts[4];
	char *rest = NULL;
	int i;

	for (i = 0; i < 4; i++) {
		parts[i] = strtoll(text, &rest, 10);
		text = rest;
	}
	*copy = (struct store_copy){parts[0], parts[1], parts[2],
				    parts[3] != 0};
}

int store_copy_get(struct store *store, struct store_copy *copy,
		   struct ztp_error *error)
{
	char text[STORE_COPY_TEXT];
	int rc = store_get(store, STORE_COPY, text, sizeof(text), error);

	store_copy_parse(copy, text);
	return rc < 0 ? rc : 0;
}

static int set_copy(struct store *store, const struct store_copy *copy,
		    struct ztp_error *error)
{
	char text[STORE_COPY_TEXT];

	snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %" PRId64 " %d",
		 copy->next, copy->written_at, copy->birth,
		 copy->partly || store->state->indexes);
	return store_set(store, STORE_COPY, text, error);
}

int store_copy_write(struct store *store, struct ztp_error *error)
{
	int rc;

	if (sqlite3_get_autocommit(store->db))
		return 0;
	rc = sqlite3_step(store->stmt[SQL_COMMIT]);
	sqlite3_reset(store->stmt[SQL_COMMIT]);
	return rc == SQLITE_DONE ? 0 : store_fail(store, rc, error);
}

/* A commit that fails usually takes with it what all turns since the last one
 * have written. */
static void undo(struct store *store)
{
	store_rollback(store);
	if (sqlite3_get_autocommit(store->db))
		store->state->lost = true;
}

int store_copy_settle(struct store *store, struct ztp_error *error)
{
	store_times_forget(store);
	store_queues_forget(store);
	return store_commit(store, 0, error);
}

int store_copy_commit(struct store *store, const struct store_copy *copy,
		      struct ztp_error *error)
{
	int rc = set_copy(store, copy, error);

	if (rc == 0)
		rc = store_copy_settle(store, error);
	if (rc == 0)
		rc = store_copy_write(store, error);
	if (rc == 0)
		store->state->dirty = false;
	else
		undo(store);
	return rc;
}

bool store_copy_dirty(const struct store *store)
{
	return store->state->dirty;
}

bool store_copy_lost(const struct store *store)
{
	return store->state->lost;
}
