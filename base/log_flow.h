/*
 * base/log_flow.h - bounds the lines that a stranger can make us write again and
 * again, so that they do not fill the disk. Each event has a hundred lines
 * at once, then ten a second, and a bound in bytes. A bound in bytes for all
 * events together keeps a minute of them below LOG_FLOW_MINUTE. A line that is
 * the first of its event for a minute is always taken, so a loud event does not
 * silence another one. The next line of an event says how many were left out.
 *
 * Both bounds in bytes are debts that are paid back with the time. A line is
 * charged when its length is known, so the last line may go beyond.
 */
#ifndef ZTP_BASE_LOG_FLOW_H
#define ZTP_BASE_LOG_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_FLOW_EVENTS	     144 /* tests/local/test_events.py counts them */
#define LOG_FLOW_AT_ONCE     100
#define LOG_FLOW_PERIOD_MS   100     /* for each line after that */
#define LOG_FLOW_EVENT_BYTES 65536   /* of one event at once */
#define LOG_FLOW_EVENT_RATE  4096    /* bytes a second after that */
#define LOG_FLOW_BYTES	     131072  /* of all events at once */
#define LOG_FLOW_RATE	     7168    /* bytes a second after that */
#define LOG_FLOW_QUIET_MS    60000   /* then a line is taken anyway */
#define LOG_FLOW_MINUTE	     1200000 /* bytes */

/* Zeros to begin with. Any thread. */
struct log_flow {
	struct log_flow_event {
		/* The name, which is a literal: compared by its address. */
		_Atomic(const char *) event;
		_Atomic int64_t paid_until;	  /* ms, lines */
		_Atomic int64_t bytes_paid_until; /* us */
		_Atomic int64_t last;		  /* ms; 0: no line yet */
		_Atomic uint64_t left_out;
	} events[LOG_FLOW_EVENTS];
	_Atomic int64_t bytes_paid_until; /* us, all events */
};

/* May this event have a line now? If so, *left_out is how many had none since
 * the last one. now_ms: any clock that never goes back, greater than 0. */
bool log_flow_take(struct log_flow *flow, const char *event, int64_t now_ms,
		   uint64_t *left_out);

/* The line that was taken has so many bytes. */
void log_flow_charge(struct log_flow *flow, const char *event, size_t bytes,
		     int64_t now_ms);

#endif
