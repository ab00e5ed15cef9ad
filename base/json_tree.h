/*
 * base/json_tree.h - JSON as a tree of cJSON's, for whoever reads several
 * levels of it at leisure. The strict reader (ztp/json.h) does the reading:
 * cJSON's own parser, which forgives too much, never sees any input. Blocks
 * for nothing; any thread.
 */
#ifndef ZTP_BASE_JSON_TREE_H
#define ZTP_BASE_JSON_TREE_H

#include <cjson/cJSON.h>

#include "ztp/json.h"

/* Checks the text as ztp_json_check does and builds its tree, which the caller
 * frees with cJSON_Delete; NULL on failure. Numbers in it are doubles, with
 * the limits of ztp_json_number. */
int ztp_tree_parse(cJSON **tree, const char *text, size_t len, size_t max,
		   struct ztp_error *error);

/* The text of a member, "" when it is no string or not there. It belongs to
 * the tree. Names are compared exactly here, as
 * cJSON_GetObjectItemCaseSensitive does. */
const char *ztp_tree_text(const cJSON *object, const char *name);

/* Members that have to be of a type: as ztp_object_string and ztp_object_int,
 * with *value terminated and belonging to the tree. */
int ztp_tree_string(const char **value, const cJSON *object, const char *name,
		    size_t max, struct ztp_error *error);
int ztp_tree_int(int64_t *value, const cJSON *object, const char *name,
		 int64_t min, int64_t max, struct ztp_error *error);

/* Adds a string to an object: a digest in hex, a time (ms since 1970) as RFC
 * 3339 has it, bytes in base64. False: out of memory. */
bool ztp_tree_add_sha256(cJSON *object, const char *name,
			 const uint8_t digest[ZTP_SHA256_LEN]);
bool ztp_tree_add_time(cJSON *object, const char *name, int64_t ms);
bool ztp_tree_add_base64(cJSON *object, const char *name, const void *bytes,
			 size_t n);

#endif
