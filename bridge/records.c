#include "bridge/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "bridge/producer.h"
#include "ztp/request.h"

static struct ztp_str str(const char *text)
{
	return (struct ztp_str){text, strlen(text)};
}

int records_request(struct bridge *b, const struct store_request *r,
		    const struct ztp_cert *cert, int contenders,
		    const struct journal_mark *from, struct ztp_error *error)
{
	const struct config *config = b->config;
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
	ztp_time_format(time, b->now);
	record.key = str(r->path);
	record.value = str(json);
	record.headers = headers;
	record.header_count = ztp_event_headers(headers, &event);
	if (!from || !producer_take(b->producer, &record, from))
		rc = store_outbox_add(b->store, &record, error);
	free(json);
	return rc;
}

int records_result(struct bridge *b, const struct store_request *r,
		   const char *id, const char *path, struct ztp_str key,
		   enum ztp_outcome outcome, const char *message,
		   const struct ztp_position *decision, const char *traceparent,
		   struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = {.topic = STORE_RESULTS};
	struct ztp_result result = {
		.request_id = r ? r->id : id,
		.outcome = outcome,
		.message = message,
		.delivered_at = r ? r->delivered_at : 0,
		.at = b->now,
	};
	char type[ZTP_RESULT_TYPE_MAX], ce_id[33], time[ZTP_TIME_LEN];
	char subject[ZTP_PATH_MAX + 1] = "";
	struct ztp_event event = {ce_id,   b->source, type,
				  subject, time,      traceparent};
	char trace[ZTP_TRACEPARENT_LEN];
	struct ztp_path parts;
	uint8_t random[24];
	char *json = NULL;
	int rc;

	if (!*traceparent) { /* nobody began a trace for this decision */
		ztp_random(random, sizeof(random));
		ztp_traceparent_make(trace, random);
		event.traceparent = trace;
	}
	if (decision)
		result.decision = *decision;
	if (r || *path)
		snprintf(subject, sizeof(subject), "%s", r ? r->path : path);
	else if (ztp_path_parse(&parts, key.p, key.n, NULL) == 0)
		snprintf(subject, sizeof(subject), "%.*s", (int)key.n, key.p);
	result.path = subject;
	rc = ztp_result_build(&json, &result, error);
	if (rc != 0)
		return rc;
	ztp_result_type(type, outcome);
	ztp_result_id(ce_id, &result);
	ztp_time_format(time, b->now);
	if (!*subject)
		event.subject = result.request_id;
	record.key = r ? str(r->path) : key;
	record.value = str(json);
	record.headers = headers;
	record.header_count = ztp_event_headers(headers, &event);
	rc = store_outbox_add(b->store, &record, error);
	free(json);
	if (rc == 0)
		b->tally.results[outcome]++;
	return rc;
}

/* What identifies an original that is not passed on. */
struct identity {
	char sha256[ZTP_SHA256_HEX];
	char size[24];
};

static size_t identity_headers(struct ztp_header *headers,
			       struct identity *identity,
			       const uint8_t sha256[ZTP_SHA256_LEN],
			       int64_t size)
{
	ztp_hex_encode(identity->sha256, sha256, ZTP_SHA256_LEN);
	snprintf(identity->size, sizeof(identity->size), "%lld",
		 (long long)size);
	headers[0] = (struct ztp_header){"ztp.sha256", str(identity->sha256)};
	headers[1] = (struct ztp_header){"ztp.size", str(identity->size)};
	return 2;
}

int records_dead_pending(struct bridge *b, const struct entry *entry,
			 struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = {.topic = STORE_DLQ};
	struct ztp_dead dead = {
		.topic = entry->topic,
		.partition = -1,
		.offset = -1,
		.stage = "pending",
		.why = entry->why,
	};
	struct identity identity;
	char scratch[64];
	size_t n;
	int rc;

	n = ztp_dead_headers(headers, scratch, &dead);
	n += identity_headers(headers + n, &identity, entry->sha256,
			      entry->size);
	if (*entry->path)
		record.key = str(entry->path);
	record.value = (struct ztp_str){entry->text, entry->text_len};
	record.headers = headers;
	record.header_count = n;
	rc = store_outbox_add(b->store, &record, error);
	if (rc == 0)
		b->tally.dlq[METRIC_DLQ_PENDING]++;
	return rc;
}

int records_dead_decision(struct bridge *b, const struct ztp_position *position,
			  struct ztp_str key, struct ztp_str value,
			  const struct ztp_header *originals, size_t count,
			  const struct ztp_error *why, struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = {.topic = STORE_DLQ, .key = key};
	struct ztp_dead dead = {
		.topic = position->topic,
		.partition = position->partition,
		.offset = position->offset,
		.stage = "decision",
		.why = *why,
	};
	uint8_t sha256[ZTP_SHA256_LEN];
	struct identity identity;
	char scratch[64];
	size_t n, i;
	int rc;

	n = ztp_dead_headers(headers, scratch, &dead);
	record.value = value;
	if (value.n > ZTP_DEAD_VALUE_MAX) {
		ztp_sha256(sha256, value.p, value.n);
		n += identity_headers(headers + n, &identity, sha256,
				      (int64_t)value.n);
		record.value = str("");
	}
	for (i = 0; i < count && n < ZTP_HEADERS_MAX; i++)
		headers[n++] = originals[i];
	record.headers = headers;
	record.header_count = n;
	rc = store_outbox_add(b->store, &record, error);
	if (rc == 0)
		b->tally.dlq[METRIC_DLQ_DECISION]++;
	return rc;
}

struct shrinking {
	struct bridge *b;
	struct ztp_error *error;
};

static int shrink(void *arg, const struct store_record *old)
{
	struct shrinking *s = arg;
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct store_record record = *old;
	uint8_t sha256[ZTP_SHA256_LEN];
	struct identity identity;
	size_t n = old->header_count < ZTP_HEADERS_MAX - 2
			   ? old->header_count
			   : ZTP_HEADERS_MAX - 2;
	int rc;

	memcpy(headers, old->headers, n * sizeof(*headers));
	if (!ztp_header_get(headers, n, "ztp.sha256").p) {
		ztp_sha256(sha256, old->value.p, old->value.n);
		n += identity_headers(headers + n, &identity, sha256,
				      (int64_t)old->value.n);
	}
	record.value = str("");
	record.headers = headers;
	record.header_count = n;
	rc = store_outbox_add(s->b->store, &record, s->error);
	return rc != 0 ? rc : 1;
}

int records_shrink_dead(void *bridge, int64_t seq, struct ztp_error *error)
{
	struct bridge *b = bridge;
	struct shrinking s = {b, error};
	int rc = store_outbox_each(b->store, STORE_DLQ, seq - 1, 1, shrink, &s,
				   error);

	return rc < 0 ? rc : 0;
}

int records_audit(struct bridge *b, const struct entry *entry,
		  struct ztp_error *error)
{
	struct store_record record = {.topic = STORE_AUDIT};

	if (*entry->path)
		record.key = str(entry->path);
	record.value = (struct ztp_str){entry->text, entry->text_len};
	return store_outbox_add(b->store, &record, error);
}
