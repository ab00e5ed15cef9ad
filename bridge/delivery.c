#include "bridge/delivery.h"

#include <mqtt_protocol.h>
#include <string.h>

#include "bridge/commands.h"
#include "bridge/endings.h"

#define FIRST_DELAY_MS	 250
#define EARLY_MAX_MS	 10000
#define LATE_MAX_MS	 300000
#define EARLY_TRIES	 10
#define DEVICE_ANSWER_MS 60000 /* before a command is said again */
#define QUEUED_MS	 30000 /* a notice that has not gone out is seen to */
#define QUEUED_MAX_MS	 600000

/* Doubles to 10 s, stays there until the first tries are over, and doubles on
 * from there to 5 min. */
int64_t delivery_backoff(int tries, uint32_t random)
{
	bool early = tries <= EARLY_TRIES;
	int64_t delay = early ? FIRST_DELAY_MS : EARLY_MAX_MS;
	int64_t cap = early ? EARLY_MAX_MS : LATE_MAX_MS;
	int i;

	for (i = early ? 1 : EARLY_TRIES; i < tries && delay < cap; i++)
		delay *= 2;
	if (delay > cap)
		delay = cap;
	/* 3/4 to 5/4, so that devices that left together do not come back
	 * to our publishes together. */
	return delay - delay / 4 + (int64_t)(random % (delay / 2 + 1));
}

static int64_t next_try(struct bridge *b, const struct store_request *r)
{
	uint32_t random;

	bridge_random(&random, sizeof(random));
	return b->now + delivery_backoff(r->tries, random);
}

/* The broker's word, or the device's, that the command has arrived. */
static int taken(struct bridge *b, struct store_request *r,
		 struct ztp_error *error)
{
	bool by_device = b->config->mqtt.delivery_ack == CONFIG_ACK_DEVICE;
	int rc = 0;

	if (r->state == ZTP_STATE_ONBOARDED) { /* delivered again */
		r->todo = STORE_TODO_NONE;
		r->retry_at = r->due_at = 0;
		return store_request_save(b->store, r, error);
	}
	if (r->state == ZTP_STATE_REGISTERED ||
	    r->state == ZTP_STATE_UNDELIVERABLE) {
		rc = ending_move(b, r, ZTP_STATE_DELIVERED, error);
		r->delivered_at = b->now;
		r->finished_at = 0;
	}
	if (rc != 0 || r->state != ZTP_STATE_DELIVERED)
		return rc;
	if (!by_device)
		return ending_finish_decided(
			b, r, ZTP_STATE_ONBOARDED,
			"the broker has passed the command on", error);
	/* Said again now and then: the broker's queue may have lost it. A gate
	 * tells when the device is there anew. */
	r->tries++;
	r->retry_at = next_try(b, r);
	if (r->retry_at < b->now + DEVICE_ANSWER_MS)
		r->retry_at = b->now + DEVICE_ANSWER_MS;
	if (b->registrar)
		r->retry_at = 0;
	if (r->due_at == 0)
		r->due_at = b->now + b->config->onboarding.delivery_timeout_ms;
	return store_request_save(b->store, r, error);
}

static int not_taken(struct bridge *b, struct store_request *r,
		     struct ztp_error *error)
{
	r->tries++;
	/* A gate says when the device is there; without one we try. */
	r->retry_at = b->registrar ? 0 : next_try(b, r);
	return store_request_save(b->store, r, error);
}

/* A notice has been said, or will never be. */
static int notice_over(struct bridge *b, struct store_request *r,
		       struct ztp_error *error)
{
	r->todo = b->registrar ? STORE_TODO_RELEASE : STORE_TODO_NONE;
	r->retry_at = b->registrar ? b->now : 0;
	r->tries = 0;
	r->due_at = 0;
	return store_request_save(b->store, r, error);
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
	static const enum metric_command metric[] = {
		[DELIVERY_TAKEN] = METRIC_COMMAND_DELIVERED,
		[DELIVERY_NO_SUBSCRIBER] = METRIC_COMMAND_NO_SUBSCRIBER,
		[DELIVERY_REFUSED] = METRIC_COMMAND_REFUSED,
	};
	struct store_request r;
	int rc = store_request_by_n(b->store, n, &r, error);

	b->tally.commands[metric[fate]]++;
	if (rc <= 0)
		return rc;
	if (r.todo == STORE_TODO_NOTICE) /* best effort: said once */
		return notice_over(b, &r, error);
	if (r.todo != STORE_TODO_COMMAND)
		return 0;
	log_debug(b->log, "command_done", LOG_STR("request_id", r.id),
		  LOG_INT("reason_code", reason_code),
		  LOG_INT("tries", r.tries + 1));
	if (fate == DELIVERY_REFUSED)
		log_warn(b->log, "command_refused", LOG_STR("request_id", r.id),
			 LOG_STR("device_path", r.path),
			 LOG_INT("reason_code", reason_code));
	if (fate == DELIVERY_TAKEN)
		return taken(b, &r, error);
	if (fate == DELIVERY_REFUSED && b->registrar) {
		r.tries++;
		r.retry_at = next_try(b, &r);
		return store_request_save(b->store, &r, error);
	}
	return not_taken(b, &r, error);
}

int delivery_again(struct bridge *b, struct store_request *r,
		   struct ztp_error *error)
{
	if (r->todo == STORE_TODO_COMMAND && r->retry_at != 0 && r->tries == 0)
		return 0; /* on its way */
	r->todo = STORE_TODO_COMMAND;
	r->tries = 0;
	r->retry_at = b->now;
	r->due_at = b->now + b->config->onboarding.delivery_timeout_ms;
	return store_request_save(b->store, r, error);
}

