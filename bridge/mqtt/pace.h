/*
 * bridge/mqtt/pace.h - how events come in: one by one, or a few at a time.
 *
 * To wake a thread costs more than what it then does about one event, and an
 * event wakes several: the receiving thread, the loop, librdkafka's, Kafka's.
 * So when events follow each other closely without being a queue already, the
 * receiving thread lets some gather before it takes the first (PACE_GATHER_US),
 * and wakes the loop when it is likely to be through with them
 * (PACE_THROUGH_US). One that comes alone is not made to wait, and at full
 * load, when there is always a next one, nothing is.
 *
 * The receiving thread's; the loop waits for timer_fd as well.
 */
#ifndef BRIDGE_MQTT_PACE_H
#define BRIDGE_MQTT_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_GATHER_US	2000
#define PACE_THROUGH_US 300
#define PACE_IDLE_US	60 /* paho may have had to wait for this event */

struct pace {
	int work_fd;   /* an eventfd, to wake the loop now */
	int timer_fd;  /* a timerfd, to wake it soon */
	int64_t began; /* pace_now(), with this one */
	int64_t ended; /* and with the one before */
	long sleeps;   /* of this thread, that were not for events */
	bool gathered; /* several are here, of which this is one */
};

int64_t pace_now(void); /* us, CLOCK_MONOTONIC */

/* Around each event; begin may sleep. */
void pace_begin(struct pace *pace, int64_t now);
void pace_end(struct pace *pace);

/* The loop has something to do, of which it has not been told. */
void pace_wake(const struct pace *pace);

#endif
