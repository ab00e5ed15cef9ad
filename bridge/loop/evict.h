/*
 * bridge/loop/evict.h - the store's bounds on finished requests: how many
 * (store.max_finished) and how old (store.retention). They go oldest first.
 *
 * A rejected request outlives both bounds until onboarding.reject_cooldown is
 * over, because its row is the cool-down: without it the customer would be
 * asked again about whom they have just rejected.
 */
#ifndef BRIDGE_LOOP_EVICT_H
#define BRIDGE_LOOP_EVICT_H

#include <stdbool.h>

#include "bridge/life/bridge.h"
#include "bridge/store/store.h"

#define EVICT_PAUSE_MS 20 /* between two batches */

struct eviction {
	/* Up to here only rejected requests are left that still cool down. */
	struct store_place place;
	bool more; /* there are more, which are to be evicted soon */
};

/* Evicts one batch, in the store's transaction. Loop thread. */
int evict(struct eviction *eviction, struct bridge *bridge,
	  struct ztp_error *error);

#endif
