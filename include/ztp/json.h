/*
 * ztp/json.h - the one strict way in for JSON, in front of cJSON, which takes
 * duplicate keys, NUL, invalid UTF-8, trailing bytes and 007. RFC 8259 and
 * nothing beyond; depth at most ZTP_JSON_DEPTH with the outermost as 1.
 * Pure; any thread.
 */
#ifndef ZTP_JSON_H
#define ZTP_JSON_H

#include <cjson/cJSON.h>

#include "ztp/codec.h"
#include "ztp/error.h"

#define ZTP_JSON_DEPTH 16

/* Checks the text without building anything. */
int ztp_json_check(const char *text, size_t len, size_t max,
		   struct ztp_error *error);

/* Checks, then builds the tree; the caller frees it with cJSON_Delete. Member
 * names are to be looked up with cJSON_GetObjectItemCaseSensitive. Numbers in
 * the tree are doubles, one of 64 characters or more is infinite there: what
 * is to keep its digits is taken with ztp_json_member. */
int ztp_json_parse(cJSON **tree, const char *text, size_t len, size_t max,
		   struct ztp_error *error);

/* The bytes of a member's value, as they are written, in a text that was
 * checked and whose outermost value is an object: numbers keep their digits
 * and members their order. False when there is no such member. */
bool ztp_json_member(struct ztp_str *value, const char *text, size_t len,
		     const char *name);

/* A string member of an object. Returns 0 with *value NULL when it is absent
 * or null, ZTP_ERR_TYPE when it is no string, ZTP_ERR_TOO_LARGE beyond max
 * bytes. *value belongs to the tree. */
int ztp_json_string(const char **value, const cJSON *object, const char *name,
		    size_t max, struct ztp_error *error);

/* An integer member in a range; absent or null leaves *value alone. Fractions
 * and numbers that a double cannot hold exactly are ZTP_ERR_TYPE. */
int ztp_json_int(int64_t *value, const cJSON *object, const char *name,
		 int64_t min, int64_t max, struct ztp_error *error);

/* An RFC 3339 member in ms; absent or null leaves *ms alone. */
int ztp_json_time(int64_t *ms, const cJSON *object, const char *name,
		  struct ztp_error *error);

#endif
