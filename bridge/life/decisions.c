#include "bridge/life/decisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/cell.h"
#include "bridge/kafka/record_bounds.h"
#include "bridge/life/commands.h"
#include "bridge/life/delivery.h"
#include "bridge/life/held.h"
#include "bridge/life/invalid.h"
#include "bridge/life/moves.h"
#include "bridge/life/records.h"
#include "bridge/life/silence.h"
#include "bridge/registrar/registrar.h"
#include "ztp/gate_protocol.h"

#define SHARED_MS 600000 /* between two lines about another cell's */

/* --- decisions with an effect */

static int ensure_requested(struct bridge *b, struct store_request *r,
			    struct ztp_error *error)
{
	/* The customer's decision may arrive before Kafka's acknowledgement of
	 * the announcement. */
	if (r->state != ZTP_STATE_RECEIVED)
		return 0;
	return move_state(b, r, ZTP_STATE_REQUESTED, error);
}

/* Returns a borrowed pointer. Metadata that is too large for the gate is
 * dropped, so that the device can still be created. */
static char *metadata_for_gate(struct bridge *b, const struct store_request *r,
			       const struct ztp_decision *decision)
{
	size_t len = decision->metadata ? strlen(decision->metadata) : 0;

	if (len <= ZTP_CONTROL_METADATA_MAX)
		return decision->metadata;
	log_warn(b->core.log, "metadata_left_out", LOG_STR("request_id", r->id),
		 LOG_UINT("bytes", len));
	return NULL;
}

static int apply_decision(struct bridge *b, struct store_request *r,
			  const struct ztp_decision *decision,
			  const struct consumer_record *record,
			  struct ztp_error *error)
{
	struct store_decision d = {
		.by_customer = true,
		.verdict = decision->verdict,
		.partition = record->position.partition,
		.offset = record->position.offset,
	};
	int rc;

	if (d.verdict == ZTP_APPROVE)
		d.payload = decision->payload; /* borrowed */
	if (b->registrar)
		d.metadata = metadata_for_gate(b, r, decision);
	ztp_decision_digest(d.digest, decision);
	snprintf(d.topic, sizeof(d.topic), "%s", record->position.topic);
	memcpy(d.reason, decision->reason, sizeof(d.reason));
	memcpy(d.message, decision->message, sizeof(d.message));
	rc = store_decision_put(b->store, r, &d, error);
	if (rc == 0)
		rc = ensure_requested(b, r, error);
	if (rc != 0)
		return rc;
	log_info(b->core.log, "decision_taken", LOG_STR("request_id", r->id),
		 LOG_STR("device_path", r->path),
		 LOG_STR("decision", ztp_verdict_name(d.verdict)));
	b->core.tally.decisions[d.verdict]++;
	tally_decision_latency(&b->core.tally, b->core.now - r->announced_at);
	if (d.verdict == ZTP_APPROVE)
		return move_approve(b, r, error);
	return move_finish(b, r, ZTP_STATE_REJECTED,
			   *d.message ? d.message : "rejected by the customer",
			   &record->position, error);
}

/* --- decisions without an effect */

/* Two cells that read one topic tell each other's customers that there is no such
 * request. */
static void tell_shared(struct bridge *b, const struct ztp_decision *decision,
			const struct consumer_record *record)
{
	uint64_t suppressed;

	if (!*decision->path || cell_serves(b->core.config, decision->path) ||
	    !log_every(&b->shared_decisions, SHARED_MS, b->core.now + 1,
		       &suppressed))
		return;
	log_warn(b->core.log, "decisions_shared",
		 LOG_STR("topic", record->position.topic),
		 LOG_STR("request_id", decision->request_id),
		 LOG_STR("device_path", decision->path),
		 LOG_STR("hint", "it is another cell's: each has a "
				 "kafka.topics.decisions of its own"),
		 LOG_UINT("suppressed", suppressed));
}

