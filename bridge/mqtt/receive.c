#include "bridge/mqtt/receive.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/core/cell.h"
#include "bridge/journal/journal_entry.h"
#include "ztp/gate_protocol.h"
#include "ztp/json.h"
#include "ztp/member.h"
#include "ztp/text.h"

static void append(struct receiver *ev, struct journal_entry *e)
{
	struct ztp_error error = {0};
	long n;
	int rc;

	n = journal_entry_pack(&ev->buffer, &ev->buffer_size, e);
	rc = n < 0 ? ztp_fail(&error, (enum ztp_err)n, "out of memory")
		   : journal_append(ev->journal, ev->buffer, (size_t)n, &error);
	if (rc != 0) {
		/* Returning would acknowledge an event that is not stored. */
		log_error(ev->core->log, "journal_failed", LOG_WHY(&error));
		_exit(1);
	}
	if (!atomic_exchange(&ev->core->signalled, true))
		coalesce_wake(&ev->coalesce);
}

/* What could not be read without memory is not refused for that. Returning would
 * acknowledge it; the broker sends it again to the next start. */
static void must_have_memory(struct receiver *ev, const struct journal_entry *e,
			     int rc)
{
	if (rc != ZTP_ERR_NOMEM)
		return;
	log_error(ev->core->log, "intake_failed", LOG_WHY(&e->why));
	_exit(1);
}

/* It is another cell's: nothing is kept of it. */
static bool is_foreign(struct receiver *ev, const char *path)
{
	if (!*path || cell_serves(ev->core->config, path))
		return false;
	atomic_fetch_add(&ev->core->foreign, 1);
	return true;
}

static void dead_letter(struct receiver *ev,
			const struct journal_entry *refused, const char *topic,
			const char *text, size_t len)
{
	struct ztp_salvaged salvaged = {.json = NULL};
	struct journal_entry e = *refused;

	e.kind = ENTRY_DEAD;
	e.topic = topic;
	e.size = (int64_t)len;
	ztp_sha256(e.sha256, text, len);
	/* If there is no memory for this, the dead letter just says less. */
	if (len <= ZTP_PENDING_MAX)
		(void)ztp_pending_salvage(&salvaged, text, len);
	e.path = salvaged.path;
	e.request_id = salvaged.request_id;
	e.text = salvaged.json ? salvaged.json : "";
	e.text_len = strlen(e.text);
	if (!is_foreign(ev, e.path)) {
		log_warn(ev->core->log, "pending_refused",
			 LOG_STR("topic", topic),
			 LOG_STR("device_path", *e.path ? e.path : NULL),
			 LOG_WHY(&e.why));
		append(ev, &e);
	}
	ztp_salvaged_clear(&salvaged);
}

/* As it is set now: the customer may be asked before the entry is taken for good, and
 * then it is read again, perhaps by a process with another setting. */
static int64_t deadline_of(const struct receiver *ev,
			   const struct ztp_pending *pending)
{
	return pending->expires_at != 0
		       ? pending->expires_at
		       : pending->received_at + ev->core->config->onboarding
							.decision_timeout_ms;
}

static void on_pending(struct receiver *ev, struct journal_entry *e,
		       const char *topic, const char *text, size_t len)
{
	char own_id[ZTP_UUID_LEN], own_trace[ZTP_TRACEPARENT_LEN];
	uint8_t random[10 + 24]; /* of the id and of the trace */
	struct ztp_pending pending;
	struct journal_entry good = *e;
	int rc;

	rc = ztp_pending_parse(&pending, text, len, e->arrived_wall, &e->why);
	must_have_memory(ev, e, rc);
	if (rc != 0) {
		dead_letter(ev, e, topic, text, len);
		return;
	}
	good.kind = ENTRY_PENDING;
	good.path = pending.path;
	good.request_id = pending.request_id;
	good.traceparent = pending.traceparent;
	good.received_at = pending.received_at;
	good.expires_at = deadline_of(ev, &pending);
	good.cert = pending.cert; /* borrowed from pending */
	ztp_random_from(&ev->random, random, sizeof(random));
	ztp_uuid7(own_id, e->arrived_wall, random);
	ztp_traceparent_make(own_trace, random + 10);
	good.own_id = own_id;
	good.own_trace = own_trace;
	if (!is_foreign(ev, good.path))
		append(ev, &good);
	ztp_pending_clear(&pending);
}

