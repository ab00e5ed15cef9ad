/*
 * bridge/core/tally.h - counts what has happened. Loop thread only.
 *
 * Events inside a transaction are counted in the batch's tally, which is added
 * to the total after the commit. A batch that is applied again therefore
 * counts once. The counters are those of /metrics (bridge/http/metrics.h), and
 * the lists give the values of their labels.
 */
#ifndef BRIDGE_CORE_TALLY_H
#define BRIDGE_CORE_TALLY_H

#include <stdint.h>

#include "ztp/result.h"

/* X(NAME, "result") of ztp_pending_events_total */
#define TALLY_PENDING_LIST(X)                                                  \
	X(NEW, "new")                                                          \
	X(MERGED, "merged")                                                    \
	X(REANNOUNCED, "reannounced")                                          \
	X(COOLDOWN, "cooldown")                                                \
	X(REDELIVER, "redeliver")                                              \
	X(CONFLICT, "conflict")                                                \
	X(EXPIRED, "expired")                                                  \
	X(TOO_MANY, "too_many")                                                \
	X(INVALID, "invalid")                                                  \
	X(FOREIGN, "foreign")

/* X(NAME, "result") of ztp_commands_total */
#define TALLY_COMMAND_LIST(X)                                                  \
	X(DELIVERED, "delivered")                                              \
	X(NO_SUBSCRIBER, "no_subscriber")                                      \
	X(REFUSED, "refused")                                                  \
	X(LOST, "lost")                                                        \
	X(GIVEN_UP, "given_up")                                                \
	X(ERASED, "erased")

/* X(NAME, "result") of ztp_device_answers_total */
#define TALLY_ANSWER_LIST(X)                                                   \
	X(APPLIED, "applied")                                                  \
	X(FAILED, "failed")                                                    \
	X(UNREADABLE, "unreadable")                                            \
	X(UNKNOWN, "unknown")                                                  \
	X(DROPPED, "dropped")

/* X(NAME, "stage") of ztp_dlq_total */
#define TALLY_DLQ_LIST(X)                                                      \
	X(PENDING, "pending")                                                  \
	X(DECISION, "decision")                                                \
	X(REQUEST, "request")                                                  \
	X(RESULT, "result")                                                    \
	X(AUDIT, "audit")                                                      \
	X(DROPPED, "dropped")

/* Upper bounds in seconds of ztp_decision_latency_seconds. */
/* clang-format off */
#define TALLY_LATENCY_LIST(X)                                                 \
	X(0.1) X(0.5) X(1) X(5) X(15) X(60) X(300) X(900) X(3600) X(14400)     \
	X(43200) X(86400) X(259200)
/* clang-format on */

enum {
#define X(bound) +1
	TALLY_LATENCY_BUCKETS = 0 TALLY_LATENCY_LIST(X)
#undef X
};

enum tally_pending {
#define X(name, text) TALLY_PENDING_##name,
	TALLY_PENDING_LIST(X)
#undef X
		TALLY_PENDING_COUNT
};

enum tally_command {
#define X(name, text) TALLY_COMMAND_##name,
	TALLY_COMMAND_LIST(X)
#undef X
		TALLY_COMMAND_COUNT
};

enum tally_answer {
#define X(name, text) TALLY_ANSWER_##name,
	TALLY_ANSWER_LIST(X)
#undef X
		TALLY_ANSWER_COUNT
};

enum tally_dlq {
#define X(name, text) TALLY_DLQ_##name,
	TALLY_DLQ_LIST(X)
#undef X
		TALLY_DLQ_COUNT
};

struct tally {
	uint64_t pending[TALLY_PENDING_COUNT];
	uint64_t requests_published;
	uint64_t decisions[2]; /* by enum ztp_verdict */
	uint64_t commands[TALLY_COMMAND_COUNT];
	uint64_t answers[TALLY_ANSWER_COUNT];
	uint64_t results[ZTP_OUTCOME_COUNT];
	uint64_t dlq[TALLY_DLQ_COUNT];
	uint64_t latency[TALLY_LATENCY_BUCKETS + 1]; /* not cumulative */
	double latency_sum;			     /* seconds */
};

/* Upper bounds in seconds of all buckets of latency but the last. */
extern const double tally_latency_bounds[TALLY_LATENCY_BUCKETS];

/* ms: from the announcement to the decision; below 0 counts as 0. */
void tally_decision_latency(struct tally *tally, int64_t ms);

/* Adds batch to total and zeroes batch. */
void tally_add(struct tally *total, struct tally *batch);

#endif