static int report_no_effect(struct bridge *b, enum ztp_on_decision what,
			    const struct store_request *r,
			    const struct ztp_decision *decision,
			    const struct consumer_record *record,
			    struct ztp_error *error)
{
	const struct ztp_no_effect *none = ztp_life_no_effect(what);
	const struct records_outcome said = {
		.outcome = none->outcome,
		.message = none->message,
		.traceparent = r->n ? r->traceparent : decision->traceparent,
		.decision = &record->position,
		.r = what == ZTP_DECISION_UNKNOWN ? NULL : r,
		.id = decision->request_id,
		.path = decision->path,
		.key = record->key,
	};

	if (what == ZTP_DECISION_UNKNOWN)
		tell_shared(b, decision, record);
	log_said(b->core.log, "decision_without_effect",
		 LOG_STR("request_id", decision->request_id),
		 LOG_STR("outcome", ztp_outcome_name(said.outcome)));
	return records_no_effect(b, &said, error);
}

/* An older version stored the digest of the payload as it was written. As long
 * as the payload is there, the digest by which decisions are compared today can
 * be made from it. */
static int renew_digest(struct bridge *b, const struct store_request *r,
			struct ztp_held *held, struct ztp_error *error)
{
	struct ztp_decision before = {0};
	uint8_t written[ZTP_SHA256_LEN];
	struct store_decision d;
	int rc = store_decision_get(b->store, r, true, &d, error);

	if (rc <= 0)
		return rc;
	before.verdict = d.verdict;
	before.payload = d.payload; /* borrowed */
	ztp_decision_digest_written(written, &before);
	if (d.verdict == ZTP_REJECT) /* whose payload counted then */
		before.payload = (struct ztp_payload){.kind = ZTP_PAYLOAD_NONE};
	if (memcmp(written, held->digest, sizeof(written)) == 0)
		ztp_decision_digest(held->digest, &before);
	store_decision_clear(&d);
	return 0;
}

/* What has been decided already stays so, whatever the limit is by now. */
static bool is_invalid(const struct bridge *b, enum ztp_on_decision what,
		       const struct store_request *r,
		       const struct ztp_decision *decision,
		       struct ztp_error *why)
{
	const char *path = *decision->path ? decision->path : r->path;

	return what != ZTP_DECISION_REDELIVERED &&
	       what != ZTP_DECISION_DUPLICATE &&
	       invalid_size(b, decision, path, why);
}

/* Is the request its device's, as far as the decision says? What is said of another
 * one's is not said to it. */
static bool is_of_its_device(const struct store_request *r,
			     const struct ztp_decision *decision)
{
	return r->n != 0 &&
	       (!*decision->path || strcmp(decision->path, r->path) == 0);
}

