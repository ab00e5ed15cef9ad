/*
 * bridge/life/decisions.h - what a customer's decision, or its absence, does. Loop
 * thread, during apply. 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_DECISIONS_H
#define BRIDGE_LIFE_DECISIONS_H

#include "bridge/kafka/consumer.h"
#include "bridge/life/bridge.h"

/* bridge: struct bridge *, see consumer_user. */
int decisions_apply(void *bridge, const struct consumer_record *record,
		    struct ztp_error *error);

/* Handles at most limit deadlines that have passed. Undecided requests are
 * touched up to b->horizon only; *waiting becomes true when one is due beyond
 * it, so that Kafka must be asked how far it has got. *more: call again. */
int decisions_time_out(struct bridge *b, int limit, bool *waiting, bool *more,
		       struct ztp_error *error);

#endif
