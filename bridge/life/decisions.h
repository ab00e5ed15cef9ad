/*
 * bridge/life/decisions.h - applies a customer's decision, or its absence.
 * Loop thread, during apply. Returns 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_DECISIONS_H
#define BRIDGE_LIFE_DECISIONS_H

#include "bridge/kafka/consumer.h"
#include "bridge/life/bridge.h"

/* bridge: a struct bridge *, see consumer_user. */
int decisions_apply(void *bridge, const struct consumer_record *record,
		    struct ztp_error *error);

/* Records of the decision topic that cannot be read: a dead letter without a
 * value tells where they were. */
int decisions_unreadable(void *bridge, const struct consumer_gap *gap,
			 struct ztp_error *error);

/* Records that Kafka removed before they were read, as retention does: any
 * request of before may have been rejected in one. With `why`: the whole topic,
 * which was deleted, and whatever it had that was not read. */
int decisions_lost(void *bridge, const struct consumer_gap *gap,
		   struct ztp_error *error);

/* Handles at most limit expired deadlines. Undecided requests expire only up
 * to b->horizon; *waiting becomes true when one beyond it is due, which means
 * that Kafka must be asked for its end offsets. *more: call again. */
int decisions_time_out(struct bridge *b, int limit, bool *waiting, bool *more,
		       struct ztp_error *error);

#endif