static int decide(struct bridge *b, const struct ztp_decision *decision,
		  const struct consumer_record *record, struct ztp_error *error)
{
	struct store_request r = {0};
	struct store_decision d = {0};
	struct ztp_held held = {0};
	struct ztp_error why = {0};
	enum ztp_on_decision what;
	bool own;
	int rc = store_request_by_id(b->store, decision->request_id, &r, error);

	if (rc == 1 && !ztp_state_undecided(r.state))
		rc = store_decision_get(b->store, &r, false, &d, error);
	if (rc < 0)
		return rc;
	held.state = r.state;
	held.path = r.path;
	held.fingerprint = r.fingerprint;
	held.decided = d.by_customer;
	memcpy(held.digest, d.digest, sizeof(held.digest));
	held.position = (struct ztp_position){d.topic, d.partition, d.offset};
	what = ztp_life_on_decision(&held, decision, &record->position);
	if (what == ZTP_DECISION_ALREADY) {
		rc = renew_digest(b, &r, &held, error);
		if (rc < 0)
			return rc;
		what = ztp_life_on_decision(&held, decision, &record->position);
	}
	if (what == ZTP_DECISION_UNKNOWN) {
		rc = held_keep(b, decision->request_id, record, error);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	own = is_of_its_device(&r, decision);
	if (is_invalid(b, what, &r, decision, &why))
		return invalid_report(b, decision, record, own ? &r : NULL,
				      &why, error);
	switch (what) {
	case ZTP_DECISION_APPROVE:
	case ZTP_DECISION_REJECT:
		return apply_decision(b, &r, decision, record, error);
	case ZTP_DECISION_REDELIVERED:
		return 0;
	case ZTP_DECISION_MISMATCH: /* but its customer was not silent */
		rc = own ? invalid_note(b, &r, record, error) : 0;
		break;
	default:
		rc = 0;
		break;
	}
	return rc == 0 ? report_no_effect(b, what, &r, decision, record, error)
		       : rc;
}

/* OmniCore's decisions name no path, and others may name one that is none. */
static void take_path_of_key(struct ztp_decision *decision, struct ztp_str key)
{
	struct ztp_path parts;

	if (!*decision->path && key.p &&
	    ztp_path_parse(&parts, key.p, key.n, NULL) == 0)
		memcpy(decision->path, key.p, key.n); /* path was zeroed */
}

struct word {
	struct bridge *b;
	const struct consumer_record *record;
	struct ztp_error *error;
};

static int note_word(void *arg, struct store_request *r)
{
	const struct word *word = arg;

	return invalid_note(word->b, r, word->record, word->error);
}

/* A dead letter says nothing to its customer, but whoever wrote it was not silent. */
static int note_dead(struct bridge *b, const struct ztp_decision *decision,
		     const struct consumer_record *record,
		     struct ztp_error *error)
{
	struct word word = {b, record, error};
	struct store_request r;
	int rc;

	if (!*decision->request_id)
		return *decision->path
			       ? store_path_each(b->store, decision->path,
						 note_word, &word, error)
			       : 0;
	rc = store_request_by_id(b->store, decision->request_id, &r, error);
	return rc == 1 ? note_word(&word, &r) : rc;
}

/* It cannot be read, but perhaps it says which request it is for. */
static int on_unreadable(struct bridge *b, struct ztp_decision *decision,
			 const struct consumer_record *record,
			 const struct ztp_error *why, struct ztp_error *error)
{
	struct store_request r;
	int rc;

	take_path_of_key(decision, record->key);
	if (!*decision->request_id || !*decision->path) {
		log_warn(b->core.log, "decision_unreadable",
			 LOG_STR("topic", record->position.topic),
			 LOG_INT("partition", record->position.partition),
			 LOG_INT("offset", record->position.offset),
			 LOG_WHY(why));
		rc = note_dead(b, decision, record, error);
		return rc == 0 ? records_dead_decision(b, record, why, error)
			       : rc;
	}
	rc = store_request_by_id(b->store, decision->request_id, &r, error);
	if (rc < 0)
		return rc;
	if (rc == 1 && strcmp(r.path, decision->path) != 0)
		rc = 0; /* it is somebody else's */
	return invalid_report(b, decision, record, rc == 1 ? &r : NULL, why,
			      error);
}

int decisions_apply(void *bridge, const struct consumer_record *record,
		    struct ztp_error *error)
{
	struct bridge *b = bridge;
	struct ztp_decision decision = {.path = ""};
	struct ztp_error why = {0};
	int rc;

	if (record->headers_unread) { /* they may say what the value is */
		ztp_fail(&why, ZTP_ERR_UNREADABLE,
			 "its headers cannot be read");
		return on_unreadable(b, &decision, record, &why, error);
	}
	rc = ztp_decision_parse(&decision, record->value.p, record->value.n,
				record->headers, record->header_count, &why);
	if (rc == ZTP_ERR_NOMEM)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (rc != 0)
		return on_unreadable(b, &decision, record, &why, error);
	rc = decide(b, &decision, record, error);
	ztp_decision_clear(&decision);
	return rc;
}

int decisions_unreadable(void *bridge, const struct consumer_gap *gap,
			 struct ztp_error *error)
{
	struct bridge *b = bridge;
	struct ztp_error why = {0};
	char last[24];
	struct ztp_header header = {.name = RECORD_HEADER("last_offset")};
	const struct consumer_record record = {
		.position = gap->first, .headers = &header, .header_count = 1};
	int rc;

	ztp_fail(&why, ZTP_ERR_UNREADABLE, "%s", gap->why);
	snprintf(last, sizeof(last), "%lld", (long long)gap->last);
	header.value = ztp_str_of(last);
	log_error(b->core.log, "decisions_unreadable",
		  LOG_STR("topic", gap->first.topic),
		  LOG_INT("partition", gap->first.partition),
		  LOG_INT("offset", gap->first.offset),
		  LOG_INT("last_offset", gap->last), LOG_WHY(&why));
	rc = silence_broken(b, SILENCE_UNREADABLE, error);
	return rc == 0 ? records_dead_decision(b, &record, &why, error) : rc;
}

/* --- decisions that are gone */

int decisions_lost(void *bridge, const struct consumer_gap *gap,
		   struct ztp_error *error)
{
	struct bridge *b = bridge;

	if (gap->why) /* the consumer has said so */
		return silence_broken(b, SILENCE_ANEW, error);
	log_error(b->core.log, "decisions_lost",
		  LOG_STR("topic", gap->first.topic),
		  LOG_INT("partition", gap->first.partition),
		  LOG_INT("offset", gap->first.offset),
		  LOG_INT("last_offset", gap->last));
	return silence_broken(b, SILENCE_REMOVED, error);
}

/* --- deadlines */

static const char *why_expired(bool asked, bool invalid, const char *lost)
{
	if (!asked)
		return "Kafka had not acknowledged the request by expires_at";
	if (invalid)
		return "no valid decision by expires_at";
	return lost ? lost : MOVE_SILENCE;
}

/* Silence approves a request only if the customer was asked in time, and was
 * silent: a decision that could not be followed is in the store, too, and one
 * that is lost may have been a rejection. */
static int time_out(struct bridge *b, struct store_request *r,
		    struct ztp_error *error)
{
	struct store_decision d = {0};
	bool asked = r->state == ZTP_STATE_REQUESTED, invalid;
	const char *lost = NULL;
	int rc = store_decision_get(b->store, r, false, &d, error);

	invalid = rc == 1;
	if (rc >= 0)
		rc = silence_is_none(b, r, &lost, error);
	if (rc < 0)
		return rc;
	if (!asked || invalid || lost ||
	    b->core.config->onboarding.on_timeout == ZTP_REJECT)
		return move_finish(b, r, ZTP_STATE_EXPIRED,
				   why_expired(asked, invalid, lost), NULL,
				   error);
	d = (struct store_decision){.verdict = ZTP_APPROVE};
	rc = store_decision_put(b->store, r, &d, error);
	if (rc != 0)
		return rc;
	log_info(b->core.log, "approved_on_timeout",
		 LOG_STR("request_id", r->id), LOG_STR("device_path", r->path));
	return move_approve(b, r, error);
}

struct due {
	struct bridge *b;
	int seen;
	struct ztp_error *error;
};

static int on_due(void *arg, struct store_request *r)
{
	struct due *due = arg;
	struct store_request fresh;
	bool queued;
	int rc;

	due->seen++;
	/* An earlier request of this walk may have ended this one (a
	 * contender). */
	rc = store_request_by_n(due->b->store, r->n, &fresh, due->error);
	if (rc <= 0 || fresh.owed.due_at == 0 ||
	    fresh.owed.due_at > due->b->core.now)
		return rc < 0 ? rc : 0;
	if (ztp_state_undecided(fresh.state))
		return time_out(due->b, &fresh, due->error);
	queued = ztp_owed_is_notice(fresh.owed.what) &&
		 !commands_busy(due->b->commands, fresh.n);
	return delivery_due(due->b, &fresh, queued, due->error);
}

int decisions_time_out(struct bridge *b, int limit, bool *waiting, bool *more,
		       struct ztp_error *error)
{
	struct due due = {b, 0, error};
	int64_t until = b->core.now < b->horizon ? b->core.now : b->horizon;
	int64_t next;
	int rc;

	rc = store_due_each(b->store, false, b->core.now, limit, on_due, &due,
			    error);
	if (rc == 0)
		rc = store_due_each(b->store, true, until, limit, on_due, &due,
				    error);
	*more = due.seen >= limit;
	next = store_next_due(b->store, true);
	*waiting = next != 0 && next <= b->core.now && next > b->horizon;
	return rc;
}
