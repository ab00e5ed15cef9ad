/*
 * The grammar of the strict reader, through which all JSON enters. It checks a
 * text in one pass and shows the values of the outermost object or array as it
 * goes. json_object.c picks members by name from these, which is all that the
 * records on the hot path need, at a tenth of the cost of a tree. Where a tree
 * is more convenient, base/json_tree.c builds one from the same values.
 *
 * The cost must stay about linear, whatever the sender does. Recursion is
 * bounded by ZTP_JSON_DEPTH. The keys of all open objects are on one stack.
 * When an object closes, its keys are compared pairwise if they are few and
 * sorted if they are many. Sorting, not hashing: nobody can plan collisions.
 * Keys are compared by the characters that they stand for, so "a" and
 * "\u0061" are the same key.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/json_scan.h"

#define KEYS_PAIRWISE 12 /* with more keys than this they are sorted */

static const struct ztp_json_string unnamed = {NULL, 0, false};

static int scan_value(struct ztp_scan *scan);

/* --- keys */

static int push_key(struct ztp_scan *scan, const struct ztp_json_string *key)
{
	struct ztp_json_string *more;

	if (scan->key_count == scan->key_room) {
		more = reallocarray(scan->keys == scan->few ? NULL : scan->keys,
				    scan->key_room * 2, sizeof(*more));
		if (!more)
			return ztp_fail(scan->error, ZTP_ERR_NOMEM,
					"out of memory");
		if (scan->keys == scan->few)
			memcpy(more, scan->few, sizeof(scan->few));
		scan->keys = more;
		scan->key_room *= 2;
	}
	scan->keys[scan->key_count++] = *key;
	return 0;
}

static bool same_key(const struct ztp_json_string *a,
		     const struct ztp_json_string *b)
{
	if (a->n != b->n && !a->escaped && !b->escaped)
		return false;
	return ztp_scan_compare(a, b) == 0;
}

static int refuse_duplicate(const struct ztp_scan *scan)
{
	return ztp_scan_refuse(scan, ZTP_ERR_DUPLICATE_KEY,
			       "duplicate key in the object that ends");
}

/* Ends the object whose first key is keys[first]: refuses duplicates. */
static int pop_keys(struct ztp_scan *scan, size_t first)
{
	struct ztp_json_string *keys = scan->keys + first;
	size_t n = scan->key_count - first;

	scan->key_count = first;
	if (n <= KEYS_PAIRWISE) {
		for (size_t i = 1; i < n; i++)
			for (size_t j = 0; j < i; j++)
				if (same_key(keys + i, keys + j))
					return refuse_duplicate(scan);
		return 0;
	}
	qsort(keys, n, sizeof(*keys), ztp_scan_compare);
	for (size_t i = 1; i < n; i++)
		if (!ztp_scan_compare(keys + i - 1, keys + i))
			return refuse_duplicate(scan);
	return 0;
}

/* --- the grammar of RFC 8259 */

static int scan_word(struct ztp_scan *scan, const char *word)
{
	for (; *word; word++)
		if (scan->p == scan->end || *scan->p != *word)
			return ztp_scan_unexpected(scan);
		else
			scan->p++;
	return 0;
}

/* The value that has been read from start on. */
static struct ztp_json_item describe(const struct ztp_scan *scan,
				     const struct ztp_json_string *name,
				     const char *start)
{
	struct ztp_json_item item = {
		.name = *name,
		.kind = *start,
		.raw = {start, (size_t)(scan->p - start)},
		.string = scan->string,
	};

	if (item.kind == '-' || (item.kind >= '0' && item.kind <= '9'))
		item.kind = '0';
	return item;
}

/* Reads a member's value or an array's item, and shows it if it is one of the
 * outermost. */
static int scan_item(struct ztp_scan *scan, const struct ztp_json_string *name)
{
	const char *start = scan->p;
	struct ztp_json_item item;
	int rc = scan_value(scan);

	if (rc || scan->depth != 1 || !scan->visit)
		return rc;
	item = describe(scan, name, start);
	return scan->visit(scan->arg, &item);
}

static int scan_member(struct ztp_scan *scan)
{
	struct ztp_json_string key;
	int rc;

	if (scan->p == scan->end || *scan->p != '"')
		return ztp_scan_unexpected(scan);
	rc = ztp_scan_string(scan, &key);
	if (!rc)
		rc = push_key(scan, &key);
	if (rc)
		return rc;
	ztp_scan_space(scan);
	if (!ztp_scan_one(scan, ':'))
		return ztp_scan_unexpected(scan);
	ztp_scan_space(scan);
	return scan_item(scan, &key);
}

/* Reads an object or an array, starting at its bracket. */
static int scan_container(struct ztp_scan *scan)
{
	bool object = *scan->p == '{';
	char close = object ? '}' : ']';
	size_t first = scan->key_count;
	int rc;

	if (scan->depth == ZTP_JSON_DEPTH)
		return ztp_scan_refuse(scan, ZTP_ERR_TOO_DEEP,
				       "nested too deep");
	scan->depth++;
	scan->p++;
	ztp_scan_space(scan);
	if (!ztp_scan_one(scan, close)) {
		do {
			ztp_scan_space(scan);
			rc = object ? scan_member(scan)
				    : scan_item(scan, &unnamed);
			if (rc)
				return rc;
			ztp_scan_space(scan);
		} while (ztp_scan_one(scan, ','));
		if (!ztp_scan_one(scan, close))
			return ztp_scan_unexpected(scan);
	}
	scan->depth--;
	return pop_keys(scan, first);
}

static int scan_value(struct ztp_scan *scan)
{
	if (scan->p == scan->end)
		return ztp_scan_unexpected(scan);
	switch (*scan->p) {
	case '{':
	case '[':
		return scan_container(scan);
	case '"':
		return ztp_scan_string(scan, &scan->string);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	default:
		return ztp_scan_number(scan);
	}
}

/* Reads the whole text. *value, if not NULL, becomes the outermost value. */
static int scan_text(struct ztp_json_item *value, struct ztp_str text,
		     size_t max, ztp_json_visit *visit, void *arg,
		     struct ztp_error *error)
{
	struct ztp_scan scan;
	const char *start;
	int rc;

	if (!text.p || text.n == 0)
		return ztp_fail(error, ZTP_ERR_EMPTY, "empty");
	if (text.n > max)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"%zu bytes, at most %zu are allowed", text.n,
				max);
	ztp_scan_init(&scan, text.p, text.n);
	scan.visit = visit;
	scan.arg = arg;
	scan.error = error;
	ztp_scan_space(&scan);
	start = scan.p;
	rc = scan_value(&scan);
	if (!rc && value)
		*value = describe(&scan, &unnamed, start);
	if (!rc)
		ztp_scan_space(&scan);
	if (!rc && scan.p != scan.end)
		rc = ztp_scan_unexpected(&scan);
	if (scan.keys != scan.few)
		free(scan.keys);
	return rc;
}

int ztp_json_check(const char *text, size_t len, size_t max,
		   struct ztp_error *error)
{
	return scan_text(NULL, (struct ztp_str){text, len}, max, NULL, NULL,
			 error);
}

int ztp_json_value(struct ztp_json_item *value, struct ztp_str text, size_t max,
		   struct ztp_error *error)
{
	return scan_text(value, text, max, NULL, NULL, error);
}

int ztp_json_each(struct ztp_str text, size_t max, ztp_json_visit *visit,
		  void *arg, struct ztp_error *error)
{
	return scan_text(NULL, text, max, visit, arg, error);
}
