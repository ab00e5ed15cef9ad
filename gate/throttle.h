/*
 * gate/throttle.h - token buckets: a single one, and many by key in a table of
 * fixed size, so that nobody can make the gate remember more than the table
 * holds. When the table is full, the fullest bucket is replaced.
 */
#ifndef ZTP_GATE_THROTTLE_H
#define ZTP_GATE_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZTP_THROTTLE_NAME 64

struct ztp_throttle_rule {
	int64_t burst;	    /* tokens in a full bucket */
	int64_t per_second; /* tokens that come back */
};

/* All zero: full. */
struct ztp_bucket {
	int64_t debt; /* thousandths that were taken and have not come back yet */
	int64_t at;
};

/* Takes a token if there is one. now_ms: CLOCK_BOOTTIME, here and below. */
bool ztp_bucket_take(struct ztp_bucket *bucket, struct ztp_throttle_rule rule,
		     int64_t now_ms);

struct ztp_throttle;

/* What an address counts as: an IPv4 address (also as ::ffff:192.0.2.1) as
 * itself, an IPv6 address as its /64, which is what one customer has.
 * Everything that is not an address counts as one source. */
struct ztp_throttle_source {
	unsigned char bytes[16];
};
void ztp_throttle_source(struct ztp_throttle_source *source,
			 const char *address);

/* NULL: no memory. */
struct ztp_throttle *ztp_throttle_new(struct ztp_throttle_rule rule);
void ztp_throttle_free(struct ztp_throttle *throttle);

/* Takes a token. False if there was none, which counts as left out. name (may
 * be NULL) identifies the bucket for ztp_throttle_drain. */
bool ztp_throttle_take(struct ztp_throttle *throttle, const void *key,
		       size_t len, const char *name, int64_t now_ms);

/* Reports buckets that left something out and have a token again, at most `max`
 * in turn, and resets their counts. What was left out by buckets that no longer
 * exist is reported with the name "". */
void ztp_throttle_drain(struct ztp_throttle *throttle, size_t max,
			int64_t now_ms,
			void (*tell)(const char *name, uint64_t left_out,
				     void *arg),
			void *arg);

#endif
