#include "bridge/store/store_changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_changes *store_changes_new(void)
{
	return calloc(1, sizeof(struct store_changes));
}

void store_changes_free(struct store_changes *changes)
{
	if (!changes)
		return;
	free(changes->requests.rows);
	free(changes->decisions.rows);
	free(changes->positions.rows);
	free(changes->gone.rows);
	free(changes->small.rows);
	free(changes);
}

void store_changes_clear(struct store_changes *changes)
{
	if (!changes)
		return;
	changes->requests.count = changes->decisions.count = 0;
	changes->positions.count = 0;
	changes->gone.count = changes->small.count = 0;
	changes->failed = false;
}

/* The array with room for another element, or NULL. */
static void *reserve(void *array, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 64;
	void *grown;

	if (count < *room)
		return array;
	grown = realloc(array, more * size);
	if (grown)
		*room = more;
	return grown;
}

/* One request is often saved several times in a row. */
static void add(struct store_changes *changes, struct store_changes_list *list,
		int64_t row)
{
	int64_t *rows;

	if (list->count > 0 && list->rows[list->count - 1] == row)
		return;
	rows = reserve(list->rows, list->count, &list->room, sizeof(*rows));
	if (!rows) {
		changes->failed = true;
		return;
	}
	list->rows = rows;
	rows[list->count++] = row;
}

void store_changes_request(struct store_changes *changes, int64_t n)
{
	if (changes)
		add(changes, &changes->requests, n);
}

void store_changes_decision(struct store_changes *changes, int64_t request)
{
	if (changes)
		add(changes, &changes->decisions, request);
}

void store_changes_position(struct store_changes *changes, int64_t partition)
{
	if (changes)
		add(changes, &changes->positions, partition);
}

static void add_named(struct store_changes *changes,
		      struct store_changes_names *names, enum state_kind kind,
		      const char *name, int64_t row)
{
	struct store_changes_name *rows =
		reserve(names->rows, names->count, &names->room, sizeof(*rows));

	if (!rows) {
		changes->failed = true;
		return;
	}
	names->rows = rows;
	rows += names->count++;
	rows->kind = kind;
	rows->row = row;
	snprintf(rows->name, sizeof(rows->name), "%s", name);
}

void store_changes_removed(struct store_changes *changes, enum state_kind kind,
			   const char *id, int64_t row)
{
	if (changes)
		add_named(changes, &changes->gone, kind, id, row);
}

void store_changes_small(struct store_changes *changes, enum state_kind kind,
			 const char *name)
{
	if (changes)
		add_named(changes, &changes->small, kind, name, 0);
}

bool store_changes_any(const struct store_changes *changes)
{
	return changes &&
	       (changes->requests.count || changes->decisions.count ||
		changes->positions.count || changes->gone.count ||
		changes->small.count);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void store_changes_once(struct store_changes_list *list)
{
	size_t i, kept = 0;

	if (list->count == 0)
		return;
	qsort(list->rows, list->count, sizeof(*list->rows), compare);
	for (i = 1; i < list->count; i++)
		if (list->rows[i] != list->rows[kept])
			list->rows[++kept] = list->rows[i];
	list->count = kept + 1;
}
