/*
 * bridge/core/history.h - the counters of the last hour, every ten seconds, for
 * curves: whoever opens the status page sees what happened before.
 * Loop thread only.
 */
#ifndef BRIDGE_CORE_HISTORY_H
#define BRIDGE_CORE_HISTORY_H

#include "bridge/core/tally.h"
#include "ztp/error.h"

#define HISTORY_EVERY_MS 10000
#define HISTORY_MAX	 360

/* X(NAME, "name"): what is summed up over all labels of a counter. */
#define HISTORY_LIST(X)                                                        \
	X(PENDING, "pending_events")                                           \
	X(REQUESTS, "requests_published")                                      \
	X(DECISIONS, "decisions")                                              \
	X(COMMANDS, "commands")                                                \
	X(RESULTS, "results")                                                  \
	X(DLQ, "dead_letters")

enum history_series {
#define X(name, text) HISTORY_##name,
	HISTORY_LIST(X)
#undef X
		HISTORY_COUNT
};

struct history_sample {
	int64_t at; /* steady ms */
	uint64_t sums[HISTORY_COUNT];
};

struct history;

int history_new(struct history **history, struct ztp_error *error);
void history_free(struct history *history); /* accepts NULL */

/* Takes a sample if one is due. And: when the next one is. */
void history_turn(struct history *history, int64_t now,
		  const struct tally *total);
int64_t history_next(const struct history *history);
/* How many there are, and one of them: 0 is the oldest. */
int history_count(const struct history *history);
const struct history_sample *history_at(const struct history *history, int i);
/* A sample of now, which is not kept. */
void history_take(struct history_sample *sample, int64_t now,
		  const struct tally *total);

#endif
