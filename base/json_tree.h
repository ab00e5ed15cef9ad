/*
 * base/json_tree.h - JSON as a cJSON tree, for code that reads several levels
 * of it. The strict reader (ztp/json.h) reads the text; cJSON's own parser,
 * which is too lenient, never sees any input. Does not block; any thread.
 */
#ifndef ZTP_BASE_JSON_TREE_H
#define ZTP_BASE_JSON_TREE_H

#include <cjson/cJSON.h>

#include "ztp/json.h"

/* Checks the text as ztp_json_check does and builds its tree, which the caller
 * frees with cJSON_Delete. On failure the tree is NULL. Numbers are doubles,
 * with ztp_json_number's limits. */
int ztp_tree_parse(cJSON **tree, const char *text, size_t len, size_t max,
		   struct ztp_error *error);

/* A member's text, or "" if it is absent or not a string. It belongs to the
 * tree. Names are compared exactly, as cJSON_GetObjectItemCaseSensitive
 * does. */
const char *ztp_tree_text(const cJSON *object, const char *name);

/* Read a member that must have a certain type, as ztp_object_string and
 * ztp_object_int do. *value is NUL-terminated and belongs to the tree. */
int ztp_tree_string(const char **value, const cJSON *object, const char *name,
		    size_t max, struct ztp_error *error);
int ztp_tree_int(int64_t *value, const cJSON *object, const char *name,
		 int64_t min, int64_t max, struct ztp_error *error);

/* Add a string to an object: a digest in hex, a time (ms since 1970) in RFC
 * 3339, bytes in base64. False: no memory. */
bool ztp_tree_add_sha256(cJSON *object, const char *name,
			 const uint8_t digest[ZTP_SHA256_LEN]);
bool ztp_tree_add_time(cJSON *object, const char *name, int64_t ms);
bool ztp_tree_add_base64(cJSON *object, const char *name, const void *bytes,
			 size_t n);

#endif
