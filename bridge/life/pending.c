#include "bridge/life/pending.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "bridge/core/verdicts.h"
#include "bridge/journal/journal_entry.h"
#include "bridge/ledger/ledger.h"
#include "bridge/life/channels.h"
#include "bridge/life/delivery.h"
#include "bridge/life/held_again.h"
#include "bridge/life/moves.h"
#include "bridge/life/pending_facts.h"
#include "bridge/life/records.h"
#include "bridge/life/told_bound.h"
#include "bridge/life/withdrawal.h"
#include "bridge/registrar/registrar.h"

#define OUTBOX_SPARE 1000

/* With a gate, a new candidate means that the earlier device with this key no
 * longer exists: what was owed to it (its command, its release) is dropped. */
static int drop_previous(struct bridge *b, struct store_request *before,
			 struct ztp_error *error)
{
	if (!b->registrar || before->n == 0 ||
	    before->owed.what == ZTP_OWED_NONE)
		return 0;
	return move_owe(b, before, ZTP_ON_GONE, NULL, error);
}

/* The gate's cool-down ended before ours. The gate must keep the device away
 * for the rest; otherwise it would hold the device although nobody is asked. */
static int keep_away(struct bridge *b, struct held *held,
		     struct ztp_error *error)
{
	int rc = 1;

	if (!b->registrar || held->facts.same_id)
		return 0;
	if (held->twin)
		rc = store_request_by_n(b->store, held->twin, &held->same,
					error);
	return rc > 0 ? move_owe(b, &held->same, ZTP_ON_KEEP_AWAY, NULL, error)
		      : rc;
}

/* The id comes from the entry if possible: a process, or a transaction, that did
 * not live to commit may already have asked the customer. */
static void own_id(struct bridge *b, const struct journal_entry *e,
		   struct store_request *r)
{
	uint8_t random[10];

	if (*e->own_id) {
		snprintf(r->id, sizeof(r->id), "%s", e->own_id);
		return;
	}
	ztp_random(random, sizeof(random));
	ztp_uuid7(r->id, b->core.now, random);
	store_require_commit(b->store);
}

/* Under the broker's id, or under our own if another request has that one. */
static int add_request(struct bridge *b, const struct journal_entry *e,
		       struct store_request *r, struct ztp_error *error)
{
	int rc;

	if (*e->request_id)
		snprintf(r->id, sizeof(r->id), "%s", e->request_id);
	else
		own_id(b, e, r);
	rc = move_state(b, r, ZTP_STATE_RECEIVED, error);
	if (rc == 0)
		rc = store_request_add(b->store, r, error);
	if (rc == 1) {
		own_id(b, e, r);
		rc = store_request_add(b->store, r, error);
	}
	return rc == 1 ? ztp_fail(error, ZTP_ERR_INTERNAL,
				  "request id %s is in use", r->id)
		       : rc;
}

static int make_request(struct bridge *b, const struct held *held,
			struct store_request *r, struct ztp_error *error)
{
	const struct journal_entry *e = held->entry;
	struct ztp_owed_facts facts = {.deadline = held->facts.expires_at};
	struct ztp_path path;
	uint8_t random[24];
	int rc;

	memset(r, 0, sizeof(*r));
	snprintf(r->path, sizeof(r->path), "%s", e->path);
	memcpy(r->fingerprint, e->cert.fingerprint, ZTP_SHA256_LEN);
	memcpy(r->identity, e->cert.identity, ZTP_SHA256_LEN);
	r->attempt = held->attempt + 1;
	r->received_at = e->received_at;
	r->expires_at = pending_deadline(b, e);
	(void)move_obligation(b, r, ZTP_ON_RECEIVED, &facts);
	r->announced_at = held->facts.now;
	if (b->channels) {
		rc = ztp_path_parse(&path, r->path, strlen(r->path), error);
		if (rc != 0)
			return rc;
		ztp_topic_render(r->channel, b->core.config->mqtt.command_topic,
				 &path);
	}
	if (*e->traceparent || *e->own_trace) {
		snprintf(r->traceparent, sizeof(r->traceparent), "%s",
			 *e->traceparent ? e->traceparent : e->own_trace);
	} else {
		ztp_random(random, sizeof(random));
		ztp_traceparent_make(r->traceparent, random);
	}
	return add_request(b, e, r, error);
}

