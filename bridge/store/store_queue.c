/*
 * The SQLite store: what is to be tried next, kept in memory.
 *
 * Commands in flight stay due in the store until their results are in it, so
 * whoever asks the database in every turn reads them all again, and one request
 * waits for the gate or the broker for many turns. So each queue (STORE_QUEUE)
 * has its first rows here: only their order, their numbers and what is owed.
 * Every write changes them as it changes the index; nothing but a load reads
 * that.
 *
 * A queue may be longer than what is kept. Then the list is exactly its
 * beginning, and what comes after the last row is left out. When too few are
 * left, the beginning is loaded again.
 */
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_internal.h"

#define MAX STORE_QUEUE_MAX

struct store_queues {
	struct list {
		bool known;
		bool all; /* nothing comes after the last */
		int count;
		struct store_owed rows[MAX];
	} lists[STORE_QUEUES];
};

int store_queues_open(struct store *store, struct ztp_error *error)
{
	store->queues = calloc(1, sizeof(*store->queues));
	return store->queues ? 0
			     : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

void store_queues_close(struct store *store)
{
	free(store->queues);
	store->queues = NULL;
}

void store_queues_forget(struct store *store)
{
	int i;

	for (i = 0; i < STORE_QUEUES; i++)
		store->queues->lists[i].known = false;
}

/* As STORE_QUEUE says. */
enum store_queue store_queue(const struct ztp_obligation *owed)
{
	if (ztp_obligation_suspect(owed))
		return STORE_SUSPECT;
	return owed->tries > 0 ? STORE_TRIED : STORE_FRESH;
}

/* --- the list */

static bool is_before(const struct store_owed *a, const struct store_owed *b)
{
	return a->retry_at != b->retry_at ? a->retry_at < b->retry_at
					  : a->n < b->n;
}

/* The place of the first row that is not before `row`. */
static int place_of(const struct list *list, const struct store_owed *row)
{
	int from = 0, to = list->count;

	/* Most rows come at the end. */
	if (to > 0 && is_before(&list->rows[to - 1], row))
		return to;
	while (from < to) {
		int middle = (from + to) / 2;

		if (is_before(&list->rows[middle], row))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool is_at(const struct list *list, int place,
		  const struct store_owed *row)
{
	return place < list->count && list->rows[place].n == row->n &&
	       list->rows[place].retry_at == row->retry_at;
}

static void take_out(struct list *list, const struct store_owed *row)
{
	int place = place_of(list, row);

	if (!is_at(list, place, row))
		return; /* it comes after the last one that is kept */
	list->count--;
	memmove(&list->rows[place], &list->rows[place + 1],
		(size_t)(list->count - place) * sizeof(*row));
}

static void put_in(struct list *list, const struct store_owed *row)
{
	int place = place_of(list, row);

	if (is_at(list, place, row)) {
		list->rows[place].what = row->what;
		return;
	}
	if (place == list->count && !list->all)
		return;
	if (list->count == MAX) {
		list->all = false;
		if (place == MAX)
			return;
		list->count--;
	}
	memmove(&list->rows[place + 1], &list->rows[place],
		(size_t)(list->count - place) * sizeof(*row));
	list->rows[place] = *row;
	list->count++;
}

void store_queues_count(struct store *store, const struct store_request *r)
{
	struct list *before = &store->queues->lists[r->stored_queue];
	struct list *now = &store->queues->lists[store_queue(&r->owed)];
	struct store_owed old = {.retry_at = r->stored_retry, .n = r->n};
	struct store_owed new = {r->owed.retry_at, r->n, r->owed.what};

	if (old.retry_at != 0 && before->known &&
	    (before != now || old.retry_at != new.retry_at))
		take_out(before, &old);
	if (new.retry_at != 0 && now->known)
		put_in(now, &new);
}

/* --- from the database */

static int load(struct store *store, enum store_queue queue,
		struct ztp_error *error)
{
	struct list *list = &store->queues->lists[queue];
	sqlite3_stmt *stmt = store_stmt(store, SQL_QUEUE, false, error);
	int rc;

	list->count = 0;
	sqlite3_bind_int(stmt, 1, (int)queue);
	sqlite3_bind_int(stmt, 2, MAX);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && list->count < MAX)
		list->rows[list->count++] = (struct store_owed){
			.n = sqlite3_column_int64(stmt, 0),
			.retry_at = sqlite3_column_int64(stmt, 1),
			.what = (enum ztp_owed)sqlite3_column_int(stmt, 2),
		};
	sqlite3_reset(stmt);
	list->known = rc == SQLITE_DONE;
	list->all = list->count < MAX;
	return list->known ? 0 : store_fail(store, rc, error);
}

/* Makes sure that the first `wanted` are there, if the queue has as many. */
static int require(struct store *store, enum store_queue queue, int wanted,
		   struct ztp_error *error)
{
	const struct list *list = &store->queues->lists[queue];

	if (list->known && (list->all || list->count >= wanted))
		return 0;
	return load(store, queue, error);
}

static int walk(struct store *store, enum store_queue queue, int64_t until,
		int limit, store_owed_visit *visit, void *arg,
		struct ztp_error *error)
{
	const struct list *list = &store->queues->lists[queue];
	int i, rc;

	rc = require(store, queue, limit < MAX ? limit : MAX, error);
	for (i = 0; rc == 0 && i < limit && i < list->count &&
		    list->rows[i].retry_at <= until;
	     i++) {
		rc = visit(arg, &list->rows[i]);
		if (rc != STORE_PASSED)
			continue;
		limit++;
		rc = i + 1 < list->count ? 0
					 : require(store, queue, MAX, error);
	}
	return rc;
}

int store_retry_each(struct store *store, bool fresh, int64_t until, int limit,
		     store_owed_visit *visit, void *arg,
		     struct ztp_error *error)
{
	return walk(store, fresh ? STORE_FRESH : STORE_TRIED, until, limit,
		    visit, arg, error);
}

int store_suspect_each(struct store *store, int64_t until, int limit,
		       store_owed_visit *visit, void *arg,
		       struct ztp_error *error)
{
	return walk(store, STORE_SUSPECT, until, limit, visit, arg, error);
}

static int64_t next_retry(struct store *store, enum store_queue queue)
{
	const struct list *list = &store->queues->lists[queue];

	if (require(store, queue, 1, NULL) != 0 || list->count == 0)
		return 0;
	return list->rows[0].retry_at;
}

int64_t store_next_retry(struct store *store, bool fresh)
{
	return next_retry(store, fresh ? STORE_FRESH : STORE_TRIED);
}

int64_t store_next_suspect(struct store *store)
{
	return next_retry(store, STORE_SUSPECT);
}

/* --- for tests */

/* Compares row after row: the list must be the beginning of the queue. */
static bool agrees(struct store *store, enum store_queue queue)
{
	const struct list *list = &store->queues->lists[queue];
	sqlite3_stmt *stmt = store_stmt(store, SQL_QUEUE, false, NULL);
	int i = 0, rc = SQLITE_DONE;
	bool same = true;

	if (!list->known)
		return true;
	sqlite3_bind_int(stmt, 1, (int)queue);
	sqlite3_bind_int(stmt, 2, MAX + 1);
	while (same && (rc = sqlite3_step(stmt)) == SQLITE_ROW &&
	       i < list->count) {
		const struct store_owed *row = &list->rows[i++];

		same = row->n == sqlite3_column_int64(stmt, 0) &&
		       row->retry_at == sqlite3_column_int64(stmt, 1) &&
		       (int)row->what == sqlite3_column_int(stmt, 2);
	}
	sqlite3_reset(stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return true; /* it cannot be read, so it does not tell */
	return same && i == list->count && (rc == SQLITE_DONE || !list->all);
}

bool store_queues_agree(struct store *store)
{
	return agrees(store, STORE_FRESH) && agrees(store, STORE_TRIED) &&
	       agrees(store, STORE_SUSPECT);
}
