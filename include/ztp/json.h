/*
 * ztp/json.h - the strict JSON reader: RFC 8259 and nothing beyond it.
 *
 * Every JSON text from outside goes through this reader first. It makes one
 * pass over the text and refuses what other parsers forgive: a key given twice
 * in one object, however it is escaped (RFC 8259 section 4), invalid UTF-8
 * and lone surrogates (8.1 and 8.2), NUL characters, raw or as \u0000,
 * anything after the value (section 2), and nesting beyond ZTP_JSON_DEPTH
 * (section 9 allows limits).
 *
 * It builds nothing. What it finds it hands out as views into the caller's
 * text, so numbers keep their digits and members their order. A view is valid
 * as long as the text is. To read a nested object, read its view.
 *
 * Sizes are in bytes. Pure; any thread. Every operation returns 0 or a negative
 * enum ztp_err and fills error, which may be NULL. No part of the text appears
 * in a message, except the names of members that the caller asked for.
 */
#ifndef ZTP_JSON_H
#define ZTP_JSON_H

#include "ztp/codec.h"
#include "ztp/error.h"

#define ZTP_JSON_DEPTH	    16 /* of nesting; the outermost value counts as 1 */
#define ZTP_JSON_NUMBER_MAX 63 /* characters of a number that is evaluated */

/* Checks a text of at most max bytes. Returns 0, ZTP_ERR_EMPTY (also when text
 * is NULL), _TOO_LARGE, _JSON for what the grammar does not allow, _TOO_DEEP,
 * _DUPLICATE_KEY, _UTF8, _NUL, or _NOMEM. */
int ztp_json_check(const char *text, size_t len, size_t max,
		   struct ztp_error *error);

/* --- strings and numbers, as they are written */

/* A string or a key, without its quotes. */
struct ztp_json_string {
	const char *p;
	size_t n;
	bool escaped; /* contains escapes, so must be unescaped first */
};

/* Writes the string's characters as UTF-8, without a NUL; out has room for
 * string.n bytes. Returns how many bytes were written. */
size_t ztp_json_unescape(char *out, struct ztp_json_string string);

/* True when these are the string's characters, escapes resolved. */
bool ztp_json_is(const struct ztp_json_string *string, const char *text);

/* The value of a number; infinity for one of more than ZTP_JSON_NUMBER_MAX
 * characters, whatever its size (RFC 8259 section 6 allows limits), and for a
 * fraction in a locale whose decimal point is not '.'. */
double ztp_json_number(struct ztp_str raw);

/* True when the number is whole and a double holds it and its neighbours
 * exactly: from -(2^53 - 1) to 2^53 - 1. */
bool ztp_json_integer(int64_t *value, double number);

/* --- values */

struct ztp_json_item {
	struct ztp_json_string name; /* of a member; else p is NULL */
	char kind; /* '{' '[' '"' 't' 'f' 'n', or '0' for every number */
	struct ztp_str raw;	       /* the value as it is written */
	struct ztp_json_string string; /* kind '"': the value */
};

/* Checks the text as ztp_json_check does; *value becomes what it holds. */
int ztp_json_value(struct ztp_json_item *value, struct ztp_str text, size_t max,
		   struct ztp_error *error);

/* Returns 0 to go on, or a negative error to stop. *item is valid during the
 * call only, its views as long as the text. */
typedef int ztp_json_visit(void *arg, const struct ztp_json_item *item);

/* Checks the text as ztp_json_check does and calls visit, in order, for each
 * member of the outermost object or each item of the outermost array. The text
 * is valid only if this returns 0, so do not act on what visit saw before.
 * Errors: those of ztp_json_check, and whatever visit returns. */
int ztp_json_each(struct ztp_str text, size_t max, ztp_json_visit *visit,
		  void *arg, struct ztp_error *error);

/* --- the members of an object by their names */

/* A member that the caller wants. */
struct ztp_field {
	const char *name;   /* set by the caller */
	char kind;	    /* as in ztp_json_item; 0: no such member */
	struct ztp_str raw; /* the value as it is written */
	struct ztp_json_string string; /* kind '"': the value */
};

struct ztp_object {
	bool is_object; /* false: another value, which has no fields */
	struct ztp_field *fields;
	size_t count;
	size_t len;	 /* of the text */
	char *unescaped; /* owned: the strings that had escapes */
	size_t used;
};

/* Checks the text as ztp_json_check does and finds the members that fields
 * name; all others are ignored. fields and the text belong to the caller and
 * must outlive *object. On success the caller frees *object with
 * ztp_object_clear; after a failure there is nothing to free. */
int ztp_object_read(struct ztp_object *object, struct ztp_field *fields,
		    size_t count, struct ztp_str text, size_t max,
		    struct ztp_error *error);
void ztp_object_clear(struct ztp_object *object); /* NULL-safe, idempotent */

/* Gets a member that must be a string; field is its index in fields. *value is
 * not terminated and is valid until ztp_object_clear; its p is NULL when the
 * member is absent or null. ZTP_ERR_TYPE if it is not a string,
 * ZTP_ERR_TOO_LARGE if it has more than max bytes, or ZTP_ERR_NOMEM. */
int ztp_object_string(struct ztp_str *value, struct ztp_object *object,
		      size_t field, size_t max, struct ztp_error *error);

/* The same, but "" counts as absent, too: many programs write it for what they
 * leave out. */
int ztp_object_text(struct ztp_str *value, struct ztp_object *object,
		    size_t field, size_t max, struct ztp_error *error);

/* As ztp_object_string, copied into a buffer of size bytes and terminated; "" when
 * the member is absent or null. */
int ztp_object_copy(char *out, size_t size, struct ztp_object *object,
		    size_t field, struct ztp_error *error);

/* Gets a member that must be an integer from min to max; absent or null leaves
 * *value alone. ZTP_ERR_TYPE for what ztp_json_integer refuses, ZTP_ERR_VALUE
 * outside the range. 1e2 and 100.0 are 100. */
int ztp_object_int(int64_t *value, const struct ztp_object *object,
		   size_t field, int64_t min, int64_t max,
		   struct ztp_error *error);

/* Gets a member that must be an RFC 3339 time, in ms since 1970; absent, null
 * or "" leaves *ms alone. ZTP_ERR_TYPE, ZTP_ERR_VALUE or ZTP_ERR_TOO_LARGE. */
int ztp_object_time(int64_t *ms, struct ztp_object *object, size_t field,
		    struct ztp_error *error);

/* Neither absent nor null. */
static inline bool ztp_field_given(const struct ztp_field *field)
{
	return field->kind != 0 && field->kind != 'n';
}

/* Given, and not "", which many programs write for what they leave out. */
static inline bool ztp_field_filled(const struct ztp_field *field)
{
	return ztp_field_given(field) &&
	       (field->kind != '"' || field->string.n > 0);
}

#endif
