#include "bridge/life/moves.h"

#include <string.h>

#include "base/random.h"
#include "bridge/life/channels.h"
#include "bridge/life/records.h"

int move_state(struct bridge *b, struct store_request *r, enum ztp_state to,
	       struct ztp_error *error)
{
	enum ztp_state from = r->state;
	int rc = ztp_life_move(&r->state, to, error);

	if (rc == 0)
		log_debug(b->core.log, "request_moved",
			  LOG_STR("request_id", r->id),
			  LOG_STR("from", ztp_state_name(from)),
			  LOG_STR("to", ztp_state_name(to)));
	return rc;
}

/* Which events lead to a pause. */
static bool has_jitter(const struct ztp_obligation *owed,
		       enum ztp_owed_event event)
{
	return event == ZTP_ON_PUBACK || event == ZTP_ON_NO_SUBSCRIBER ||
	       event == ZTP_ON_REFUSED || event == ZTP_ON_LOST ||
	       event == ZTP_ON_UNAVAILABLE || ztp_obligation_suspect(owed);
}

bool move_obligation(struct bridge *b, struct store_request *r,
		     enum ztp_owed_event event,
		     const struct ztp_owed_facts *facts)
{
	struct ztp_owed_facts all = {0};

	if (facts)
		all = *facts;
	all.gate = b->registrar != NULL;
	all.now = b->core.now;
	all.delivery_timeout = b->core.config->onboarding.delivery_timeout_ms;
	if (has_jitter(&r->owed, event))
		ztp_random(&all.random, sizeof(all.random));
	return ztp_obligation_change(&r->owed, event, &all);
}

int move_owe(struct bridge *b, struct store_request *r,
	     enum ztp_owed_event event, const struct ztp_owed_facts *facts,
	     struct ztp_error *error)
{
	if (!move_obligation(b, r, event, facts))
		return 0;
	return store_request_save(b->store, r, error);
}

/* --- other requests of the path */

struct others {
	int64_t n; /* row number of the request itself */
	bool any;
};

static int check_other(void *arg, struct store_request *r)
{
	struct others *others = arg;

	if (r->n != others->n && !ztp_state_in_vain(r->state))
		others->any = true;
	return 0;
}

/* Without a gate everyone subscribed to the path's command topic receives what
 * is sent there. A rejection is sent only if no other device can take it for
 * its own answer: one that still waits, or one that has been approved. */
static int notice_is_safe(struct bridge *b, const struct store_request *r,
			  bool *safe, struct ztp_error *error)
{
	struct others others = {.n = r->n};
	int rc = 0;

	if (!b->registrar) {
		rc = store_path_each(b->store, r->path, check_other, &others,
				     error);
		if (rc == 0 && b->channels && *r->channel)
			rc = store_channel_each(b->store, r->channel,
						check_other, &others, error);
	}
	*safe = !others.any;
	return rc;
}

/* Must the device be told that its request ended without approval? */
static int may_notify(struct bridge *b, const struct store_request *r,
		      bool *notify, struct ztp_error *error)
{
	*notify = b->core.config->onboarding.notify_rejected &&
		  r->state != ZTP_STATE_FAILED &&
		  (r->state != ZTP_STATE_CONFLICT || b->registrar);
	return *notify ? notice_is_safe(b, r, notify, error) : 0;
}

/* Sets what is owed after the end. */
static int owe_after_end(struct bridge *b, struct store_request *r,
			 struct ztp_error *error)
{
	enum ztp_owed_event event = ZTP_ON_ENDED;
	struct ztp_owed_facts facts = {0};
	int rc = 0;

	if (r->state == ZTP_STATE_ONBOARDED)
		event = ZTP_ON_DONE;
	else if (r->state == ZTP_STATE_UNDELIVERABLE)
		event = ZTP_ON_GIVEN_UP;
	else if (r->state == ZTP_STATE_WITHDRAWN)
		event = ZTP_ON_GONE; /* the gate has ended its session */
	else
		rc = may_notify(b, r, &facts.notify, error);
	if (rc == 0)
		(void)move_obligation(b, r, event, &facts);
	return rc;
}

