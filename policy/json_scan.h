/*
 * policy/json_scan.h - the words of JSON (strings, numbers, keys) for the
 * strict reader, whose grammar is in json.c. Private to policy/.
 */
#ifndef ZTP_POLICY_JSON_SCAN_H
#define ZTP_POLICY_JSON_SCAN_H

#include "ztp/json.h"

#define ZTP_SCAN_KEYS 48 /* open keys without an allocation */

struct ztp_scan {
	const char *start, *p, *end;
	int depth;
	struct ztp_json_string *keys; /* few, or owned */
	size_t key_count, key_room;
	struct ztp_json_string few[ZTP_SCAN_KEYS];
	struct ztp_json_string string; /* the last one that was a value */
	ztp_json_visit *visit;	       /* may be NULL */
	void *arg;
	struct ztp_error *error;
};

void ztp_scan_init(struct ztp_scan *scan, const char *text, size_t len);

/* Both return the code; the message says where the scan stands. */
int ztp_scan_refuse(const struct ztp_scan *scan, enum ztp_err code,
		    const char *what);
int ztp_scan_unexpected(const struct ztp_scan *scan);

void ztp_scan_space(struct ztp_scan *scan);

/* Takes this character if it is there. */
static inline bool ztp_scan_one(struct ztp_scan *scan, char wanted)
{
	if (scan->p == scan->end || *scan->p != wanted)
		return false;
	scan->p++;
	return true;
}

/* Behind the bytes 0x20 to 0x7f that are neither '"' nor '\\': nearly all of
 * nearly every string. */
const char *ztp_scan_plain(const char *p, const char *end);

/* From the opening quote to behind the closing one; *string is what lies
 * between. */
int ztp_scan_string(struct ztp_scan *scan, struct ztp_json_string *string);

int ztp_scan_number(struct ztp_scan *scan);

/* For qsort: an order over the characters that two checked strings stand
 * for. */
int ztp_scan_compare(const void *left, const void *right);

#endif
