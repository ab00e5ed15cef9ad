/*
 * bridge/mqtt/coalesce.h - lets events that arrive close together share the
 * cost of waking threads, as network drivers coalesce interrupts.
 *
 * bridge/core/batching.h says why. When events follow each other closely but
 * do not queue up yet, the receiving thread sleeps before it takes the first
 * one, so that a few gather. An event that comes alone is never delayed. Under
 * full load no event is delayed either, because the next one is always there.
 *
 * Belongs to the receiving thread.
 */
#ifndef BRIDGE_MQTT_COALESCE_H
#define BRIDGE_MQTT_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

struct coalesce {
	int work_fd;	/* eventfd: wakes the loop */
	int64_t began;	/* ztp_clock_us() when this event began */
	int64_t ended;	/* ztp_clock_us() when the previous one ended */
	long sleeps;	/* times this thread slept for other reasons */
	bool coalesced; /* this event is one of several */
};

/* Called before and after each event; begin may sleep. */
void coalesce_begin(struct coalesce *coalesce, int64_t now);
void coalesce_end(struct coalesce *coalesce);

/* Wakes the loop, which has something to do and does not know it yet. */
void coalesce_wake(const struct coalesce *coalesce);

#endif
