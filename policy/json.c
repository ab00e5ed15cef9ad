/*
 * The strict reader, the only way in for JSON. It checks a text in one pass
 * and, while it passes by, notes where the members lie that somebody wants
 * (json_object.h): all that the records of the hot path need, at a tenth of
 * the cost of a tree. Where nobody is in a hurry, cJSON builds one (json_tree.c)
 * of what was checked here; it is too forgiving to be let near input: it takes
 * a key twice and shows the first (while another reader would show the last),
 * ends strings at \u0000, passes invalid UTF-8 on and ignores what follows.
 *
 * Cost must stay about linear whatever the sender does. Recursion is bounded
 * by ZTP_JSON_DEPTH. The keys of the objects that are open lie on one stack;
 * when an object closes, its own are compared pairwise if they are few and
 * sorted if they are many. Sorting, not hashing: no collision can be planned.
 * Keys are compared as the characters that they stand for, so "a" and
 * "\u0061" are the same key.
 */
#include "ztp/json.h"

#include <stdlib.h>
#include <string.h>

#include "policy/json_scan.h"

#define KEYS_PAIRWISE 12 /* above, an object's keys are sorted */

static int scan_value(struct ztp_scan *scan);

/* --- keys */

static int push_key(struct ztp_scan *scan, const struct ztp_scan_key *key)
{
	struct ztp_scan_key *more;

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

static bool same_key(const struct ztp_scan_key *a, const struct ztp_scan_key *b)
{
	if (a->n != b->n && !a->escaped && !b->escaped)
		return false;
	return ztp_scan_compare(a, b) == 0;
}

/* The object whose first key is keys[first] closes. */
static int pop_keys(struct ztp_scan *scan, size_t first)
{
	struct ztp_scan_key *keys = scan->keys + first;
	size_t n = scan->key_count - first;

	scan->key_count = first;
	if (n <= KEYS_PAIRWISE) {
		for (size_t i = 1; i < n; i++)
			for (size_t j = 0; j < i; j++)
				if (same_key(keys + i, keys + j))
					return ztp_scan_refuse(
						scan, ZTP_ERR_DUPLICATE_KEY,
						"duplicate key before");
		return 0;
	}
	qsort(keys, n, sizeof(*keys), ztp_scan_compare);
	for (size_t i = 1; i < n; i++)
		if (!ztp_scan_compare(keys + i - 1, keys + i))
			return ztp_scan_refuse(scan, ZTP_ERR_DUPLICATE_KEY,
					       "duplicate key before");
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

static bool is_named(const struct ztp_scan_key *key, const char *name)
{
	struct ztp_scan_key wanted = {name, 0, false};

	if (!key->escaped && key->n > 0 && *key->p != *name)
		return false; /* as nearly all */
	wanted.n = strlen(name);
	return ztp_scan_compare(key, &wanted) == 0;
}

/* The value of this key has been read from start on. */
static void note_field(struct ztp_scan *scan, const struct ztp_scan_key *key,
		       const char *start)
{
	for (size_t i = 0; i < scan->field_count; i++) {
		struct ztp_field *field = &scan->fields[i];

		if (!is_named(key, field->name))
			continue;
		field->kind = *start == '-' || (*start >= '0' && *start <= '9')
				      ? '0'
				      : *start;
		field->raw.p = start;
		field->raw.n = (size_t)(scan->p - start);
		field->string = scan->string;
		return;
	}
}

static int scan_member(struct ztp_scan *scan)
{
	struct ztp_scan_key key;
	const char *start;
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
	start = scan->p;
	rc = scan_value(scan);
	if (!rc && scan->depth == 1)
		note_field(scan, &key, start);
	return rc;
}

/* An object or an array, from its bracket on. */
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
			rc = object ? scan_member(scan) : scan_value(scan);
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

int ztp_scan_check(struct ztp_field *fields, size_t field_count,
		   bool *long_number, const char *text, size_t len, size_t max,
		   struct ztp_error *error)
{
	struct ztp_scan scan;
	int rc;

	if (!text || len == 0)
		return ztp_fail(error, ZTP_ERR_EMPTY, "empty");
	if (len > max)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"%zu bytes, at most %zu are read", len, max);
	ztp_scan_init(&scan, text, len);
	scan.error = error;
	scan.fields = fields;
	scan.field_count = field_count;
	ztp_scan_space(&scan);
	rc = scan_value(&scan);
	if (!rc) {
		ztp_scan_space(&scan);
		if (scan.p != scan.end)
			rc = ztp_scan_unexpected(&scan);
	}
	if (scan.keys != scan.few)
		free(scan.keys);
	*long_number = scan.long_number;
	return rc;
}

int ztp_json_check(const char *text, size_t len, size_t max,
		   struct ztp_error *error)
{
	bool long_number;

	return ztp_scan_check(NULL, 0, &long_number, text, len, max, error);
}
