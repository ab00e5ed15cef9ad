/*
 * bridge/loop/loop.h - runs the daemon from start to end.
 */
#ifndef BRIDGE_LOOP_LOOP_H
#define BRIDGE_LOOP_LOOP_H

#include "base/log.h"
#include "bridge/config/config.h"

/* What SIGHUP does besides reconnecting. Called in the loop thread. */
typedef void loop_reload(void *arg);

/* Runs until SIGTERM or SIGINT, then drains for at most shutdown_timeout.
 * Returns the exit status: 0, or 1 for a failure, which has been logged. */
int loop_run(const struct config *config, struct log *log, loop_reload *reload,
	     void *reload_arg);

#endif
