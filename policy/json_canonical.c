/*
 * Each object or array is read by itself, with the strict reader, so a text is
 * read once for each level of nesting, of which there are at most
 * ZTP_JSON_DEPTH. Members are sorted by the characters of their names.
 */
#include "policy/json_canonical.h"

#include <stdlib.h>

#include "policy/json_scan.h"
#include "policy/json_write.h"

struct writing {
	struct ztp_writer out;
	char *scratch; /* owned; room for any string of the text */
	struct ztp_error *error;
};

/* The members of one object. */
struct members {
	struct ztp_json_item *items; /* owned */
	size_t count, room;
	struct ztp_error *error;
};

static int put_value(void *arg, const struct ztp_json_item *item);

static struct ztp_str unescaped(struct writing *w, struct ztp_json_string from)
{
	return (struct ztp_str){w->scratch,
				ztp_json_unescape(w->scratch, from)};
}

static int collect(void *arg, const struct ztp_json_item *item)
{
	struct members *members = arg;
	struct ztp_json_item *more;

	if (members->count == members->room) {
		members->room = members->room ? 2 * members->room : 16;
		more = reallocarray(members->items, members->room,
				    sizeof(*more));
		if (!more)
			return ztp_fail(members->error, ZTP_ERR_NOMEM,
					"out of memory");
		members->items = more;
	}
	members->items[members->count++] = *item;
	return 0;
}

/* An item begins with its name. */
_Static_assert(offsetof(struct ztp_json_item, name) == 0,
	       "ztp_scan_compare takes an item for its name");

static int put_object(struct writing *w, struct ztp_str raw)
{
	struct members members = {.error = w->error};
	int rc = ztp_json_each(raw, raw.n, collect, &members, w->error);

	if (rc == 0 && members.count > 1)
		qsort(members.items, members.count, sizeof(*members.items),
		      ztp_scan_compare);
	ztp_json_open(&w->out, NULL, '{');
	for (size_t i = 0; i < members.count && rc == 0; i++) {
		ztp_json_add_name(&w->out, unescaped(w, members.items[i].name));
		rc = put_value(w, &members.items[i]);
	}
	ztp_json_close(&w->out, '}');
	free(members.items);
	return rc;
}

static int put_array(struct writing *w, struct ztp_str raw)
{
	int rc;

	ztp_json_open(&w->out, NULL, '[');
	rc = ztp_json_each(raw, raw.n, put_value, w, w->error);
	ztp_json_close(&w->out, ']');
	return rc;
}

static int put_value(void *arg, const struct ztp_json_item *item)
{
	struct writing *w = arg;

	switch (item->kind) {
	case '{':
		return put_object(w, item->raw);
	case '[':
		return put_array(w, item->raw);
	case '"':
		ztp_json_add_text(&w->out, NULL, unescaped(w, item->string));
		return 0;
	default:
		ztp_json_add_raw(&w->out, NULL, item->raw);
		return 0;
	}
}

int ztp_json_canonical(char **canonical, size_t *len, struct ztp_str text,
		       size_t max, struct ztp_error *error)
{
	struct writing w = {.error = error};
	struct ztp_json_item value;
	int rc = ztp_json_value(&value, text, max, error);

	if (rc)
		return rc;
	w.scratch = malloc(text.n);
	if (!w.scratch)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	ztp_json_start(&w.out, text.n + 1);
	rc = put_value(&w, &value);
	if (rc)
		ztp_json_discard(&w.out);
	else
		rc = ztp_json_finish(canonical, len, &w.out, error);
	free(w.scratch);
	return rc;
}
