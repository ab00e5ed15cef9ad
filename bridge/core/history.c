#include "bridge/core/history.h"

#include <stdlib.h>

struct history {
	struct history_sample ring[HISTORY_MAX];
	int count, first;
	int64_t next; /* steady ms */
};

int history_new(struct history **history, struct ztp_error *error)
{
	*history = calloc(1, sizeof(**history));
	return *history ? 0 : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

void history_free(struct history *history)
{
	free(history);
}

static uint64_t sum(const uint64_t *counts, int n)
{
	uint64_t all = 0;

	while (n-- > 0)
		all += counts[n];
	return all;
}

void history_take(struct history_sample *sample, int64_t now,
		  const struct tally *total)
{
	sample->at = now;
	sample->sums[HISTORY_PENDING] =
		sum(total->pending, TALLY_PENDING_COUNT);
	sample->sums[HISTORY_REQUESTS] = total->requests_published;
	sample->sums[HISTORY_DECISIONS] = sum(total->decisions, 2);
	sample->sums[HISTORY_COMMANDS] =
		sum(total->commands, TALLY_COMMAND_COUNT);
	sample->sums[HISTORY_RESULTS] = sum(total->results, ZTP_OUTCOME_COUNT);
	sample->sums[HISTORY_DLQ] = sum(total->dlq, TALLY_DLQ_COUNT);
}

/* When the loop comes late, the samples keep their distance. */
void history_turn(struct history *history, int64_t now,
		  const struct tally *total)
{
	int place;

	if (now < history->next)
		return;
	place = (history->first + history->count) % HISTORY_MAX;
	if (history->count < HISTORY_MAX)
		history->count++;
	else
		history->first = (history->first + 1) % HISTORY_MAX;
	history_take(&history->ring[place], now, total);
	history->next = now + HISTORY_EVERY_MS;
}

int64_t history_next(const struct history *history)
{
	return history->next;
}

int history_count(const struct history *history)
{
	return history->count;
}

const struct history_sample *history_at(const struct history *history, int i)
{
	return &history->ring[(history->first + i) % HISTORY_MAX];
}
