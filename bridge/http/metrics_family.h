/*
 * bridge/http/metrics_family.h - the heading of a metric, and a whole
 * histogram, in Prometheus' text format.
 */
#ifndef BRIDGE_HTTP_METRICS_FAMILY_H
#define BRIDGE_HTTP_METRICS_FAMILY_H

#include <stdint.h>
#include <stdio.h>

void metrics_family(FILE *out, const char *name, const char *type,
		    const char *help);

/* bounds: n of them, in seconds. counts: n + 1, not cumulative, the last one of
 * what was longer. */
void metrics_histogram(FILE *out, const char *name, const char *help,
		       const double *bounds, int n, const uint64_t *counts,
		       double sum);

#endif
