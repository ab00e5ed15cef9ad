/*
 * gate/log.h - writes the gate's lines into the broker's log. Broker thread
 * only.
 */
#ifndef ZTP_GATE_LOG_H
#define ZTP_GATE_LOG_H

#include "ztp/error.h"

/* level is one of MOSQ_LOG_*. */
void ztp_gate_log(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Logs the error's message at level MOSQ_LOG_ERR. */
void ztp_gate_log_error(const struct ztp_error *error);

#endif
