/*
 * gate/share.h - the fifth of the broker's thread that clients share who have
 * not proven a key yet. Addresses take turns, and a path that has not failed
 * goes before one that has. Broker thread only.
 */
#ifndef ZTP_GATE_SHARE_H
#define ZTP_GATE_SHARE_H

#include "gate/throttle.h"

#define ZTP_SHARE_PER_MS      200    /* us of the thread, for all of them */
#define ZTP_SHARE_CAPACITY_US 200000 /* what may be used ahead of time */

struct ztp_share;

/* NULL: no memory. */
struct ztp_share *ztp_share_new(void);
void ztp_share_free(struct ztp_share *share);

/* May a client of this address have its key verified now? failed: its path has
 * failed from there. now_ms: CLOCK_BOOTTIME. */
bool ztp_share_open(struct ztp_share *share,
		    const struct ztp_throttle_source *source, bool failed,
		    int64_t now_ms);

/* The verification took that long. */
void ztp_share_charge(struct ztp_share *share,
		      const struct ztp_throttle_source *source, int64_t us,
		      int64_t now_ms);

#endif