static int announce(struct bridge *b, struct held *held,
		    struct ztp_error *error)
{
	struct store_request r;
	int rc = drop_previous(b, &held->same, error);

	if (rc != 0)
		return rc;
	if (b->channels) {
		struct held channel = {.entry = held->entry};
		char topic[ZTP_TOPIC_MAX + 1];
		struct ztp_path path;

		rc = ztp_path_parse(&path, held->entry->path,
				    strlen(held->entry->path), error);
		if (rc != 0)
			return rc;
		ztp_topic_render(topic, b->core.config->mqtt.command_topic,
				 &path);
		rc = store_channel_each(b->store, topic, pending_facts_channel,
					&channel, error);
		if (rc != 0)
			return rc;
		if (channel.facts.path_taken) {
			rc = make_request(b, held, &r, error);
			b->core.tally.pending[TALLY_PENDING_CONFLICT]++;
			return rc != 0 ? rc
				       : move_finish(b, &r, ZTP_STATE_CONFLICT,
						     CHANNELS_TAKEN, NULL,
						     error);
		}
	}
	rc = make_request(b, held, &r, error);
	if (rc == 0)
		rc = records_request(b, &r, &held->entry->cert,
				     held->facts.live + 1, &b->entry, error);
	if (rc == 0)
		log_debug(b->core.log, "request_received",
			  LOG_STR("request_id", r.id),
			  LOG_STR("device_path", r.path),
			  LOG_HEX("fingerprint", r.fingerprint, ZTP_SHA256_LEN),
			  LOG_INT("attempt", r.attempt));
	b->core.tally.pending[TALLY_PENDING_NEW]++;
	return rc == 0 ? held_apply(b, r.id, error) : rc;
}

/* Creates a request and ends it at once. */
static int end_at_once(struct bridge *b, const struct held *held,
		       enum ztp_state state, const char *message,
		       struct ztp_error *error)
{
	struct store_request r;
	int rc = make_request(b, held, &r, error);

	if (rc == 0)
		rc = move_finish(b, &r, state, message, NULL, error);
	return rc == 0 ? held_apply(b, r.id, error) : rc;
}

static int reannounce(struct bridge *b, struct held *held,
		      struct ztp_error *error)
{
	struct store_request *r = &held->same;
	int rc;

	r->announced_at = held->facts.now;
	rc = records_request(b, r, &held->entry->cert, held->facts.live,
			     &b->entry, error);
	if (rc == 0)
		rc = store_request_save(b->store, r, error);
	b->core.tally.pending[TALLY_PENDING_REANNOUNCED]++;
	return rc;
}

static int refuse_too_many(struct bridge *b, const struct held *held,
			   struct ztp_error *error)
{
	const struct journal_entry *e = held->entry;
	struct journal_entry dead = {
		.kind = ENTRY_DEAD,
		.path = e->path,
		/* The entry does not say which of several it was. */
		.topic = b->core.config->mqtt.pending_topics.items[0],
	};
	char time[ZTP_TIME_LEN], text[ZTP_PATH_MAX + ZTP_REQUEST_ID_MAX + 128];

