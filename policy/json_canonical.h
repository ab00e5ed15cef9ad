/*
 * policy/json_canonical.h - one spelling for each JSON value. Private to
 * policy/. Pure; any thread.
 *
 * Two texts have the same canonical form exactly if they are the same value:
 * white space, the order of an object's members and the way in which a character
 * is written ("\/", "\u00e4") do not count; the order of an array does. A number
 * is its digits as they are written: 1.0 and 1e2 are other numbers than 1 and
 * 100, since a reader may treat them differently, and no number is too large to
 * be compared.
 */
#ifndef ZTP_POLICY_JSON_CANONICAL_H
#define ZTP_POLICY_JSON_CANONICAL_H

#include "ztp/json.h"

/* text: as for ztp_json_check. The caller frees *canonical, which is
 * terminated. */
int ztp_json_canonical(char **canonical, size_t *len, struct ztp_str text,
		       size_t max, struct ztp_error *error);

#endif
