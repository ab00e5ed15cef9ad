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
	int wake_fd; /* an eventfd: whoever writes it wakes the loop; 0: none */

	/* For the loop thread. */
	int64_t now; /* steady ms, read at the start of each turn */
	bool stopping;
	/* Of several: another one may be active, whose sessions the broker would
	 * end for whoever comes under the same name. */
	bool shared, no_lease;
	/* CLOCK_BOOTTIME ms: when the last committed turn with a row in it began,
	 * and when an MQTT connection was seen to be lost. 0: never. */
	int64_t turn_began, lost_at;
	int64_t joined_at;  /* the time in its name as a member of the group */
	struct tally tally; /* of the open transaction */

	/* The receiving thread sets this when it wakes the loop, and the loop
	 * clears it before it reads the journal. This saves a second write
	 * for one turn. */
	_Atomic bool signalled;
	/* The receiving thread counts them; they leave no entry. */
	_Atomic uint64_t foreign;
};

/* An MQTT connection is lost, to another bridge perhaps. Loop thread. */
void core_lost(struct core *core);
/* Has Kafka said since the loss that this bridge is the active one? */
bool core_knows_its_place(const struct core *core);
/* May this bridge connect under the names that a group shares? */
bool core_may_connect(const struct core *core);
/* Can the files of mqtt.tls be used, as they are now? *why: if not. Reads them. */
bool core_files_usable(const struct core *core, struct ztp_error *why);

#endif
