/*
 * The life cycle of a request. This file, and no other, answers three
 * questions: may a request go from one state to another, what does a pending
 * event mean for the requests we have, and what does a decision mean for the
 * request it names.
 *
 * A request is live until it ends, and there is at most one live request for a
 * device path and fingerprint. So a device that connects every second does not
 * ask its owner every second. Other certificates may have live requests for the
 * same path beside it, and cannot displace it. The first to be approved wins,
 * and the others end as conflict.
 *
 * What an ended request means for a device that comes back depends on who knows
 * which devices exist. With a gate, the gate knows: an event with a new id says
 * that the device does not exist, so a finished request of that key is history
 * and a new one begins. An event with a known id was sent a second time, and
 * there is nothing left to do. Without a gate the store knows, and an approval
 * is final: the same key gets the stored approval again, and another key has
 * lost.
 *
 * Both the broker and Kafka may deliver a message more than once, so every
 * answer must still be right when a question is repeated after a crash. A
 * repeated event merges, and the record of the stored decision itself (same
 * topic, partition and offset) has no effect. An undeliverable request can
 * still turn out well: a device that subscribes late gets its command.
 */
#include "ztp/life.h"

#include <string.h>

#define TO(name) (1u << ZTP_STATE_##name)

/* legal[from] is the set of states that a request may go to. Creating one is
 * the move from NONE. A contender can lose before it is announced, an event can
 * arrive too late to be announced at all, and a candidate can be withdrawn at
 * any time until the gate has made it a device. */
static const unsigned legal[ZTP_STATE_END] = {
	[ZTP_STATE_NONE] = TO(RECEIVED),
	[ZTP_STATE_RECEIVED] =
		TO(REQUESTED) | TO(EXPIRED) | TO(CONFLICT) | TO(WITHDRAWN),
	[ZTP_STATE_REQUESTED] = TO(APPROVED) | TO(REJECTED) | TO(EXPIRED) |
				TO(CONFLICT) | TO(WITHDRAWN),
	[ZTP_STATE_APPROVED] =
		TO(REGISTERED) | TO(CONFLICT) | TO(FAILED) | TO(WITHDRAWN),
	[ZTP_STATE_REGISTERED] = TO(DELIVERED) | TO(UNDELIVERABLE),
	[ZTP_STATE_DELIVERED] = TO(ONBOARDED) | TO(UNDELIVERABLE),
	[ZTP_STATE_UNDELIVERABLE] = TO(DELIVERED),
};

static bool is_state(enum ztp_state state)
{
	return (int)state >= ZTP_STATE_NONE && state < ZTP_STATE_END;
}

const char *ztp_state_name(enum ztp_state state)
{
	static const char *const names[ZTP_STATE_END] = {
#define X(name, number, text) [ZTP_STATE_##name] = text,
		ZTP_STATE_LIST(X)
#undef X
	};

	if (!is_state(state) || !names[state])
		return "none";
	return names[state];
}

bool ztp_state_parse(enum ztp_state *state, const char *name)
{
	for (int i = ZTP_STATE_NONE + 1; i < ZTP_STATE_END; i++)
		if (!strcmp(name, ztp_state_name((enum ztp_state)i))) {
			*state = (enum ztp_state)i;
			return true;
		}
	return false;
}

bool ztp_state_undecided(enum ztp_state state)
{
	return state == ZTP_STATE_RECEIVED || state == ZTP_STATE_REQUESTED;
}

bool ztp_state_finished(enum ztp_state state)
{
	return ztp_life_outcome(state) != ZTP_OUTCOME_COUNT;
}

bool ztp_state_in_vain(enum ztp_state state)
{
	return ztp_state_finished(state) && state != ZTP_STATE_ONBOARDED &&
	       state != ZTP_STATE_UNDELIVERABLE;
}

int ztp_life_move(enum ztp_state *state, enum ztp_state to,
		  struct ztp_error *error)
{
	if (!is_state(*state) || !is_state(to) || !(legal[*state] & (1u << to)))
		return ztp_fail(error, ZTP_ERR_ILLEGAL_MOVE,
				"a request cannot go from %s to %s",
				ztp_state_name(*state), ztp_state_name(to));
	*state = to;
	return 0;
}

enum ztp_outcome ztp_life_outcome(enum ztp_state finished)
{
	switch (finished) {
	case ZTP_STATE_ONBOARDED:
		return ZTP_OUTCOME_ONBOARDED;
	case ZTP_STATE_REJECTED:
		return ZTP_OUTCOME_REJECTED;
	case ZTP_STATE_EXPIRED:
		return ZTP_OUTCOME_EXPIRED;
	case ZTP_STATE_CONFLICT:
		return ZTP_OUTCOME_CONFLICT;
	case ZTP_STATE_FAILED:
		return ZTP_OUTCOME_FAILED;
	case ZTP_STATE_UNDELIVERABLE:
		return ZTP_OUTCOME_UNDELIVERABLE;
	case ZTP_STATE_WITHDRAWN:
		return ZTP_OUTCOME_WITHDRAWN;
	default:
		return ZTP_OUTCOME_COUNT;
	}
}

/* --- a pending event */

/* This key has a live request, so the event merges with it. But a gate that has
 * the device does not send a new candidate with its key: either the device was
 * deleted, or the event arrived out of order. */
static enum ztp_on_pending on_live(const struct ztp_pending_facts *facts,
				   bool late)
{
	if (facts->gate && !facts->same_id &&
	    (facts->state == ZTP_STATE_REGISTERED ||
	     facts->state == ZTP_STATE_DELIVERED))
		return ZTP_PENDING_DOUBT;
	if (facts->state == ZTP_STATE_REQUESTED && !late &&
	    facts->now - facts->announced_at >= facts->renotify_interval)
		return ZTP_PENDING_REANNOUNCE;
	return ZTP_PENDING_MERGE;
}