int delivery_knocked(struct bridge *b, struct store_request *r,
		     struct ztp_error *error)
{
	/* With a gate its subscription says more, and when it is there. */
	if (b->registrar || r->todo != STORE_TODO_COMMAND || r->tries < 2)
		return 0;
	r->tries = 1;
	r->retry_at = b->now;
	return store_request_save(b->store, r, error);
}

int delivery_applied(struct bridge *b, const char *path,
		     const struct ztp_applied *applied, struct ztp_error *error)
{
	const char *said = *applied->message ? applied->message : NULL;
	struct store_request r;
	int rc = store_request_by_id(b->store, applied->request_id, &r, error);

	if (rc < 0)
		return rc;
	/* Only the device itself speaks for its request. */
	if (rc == 0 || strcmp(r.path, path) != 0) {
		log_warn(b->log, "applied_ignored",
			 LOG_STR("device_path", path),
			 LOG_STR("request_id", applied->request_id));
		return 0;
	}
	rc = 0;
	if (r.todo == STORE_TODO_COMMAND &&
	    (r.state == ZTP_STATE_REGISTERED ||
	     (r.state == ZTP_STATE_UNDELIVERABLE && applied->applied))) {
		/* The device was faster than the broker's PUBACK, or later
		 * than its deadline. */
		rc = ending_move(b, &r, ZTP_STATE_DELIVERED, error);
		r.delivered_at = b->now;
	}
	if (rc != 0 || r.state != ZTP_STATE_DELIVERED)
		return rc;
	if (applied->applied)
		return ending_finish_decided(
			b, &r, ZTP_STATE_ONBOARDED,
			said ? said : "the device has applied the command",
			error);
	return ending_finish_decided(
		b, &r, ZTP_STATE_UNDELIVERABLE,
		said ? said : "the device could not apply the command", error);
}

struct subscribed {
	struct bridge *b;
	const uint8_t *fingerprint;
	enum store_todo todo; /* what waits for it */
	struct ztp_error *error;
};

static int wake(void *arg, struct store_request *r)
{
	struct subscribed *s = arg;

	if (r->todo != s->todo || r->retry_at != 0)
		return 0;
	if (s->fingerprint &&
	    memcmp(r->fingerprint, s->fingerprint, ZTP_SHA256_LEN) != 0)
		return 0;
	r->retry_at = s->b->now;
	r->tries = 0;
	return store_request_save(s->b->store, r, s->error);
}

int delivery_subscribed(struct bridge *b, const char *path,
			const uint8_t *fingerprint, bool held,
			struct ztp_error *error)
{
	struct subscribed s = {b, fingerprint,
			       held ? STORE_TODO_NOTICE : STORE_TODO_COMMAND,
			       error};

	return store_path_each(b->store, path, wake, &s, error);
}

int delivery_held(struct bridge *b, struct store_request *r, bool held,
		  bool subscribed, struct ztp_error *error)
{
	if (r->todo != STORE_TODO_NOTICE)
		return 0;
	/* Another certificate's approval waits for a loser to be told. */
	if (!held || (!subscribed && r->state == ZTP_STATE_CONFLICT))
		return notice_over(b, r, error);
	r->tries = subscribed; /* known to be there */
	r->retry_at = subscribed ? b->now : 0;
	r->due_at = b->now + ENDING_NOTICE_MS;
	return store_request_save(b->store, r, error);
}

int delivery_gone(struct bridge *b, struct store_request *r,
		  struct ztp_error *error)
{
	int rc = 0;

	if (r->todo != STORE_TODO_COMMAND)
		return 0;
	if (r->state == ZTP_STATE_REGISTERED || r->state == ZTP_STATE_DELIVERED)
		rc = ending_finish_decided(
			b, r, ZTP_STATE_UNDELIVERABLE,
			"the device was deleted before it took the command",
			error);
	r->todo = STORE_TODO_NONE;
	r->retry_at = r->due_at = 0;
	return rc == 0 ? store_request_save(b->store, r, error) : rc;
}

/* A notice's time is the broker's and the device's. Standing in our own queue,
 * behind other commands or a lost connection, does not count, within reason. */
static bool notice_queued(const struct bridge *b, const struct store_request *r)
{
	return r->tries == 0 && r->retry_at != 0 &&
	       !commands_busy(b->commands, r->n) &&
	       b->now - r->finished_at < QUEUED_MAX_MS;
}

int delivery_due(struct bridge *b, struct store_request *r,
		 struct ztp_error *error)
{
	if (r->todo == STORE_TODO_NOTICE && notice_queued(b, r)) {
		r->due_at = b->now + QUEUED_MS;
		return store_request_save(b->store, r, error);
	}
	if (r->todo == STORE_TODO_NOTICE) /* nobody took it in time */
		return notice_over(b, r, error);
	if (r->state == ZTP_STATE_REGISTERED)
		return ending_finish_decided(
			b, r, ZTP_STATE_UNDELIVERABLE,
			"the device did not take the command in time", error);
	if (r->state == ZTP_STATE_DELIVERED)
		return ending_finish_decided(
			b, r, ZTP_STATE_UNDELIVERABLE,
			"the device did not answer the command in time", error);
	/* Delivered again in vain: the request's end stays as it was. */
	r->due_at = r->retry_at = 0;
	if (r->state == ZTP_STATE_ONBOARDED)
		r->todo = STORE_TODO_NONE;
	return store_request_save(b->store, r, error);
}
