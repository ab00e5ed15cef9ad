/*
 * bridge/core/core.h - what every part of the bridge above the ground floor may
 * know of the daemon that it is in.
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
	struct ztp_clock
		clock; /* set at the start, then safe from any thread */

	/* The loop thread's. */
	int64_t now; /* steady ms, taken at the start of each turn */
	bool stopping;
	struct tally tally; /* of the transaction that is open */

	/* Set by the receiving thread when it wakes the loop, cleared by the
	 * loop before it reads the journal: no second write for one turn. */
	_Atomic bool signalled;
};

#endif