static void on_audit(struct receiver *ev, struct journal_entry *e,
		     const char *text, size_t len)
{
	struct ztp_field field = {.name = ZTP_M_DEVICE_PATH};
	struct journal_entry audit;
	char path[ZTP_PATH_MAX + 1] = "";
	struct ztp_str given = {NULL, 0};
	struct ztp_object record;
	struct ztp_path parts;
	int rc =
		ztp_object_read(&record, &field, 1, (struct ztp_str){text, len},
				ZTP_AUDIT_MAX, &e->why);

	if (rc == 0) {
		rc = ztp_object_string(&given, &record, 0, ZTP_PATH_MAX,
				       &e->why);
		if (rc == 0 && given.p &&
		    ztp_path_parse(&parts, given.p, given.n, NULL) == 0)
			memcpy(path, given.p, given.n); /* path was zeroed */
		ztp_object_clear(&record);
	}
	must_have_memory(ev, e, rc);
	if (rc != 0) {
		log_warn(ev->core->log, "audit_refused", LOG_WHY(&e->why));
		return;
	}
	audit = *e;
	audit.kind = ENTRY_AUDIT;
	audit.path = path;
	audit.text = text;
	audit.text_len = len;
	if (!*path || cell_serves(ev->core->config, path))
		append(ev, &audit);
}

/* Where the record that begins at p ends: at a comma or bracket of the array's
 * own, or, if there is none, at `end`. What is inside a record is not judged. */
static const char *record_end(const char *p, const char *end)
{
	bool quoted = false;
	int depth = 0;

	for (; p < end; p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '{' || *p == '['))
			depth++;
		else if (!quoted && depth > 0 && (*p == '}' || *p == ']'))
			depth--;
		else if (!quoted && depth == 0 && (*p == ',' || *p == ']'))
			break;
	}
	return p;
}

struct audits {
	struct ztp_str records[ZTP_AUDITS_COUNT];
	size_t count;
};

/* The records, each as it is written. */
static int find_audits(struct audits *audits, struct ztp_str text,
		       struct ztp_error *why)
{
	struct ztp_str all = ztp_str_trim(text), record;
	const char *p = all.p, *end = all.p + all.n;

	audits->count = 0;
	if (text.n > ZTP_AUDITS_MAX)
		return ztp_fail(why, ZTP_ERR_TOO_LARGE,
				"an array of %zu bytes, at most %d are allowed",
				text.n, ZTP_AUDITS_MAX);
	if (all.n == 0 || *p != '[')
		return ztp_fail(why, ZTP_ERR_TYPE, "not an array");
	while (p < end && *p != ']') {
		record.p = p + 1;
		p = record_end(record.p, end);
		record.n = (size_t)(p - record.p);
		record = ztp_str_trim(record);
		if (record.n == 0 && audits->count == 0 && p < end && *p == ']')
			break; /* an empty one */
		if (audits->count == ZTP_AUDITS_COUNT)
			return ztp_fail(why, ZTP_ERR_TOO_LARGE,
					"more than %d records",
					ZTP_AUDITS_COUNT);
		audits->records[audits->count++] = record;
	}
	return 0;
}

/* Each record becomes an entry of its own, as if it had come by itself. One that
 * cannot be read costs its neighbours nothing, so nothing is read but by them:
 * what is behind the array's end is none. */
static void on_audits(struct receiver *ev, struct journal_entry *e,
		      const char *text, size_t len)
{
	struct audits audits;

	if (find_audits(&audits, (struct ztp_str){text, len}, &e->why) != 0) {
		log_warn(ev->core->log, "audit_refused", LOG_WHY(&e->why));
		return;
	}
	for (size_t i = 0; i < audits.count; i++)
		on_audit(ev, e, audits.records[i].p, audits.records[i].n);
}

