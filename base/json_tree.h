/*
 * base/json_tree.h - JSON as a tree of cJSON nodes, for code off the hot path
 * that reads several levels. The strict reader (ztp/json.h) reads the text;
 * cJSON's own parser tolerates too much and never sees any input. Never blocks;
 * any thread.
 */
#ifndef ZTP_BASE_JSON_TREE_H
#define ZTP_BASE_JSON_TREE_H

#include <cjson/cJSON.h>

#include "ztp/json.h"

/* Checks the text as ztp_json_check does and builds its tree, which the caller
 * frees with cJSON_Delete; NULL on failure. Its numbers are doubles, with the
 * limits of ztp_json_number. */
int ztp_tree_parse(cJSON **tree, const char *text, size_t len, size_t max,
		   struct ztp_error *error);

/* The text of a string member; "" when it is absent or not a string. It belongs
 * to the tree. Names are case-sensitive, here and below. */
const char *ztp_tree_text(const cJSON *object, const char *name);

/* Get a member that must have a type, like ztp_object_string and
 * ztp_object_int. *value is terminated and belongs to the tree. */
int ztp_tree_string(const char **value, const cJSON *object, const char *name,
		    size_t max, struct ztp_error *error);
int ztp_tree_int(int64_t *value, const cJSON *object, const char *name,
		 int64_t min, int64_t max, struct ztp_error *error);

/* Add a string member: a digest in hex, a time (ms since 1970) in RFC 3339,
 * bytes in base64. False: out of memory. */
bool ztp_tree_add_sha256(cJSON *object, const char *name,
			 const uint8_t digest[ZTP_SHA256_LEN]);
bool ztp_tree_add_time(cJSON *object, const char *name, int64_t ms);
bool ztp_tree_add_base64(cJSON *object, const char *name, const void *bytes,
			 size_t n);

/* --- building: one member after the other, without looking at each. Without
 * memory for one the object can no longer be printed: cJSON_Print… of it, and of
 * what holds it, return NULL. Nobody gets an object that lacks a member. */
void ztp_tree_put_text(cJSON *object, const char *name, const char *text);
void ztp_tree_put_number(cJSON *object, const char *name, double number);
void ztp_tree_put_bool(cJSON *object, const char *name, bool yes);
void ztp_tree_put_raw(cJSON *object, const char *name, const char *json);
void ztp_tree_put_sha256(cJSON *object, const char *name,
			 const uint8_t digest[ZTP_SHA256_LEN]);
void ztp_tree_put_time(cJSON *object, const char *name, int64_t ms);
/* Return the new list or object, which belongs to the other; or NULL, to which
 * all of these add nothing. */
cJSON *ztp_tree_put_list(cJSON *object, const char *name);
cJSON *ztp_tree_put_row(cJSON *list);

#endif
