#include "bridge/core/tally.h"

#include <string.h>

#include "bridge/core/durations.h"

const double tally_latency_bounds[TALLY_LATENCY_BUCKETS] = {
#define X(bound) bound,
	TALLY_LATENCY_LIST(X)
#undef X
};

void tally_decision_latency(struct tally *tally, int64_t ms)
{
	durations_count(tally->latency, &tally->latency_sum,
			tally_latency_bounds, TALLY_LATENCY_BUCKETS, ms);
}

static void add(uint64_t *total, const uint64_t *batch, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		total[i] += batch[i];
}

void tally_add(struct tally *total, struct tally *batch)
{
	add(total->pending, batch->pending, TALLY_PENDING_COUNT);
	total->requests_published += batch->requests_published;
	add(total->decisions, batch->decisions, 2);
	add(total->commands, batch->commands, TALLY_COMMAND_COUNT);
	add(total->answers, batch->answers, TALLY_ANSWER_COUNT);
	add(total->results, batch->results, ZTP_OUTCOME_COUNT);
	add(total->dlq, batch->dlq, TALLY_DLQ_COUNT);
	add(total->latency, batch->latency, TALLY_LATENCY_BUCKETS + 1);
	total->latency_sum += batch->latency_sum;
	memset(batch, 0, sizeof(*batch));
}
