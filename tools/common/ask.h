/*
 * tools/common/ask.h - a record of ztp.requests as a customer reads it: the
 * members that a decision can depend on, validated (DESIGN section 3). Members
 * that the operator's configuration omits are empty here.
 */
#ifndef ZTP_TOOLS_ASK_H
#define ZTP_TOOLS_ASK_H

#include "ztp/codec.h"
#include "ztp/error.h"
#include "ztp/event.h"
#include "ztp/path.h"
#include "ztp/pending.h"
#include "ztp/topics.h"

#define ZTP_ASK_MAX	 (256 * 1024) /* bytes in a record's value */
#define ZTP_ASK_TEXT_MAX 2048 /* bytes in a name; the bridge cuts at 512 */

struct ztp_ask {
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	char path[ZTP_PATH_MAX + 1];
	struct ztp_path parts; /* points into path: do not copy by value */
	char fingerprint[ZTP_SHA256_HEX];
	char subject[ZTP_ASK_TEXT_MAX + 1]; /* "": not given */
	char issuer[ZTP_ASK_TEXT_MAX + 1];
	char key_algorithm[33];
	int64_t key_bits; /* 0: not given */
	bool has_validity;
	int64_t not_before, not_after;		     /* ms since 1970 */
	int64_t expires_at;			     /* ms; 0: not given */
	char decision_topic[ZTP_TOPIC_NAME_MAX + 1]; /* "": not given */
	char traceparent[ZTP_TRACEPARENT_LEN]; /* from the headers, or "" */
};

/* Takes the ids from the device's path only. value may be NULL (a tombstone:
 * ZTP_ERR_EMPTY). On failure request_id may still hold the id, for the message;
 * *ask owns nothing. */
int ztp_ask_parse(struct ztp_ask *ask, const char *value, size_t len,
		  struct ztp_error *error);

/* Is it a fingerprint as the contract writes it, 64 lower-case hex digits? Any
 * other form would not compare equal later. */
bool ztp_fingerprint_valid(const char *text);

#endif
