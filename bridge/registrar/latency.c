#include "bridge/registrar/latency.h"

#include <stdbool.h>

#include "bridge/core/batching.h"

#define PARTS	8    /* of a ms; and each answer counts for one in so many */
#define OLD_MS	1000 /* then an answer says nothing about the next one */
#define MOST_MS 1000 /* no answer counts for more */

static bool is_old(const struct latency *latency, int64_t now)
{
	return latency->at == 0 || now - latency->at > OLD_MS;
}

void latency_answered(struct latency *latency, int64_t now, int64_t took_ms)
{
	if (took_ms < 0)
		took_ms = 0;
	if (took_ms > MOST_MS)
		took_ms = MOST_MS;
	if (is_old(latency, now))
		latency->average = took_ms * PARTS;
	else
		latency->average += took_ms - latency->average / PARTS;
	latency->at = now;
}

int latency_short_wait(const struct latency *latency, int64_t now)
{
	int64_t wait = latency->average / PARTS / BATCHING_SHORT_WAIT_SHARE;

	if (is_old(latency, now) || wait < BATCHING_SHORT_WAIT_MS)
		return BATCHING_SHORT_WAIT_MS;
	return wait < BATCHING_SHORT_WAIT_MAX_MS ? (int)wait
						 : BATCHING_SHORT_WAIT_MAX_MS;
}