	ztp_fail(&dead.why, ZTP_ERR_TOO_MANY,
		 "%d requests of this device path are live already",
		 held->facts.live);
	/* Ids and paths need no escaping: their alphabets contain nothing
	 * to escape. */
	ztp_time_format(time, e->received_at);
	snprintf(text, sizeof(text),
		 "{%s%s%s\"device_path\":\"%s\",\"received_at\":\"%s\"}",
		 *e->request_id ? "\"request_id\":\"" : "", e->request_id,
		 *e->request_id ? "\"," : "", e->path, time);
	dead.text = text;
	dead.text_len = strlen(text);
	ztp_sha256(dead.sha256, text, dead.text_len);
	dead.size = (int64_t)dead.text_len;
	b->core.tally.pending[TALLY_PENDING_TOO_MANY]++;
	return records_dead_pending(b, &dead, error);
}

static int apply_pending(struct bridge *b, const struct journal_entry *e,
			 bool *disposed, struct ztp_error *error)
{
	struct held held;
	int rc = pending_facts_load(b, e, &held, error);

	*disposed = true;
	if (rc != 0)
		return rc;
	if (pending_facts_outdated(b, &held)) {
		b->core.tally.pending[TALLY_PENDING_MERGED]++;
		return 0;
	}
	switch (ztp_life_on_pending(&held.facts)) {
	case ZTP_PENDING_NEW:
		return announce(b, &held, error);
	case ZTP_PENDING_REANNOUNCE:
		return reannounce(b, &held, error);
	case ZTP_PENDING_MERGE:
		b->core.tally.pending[TALLY_PENDING_MERGED]++;
		return delivery_knocked(b, &held.same, error);
	case ZTP_PENDING_COOLDOWN:
		b->core.tally.pending[TALLY_PENDING_COOLDOWN]++;
		return keep_away(b, &held, error);
	case ZTP_PENDING_DOUBT:
		b->core.tally.pending[TALLY_PENDING_MERGED]++;
		registrar_ask(b->registrar, held.same.n);
		*disposed = false;
		return 0;
	case ZTP_PENDING_REDELIVER:
		b->core.tally.pending[TALLY_PENDING_REDELIVER]++;
		return delivery_again(b, &held.same, error);
	case ZTP_PENDING_CONFLICT:
		b->core.tally.pending[TALLY_PENDING_CONFLICT]++;
		return end_at_once(b, &held, ZTP_STATE_CONFLICT,
				   "a device with this path exists already",
				   error);
	case ZTP_PENDING_EXPIRED:
		b->core.tally.pending[TALLY_PENDING_EXPIRED]++;
		return end_at_once(b, &held, ZTP_STATE_EXPIRED,
				   "the event came after its expires_at",
				   error);
	case ZTP_PENDING_TOO_MANY:
		return refuse_too_many(b, &held, error);
	}
	return ztp_fail(error, ZTP_ERR_INTERNAL,
			"unknown action for a pending event");
}

static int apply_entry(struct bridge *b, const struct journal_entry *e,
		       struct ztp_error *error)
{
	bool disposed;
	int rc;

	switch (e->kind) {
	case ENTRY_PENDING:
		rc = apply_pending(b, e, &disposed, error);
		if (rc == 0 && disposed && b->registrar && *e->request_id)
			registrar_disposed(b->registrar, e->request_id);
		return rc;
	case ENTRY_DEAD:
		b->core.tally.pending[TALLY_PENDING_INVALID]++;
		if (b->registrar && *e->request_id)
			registrar_disposed(b->registrar, e->request_id);
		return records_dead_pending(b, e, error);
	case ENTRY_AUDIT:
		verdicts_note(b->verdicts, e->text, e->text_len);
		return records_audit(b, e, &b->entry, error);
	case ENTRY_WITHDRAWN:
		rc = withdrawal_apply(b, e, error);
		if (rc == 0 && b->registrar)
			registrar_disposed(b->registrar, e->request_id);
		return rc;
	}
	return 0;
}

/* Open requests are limited strictly. Results that Kafka does not accept are
 * limited by what waits: two records for each request that may be open. Results
 * of decisions without effect, dead letters and audit records have bounds of
 * their own (records.h, records_dead.c), or bad records would stop the good
 * ones. */
