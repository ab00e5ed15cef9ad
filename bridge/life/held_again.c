/* Decisions that were held come again: their request is there, or their time has
 * passed. */
#include "bridge/life/held_again.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/life/decisions.h"
#include "bridge/store/store_state.h"

/* --- headers, see held.c */

struct walk {
	const uint8_t *p, *end;
};

static bool next_header(struct walk *walk, struct ztp_str *name,
			struct ztp_str *value)
{
	const uint8_t *p = walk->p;
	size_t n;

	if (p == walk->end || (size_t)(walk->end - p) < 1u + *p + 4)
		return false;
	n = *p++;
	*name = (struct ztp_str){(const char *)p, n};
	p += n;
	n = p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
	p += 4;
	if ((size_t)(walk->end - p) < n)
		return false;
	*value = (struct ztp_str){(const char *)p, n};
	walk->p = p + n;
	return true;
}

/* All of them, so that none hides behind others: one block that the caller frees.
 * Values are views; names are copied, because they need a NUL, for which each has
 * left a byte. NULL: out of memory. */
static struct ztp_header *unpack_headers(struct ztp_str in, size_t *count)
{
	const uint8_t *first = (const uint8_t *)in.p;
	struct walk walk = {first, first + in.n};
	struct ztp_str name, value;
	struct ztp_header *headers;
	char *names;

	*count = 0;
	while (in.n > 0 && next_header(&walk, &name, &value))
		++*count;
	headers = malloc((*count + 1) * sizeof(*headers) + in.n);
	if (!headers)
		return NULL;
	names = (char *)(headers + *count + 1);
	walk.p = first;
	for (size_t i = 0; i < *count; i++) {
		(void)next_header(&walk, &name, &value);
		memcpy(names, name.p, name.n);
		names[name.n] = '\0';
		headers[i] = (struct ztp_header){names, value};
		names += name.n + 1;
	}
	return headers;
}

/* --- applying */

static int apply_row(struct bridge *b, const struct state_row *row,
		     struct ztp_error *error)
{
	const struct state_cell *cell = row->cells;
	struct ztp_header *headers;
	char topic[ZTP_TOPIC_NAME_MAX + 1];
	struct consumer_record record = {
		.position = {topic, (int)cell[STATE_HELD_PART].number,
			     cell[STATE_HELD_OFFSET].number},
		.key = cell[STATE_HELD_KEY].bytes,
		.value = cell[STATE_HELD_VALUE].bytes,
	};
	int rc;

	headers = unpack_headers(cell[STATE_HELD_HEADERS].bytes,
				 &record.header_count);
	if (!headers)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	snprintf(topic, sizeof(topic), "%.*s",
		 (int)cell[STATE_HELD_TOPIC].bytes.n,
		 cell[STATE_HELD_TOPIC].bytes.p);
	record.headers = headers;
	rc = decisions_apply(b, &record, error);
	free(headers);
	return rc;
}

/* Takes the row out first: it is not to be held again. */
static int release(struct bridge *b, const struct state_row *row,
		   struct ztp_error *error)
{
	const struct state_row gone = {
		.kind = STATE_HELD, .name = row->name, .removed = true};
	int64_t until = b->hold_until;
	int rc = store_state_put(b->store, &gone, error);

	b->hold_until = 0;
	if (rc == 0)
		rc = apply_row(b, row, error);
	b->hold_until = until;
	return rc;
}

static bool is_for(const struct state_row *row, const char *request_id)
{
	size_t n = strlen(request_id);

	return row->name.n > n && memcmp(row->name.p, request_id, n) == 0 &&
	       row->name.p[n] == '/';
}

int held_apply(struct bridge *b, const char *request_id,
	       struct ztp_error *error)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	char after[STATE_KEY_MAX + 1];
	int rc = 1;

	if (!store_is_replicated(b->store))
		return 0;
	snprintf(after, sizeof(after), "%s/", request_id);
	while (rc == 1) {
		rc = store_state_after(b->store, STATE_HELD, after, &row,
				       &bytes, error);
		if (rc != 1 || !is_for(&row, request_id))
			break;
		snprintf(after, sizeof(after), "%.*s", (int)row.name.n,
			 row.name.p);
		rc = release(b, &row, error);
		rc = rc == 0 ? 1 : rc;
	}
	free(bytes.p);
	return rc < 0 ? rc : 0;
}

int held_expire(struct bridge *b, int limit, bool *more,
		struct ztp_error *error)
{
	struct state_bytes bytes = {0};
	struct store_held held = {0};
	struct state_row row;
	char after[STATE_KEY_MAX + 1] = "";
	int rc = 0;

	*more = false;
	if (store_is_replicated(b->store))
		rc = store_state_held(b->store, &held, error);
	if (rc != 0 || held.count == 0 || held_next(b) > b->core.now)
		return rc;
	for (rc = 1; rc == 1 && limit-- > 0;) {
		rc = store_state_after(b->store, STATE_HELD, after, &row,
				       &bytes, error);
		if (rc != 1)
			break;
		snprintf(after, sizeof(after), "%.*s", (int)row.name.n,
			 row.name.p);
		rc = release(b, &row, error);
		rc = rc == 0 ? 1 : rc;
		*more = limit == 0;
	}
	free(bytes.p);
	return rc < 0 ? rc : 0;
}

/* All are held until the same time, that of the last takeover. */
int64_t held_next(const struct bridge *b)
{
	struct store_held held = {0};

	if (!store_is_replicated(b->store) ||
	    store_state_held(b->store, &held, NULL) != 0 || held.count == 0)
		return 0;
	return b->hold_until > 0 ? b->hold_until : 1;
}
