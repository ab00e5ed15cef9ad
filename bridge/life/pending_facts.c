#include "bridge/life/pending_facts.h"

#include <string.h>

#include "bridge/store/store_state.h"

static int add_row(void *arg, struct store_request *r)
{
	struct held *held = arg;
	bool same = memcmp(r->fingerprint, held->entry->cert.fingerprint,
			   ZTP_SHA256_LEN) == 0;

	if (r->attempt > held->attempt)
		held->attempt = r->attempt;
	if (!ztp_state_finished(r->state))
		held->facts.live++;
	/* Any row counts: a broker may repeat an event long after. */
	if (same && strcmp(r->id, held->entry->request_id) == 0)
		held->facts.same_id = true;
	if (same) {
		held->same = *r;
		held->twin = held->facts.twin_rejected_at = 0;
	} else if (r->state == ZTP_STATE_REJECTED &&
		   memcmp(r->identity, held->entry->cert.identity,
			  ZTP_SHA256_LEN) == 0) {
		held->twin = r->n;
		held->facts.twin_rejected_at = r->finished_at;
	} else if (r->state == ZTP_STATE_APPROVED ||
		   r->state == ZTP_STATE_REGISTERED ||
		   r->state == ZTP_STATE_DELIVERED ||
		   r->state == ZTP_STATE_ONBOARDED ||
		   r->state == ZTP_STATE_UNDELIVERABLE) {
		held->facts.path_taken = true;
	}
	return 0;
}

int pending_facts_channel(void *arg, struct store_request *r)
{
	struct held *held = arg;

	if (strcmp(r->path, held->entry->path) != 0 &&
	    !ztp_state_in_vain(r->state))
		held->facts.path_taken = true;
	return 0;
}

int64_t pending_deadline(const struct bridge *b, const struct journal_entry *e)
{
	int64_t at = e->expires_at;

	if (at == 0)
		at = e->received_at +
		     b->core.config->onboarding.decision_timeout_ms;
	if (at > e->arrived_wall + ZTP_EXPIRY_MAX_MS)
		at = e->arrived_wall + ZTP_EXPIRY_MAX_MS;
	return at;
}

/* Converts wall to steady time. For an event of this process: CLOCK_BOOTTIME
 * at arrival plus the time that was left by the wall clock then. For an event
 * of an earlier process the clock has been anchored again, so wall time is
 * steady time. */
static int64_t steady_of(const struct bridge *b, const struct journal_entry *e,
			 int64_t wall)
{
	int64_t skew = e->arrived_steady - e->arrived_wall;

	if (b->handed || b->mark.segment < journal_first_segment(b->journal) ||
	    (skew > -1000 && skew < 1000))
		return wall;
	return wall + skew;
}

bool pending_facts_replayed(const struct bridge *b)
{
	return b->handed || !journal_before(&b->told, &b->mark);
}

/* The time at which to judge the event. The customer may already have been
 * asked, in time, about an event that the journal replays, and the answer may
 * be on its way. Such an event is judged at the time of its arrival. */
static int64_t judged_at(const struct bridge *b, const struct journal_entry *e)
{
	int64_t at = steady_of(b, e, e->arrived_wall);

	return pending_facts_replayed(b) && at < b->core.now ? at : b->core.now;
}

bool pending_facts_outdated(const struct bridge *b, const struct held *held)
{
	const struct store_request *same = &held->same;

	return store_is_replicated(b->store) && pending_facts_replayed(b) &&
	       same->n != 0 &&
	       (same->announced_at >= held->facts.now ||
		same->finished_at >= held->facts.now);
}

/* After a takeover the event of a turn that was never committed comes again, and
 * its time may have passed. A customer who read that turn may have decided, in
 * time. So for as long as such decisions are held it is not too late: it expires
 * like any other, when what is in the topic has been read. */
static bool may_be_decided(const struct bridge *b)
{
	return store_is_replicated(b->store) && b->hold_until > b->core.now;
}

int pending_facts_load(struct bridge *b, const struct journal_entry *e,
		       struct held *held, struct ztp_error *error)
{
	struct ztp_pending_facts *facts = &held->facts;
	int rc;

	memset(held, 0, sizeof(*held));
	held->entry = e;
	rc = store_path_each(b->store, e->path, add_row, held, error);
	facts->state = held->same.state;
	facts->announced_at = held->same.announced_at;
	facts->finished_at = held->same.finished_at;
	facts->gate = b->registrar != NULL;
	facts->now = judged_at(b, e);
	facts->expires_at = steady_of(b, e, pending_deadline(b, e));
	if (facts->now >= facts->expires_at && may_be_decided(b))
		facts->now = facts->expires_at - 1;
	facts->renotify_interval =
		b->core.config->onboarding.renotify_interval_ms;
	facts->reject_cooldown = b->core.config->onboarding.reject_cooldown_ms;
	return rc;
}
