/*
 * bridge/http/metrics_group.h - what /metrics has of a bridge that is one of
 * several.
 */
#ifndef BRIDGE_HTTP_METRICS_GROUP_H
#define BRIDGE_HTTP_METRICS_GROUP_H

#include <stdio.h>

#include "bridge/core/group_status.h"

/* name: of the group, Kafka's. */
void metrics_group(FILE *out, const char *name,
		   const struct group_status *group);

#endif
