/*
 * bridge/mqtt/coalesce.h - how events come in: one by one, or a few at a time.
 *
 * To wake a thread costs more than what it then does about one event, and an
 * event wakes several: the receiving thread, the loop, librdkafka's, Kafka's.
 * So when events follow each other closely without being a queue already, the
 * receiving thread lets some gather before it takes the first (COALESCE_WAIT_US),
 * and wakes the loop when it is likely to be through with them
 * (COALESCE_IDLE_AFTER_US). One that comes alone is not made to wait, and at full
 * load, when there is always a next one, nothing is.
 *
 * The receiving thread's; the loop waits for timer_fd as well.
 */
#ifndef BRIDGE_MQTT_COALESCE_H
#define BRIDGE_MQTT_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

#define COALESCE_WAIT_US       2000
#define COALESCE_IDLE_AFTER_US 300
#define COALESCE_WAITED_US     60 /* paho may have had to wait for this event */

struct coalesce {
	int work_fd;	/* an eventfd, to wake the loop now */
	int timer_fd;	/* a timerfd, to wake it soon */
	int64_t began;	/* coalesce_now(), with this one */
	int64_t ended;	/* and with the one before */
	long sleeps;	/* of this thread, that were not for events */
	bool coalesced; /* several are here, of which this is one */
};

int64_t coalesce_now(void); /* us, CLOCK_MONOTONIC */

/* Around each event; begin may sleep. */
void coalesce_begin(struct coalesce *coalesce, int64_t now);
void coalesce_end(struct coalesce *coalesce);

/* The loop has something to do, of which it has not been told. */
void coalesce_wake(const struct coalesce *coalesce);

#endif
