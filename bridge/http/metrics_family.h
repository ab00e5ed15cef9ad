/*
 * bridge/http/metrics_family.h - the heading of a metric, in Prometheus' text
 * format.
 */
#ifndef BRIDGE_HTTP_METRICS_FAMILY_H
#define BRIDGE_HTTP_METRICS_FAMILY_H

#include <stdio.h>

void metrics_family(FILE *out, const char *name, const char *type,
		    const char *help);

#endif
