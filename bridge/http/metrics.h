/*
 * bridge/http/metrics.h - the page /metrics. Loop thread only.
 */
#ifndef BRIDGE_HTTP_METRICS_H
#define BRIDGE_HTTP_METRICS_H

struct bridge;
struct readiness;

/* The whole page in Prometheus' text format 0.0.4; the caller frees it. NULL
 * when there is no memory. Reads b's config, clock, store and total, and
 * from r whether "mqtt" and "kafka" are usable. Every label value is there
 * from the start; none is a device's. */
char *metrics_text(const struct bridge *b, const struct readiness *r);

#endif
