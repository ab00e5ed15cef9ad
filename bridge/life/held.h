/*
 * bridge/life/held.h - decisions for requests that are not there yet.
 *
 * A customer who reads what is not committed may answer a request of a bridge
 * that was gone before its turn was committed. Its event comes again under the
 * same id: from the gate, or out of the journal of that bridge. So for a while
 * after a takeover (b->hold_until) a decision for an unknown id is kept as a row
 * of the state, and applied as it came when its request is there. After its time,
 * and beyond a bound, it is for an unknown request. Loop thread, during apply;
 * 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_HELD_H
#define BRIDGE_LIFE_HELD_H

#include "bridge/kafka/consumer.h"
#include "bridge/life/bridge.h"

#define HELD_MAX       10000	   /* decisions, all together */
#define HELD_BYTES_MAX (16u << 20) /* ... and their bytes */

/* Keeps the decision for that id. Returns 1 if it does, 0 if it is for an unknown
 * request. */
int held_keep(struct bridge *b, const char *request_id,
	      const struct consumer_record *record, struct ztp_error *error);

#endif
