/*
 * bridge/standby/claim.h - what a bridge that becomes active writes into ztp.state,
 * and what it reads there of the one before.
 */
#ifndef BRIDGE_STANDBY_CLAIM_H
#define BRIDGE_STANDBY_CLAIM_H

#include "bridge/ledger/copy.h"

#define CLAIM_EPOCH_LEN 49

struct claim {
	/* Of the row `active` before ours. */
	bool left;
	bool unlike;	    /* see claim_is_alike */
	int64_t hold_until; /* wall clock, ms; see bridge.h */
	int64_t held_since; /* boot clock, ms: from our claim on; 0: from before */
	/* Random, a hash of kafka.group, and one of what the bridges of a group must
	 * have in common; an earlier build writes the first alone. */
	char epoch[CLAIM_EPOCH_LEN];
};

/* Reads that row, and puts ours in the store; before it, in a topic that is empty,
 * when that began. If that row's bridge may have read other decisions, no silence of
 * those whom it asked counts (STORE_LOST). Fails if that row is of another group: its
 * customers' decisions are in another topic, and its requests would end without them. */
int claim_put(struct claim *claim, const struct core *core, struct copy *copy,
	      struct ztp_error *error);
/* Fails if whoever wrote the row `active` is of another group. */
int claim_check_group(const struct state_row *active, const struct core *core,
		      struct ztp_error *error);
/* Has whoever wrote that epoch our mqtt.client_id, so that the broker's queue comes
 * with its place, and our decisions? Also true if it does not say so. */
bool claim_is_alike(const struct ztp_str *epoch, const struct core *core);
/* Is the row `active` in the store this claim's? If not, `who` has that one's
 * instance, cut to fit. */
bool claim_stands(const struct claim *claim, struct copy *copy, char *who,
		  size_t cap);
/* The row again. left: it is the last one. */
int claim_put_active(const struct claim *claim, const struct core *core,
		     struct copy *copy, bool left, struct ztp_error *error);

#endif
