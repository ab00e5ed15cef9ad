/*
 * Payloads that have been kept long enough, as a part of the loop: they are
 * erased before their requests are evicted. What was erased must reach the disk
 * even if nothing else happens, so it is no reason to keep a transaction open.
 */
#include "bridge/core/batching.h"
#include "bridge/loop/loop_internal.h"

static int payloads_apply(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	int64_t until = b->core.now -
			b->core.config->onboarding.payload_retention_ms - 1;
	int rc;

	if (!l->housekeeping)
		return 0;
	rc = store_payload_expire(b->store, until, BATCHING_TURN_MAX, error);
	if (store_payload_lingers(b->store))
		store_require_commit(b->store);
	l->more_payloads = rc == BATCHING_TURN_MAX;
	return rc < 0 ? rc : 0;
}

static void payloads_settle(struct loop *l)
{
	struct ztp_error error = {0};

	if (!l->housekeeping)
		return;
	/* Of one of several bridges that is a matter of its copy's commits. */
	if (!l->turns &&
	    store_payload_settle(l->b.store, l->b.core.now, &error) != 0)
		log_warn(l->b.core.log, "payloads_linger", LOG_WHY(&error));
	if (l->more_payloads)
		l->next_housekeeping = l->b.core.now + EVICT_PAUSE_MS;
}

const struct part payloads_part = {
	.name = "payloads",
	.apply = payloads_apply,
	.settle = payloads_settle,
};
