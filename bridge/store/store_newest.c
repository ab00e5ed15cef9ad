/*
 * The SQLite store: lists for people, newest first.
 *
 * First the row numbers are collected, then each row is read by its
 * number. A page costs as much as the rows on it, and no walk holds whole
 * rows in memory.
 */
#include <stdlib.h>

#include "bridge/store/store_internal.h"

struct numbers {
	int64_t *list;
	int count, room;
};

static int numbers_init(struct numbers *numbers, int room,
			struct ztp_error *error)
{
	*numbers = (struct numbers){.room = room};
	numbers->list = calloc((size_t)room, sizeof(*numbers->list));
	if (!numbers->list)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return 0;
}

static int visit_each(struct store *store, const struct numbers *numbers,
		      store_visit *visit, void *arg, struct ztp_error *error)
{
	struct store_request request;
	int i, rc = 0;

	for (i = 0; i < numbers->count && rc == 0; i++) {
		rc = store_request_by_n(store, numbers->list[i], &request,
					error);
		if (rc == 1)
			rc = visit(arg, &request);
	}
	return rc;
}

/* Binds ?2 to ?4, and ?7 to ?14, of both lists. Returns false if there cannot be such a
 * registry. from and to must live until the statement has finished. */
static bool bind_filter(sqlite3_stmt *stmt, const struct store_filter *filter,
			char from[ZTP_PATH_MAX + 2], char to[ZTP_PATH_MAX + 2])
{
	sqlite3_clear_bindings(stmt);
	sqlite3_bind_int(stmt, 2, (int)filter->state);
	store_bind_find(stmt, filter->find);
	if (!filter->registry)
		return true;
	if (!store_registry_range(filter->registry, from, to))
		return false;
	sqlite3_bind_text(stmt, 3, from, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, to, -1, SQLITE_STATIC);
	return true;
}

/* --- by arrival */

int store_newest_each(struct store *store, int64_t before, int64_t until,
		      const struct store_filter *filter, store_visit *visit,
		      void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_LIST_NEWEST, false, error);
	char from[ZTP_PATH_MAX + 2], to[ZTP_PATH_MAX + 2];
	struct numbers numbers;
	int rc;

	if (!bind_filter(stmt, filter, from, to))
		return 0;
	rc = numbers_init(&numbers, filter->limit, error);
	if (rc != 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, before);
	sqlite3_bind_int(stmt, 5, filter->limit);
	sqlite3_bind_int64(stmt, 6, until);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW &&
	       numbers.count < numbers.room)
		numbers.list[numbers.count++] = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	rc = rc == SQLITE_DONE ? visit_each(store, &numbers, visit, arg, error)
			       : store_fail(store, rc, error);
	free(numbers.list);
	return rc;
}

int64_t store_list_before(struct store *store, int64_t before, bool undecided)
{
	int64_t n;

	store_number(store, undecided ? SQL_LIST_LAST_UNDECIDED : SQL_LIST_LAST,
		     before, &n);
	return n;
}

/* --- by end */

/* Moves *place over at most `window` rows, stopping at the row that fills
 * numbers. Returns how many rows it examined, or a negative error. */
static int collect_finished(struct store *store, sqlite3_stmt *stmt,
			    struct store_place *place, int window,
			    struct numbers *numbers, struct ztp_error *error)
{
	int rc = SQLITE_DONE, examined = 0;

	sqlite3_bind_int64(stmt, 1, place->finished_at);
	sqlite3_bind_int(stmt, 5, window);
	sqlite3_bind_int64(stmt, 6, place->n);
	while (numbers->count < numbers->room &&
	       (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		examined++;
		place->n = sqlite3_column_int64(stmt, 0);
		place->finished_at = sqlite3_column_int64(stmt, 1);
		if (sqlite3_column_int(stmt, 2))
			numbers->list[numbers->count++] = place->n;
	}
	sqlite3_reset(stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return store_fail(store, rc, error);
	return examined;
}

int store_finished_each(struct store *store, struct store_place *place,
			int window, const struct store_filter *filter,
			store_visit *visit, void *arg, struct ztp_error *error)
{
	sqlite3_stmt *stmt = store_stmt(store, SQL_LIST_FINISHED, false, error);
	char from[ZTP_PATH_MAX + 2], to[ZTP_PATH_MAX + 2];
	struct numbers numbers;
	int examined, rc;

	if (!bind_filter(stmt, filter, from, to))
		return 0;
	rc = numbers_init(&numbers, filter->limit, error);
	if (rc != 0)
		return rc;
	examined =
		collect_finished(store, stmt, place, window, &numbers, error);
	if (examined > 0)
		rc = visit_each(store, &numbers, visit, arg, error);
	free(numbers.list);
	return examined < 0 || rc == 0 ? examined : rc;
}
