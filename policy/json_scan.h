/*
 * policy/json_scan.h - the tokens of JSON (strings, numbers, white space) for
 * the strict reader, whose grammar is in json.c. Private to policy/.
 */
#ifndef ZTP_POLICY_JSON_SCAN_H
#define ZTP_POLICY_JSON_SCAN_H

#include "ztp/json.h"

#define ZTP_SCAN_KEYS 48 /* keys of open objects without an allocation */

struct ztp_scan {
	const char *start, *p, *end;
	int depth;
	struct ztp_json_string *keys; /* is few, or owned */
	size_t key_count, key_room;
	struct ztp_json_string few[ZTP_SCAN_KEYS];
	struct ztp_json_string string; /* the last string value */
	ztp_json_visit *visit;	       /* may be NULL */
	void *arg;
	struct ztp_error *error;
};

void ztp_scan_init(struct ztp_scan *scan, const char *text, size_t len);

/* Fail with a message that names the current position. Return the code. */
int ztp_scan_refuse(const struct ztp_scan *scan, enum ztp_err code,
		    const char *what);
int ztp_scan_unexpected(const struct ztp_scan *scan);

void ztp_scan_space(struct ztp_scan *scan);

/* Takes the next character if it is this one. */
static inline bool ztp_scan_one(struct ztp_scan *scan, char wanted)
{
	if (scan->p == scan->end || *scan->p != wanted)
		return false;
	scan->p++;
	return true;
}

/* Skips the bytes 0x20 to 0x7f other than '"' and '\\', which is nearly all of
 * nearly every string. */
const char *ztp_scan_plain(const char *p, const char *end);

/* Reads a string, starting at its opening quote. */
int ztp_scan_string(struct ztp_scan *scan, struct ztp_json_string *string);

int ztp_scan_number(struct ztp_scan *scan);

/* For qsort: orders checked strings by their characters. */
int ztp_scan_compare(const void *left, const void *right);

#endif
