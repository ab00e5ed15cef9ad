#include "bridge/life/delivery.h"

#include <mqtt_protocol.h>
#include <string.h>

#include "bridge/life/giving_up.h"
#include "bridge/life/moves.h"

#define QUEUED_MAX_MS 600000 /* by which a deadline is put off, at least */
#define OVERDUE_MS    1000   /* what waits for longer to be tried again */

static bool must_answer(const struct bridge *b)
{
	return b->core.config->mqtt.delivery_ack == CONFIG_ACK_DEVICE;
}

/* Its device has said that it failed, and so its request has ended. The broker's word
 * may come after that, and of a command that is sent again to it: only the device's
 * own changes its end (ztp/contact.h). */
static int has_failed(struct bridge *b, const struct store_request *r,
		      bool *failed, struct ztp_error *error)
{
	struct ztp_contact kept = {0};
	int rc = 0;

	if (r->state == ZTP_STATE_UNDELIVERABLE && must_answer(b))
		rc = store_contact_get(b->store, r->n, &kept, error);
	*failed = kept.heard == ZTP_HEARD_FAILED;
	return rc;
}

/* Whoever waits for its device, and for no answer. */
static int keep_for_device(struct bridge *b, struct store_request *r,
			   struct ztp_error *error)
{
	struct ztp_owed_facts facts = {.answers = true};

	(void)move_obligation(b, r, ZTP_ON_PUBACK, &facts);
	return move_owe(b, r, ZTP_ON_GIVEN_UP, NULL, error);
}

/* The broker has confirmed that the command arrived. */
static int on_accepted(struct bridge *b, struct store_request *r,
		       struct ztp_error *error)
{
	struct ztp_owed_facts facts = {.answers = true};
	bool failed;
	int rc;

	if (r->state == ZTP_STATE_ONBOARDED) /* a repeated delivery */
		return move_owe(b, r, ZTP_ON_DONE, NULL, error);
	rc = has_failed(b, r, &failed, error);
	if (rc == 0 && failed)
		return keep_for_device(b, r, error);
	if (rc != 0)
		return rc;
	if (r->state == ZTP_STATE_REGISTERED ||
	    r->state == ZTP_STATE_UNDELIVERABLE) {
		rc = move_state(b, r, ZTP_STATE_DELIVERED, error);
		r->delivered_at = b->core.now;
		r->finished_at = 0;
	}
	if (rc != 0 || r->state != ZTP_STATE_DELIVERED)
		return rc;
	if (!must_answer(b))
		return move_onboard(b, r, move_delivery(b),
				    "the broker has passed the command on",
				    error);
	/* Sent again now and then, because the broker's queue may have lost
	 * it. A gate reports when the device is connected again. */
	return move_owe(b, r, ZTP_ON_PUBACK, &facts, error);
}

enum delivery_fate delivery_fate_of(int reason_code)
{
	if (reason_code >= MQTT_RC_UNSPECIFIED)
		return DELIVERY_REFUSED;
	return reason_code == MQTT_RC_NO_MATCHING_SUBSCRIBERS
		       ? DELIVERY_NO_SUBSCRIBER
		       : DELIVERY_TAKEN;
}

int delivery_done(struct bridge *b, int64_t n, enum delivery_fate fate,
		  int reason_code, struct ztp_error *error)
{
	static const enum tally_command metric[] = {
		[DELIVERY_TAKEN] = TALLY_COMMAND_DELIVERED,
		[DELIVERY_NO_SUBSCRIBER] = TALLY_COMMAND_NO_SUBSCRIBER,
		[DELIVERY_REFUSED] = TALLY_COMMAND_REFUSED,
		[DELIVERY_ERASED] = TALLY_COMMAND_ERASED,
	};
	static const enum ztp_owed_event event[] = {
		[DELIVERY_TAKEN] = ZTP_ON_PUBACK,
		[DELIVERY_NO_SUBSCRIBER] = ZTP_ON_NO_SUBSCRIBER,
		[DELIVERY_REFUSED] = ZTP_ON_REFUSED,
		[DELIVERY_ERASED] = ZTP_ON_GONE,
	};
	struct store_request r;
	int rc = store_request_by_n(b->store, n, &r, error);

	b->core.tally.commands[metric[fate]]++;
	if (rc <= 0)
		return rc;
	if (!ztp_owed_is_command(r.owed.what))
		return move_owe(b, &r, event[fate], NULL, error);
	log_debug(b->core.log, "command_done", LOG_STR("request_id", r.id),
		  LOG_INT("reason_code", reason_code),
		  LOG_INT("tries", r.owed.tries + 1));
	if (fate == DELIVERY_REFUSED)
		log_warn(b->core.log, "command_refused",
			 LOG_STR("request_id", r.id),
			 LOG_STR("device_path", r.path),
			 LOG_INT("reason_code", reason_code));
	if (fate == DELIVERY_TAKEN)
		return on_accepted(b, &r, error);
	return move_owe(b, &r, event[fate], NULL, error);
}

int delivery_again(struct bridge *b, struct store_request *r,
		   struct ztp_error *error)
{
	return move_owe(b, r, ZTP_ON_AGAIN, NULL, error);
}

int delivery_knocked(struct bridge *b, struct store_request *r,
		     struct ztp_error *error)
{
	struct ztp_owed_facts facts = {.answers = must_answer(b)};