enum { WITHDRAWN_ID, WITHDRAWN_PATH, WITHDRAWN_REASON, WITHDRAWN_MEMBERS };

static int read_withdrawn(struct journal_entry *e, char *id, char *path,
			  struct ztp_object *event)
{
	struct ztp_str reason = {NULL, 0};
	struct ztp_path parts;
	int rc = ztp_object_copy(id, ZTP_REQUEST_ID_MAX + 1, event,
				 WITHDRAWN_ID, &e->why);

	if (rc == 0)
		rc = ztp_object_copy(path, ZTP_PATH_MAX + 1, event,
				     WITHDRAWN_PATH, &e->why);
	if (rc == 0)
		rc = ztp_object_string(&reason, event, WITHDRAWN_REASON,
				       ZTP_WITHDRAWN_MAX, &e->why);
	if (rc == 0 && !ztp_request_id_valid(id, strlen(id)))
		rc = ztp_fail(&e->why, ZTP_ERR_VALUE,
			      "request_id is not well-formed");
	if (rc == 0)
		rc = ztp_path_parse(&parts, path, strlen(path), &e->why);
	e->text = reason.p ? reason.p : "";
	e->text_len = reason.n < ZTP_REASON_MAX
			      ? reason.n
			      : ztp_utf8_cut(reason.p, ZTP_REASON_MAX);
	return rc;
}

static void on_withdrawn(struct receiver *ev, struct journal_entry *e,
			 const char *text, size_t len)
{
	struct ztp_field fields[WITHDRAWN_MEMBERS] = {
		[WITHDRAWN_ID] = {.name = ZTP_M_REQUEST_ID},
		[WITHDRAWN_PATH] = {.name = ZTP_M_DEVICE_PATH},
		[WITHDRAWN_REASON] = {.name = ZTP_M_REASON},
	};
	char id[ZTP_REQUEST_ID_MAX + 1], path[ZTP_PATH_MAX + 1];
	struct journal_entry withdrawn = *e;
	struct ztp_object event;
	int rc = ztp_object_read(&event, fields, WITHDRAWN_MEMBERS,
				 (struct ztp_str){text, len}, ZTP_WITHDRAWN_MAX,
				 &withdrawn.why);

	if (rc == 0) {
		rc = read_withdrawn(&withdrawn, id, path, &event);
		withdrawn.kind = ENTRY_WITHDRAWN;
		withdrawn.request_id = id;
		withdrawn.path = path;
		if (rc == 0 && cell_serves(ev->core->config, path))
			append(ev, &withdrawn);
		ztp_object_clear(&event);
	}
	must_have_memory(ev, &withdrawn, rc);
	if (rc != 0)
		log_warn(ev->core->log, "withdrawal_refused",
			 LOG_WHY(&withdrawn.why));
}

void receive_message(struct receiver *ev, const char *topic, const char *text,
		     size_t len)
{
	struct journal_entry e = {0};

	coalesce_begin(&ev->coalesce, ztp_clock_us());
	e.arrived_wall = ztp_clock_wall();
	e.arrived_steady = ztp_clock_steady(&ev->core->clock);
	if (strcmp(topic, ZTP_MQTT_AUDIT) == 0)
		on_audit(ev, &e, text, len);
	else if (strcmp(topic, ZTP_MQTT_AUDITS) == 0)
		on_audits(ev, &e, text, len);
	else if (strcmp(topic, ZTP_MQTT_WITHDRAWN) == 0)
		on_withdrawn(ev, &e, text, len);
	else
		on_pending(ev, &e, topic, text, len);
	coalesce_end(&ev->coalesce);
}

void receive_clear(struct receiver *ev)
{
	free(ev->buffer);
	ev->buffer = NULL;
	ev->buffer_size = 0;
}
