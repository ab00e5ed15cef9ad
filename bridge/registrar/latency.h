/*
 * bridge/registrar/latency.h - how long the gate has lately taken to answer,
 * and how long the loop may wait between two turns without anybody noticing:
 * a tenth of that. Times are arguments.
 */
#ifndef BRIDGE_REGISTRAR_LATENCY_H
#define BRIDGE_REGISTRAR_LATENCY_H

#include <stdint.h>

/* {0} at the start: nothing is known. */
struct latency {
	int64_t at;	 /* of the last answer */
	int64_t average; /* in 1/8 ms */
};

void latency_answered(struct latency *latency, int64_t now, int64_t took_ms);
/* In ms; BATCHING_SHORT_WAIT_MS where nothing is known, or not any more. */
int latency_short_wait(const struct latency *latency, int64_t now);

#endif
