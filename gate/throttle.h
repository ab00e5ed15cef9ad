/*
 * gate/throttle.h - token buckets by name in a table of fixed size: who fails
 * again and again is slowed down, and nobody can make the gate remember more
 * than the table holds. The emptiest buckets are kept, the full ones give way.
 */
#ifndef ZTP_GATE_THROTTLE_H
#define ZTP_GATE_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZTP_THROTTLE_NAME 64

struct ztp_throttle_rule {
	int64_t burst;	    /* tokens of a full bucket */
	int64_t per_second; /* that come back */
};

struct ztp_throttle;

/* Who an address counts as: an IPv4 one (also as ::ffff:192.0.2.1) as itself,
 * an IPv6 one as its /64, which is what one customer has. What is no address
 * counts as one source. */
struct ztp_throttle_source {
	unsigned char bytes[16];
};
void ztp_throttle_source(struct ztp_throttle_source *source,
			 const char *address);

/* NULL: no memory. */
struct ztp_throttle *ztp_throttle_new(struct ztp_throttle_rule rule);
void ztp_throttle_free(struct ztp_throttle *throttle);

/* Is there a token? Takes none. now_ms: CLOCK_BOOTTIME. */
bool ztp_throttle_ready(struct ztp_throttle *throttle, const void *key,
			size_t len, int64_t now_ms);
/* Takes one. False when there was none: that is counted as left out. name
 * (may be NULL) is what ztp_throttle_drain calls it. */
bool ztp_throttle_take(struct ztp_throttle *throttle, const void *key,
		       size_t len, const char *name, int64_t now_ms);

/* Tells of every bucket that left something out and has a token again, and
 * sets its count to 0; left_out for which no bucket is left comes with name
 * "". */
void ztp_throttle_drain(struct ztp_throttle *throttle, int64_t now_ms,
			void (*tell)(const char *name, uint64_t left_out,
				     void *arg),
			void *arg);

#endif
