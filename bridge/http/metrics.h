/*
 * bridge/http/metrics.h - the page /metrics. Loop thread only.
 */
#ifndef BRIDGE_HTTP_METRICS_H
#define BRIDGE_HTTP_METRICS_H

struct bridge;
struct readiness;

/* The whole page in Prometheus' text format 0.0.4; the caller frees it. NULL
 * when out of memory. Reads b's config, clock, store and total, and takes from
 * r whether "mqtt" and "kafka" are usable. Every label value is present from
 * the start; no label names a device. */
char *metrics_text(const struct bridge *b, const struct readiness *r);

#endif
