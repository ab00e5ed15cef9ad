#include "bridge/endings.h"

#include <string.h>

#include "bridge/records.h"

int ending_move(struct bridge *b, struct store_request *r, enum ztp_state to,
		struct ztp_error *error)
{
	enum ztp_state from = r->state;
	int rc = ztp_life_move(&r->state, to, error);

	if (rc == 0)
		log_debug(b->log, "request_moved", LOG_STR("request_id", r->id),
			  LOG_STR("from", ztp_state_name(from)),
			  LOG_STR("to", ztp_state_name(to)));
	return rc;
}

/* --- whom else the path belongs to */

struct others {
	int64_t n; /* not this one */
	bool any;
};

static int look_at_other(void *arg, struct store_request *r)
{
	struct others *others = arg;

	if (r->n != others->n && r->state != ZTP_STATE_REJECTED &&
	    r->state != ZTP_STATE_EXPIRED && r->state != ZTP_STATE_CONFLICT &&
	    r->state != ZTP_STATE_FAILED)
		others->any = true;
	return 0;
}

/* Without a gate everybody on the path's command topic hears what is said
 * there. A rejection is only said when it cannot be taken by a device that
 * still waits for its own answer, or has had it. */
static int notice_is_safe(struct bridge *b, const struct store_request *r,
			  bool *safe, struct ztp_error *error)
{
	struct others others = {.n = r->n};
	int rc = 0;

	if (!b->registrar) {
		rc = store_path_each(b->store, r->path, look_at_other, &others,
				     error);
		if (rc == 0 && *r->channel)
			rc = store_channel_each(b->store, r->channel,
						look_at_other, &others, error);
	}
	*safe = !others.any;
	return rc;
}

/* What is owed to a device whose request has ended without approval. */
static int owe_notice(struct bridge *b, struct store_request *r,
		      struct ztp_error *error)
{
	bool tell = b->config->onboarding.notify_rejected, safe = true;
	int rc = 0;

	r->todo = STORE_TODO_NONE;
	r->tries = 0;
	if (r->state == ZTP_STATE_FAILED ||
	    (r->state == ZTP_STATE_CONFLICT && !b->registrar))
		tell = false;
	if (tell)
		rc = notice_is_safe(b, r, &safe, error);
	if (tell && safe) {
		r->todo = STORE_TODO_NOTICE;
		r->due_at = b->now + ENDING_NOTICE_MS;
	} else if (b->registrar) {
		r->todo = STORE_TODO_RELEASE;
	}
	if (r->todo != STORE_TODO_NONE)
		r->retry_at = b->now;
	return rc;
}

int ending_finish(struct bridge *b, struct store_request *r, enum ztp_state to,
		  const char *message, const struct ztp_position *position,
		  struct ztp_error *error)
{
	int rc = ending_move(b, r, to, error);

	if (rc != 0)
		return rc;
	r->finished_at = b->now;
	r->due_at = r->retry_at = 0;
	if (to == ZTP_STATE_UNDELIVERABLE)
		r->todo = STORE_TODO_COMMAND; /* should it still come */
	else if (to == ZTP_STATE_ONBOARDED)
		r->todo = STORE_TODO_NONE;
	else
		rc = owe_notice(b, r, error);
	if (rc == 0)
		rc = records_result(b, r, NULL, "", (struct ztp_str){NULL, 0},
				    ztp_life_outcome(to), message, position,
				    r->traceparent, error);
	if (rc == 0)
		rc = store_request_save(b->store, r, error);
	if (rc == 0)
		log_info(b->log, "request_ended", LOG_STR("request_id", r->id),
			 LOG_STR("device_path", r->path),
			 LOG_STR("outcome",
				 ztp_outcome_name(ztp_life_outcome(to))));
	return rc;
}

int ending_finish_decided(struct bridge *b, struct store_request *r,
			  enum ztp_state to, const char *message,
			  struct ztp_error *error)
{
	struct ztp_position position = {NULL, 0, 0};
	struct store_decision d;
	int rc = store_decision_get(b->store, r->n, false, &d, error);

	if (rc < 0)
		return rc;
	if (rc == 1 && d.by_customer)
		position =
			(struct ztp_position){d.topic, d.partition, d.offset};
	return ending_finish(b, r, to, message, &position, error);
}

/* --- approved */

struct losers {
	struct bridge *b;
	const struct store_request *winner;
	struct ztp_error *error;
};

static int end_loser(void *arg, struct store_request *r)
{
	struct losers *losers = arg;

	if (r->n == losers->winner->n || !ztp_state_undecided(r->state))
		return 0;
	return ending_finish(losers->b, r, ZTP_STATE_CONFLICT,
			     "another certificate for this device path was "
			     "approved first",
			     NULL, losers->error);
}

int ending_register(struct bridge *b, struct store_request *r, bool ready,
		    struct ztp_error *error)
{
	int rc = ending_move(b, r, ZTP_STATE_REGISTERED, error);

	if (rc != 0)
		return rc;
	r->todo = STORE_TODO_COMMAND;
	r->tries = 0;
	r->retry_at = ready ? b->now : 0;
	r->due_at = b->now + b->config->onboarding.delivery_timeout_ms;
	return store_request_save(b->store, r, error);
}

int ending_approve(struct bridge *b, struct store_request *r,
		   struct ztp_error *error)
{
	struct losers losers = {b, r, error};
	int rc = ending_move(b, r, ZTP_STATE_APPROVED, error);

	if (rc == 0)
		rc = store_path_each(b->store, r->path, end_loser, &losers,
				     error);
	if (rc == 0 && *r->channel)
		rc = store_channel_each(b->store, r->channel, end_loser,
					&losers, error);
	if (rc != 0)
		return rc;
	if (!b->registrar)
		return ending_register(b, r, true, error);
	/* The gate decides; there is no deadline for its answer. */
	r->todo = STORE_TODO_REGISTER;
	r->tries = 0;
	r->retry_at = b->now;
	r->due_at = 0;
	return store_request_save(b->store, r, error);
}