/* Without a gate an approved device is one for good: what was said about another
 * fingerprint of its certificate does not keep its command from it. */
static bool stays_approved(const struct ztp_pending_facts *facts)
{
	return !facts->gate && (facts->state == ZTP_STATE_ONBOARDED ||
				facts->state == ZTP_STATE_UNDELIVERABLE);
}

static bool cooling_down(const struct ztp_pending_facts *facts)
{
	int64_t rejected_at = facts->twin_rejected_at;

	if (rejected_at == 0 && facts->state == ZTP_STATE_REJECTED)
		rejected_at = facts->finished_at;
	return rejected_at && !stays_approved(facts) &&
	       facts->now - rejected_at < facts->reject_cooldown;
}

/* The first condition that holds decides. */
enum ztp_on_pending ztp_life_on_pending(const struct ztp_pending_facts *facts)
{
	const bool seen = facts->state != ZTP_STATE_NONE;
	const bool finished = ztp_state_finished(facts->state);
	const bool late = facts->now >= facts->expires_at;

	if (seen && !finished)
		return on_live(facts, late);
	if (cooling_down(facts))
		return ZTP_PENDING_COOLDOWN;
	/* The same event again after its request has ended. With a gate the id
	 * proves it. Without one, a late event would end a second time. */
	if (finished && facts->same_id && (facts->gate || late))
		return ZTP_PENDING_MERGE;
	if (stays_approved(facts))
		return ZTP_PENDING_REDELIVER;
	if (late)
		return ZTP_PENDING_EXPIRED;
	if (!facts->gate && facts->path_taken)
		return ZTP_PENDING_CONFLICT;
	if (facts->live >= ZTP_CONTENDERS_MAX)
		return ZTP_PENDING_TOO_MANY;
	return ZTP_PENDING_NEW;
}

/* --- a decision */

static bool same_record(const struct ztp_held *held,
			const struct ztp_position *position)
{
	const struct ztp_position *stored = &held->position;

	return held->decided && stored->topic && position->topic &&
	       stored->offset == position->offset &&
	       stored->partition == position->partition &&
	       !strcmp(stored->topic, position->topic);
}

static bool mismatched(const struct ztp_held *held,
		       const struct ztp_decision *decision)
{
	if (decision->path[0] && strcmp(decision->path, held->path) != 0)
		return true;
	return decision->has_fingerprint &&
	       memcmp(decision->fingerprint, held->fingerprint,
		      ZTP_SHA256_LEN) != 0;
}

static bool same_decision(const struct ztp_held *held,
			  const struct ztp_decision *decision)
{
	uint8_t digest[ZTP_SHA256_LEN];

	if (!held->decided)
		return false;
	ztp_decision_digest(digest, decision);
	if (memcmp(digest, held->digest, sizeof(digest)) == 0)
		return true;
	/* It may have been stored by an older version. */
	ztp_decision_digest_written(digest, decision);
	return memcmp(digest, held->digest, sizeof(digest)) == 0;
}

/* The first condition that holds decides. A request that ended without its
 * customer (conflict, expired, withdrawn) says so before duplicates are looked for. */
enum ztp_on_decision ztp_life_on_decision(const struct ztp_held *held,
					  const struct ztp_decision *decision,
					  const struct ztp_position *position)
{
	if (held->state == ZTP_STATE_NONE)
		return ZTP_DECISION_UNKNOWN;
	if (same_record(held, position))
		return ZTP_DECISION_REDELIVERED;
	if (mismatched(held, decision))
		return ZTP_DECISION_MISMATCH;
	if (held->state == ZTP_STATE_CONFLICT)
		return ZTP_DECISION_CONFLICT;
	if (held->state == ZTP_STATE_EXPIRED)
		return ZTP_DECISION_EXPIRED;
	if (held->state == ZTP_STATE_WITHDRAWN)
		return ZTP_DECISION_WITHDRAWN;
	if (ztp_state_undecided(held->state))
		return decision->verdict == ZTP_APPROVE ? ZTP_DECISION_APPROVE
							: ZTP_DECISION_REJECT;
	if (same_decision(held, decision))
		return ZTP_DECISION_DUPLICATE;
	return ZTP_DECISION_ALREADY;
}

static const struct ztp_no_effect no_effect[] = {
	[ZTP_DECISION_UNKNOWN] = {ZTP_OUTCOME_UNKNOWN_REQUEST,
				  "no such request"},
	[ZTP_DECISION_MISMATCH] = {ZTP_OUTCOME_MISMATCH,
				   "device path or fingerprint is not the "
				   "request's"},
	[ZTP_DECISION_DUPLICATE] = {ZTP_OUTCOME_DUPLICATE,
				    "the same decision was taken before"},
	[ZTP_DECISION_ALREADY] = {ZTP_OUTCOME_ALREADY_DECIDED,
				  "another decision was taken before"},
	[ZTP_DECISION_CONFLICT] = {ZTP_OUTCOME_CONFLICT,
				   "the request has ended in conflict"},
	[ZTP_DECISION_EXPIRED] = {ZTP_OUTCOME_EXPIRED,
				  "the request has expired"},
	[ZTP_DECISION_WITHDRAWN] = {ZTP_OUTCOME_WITHDRAWN,
				    "the request has been withdrawn"},
};

const struct ztp_no_effect *ztp_life_no_effect(enum ztp_on_decision what)
{
	return &no_effect[what];
}
