/*
 * bridge/core/core.h - what every part of the bridge above config/ may know
 * about the daemon.
 */
#ifndef BRIDGE_CORE_CORE_H
#define BRIDGE_CORE_CORE_H

#include "base/clock.h"
#include "base/log.h"
#include "bridge/config/config.h"
#include "bridge/core/tally.h"

struct core {
	const struct config *config;
	struct log *log;
	struct ztp_clock clock; /* set at start; then any thread may read it */
	char member[33]; /* this store's place in the Kafka group, or "" */

	/* For the loop thread. */
	int64_t now; /* steady ms, read at the start of each turn */
	bool stopping;
	/* Of several: another one may be active, whose sessions the broker would
	 * end for whoever comes under the same name. */
	bool no_lease;
	struct tally tally; /* of the open transaction */

	/* The receiving thread sets this when it wakes the loop, and the loop
	 * clears it before it reads the journal. This saves a second write
	 * for one turn. */
	_Atomic bool signalled;
	/* The receiving thread counts them; they leave no entry. */
	_Atomic uint64_t foreign;
};

#endif