/* What the operator is to know of this end, besides its state. NULL: nothing. */
static const char *reason_of(enum ztp_state to, const char *message)
{
	if (to == ZTP_STATE_ONBOARDED || to == ZTP_STATE_REJECTED ||
	    strcmp(message, MOVE_SILENCE) == 0)
		return NULL;
	return message;
}

/* After the end that `said` tells of: what is owed, the result, the log. why is
 * as reason_of returns it. */
static int finish(struct bridge *b, struct store_request *r, enum ztp_state to,
		  struct records_outcome *said, const char *why,
		  struct ztp_error *error)
{
	bool useless =
		r->state == ZTP_STATE_APPROVED; /* no device, no payload */
	int rc = move_state(b, r, to, error);

	if (rc != 0)
		return rc;
	r->finished_at = b->core.now;
	rc = owe_after_end(b, r, error);
	if (rc == 0 && useless)
		rc = store_payload_erase(b->store, r, error);
	said->outcome = ztp_life_outcome(to);
	said->traceparent = r->traceparent;
	said->r = r;
	if (rc == 0)
		rc = records_result(b, said, error);
	if (rc == 0)
		rc = store_request_save(b->store, r, error);
	if (rc == 0 && why)
		rc = store_reason_put(b->store, r, why, error);
	if (rc == 0)
		log_info(b->core.log, "request_ended",
			 LOG_STR("request_id", r->id),
			 LOG_STR("device_path", r->path),
			 LOG_STR("outcome", ztp_outcome_name(said->outcome)),
			 LOG_STR("why", why));
	return rc;
}

int move_finish(struct bridge *b, struct store_request *r, enum ztp_state to,
		const char *message, const struct ztp_position *position,
		struct ztp_error *error)
{
	struct records_outcome said = {.message = message,
				       .decision = position};

	return finish(b, r, to, &said, reason_of(to, message), error);
}

/* The position points into d. */
static int load_position(struct bridge *b, const struct store_request *r,
			 struct ztp_position *position,
			 struct store_decision *d, struct ztp_error *error)
{
	int rc = store_decision_get(b->store, r, false, d, error);

	*position = (struct ztp_position){NULL, 0, 0};
	if (rc == 1 && d->by_customer)
		*position = (struct ztp_position){d->topic, d->partition,
						  d->offset};
	return rc < 0 ? rc : 0;
}

static int finish_decided(struct bridge *b, struct store_request *r,
			  enum ztp_state to, enum ztp_delivery delivery,
			  const char *message, const char *why,
			  struct ztp_error *error)
{
	struct ztp_position position;
	struct records_outcome said = {.message = message,
				       .decision = &position,
				       .delivery = delivery};
	struct store_decision d;
	int rc = load_position(b, r, &position, &d, error);

	return rc == 0 ? finish(b, r, to, &said, why, error) : rc;
}

int move_finish_decided(struct bridge *b, struct store_request *r,
			enum ztp_state to, const char *message,
			struct ztp_error *error)
{
	return finish_decided(b, r, to, ZTP_DELIVERY_NONE, message,
			      reason_of(to, message), error);
}

int move_finish_quoted(struct bridge *b, struct store_request *r,
		       enum ztp_state to, const char *message, const char *why,
		       struct ztp_error *error)
{
	return finish_decided(b, r, to, ZTP_DELIVERY_NONE, message, why, error);
}

int move_onboard(struct bridge *b, struct store_request *r,
		 enum ztp_delivery delivery, const char *message,
		 struct ztp_error *error)
{
	return finish_decided(b, r, ZTP_STATE_ONBOARDED, delivery, message,
			      NULL, error);
}

/* With a gate nothing is sent unless it says that the device's own session is
 * subscribed. */
enum ztp_delivery move_delivery(const struct bridge *b)
{
	return b->registrar ? ZTP_DELIVERY_SUBSCRIBER : ZTP_DELIVERY_BROKER;
}

