/*
 * bridge/core/refusals.h - the gate's last refusals, for people to look at.
 *
 * A few are kept. One that repeats is counted where it stands, and when there
 * is no room, the code with the most entries loses its oldest: neither a device
 * that tries for ever nor a flood of many devices hides what else is wrong.
 */
#ifndef BRIDGE_CORE_REFUSALS_H
#define BRIDGE_CORE_REFUSALS_H

#include "ztp/codec.h"
#include "ztp/path.h"

#define REFUSALS_MAX	 64
#define REFUSAL_ADDR_MAX 63 /* bytes of an address */

struct refusal {
	int64_t at;	  /* wall; the last time */
	const char *code; /* outlives it; codes are compared as pointers */
	uint64_t count;	  /* how many times */
	char path[ZTP_PATH_MAX + 1]; /* "": unknown */
	char remote_addr[REFUSAL_ADDR_MAX + 1];
	bool has_fingerprint;
	uint8_t fingerprint[ZTP_SHA256_LEN];
	uint64_t age; /* for refusals.c: higher is newer */
};

/* Zeros to begin with. */
struct refusals {
	struct refusal list[REFUSALS_MAX];
	int count;
	uint64_t age; /* of the newest */
};

void refusals_add(struct refusals *refusals, const struct refusal *refusal);
/* Adds all of `batch`, oldest first, and empties it. */
void refusals_move(struct refusals *refusals, struct refusals *batch);
/* Fills in the list, newest first. Returns how many there are. */
int refusals_list(const struct refusals *refusals,
		  const struct refusal *list[REFUSALS_MAX]);

#endif
