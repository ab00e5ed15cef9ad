#include "bridge/loop/evict.h"

#include "bridge/core/batching.h"

/* What is older than the cool-down goes in order. What is younger is searched
 * for others than rejected ones, and the search goes on where it last ended. */
static int evict_until(struct eviction *eviction, struct bridge *b,
		       int64_t until, int most, struct ztp_error *error)
{
	bool keep_onboarded = !b->registrar;
	int64_t cooled =
		b->core.now - b->core.config->onboarding.reject_cooldown_ms;
	int count, others = 0;

	if (cooled > until)
		cooled = until;
	count = store_evict(b->store, cooled, keep_onboarded, most, error);
	if (count >= 0 && count < most)
		others = store_evict_others(b->store, &eviction->place, until,
					    keep_onboarded, most - count,
					    BATCHING_TURN_MAX - count, error);
	if (count < 0 || others < 0)
		return count < 0 ? count : others;
	eviction->more |= count + others == BATCHING_TURN_MAX;
	return 0;
}

int evict(struct eviction *eviction, struct bridge *b, struct ztp_error *error)
{
	const struct config_store *store = &b->core.config->store;
	int64_t over = store_finished(b->store) - store->max_finished;
	int rc = 0;

	eviction->more = false;
	if (over > 0)
		rc = evict_until(eviction, b, b->core.now,
				 over < BATCHING_TURN_MAX ? (int)over
							  : BATCHING_TURN_MAX,
				 error);
	if (rc == 0)
		rc = evict_until(eviction, b, b->core.now - store->retention_ms,
				 BATCHING_TURN_MAX, error);
	return rc;
}
