/*
 * policy/json_object.h - reading an object without building a tree of it: the
 * strict reader's one pass leaves views of the members that are wanted, and
 * these are turned into values here. Private to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_JSON_OBJECT_H
#define ZTP_POLICY_JSON_OBJECT_H

#include <string.h>

#include "policy/json_scan.h"

struct ztp_object {
	bool is_object; /* the outermost value is one; else no fields */
	struct ztp_field *fields;
	size_t len;	 /* of the text */
	char *unescaped; /* owned; strings that were not written plainly */
	size_t used;
};

/* Checks the text as ztp_json_check does and finds its members; fields, with
 * their names set, belong to the caller, and the text must stay. On failure
 * *object needs nothing; else it ends with ztp_object_clear. */
int ztp_object_read(struct ztp_object *object, struct ztp_field *fields,
		    size_t count, struct ztp_str text, size_t max,
		    struct ztp_error *error);
void ztp_object_clear(struct ztp_object *object);

/* The members by their place in fields, null being as good as absent. Errors
 * as those of ztp_json_string and its kin; *value stays valid as long as
 * object and text do. p is NULL for an absent string. */
int ztp_object_string(struct ztp_str *value, struct ztp_object *object,
		      size_t field, size_t max, struct ztp_error *error);
int ztp_object_int(int64_t *value, const struct ztp_object *object,
		   size_t field, int64_t min, int64_t max,
		   struct ztp_error *error);
int ztp_object_time(int64_t *ms, struct ztp_object *object, size_t field,
		    struct ztp_error *error);

/* Neither absent nor null. */
static inline bool ztp_field_given(const struct ztp_field *field)
{
	return field->kind != 0 && field->kind != 'n';
}

static inline bool ztp_str_is(struct ztp_str str, const char *text)
{
	return str.p && str.n == strlen(text) &&
	       memcmp(str.p, text, str.n) == 0;
}

#endif
