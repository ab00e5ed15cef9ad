/*
 * bridge/http/metrics.h - what /metrics counts. Loop thread only.
 *
 * What happens inside a transaction is counted in the batch's tally and added
 * to the totals when the commit has succeeded, so that a batch that is done
 * again counts once.
 */
#ifndef BRIDGE_HTTP_METRICS_H
#define BRIDGE_HTTP_METRICS_H

#include <stdint.h>

#include "ztp/result.h"

/* X(NAME, "result") of ztp_pending_events_total */
#define METRIC_PENDING_LIST(X)                                                 \
	X(NEW, "new")                                                          \
	X(MERGED, "merged")                                                    \
	X(REANNOUNCED, "reannounced")                                          \
	X(COOLDOWN, "cooldown")                                                \
	X(REDELIVER, "redeliver")                                              \
	X(CONFLICT, "conflict")                                                \
	X(EXPIRED, "expired")                                                  \
	X(TOO_MANY, "too_many")                                                \
	X(INVALID, "invalid")

/* X(NAME, "result") of ztp_commands_total */
#define METRIC_COMMAND_LIST(X)                                                 \
	X(DELIVERED, "delivered")                                              \
	X(NO_SUBSCRIBER, "no_subscriber")                                      \
	X(REFUSED, "refused")                                                  \
	X(LOST, "lost")

/* X(NAME, "stage") of ztp_dlq_total */
#define METRIC_DLQ_LIST(X)                                                     \
	X(PENDING, "pending")                                                  \
	X(DECISION, "decision")                                                \
	X(REQUEST, "request")                                                  \
	X(RESULT, "result")                                                    \
	X(AUDIT, "audit")                                                      \
	X(DROPPED, "dropped")

/* Upper bounds in seconds of ztp_decision_latency_seconds. */
/* clang-format off */
#define METRIC_LATENCY_LIST(X)                                                 \
	X(0.1) X(0.5) X(1) X(5) X(15) X(60) X(300) X(900) X(3600) X(14400)     \
	X(43200) X(86400) X(259200)
/* clang-format on */

enum {
#define X(bound) +1
	METRIC_LATENCY_BUCKETS = 0 METRIC_LATENCY_LIST(X)
#undef X
};

enum metric_pending {
#define X(name, text) METRIC_PENDING_##name,
	METRIC_PENDING_LIST(X)
#undef X
		METRIC_PENDING_COUNT
};

enum metric_command {
#define X(name, text) METRIC_COMMAND_##name,
	METRIC_COMMAND_LIST(X)
#undef X
		METRIC_COMMAND_COUNT
};

enum metric_dlq {
#define X(name, text) METRIC_DLQ_##name,
	METRIC_DLQ_LIST(X)
#undef X
		METRIC_DLQ_COUNT
};

struct metrics {
	uint64_t pending[METRIC_PENDING_COUNT];
	uint64_t requests_published;
	uint64_t decisions[2]; /* by enum ztp_verdict */
	uint64_t commands[METRIC_COMMAND_COUNT];
	uint64_t results[ZTP_OUTCOME_COUNT];
	uint64_t dlq[METRIC_DLQ_COUNT];
	uint64_t latency[METRIC_LATENCY_BUCKETS + 1]; /* not cumulative */
	double latency_sum;			      /* seconds */
};

/* From the announcement to the decision; below 0 counts as 0. */
void metrics_decision_latency(struct metrics *metrics, int64_t ms);

/* total += batch; batch becomes zero. */
void metrics_add(struct metrics *total, struct metrics *batch);

struct bridge;
struct readiness;

/* The whole page in Prometheus' text format 0.0.4; the caller frees it. NULL
 * when there is no memory. Reads b's config, clock, store and metrics, and
 * from r whether "mqtt" and "kafka" are usable. Every label value is there
 * from the start; none is a device's. */
char *metrics_text(const struct bridge *b, const struct readiness *r);

#endif
