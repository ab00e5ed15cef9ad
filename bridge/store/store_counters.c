/*
 * The SQLite store: the totals, the newest time and the journal's mark, which
 * change with nearly every commit. They share one row, "name=value;...",
 * because each further row costs a statement, and each further table a page in
 * the WAL. The names are stored on disk: a number stands for a state, and its
 * value is how many requests are in it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_internal.h"

#define NAME	  "facts"
#define WORD_MAX  16
#define TEXT_MAX  1024
#define OUTBOX	  "-1"
#define LISTED	  "-2"
#define ERASED_AT "-3"
#define ERASED_N  "-4"

/* --- the journal's mark */

void store_mark_get(const struct store *store, struct journal_mark *mark)
{
	*mark = store->committed.mark;
}

void store_floor_get(const struct store *store, struct journal_mark *floor)
{
	*floor = store->committed.floor;
}

static bool same_mark(const struct journal_mark *a,
		      const struct journal_mark *b)
{
	return a->segment == b->segment && a->offset == b->offset;
}

int store_mark_set(struct store *store, const struct journal_mark *mark,
		   const struct journal_mark *floor, struct ztp_error *error)
{
	if (same_mark(mark, &store->facts.mark) &&
	    same_mark(floor, &store->facts.floor))
		return 0;
	store->facts.mark = *mark;
	store->facts.floor = *floor;
	/* The commit writes them, so there must be a transaction. */
	return store_begin(store, error);
}

/* --- writing */

static void put_number(char *text, const char *name, int64_t number)
{
	size_t n = strlen(text);

	if (number != 0)
		snprintf(text + n, TEXT_MAX - n, ";%s=%" PRId64, name, number);
}

static void put_mark(char *text, const struct store_counters *facts)
{
	size_t n = strlen(text);

	snprintf(text + n, TEXT_MAX - n,
		 ";mark=%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64,
		 facts->mark.segment, facts->mark.offset, facts->floor.segment,
		 facts->floor.offset);
}

int store_counters_write(struct store *store, int64_t now,
			 struct ztp_error *error)
{
	struct store_counters *facts = &store->facts;
	char text[TEXT_MAX] = "", name[WORD_MAX];
	int state;

	if (now > facts->newest)
		facts->newest = now;
	put_number(text, "newest", facts->newest);
	put_number(text, "moved", facts->moved);
	put_mark(text, facts);
	put_number(text, OUTBOX, facts->outbox_count);
	put_number(text, LISTED, facts->listed);
	put_number(text, ERASED_AT, facts->erased.finished_at);
	put_number(text, ERASED_N, facts->erased.n);
	for (state = 1; state < ZTP_STATE_END; state++) {
		snprintf(name, sizeof(name), "%d", state);
		put_number(text, name, facts->count[state]);
	}
	return store_set(store, NAME, text, error);
}

/* --- reading */

/* Parses "segment:offset", followed by the floor if it differs. */
static void parse_mark(struct store_counters *facts, const char *value)
{
	struct journal_mark *mark = &facts->mark, *floor = &facts->floor;
	uint64_t *parts[] = {&mark->segment, &mark->offset, &floor->segment,
			     &floor->offset};
	char *rest = NULL;
	int i;

	for (i = 0; i < 4 && value; i++) {
		*parts[i] = strtoull(value, &rest, 10);
		value = *rest == ':' ? rest + 1 : NULL;
	}
	if (i < 4)
		*floor = *mark;
}

static void parse_field(struct store_counters *facts, const char *name,
			const char *value)
{
	int64_t number = strtoll(value, NULL, 10);
	int state = (int)strtol(name, NULL, 10);

	if (strcmp(name, "newest") == 0)
		facts->newest = number;
	else if (strcmp(name, "moved") == 0)
		facts->moved = number != 0;
	else if (strcmp(name, "mark") == 0)
		parse_mark(facts, value);
	else if (strcmp(name, OUTBOX) == 0)
		facts->outbox_count = number;
	else if (strcmp(name, LISTED) == 0)
		facts->listed = number;
	else if (strcmp(name, ERASED_AT) == 0)
		facts->erased.finished_at = number;
	else if (strcmp(name, ERASED_N) == 0)
		facts->erased.n = number;
	else if (state > 0 && state < ZTP_STATE_END)
		facts->count[state] = number;
}

int store_counters_read(struct store *store, struct ztp_error *error)
{
	char text[TEXT_MAX], *rest = text, *field, *value;
	int rc = store_get(store, NAME, text, sizeof(text), error);

	if (rc < 0)
		return rc;
	while ((field = strsep(&rest, ";")) != NULL) {
		value = strchr(field, '=');
		if (!value)
			continue;
		*value++ = '\0';
		parse_field(&store->facts, field, value);
	}
	return 0;
}
