/*
 * bridge/standby/claim.h - what a bridge that becomes active writes into ztp.state,
 * and what it reads there of the one before.
 */
#ifndef BRIDGE_STANDBY_CLAIM_H
#define BRIDGE_STANDBY_CLAIM_H

#include "bridge/ledger/copy.h"

#define CLAIM_EPOCH_LEN 33

struct claim {
	/* Of the row `active` before ours. */
	bool left;
	int64_t hold_until; /* wall clock, ms; see bridge.h */
	int64_t held_since; /* boot clock, ms: from our claim on; 0: from before */
	/* Random, and a hash of kafka.group; an earlier build writes only half. */
	char epoch[CLAIM_EPOCH_LEN];
};

/* Reads that row, and puts ours in the store; before it, in a topic that is empty,
 * when that began. Fails if that row is of another group: its customers' decisions are
 * in another topic, and its requests would end without them. */
int claim_put(struct claim *claim, const struct core *core, struct copy *copy,
	      struct ztp_error *error);
/* Is the row `active` in the store this claim's? If not, `who` has that one's
 * instance, cut to fit. */
bool claim_stands(const struct claim *claim, struct copy *copy, char *who,
		  size_t cap);
/* The row again. left: it is the last one. */
int claim_put_active(const struct claim *claim, const struct core *core,
		     struct copy *copy, bool left, struct ztp_error *error);

#endif