	return move_owe(b, r, ZTP_ON_KNOCKED, &facts, error);
}

struct subscribed {
	struct bridge *b;
	const uint8_t *fingerprint;
	enum ztp_owed_event event;
	struct ztp_error *error;
};

static int apply_event(void *arg, struct store_request *r)
{
	struct subscribed *s = arg;
	struct ztp_owed_facts facts = {0};

	if (s->fingerprint &&
	    memcmp(r->fingerprint, s->fingerprint, ZTP_SHA256_LEN) != 0)
		return 0;
	facts.repeated = r->state == ZTP_STATE_ONBOARDED;
	return move_owe(s->b, r, s->event, &facts, s->error);
}

int delivery_subscribed(struct bridge *b, const char *path,
			const uint8_t *fingerprint, bool held,
			struct ztp_error *error)
{
	struct subscribed s = {
		b, fingerprint,
		held ? ZTP_ON_HELD_SUBSCRIBED : ZTP_ON_SUBSCRIBED, error};

	return store_path_each(b->store, path, apply_event, &s, error);
}

int delivery_held(struct bridge *b, struct store_request *r, bool held,
		  bool subscribed, struct ztp_error *error)
{
	struct ztp_owed_facts facts = {.there = subscribed};

	/* Another certificate's approval waits until the loser has
	 * been told. */
	if (!held || (!subscribed && r->state == ZTP_STATE_CONFLICT))
		return move_owe(b, r, ZTP_ON_NOT_HELD, NULL, error);
	return move_owe(b, r, ZTP_ON_HELD, &facts, error);
}

int delivery_gone(struct bridge *b, struct store_request *r,
		  struct ztp_error *error)
{
	int rc = 0;

	if (!ztp_owed_is_command(r->owed.what))
		return 0;
	if (r->state == ZTP_STATE_REGISTERED || r->state == ZTP_STATE_DELIVERED)
		rc = move_finish_decided(
			b, r, ZTP_STATE_UNDELIVERABLE,
			"the gate does not have this device: it was deleted "
			"before it took the command, or approved without a "
			"gate",
			error);
	return rc == 0 ? move_owe(b, r, ZTP_ON_GONE, NULL, error) : rc;
}

int delivery_no_gate(struct bridge *b, int64_t n, struct ztp_error *error)
{
	struct store_request r;
	int rc = store_request_by_n(b->store, n, &r, error);

	return rc > 0 ? move_without_gate(b, &r, error) : rc;
}

/* Nothing was tried, or not for a while although it was time: the broker is
 * away, or has only just come back. Every try ends this. */
static bool is_untried(const struct bridge *b, const struct store_request *r)
{
	const struct ztp_obligation *owed = &r->owed;
	bool untried = owed->tries == 0 && owed->losses == 0;
	bool waits = owed->what == ZTP_OWED_REGISTER ||
		     owed->what == ZTP_OWED_RELEASE ||
		     (r->state == ZTP_STATE_REGISTERED &&
		      owed->what == ZTP_OWED_SEND);

	return waits && (untried || owed->retry_at + OVERDUE_MS <= b->core.now);
}

/* It waits for as long again as a device has, and then the customer is told: the
 * broker may never come back. */
static int64_t waits_until(const struct bridge *b,
			   const struct store_request *r)
{
	int64_t timeout = b->core.config->onboarding.delivery_timeout_ms;
	int64_t more = timeout > QUEUED_MAX_MS ? timeout : QUEUED_MAX_MS;

	return r->owed.retry_at + timeout + more;
}

static bool waits_for_broker(const struct bridge *b,
			     const struct store_request *r)
{
	return is_untried(b, r) && b->core.now < waits_until(b, r);
}

static const char *why_undelivered(const struct bridge *b,
				   const struct store_request *r)
{
	return is_untried(b, r)
		       ? "the broker was not there to take the command in time"
		       : "the device did not take the command in time";
}

int delivery_due(struct bridge *b, struct store_request *r, bool queued,
		 struct ztp_error *error)
{
	/* A notice may wait in our own queue, behind other commands or a lost
	 * connection, but only up to a limit. */
	struct ztp_owed_facts facts = {.queued = queued &&
						 b->core.now - r->finished_at <
							 QUEUED_MAX_MS};

	if (ztp_owed_is_notice(r->owed.what))
		return move_owe(b, r, ZTP_ON_DEADLINE, &facts, error);
	facts.queued = waits_for_broker(b, r);
	facts.queued_until = waits_until(b, r);
	if (r->state == ZTP_STATE_REGISTERED && !facts.queued)
		return move_finish_decided(b, r, ZTP_STATE_UNDELIVERABLE,
					   why_undelivered(b, r), error);
	if (r->state == ZTP_STATE_APPROVED && !facts.queued)
		return giving_up_registration(
			b, r, "nor whether the device exists", error);
	if (r->owed.what == ZTP_OWED_RELEASE && !facts.queued)
		return giving_up_release(b, r, error);
	if (r->state == ZTP_STATE_DELIVERED)
		return move_finish_decided(
			b, r, ZTP_STATE_UNDELIVERABLE,
			"the device did not answer the command in time", error);
	/* A repeated delivery failed: the request's end does not change. */
	return move_owe(b, r,
			r->state == ZTP_STATE_ONBOARDED ? ZTP_ON_DONE
							: ZTP_ON_DEADLINE,
			&facts, error);
}