int move_report(struct bridge *b, const struct store_request *r,
		enum ztp_outcome outcome, const char *message,
		struct ztp_error *error)
{
	struct ztp_position position;
	struct records_outcome said = {.outcome = outcome,
				       .message = message,
				       .traceparent = r->traceparent,
				       .decision = &position,
				       .r = r};
	struct store_decision d;
	int rc = load_position(b, r, &position, &d, error);

	return rc == 0 ? records_result(b, &said, error) : rc;
}

/* --- approval */

struct losers {
	struct bridge *b;
	const struct store_request *winner;
	bool told; /* one of them is to be told */
	struct ztp_error *error;
};

static int end_loser(void *arg, struct store_request *r)
{
	struct losers *losers = arg;
	int rc;

	if (r->n == losers->winner->n || !ztp_state_undecided(r->state))
		return 0;
	rc = move_finish(losers->b, r, ZTP_STATE_CONFLICT,
			 "another certificate for this device path was "
			 "approved first",
			 NULL, losers->error);
	losers->told = losers->told || ztp_owed_is_notice(r->owed.what);
	return rc;
}

int move_register(struct bridge *b, struct store_request *r, bool there,
		  struct ztp_error *error)
{
	struct ztp_owed_facts facts = {.there = there};
	int rc = move_state(b, r, ZTP_STATE_REGISTERED, error);

	if (rc != 0)
		return rc;
	(void)move_obligation(b, r, ZTP_ON_CREATED, &facts);
	return store_request_save(b->store, r, error);
}

/* Another path's device has been approved since this one was asked for, when their
 * topics differed. */
static int lose_topic(struct bridge *b, struct store_request *r,
		      struct ztp_error *error)
{
	int rc = store_payload_erase(b->store, r, error);

	return rc == 0 ? move_finish_decided(b, r, ZTP_STATE_CONFLICT,
					     CHANNELS_TAKEN, error)
		       : rc;
}

static int approve(struct bridge *b, struct store_request *r,
		   struct ztp_error *error)
{
	struct losers losers = {b, r, false, error};
	struct ztp_owed_facts facts = {0};
	int rc = move_state(b, r, ZTP_STATE_APPROVED, error);

	if (rc == 0)
		rc = store_path_each(b->store, r->path, end_loser, &losers,
				     error);
	if (rc == 0 && b->channels && *r->channel)
		rc = store_channel_each(b->store, r->channel, end_loser,
					&losers, error);
	/* With a gate, the gate decides; there is no deadline for its
	 * answer. */
	if (rc == 0 && !b->registrar)
		rc = move_state(b, r, ZTP_STATE_REGISTERED, error);
	if (rc != 0)
		return rc;
	facts.behind = losers.told;
	(void)move_obligation(b, r, ZTP_ON_APPROVED, &facts);
	return store_request_save(b->store, r, error);
}

int move_approve(struct bridge *b, struct store_request *r,
		 struct ztp_error *error)
{
	bool taken;
	int rc = channels_taken(b, r, &taken, error);

	if (rc != 0)
		return rc;
	return taken ? lose_topic(b, r, error) : approve(b, r, error);
}

int move_without_gate(struct bridge *b, struct store_request *r,
		      struct ztp_error *error)
{
	struct ztp_owed_facts facts = {0};
	int rc;

	log_info(b->core.log, "gate_not_asked", LOG_STR("request_id", r->id),
		 LOG_STR("device_path", r->path),
		 LOG_STR("owed", ztp_owed_name(r->owed.what)));
	switch (r->owed.what) {
	case ZTP_OWED_REGISTER: /* the bridge's own store judges */
		return move_register(b, r, true, error);
	case ZTP_OWED_RELEASE:
		return move_owe(b, r, ZTP_ON_RELEASED, NULL, error);
	case ZTP_OWED_NOTICE_CHECK:
		rc = may_notify(b, r, &facts.notify, error);
		return rc == 0 ? move_owe(b, r, ZTP_ON_ENDED, &facts, error)
			       : rc;
	default:
		return 0;
	}
}
