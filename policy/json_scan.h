/*
 * policy/json_scan.h - the words of JSON: strings, numbers and keys, for the
 * strict reader (json.c) and for looking into what it has passed
 * (json_tree.c). Private to policy/.
 */
#ifndef ZTP_POLICY_JSON_SCAN_H
#define ZTP_POLICY_JSON_SCAN_H

#include "ztp/codec.h"
#include "ztp/error.h"

#define ZTP_SCAN_KEYS	    48 /* open keys without an allocation */
#define ZTP_SCAN_NUMBER_MAX 63 /* characters; longer ones cJSON cannot read */

struct ztp_scan_key {
	const char *p; /* between the quotes, as written */
	size_t n;
	bool escaped; /* holds a backslash */
};

/* A member of the outermost object that somebody wants, and what it is. */
struct ztp_field {
	const char *name;
	char kind; /* the value's first character, '0' for every number; 0:
		      there is no such member */
	struct ztp_str raw;	    /* the value as it is written */
	struct ztp_scan_key string; /* of a string, between the quotes */
};

struct ztp_scan {
	const char *start, *p, *end;
	int depth;
	bool long_number; /* one longer than ZTP_SCAN_NUMBER_MAX was seen */
	struct ztp_scan_key *keys; /* few, or owned */
	size_t key_count, key_room;
	struct ztp_scan_key few[ZTP_SCAN_KEYS];
	struct ztp_scan_key string; /* the last one that was a value */
	struct ztp_field *fields;
	size_t field_count;
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

/* From the opening quote to behind the closing one; *key is what lies
 * between. */
int ztp_scan_string(struct ztp_scan *scan, struct ztp_scan_key *key);

int ztp_scan_number(struct ztp_scan *scan);

/* ztp_json_check, which fills the fields on its way (those that are not
 * there are left alone) and says whether a number is too long for cJSON (in
 * json.c). */
int ztp_scan_check(struct ztp_field *fields, size_t field_count,
		   bool *long_number, const char *text, size_t len, size_t max,
		   struct ztp_error *error);

/* The characters that a checked key stands for, as UTF-8; out has room for
 * key->n bytes. Returns how many there are. */
size_t ztp_scan_unescape(char *out, struct ztp_scan_key key);

/* For qsort: an order over the characters that two checked keys stand for. */
int ztp_scan_compare(const void *left, const void *right);

#endif
