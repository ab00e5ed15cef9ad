#include "bridge/life/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/kafka/record_bounds.h"
#include "bridge/ledger/ledger.h"
#include "ztp/request.h"

int records_request(struct bridge *b, const struct store_request *r,
		    const struct ztp_cert *cert, int contenders,
		    const struct journal_mark *from, struct ztp_error *error)
{
	const struct config *config = b->core.config;
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = {.topic = STORE_REQUESTS, .request = r->n};
	struct ztp_request request = {
		.id = r->id,
		.cert = cert,
		.received_at = r->received_at,
		.expires_at = r->expires_at,
		.attempt = r->attempt,
		.contenders = contenders,
		.decision_topic = config->kafka.topics.decisions,
	};
	char time[ZTP_TIME_LEN];
	struct ztp_event event = {r->id,   b->source, ZTP_REQUEST_TYPE,
				  r->path, time,      r->traceparent};
	struct ztp_path path;
	char *json = NULL;
	int rc;

	rc = ztp_path_parse(&path, r->path, strlen(r->path), error);
	if (rc != 0)
		return rc;
	request.path = &path;
	rc = ztp_request_build(
		&json, &request,
		(const char *const *)config->onboarding.omit_fields.items,
		error);
	if (rc != 0)
		return rc;
	ztp_time_format(time, b->core.now);
	record.key = ztp_str_of(r->path);
	record.value = ztp_str_of(json);
	record.headers = headers;
	record.header_count = ztp_event_headers(headers, &event);
	rc = ledger_write(b->ledger, &record, from, error);
	free(json);
	return rc;
}

/* Made of the record's id, so that a record that is made again says the same. */
static const char *trace_of(char trace[ZTP_TRACEPARENT_LEN], const char *id)
{
	uint8_t digest[ZTP_SHA256_LEN];

	ztp_sha256(digest, id, strlen(id));
	ztp_traceparent_make(trace, digest);
	return trace;
}

int records_result(struct bridge *b, const struct records_outcome *what,
		   struct ztp_error *error)
{
	const struct store_request *r = what->r;
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = {.topic = STORE_RESULTS};
	struct record_identity of_key;
	struct ztp_result result = {
		.request_id = r ? r->id : what->id,
		.outcome = what->outcome,
		.message = what->message,
		.delivered_at = r ? r->delivered_at : 0,
		.delivery = what->delivery,
		.at = b->core.now,
	};
	char type[ZTP_RESULT_TYPE_MAX], ce_id[33], time[ZTP_TIME_LEN];
	char subject[ZTP_PATH_MAX + 1] = "";
	struct ztp_event event = {ce_id,   b->source, type,
				  subject, time,      what->traceparent};
	char trace[ZTP_TRACEPARENT_LEN];
	struct ztp_path parts;
	char *json = NULL;
	int rc;

	if (what->decision)
		result.decision = *what->decision;
	if (r || *what->path)
		snprintf(subject, sizeof(subject), "%s",
			 r ? r->path : what->path);
	else if (ztp_path_parse(&parts, what->key.p, what->key.n, NULL) == 0)
		snprintf(subject, sizeof(subject), "%.*s", (int)what->key.n,
			 what->key.p);
	result.path = subject;
	rc = ztp_result_build(&json, &result, error);
	if (rc != 0)
		return rc;
	ztp_result_type(type, what->outcome);
	ztp_result_id(ce_id, &result);
	if (!*what->traceparent) /* no trace exists for this decision */
		event.traceparent = trace_of(trace, ce_id);
	ztp_time_format(time, b->core.now);
	if (!*subject)
		event.subject = result.request_id;
	record.key = r ? ztp_str_of(r->path) : what->key;
	record.value = ztp_str_of(json);
	record.headers = headers;
	record.header_count = ztp_event_headers(headers, &event);
	record.header_count += record_bound_key(headers + record.header_count,
						&of_key, &record.key);
	/* Without a key, the path that the decision names. */
	if (!record.key.p && *subject)
		record.key = ztp_str_of(subject);
	rc = records_write(b, &record, NULL, error);
	free(json);
	if (rc == 0)
		b->core.tally.results[what->outcome]++;
	return rc;
}

/* False if so many records of the topic wait for Kafka that this one is dropped. */
static bool has_room(struct bridge *b, enum store_topic topic, int64_t max)
{
	int64_t waiting = store_outbox_waiting(b->store, topic);
	struct ztp_error why = {0};

	if (waiting < max)
		return true;
	ztp_fail(&why, ZTP_ERR_FULL, "%lld of them wait for Kafka already",
		 (long long)waiting);
	records_drop(b, topic, &why);
	return false;
}

int records_no_effect(struct bridge *b, const struct records_outcome *what,
		      struct ztp_error *error)
{
	return has_room(b, STORE_RESULTS, RECORDS_NO_EFFECT_MAX)
		       ? records_result(b, what, error)
		       : 0;
}

int records_audit(struct bridge *b, const struct journal_entry *entry,
		  const struct journal_mark *from, struct ztp_error *error)
{
	struct store_record record = {.topic = STORE_AUDIT};
	int64_t max =
		RECORDS_AUDIT_MAX + 2 * b->core.config->store.max_requests;

	if (!has_room(b, STORE_AUDIT, max))
		return 0;
	if (*entry->path)
		record.key = ztp_str_of(entry->path);
	record.value = (struct ztp_str){entry->text, entry->text_len};
	return records_write(b, &record, from, error);
}
