/*
 * bridge/group/group.h - runs a bridge that is one of several
 * (standby.enabled): it stands by, becomes active, runs the loop until that is
 * over, and so on.
 */
#ifndef BRIDGE_GROUP_GROUP_H
#define BRIDGE_GROUP_GROUP_H

#include "bridge/loop/loop.h"

/* As loop_run, and returns what it returns. */
int group_run(const struct config *config, struct log *log, loop_reload *reload,
	      void *reload_arg);

#endif
