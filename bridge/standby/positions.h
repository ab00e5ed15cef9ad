/*
 * bridge/standby/positions.h - how far a bridge's copy is, for Kafka to keep: for
 * people's lag tools, and so that whoever becomes active next knows how long
 * ztp.state has been. Loop thread only.
 */
#ifndef BRIDGE_STANDBY_POSITIONS_H
#define BRIDGE_STANDBY_POSITIONS_H

#include "bridge/core/core.h"
#include "bridge/ledger/copy.h"

#define POSITIONS_MAX                                                          \
	1024 /* partitions of the decisions; of more the rest is
			    * not told */

struct positions {
	/* In ztp.state, or -1: the copy is not known to be the state. */
	int64_t state;
	char birth[COPY_BIRTH_MAX]; /* which ztp.state */
	int64_t journal;	    /* in ztp.journal */
	struct {
		int partition;
		int64_t next;
	} decisions[POSITIONS_MAX];
	int count;
};

/* As the copy has them now. whole: it is the state, and not behind it. */
void positions_read(struct positions *positions, struct core *core,
		    struct copy *copy, bool whole);

#endif