static bool is_full(const struct bridge *b, const struct journal_entry *e)
{
	int64_t max = told_bound(b);
	int64_t waiting = store_outbox_waiting(b->store, STORE_REQUESTS) +
			  store_outbox_waiting(b->store, STORE_RESULTS);

	return (e->kind == ENTRY_PENDING &&
		store_unfinished(b->store) >= max) ||
	       waiting >= RECORDS_NO_EFFECT_MAX + 2 * max + OUTBOX_SPARE;
}

int pending_take(struct bridge *b, const void *bytes, size_t len, bool *blocked,
		 struct ztp_error *error)
{
	struct journal_entry e;
	int rc = journal_entry_unpack(&e, bytes, len, error);

	if (rc != 0)
		return rc;
	*blocked = is_full(b, &e);
	if (!*blocked)
		rc = apply_entry(b, &e, error);
	journal_entry_clear(&e);
	return rc;
}

int pending_apply(struct bridge *b, int limit, bool *more, bool *blocked,
		  struct ztp_error *error)
{
	const void *bytes;
	size_t len;
	int rc = 0;

	*more = *blocked = false;
	/* The journal holds what the producer has no room for: in the outbox a
	 * record would be written, read and deleted. */
	while (limit-- > 0 && !ledger_full(b->ledger, more)) {
		b->entry = b->mark;
		rc = journal_read(b->journal, &b->mark, &bytes, &len, error);
		if (rc <= 0)
			break;
		rc = pending_take(b, bytes, len, blocked, error);
		if (*blocked)
			b->mark = b->entry;
		if (rc != 0 || *blocked)
			break;
		*more = limit == 0;
	}
	return rc < 0 ? rc : 0;
}

/* Rebuilds the record of an entry that is in the store, if its request has not
 * been announced yet. Other entries of the path may have merged into the same
 * request; one record is enough. */
static int rebuild_record(struct bridge *b, const struct journal_entry *e,
			  struct ztp_error *error)
{
	struct held held;
	int rc = pending_facts_load(b, e, &held, error);

	if (rc != 0 || held.same.state != ZTP_STATE_RECEIVED ||
	    held.same.announced_at == b->core.now)
		return rc;
	held.same.announced_at = b->core.now;
	rc = records_request(b, &held.same, &e->cert, held.facts.live, NULL,
			     error);
	return rc == 0 ? store_request_save(b->store, &held.same, error) : rc;
}

int pending_recover(struct bridge *b, struct ztp_error *error)
{
	struct journal_mark at;
	const void *bytes;
	struct journal_entry e;
	size_t len;
	int rc = 1;

	store_floor_get(b->store, &at);
	while (rc > 0 && journal_before(&at, &b->mark)) {
		rc = journal_read(b->journal, &at, &bytes, &len, error);
		if (rc <= 0)
			break;
		rc = journal_entry_unpack(&e, bytes, len, error);
		if (rc != 0)
			break;
		if (e.kind == ENTRY_PENDING)
			rc = rebuild_record(b, &e, error);
		else if (e.kind == ENTRY_AUDIT)
			rc = records_audit(b, &e, NULL, error);
		journal_entry_clear(&e);
		rc = rc == 0 ? 1 : rc;
	}
	return rc < 0 ? rc
		      : store_mark_set(b->store, &b->mark, &b->mark, error);
}

int pending_announced(void *bridge, int64_t first, int64_t last,
		      struct ztp_error *error)
{
	struct bridge *b = bridge;
	enum ztp_state state = ZTP_STATE_RECEIVED;
	int rc = ztp_life_move(&state, ZTP_STATE_REQUESTED, error);

	b->core.tally.requests_published += (uint64_t)(last - first + 1);
	if (rc == 0) /* asking after the deadline does not count */
		rc = store_request_announced(b->store, first, last, b->core.now,
					     error);
	return rc;
}
