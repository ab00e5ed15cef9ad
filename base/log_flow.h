/*
 * base/log_flow.h - how many lines of one event a log takes. What a stranger
 * can make us say again and again must not fill the disk: a hundred lines at
 * once, then ten a second, and the next line says how many were left out.
 */
#ifndef ZTP_BASE_LOG_FLOW_H
#define ZTP_BASE_LOG_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_FLOW_EVENTS	   64 /* more than these are not bounded */
#define LOG_FLOW_AT_ONCE   100
#define LOG_FLOW_PERIOD_MS 100 /* for each line after that */

/* Zeros to begin with. Any thread. */
struct log_flow {
	struct log_flow_event {
		/* The name, which is a literal: compared by its address. */
		_Atomic(const char *) event;
		_Atomic int64_t paid_until; /* ms */
		_Atomic uint64_t left_out;
	} events[LOG_FLOW_EVENTS];
};

/* May this event have a line now? If so, *left_out is how many had none since
 * the last one. */
bool log_flow_take(struct log_flow *flow, const char *event, int64_t now_ms,
		   uint64_t *left_out);

#endif
