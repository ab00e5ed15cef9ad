/*
 * bridge/mqtt/coalesce.h - lets events that arrive close together share the
 * cost of waking threads, as network drivers coalesce interrupts.
 *
 * Waking a thread costs more than what it then does for one event, and an
 * event wakes several: the receiving thread, the loop, librdkafka's and
 * Kafka's. So when events follow each other closely but do not queue up yet,
 * the receiving thread sleeps before it takes the first one, so that a few
 * gather (COALESCE_WAIT_US). It wakes the loop when it has probably finished
 * with them (COALESCE_IDLE_AFTER_US). An event that comes alone is never
 * delayed. Under full load no event is delayed either, because the next one is
 * always there.
 *
 * Belongs to the receiving thread; the loop also waits for timer_fd.
 */
#ifndef BRIDGE_MQTT_COALESCE_H
#define BRIDGE_MQTT_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

#define COALESCE_WAIT_US       2000
#define COALESCE_IDLE_AFTER_US 300
#define COALESCE_WAITED_US     60 /* paho may have waited for this event */

struct coalesce {
	int work_fd;	/* eventfd: wakes the loop now */
	int timer_fd;	/* timerfd: wakes it soon */
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
