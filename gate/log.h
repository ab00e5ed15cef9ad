/*
 * gate/log.h - writes the gate's lines into the broker's log. Broker thread
 * only.
 */
#ifndef ZTP_GATE_LOG_H
#define ZTP_GATE_LOG_H

#include <stdint.h>

#include "gate/throttle.h"
#include "ztp/error.h"

/* level is one of MOSQ_LOG_*. */
void ztp_gate_log(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Logs the error's message at level MOSQ_LOG_ERR. */
void ztp_gate_log_error(const struct ztp_error *error);

/* Bounds the lines that clients, operators and a disk can cause while the gate
 * runs: 60 at once, then one a second. All zero at first. */
struct ztp_log_limit {
	struct ztp_bucket bucket;
	uint64_t left_out;
};

/* As ztp_gate_log_error, within the limit. now_ms: CLOCK_BOOTTIME. */
void ztp_gate_log_limited(struct ztp_log_limit *limit,
			  const struct ztp_error *error, int64_t now_ms);
/* Called from TICK: logs how many lines were left out. */
void ztp_gate_log_tick(struct ztp_log_limit *limit, int64_t now_ms);

#endif
