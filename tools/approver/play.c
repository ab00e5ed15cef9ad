#include "tools/approver/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "tools/common/cli.h"
#include "tools/common/terminal.h"
#include "ztp/request.h"

#define SOURCE PROGRAM "-simulate"

static int send_record(struct play *play, const struct ztp_kafka_record *record,
		       struct ztp_error *error)
{
	int rc;

	while ((rc = ztp_kafka_send(play->producer, record, error)) ==
		       ZTP_ERR_FULL &&
	       !ztp_cli_stopped())
		rd_kafka_poll(play->producer, PLAY_WAIT_MS);
	return rc;
}

int play_announce(struct play *play, const struct sample *sample,
		  struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct ztp_kafka_record record = {
		.topic = play->options->requests,
		.key = sample->path,
		.headers = headers,
	};
	char time[ZTP_TIME_LEN], fingerprint[ZTP_SHA256_HEX], *json = NULL;
	struct ztp_event event = {sample->id,	SOURCE, ZTP_REQUEST_TYPE,
				  sample->path, time,	sample->traceparent};
	int rc = sample_request(&json, sample, play->options->decisions, error);

	if (rc)
		return rc;
	ztp_time_format(time, ztp_clock_wall());
	ztp_hex_encode(fingerprint, sample->fingerprint, ZTP_SHA256_LEN);
	record.value = ztp_str_of(json);
	record.header_count = ztp_event_headers(headers, &event);
	rc = send_record(play, &record, error);
	free(json);
	printf("%s asked %s %s %s\n", time, sample->id, sample->path,
	       fingerprint);
	return rc;
}

int play_say(struct play *play, const struct about *about,
	     enum ztp_outcome outcome, const char *message,
	     struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	bool onboarded = outcome == ZTP_OUTCOME_ONBOARDED;
	struct ztp_result result = {
		.request_id = about->id,
		.path = about->path,
		.outcome = outcome,
		.message = message,
		.delivery =
			onboarded ? ZTP_DELIVERY_SUBSCRIBER : ZTP_DELIVERY_NONE,
		.delivered_at = onboarded ? ztp_clock_wall() : 0,
		.at = ztp_clock_wall(),
	};
	char type[ZTP_RESULT_TYPE_MAX], ce_id[33], time[ZTP_TIME_LEN];
	char trace[ZTP_TRACEPARENT_LEN];
	struct ztp_event event = {ce_id, SOURCE,
				  type,	 *about->path ? about->path : about->id,
				  time,	 about->traceparent};
	uint8_t random[24];
	struct ztp_kafka_record record = {
		.topic = play->options->results,
		.key = about->path,
		.headers = headers,
	};
	char *json = NULL;
	int rc;

	if (!*about->traceparent) { /* the decision has none either */
		ztp_random(random, sizeof(random));
		ztp_traceparent_make(trace, random);
		event.traceparent = trace;
	}
	if (about->decision)
		result.decision = *about->decision;
	rc = ztp_result_build(&json, &result, error);
	if (rc)
		return rc;
	ztp_result_type(type, outcome);
	ztp_result_id(ce_id, &result);
	ztp_time_format(time, result.at);
	record.value = ztp_str_of(json);
	record.header_count = ztp_event_headers(headers, &event);
	rc = send_record(play, &record, error);
	free(json);
	printf("%s %s %s %s: ", time, ztp_outcome_name(outcome), about->id,
	       about->path);
	terminal_put(message, strlen(message));
	putchar('\n');
	return rc;
}

int play_bury(struct play *play, const rd_kafka_message_t *message,
	      const struct ztp_error *why, struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct ztp_dead dead = {
		.topic = play->options->decisions,
		.partition = message->partition,
		.offset = message->offset,
		.stage = "decision",
		.why = *why,
	};
	char scratch[64], key[ZTP_PATH_MAX + 1];
	struct ztp_kafka_record record = {
		.topic = play->options->dlq,
		.key = key,
		.value = {message->payload, message->len},
		.headers = headers,
	};

	snprintf(key, sizeof(key), "%.*s",
		 message->key_len < ZTP_PATH_MAX ? (int)message->key_len
						 : ZTP_PATH_MAX,
		 message->key ? (const char *)message->key : "");
	record.header_count = ztp_dead_headers(headers, scratch, &dead);
	ztp_cli_warn(PROGRAM, "%s[%d]@%lld: %s", dead.topic, dead.partition,
		     (long long)dead.offset, why->message);
	return send_record(play, &record, error);
}
