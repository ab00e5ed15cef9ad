/*
 * ztp-approver simulate: the operator's side, so that an approver can be written
 * without an operator. It writes sample requests, and answers decisions by the
 * very rules of the bridge (ztp/life.h): what is approved is onboarded at once,
 * as if its device had been there. Ends when every request has ended.
 *
 * A decision that is read twice is judged twice: nothing is kept beyond the
 * process. One thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "tools/approver/sample.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "tools/common/tail.h"
#include "tools/common/terminal.h"
#include "ztp/request.h"

#define WAIT_MS	 50
#define FLUSH_MS 1000
#define SOURCE	 PROGRAM "-simulate"

struct play {
	const struct options *options;
	struct sample *samples;
	size_t count, open;
	rd_kafka_t *producer;
	bool failed;
};

/* Called from rd_kafka_poll and rd_kafka_flush, in this thread. */
static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message,
			void *opaque)
{
	struct play *play = opaque;

	(void)producer;
	if (!message->err)
		return;
	ztp_cli_warn(PROGRAM, "%s: %s", rd_kafka_topic_name(message->rkt),
		     rd_kafka_err2str(message->err));
	play->failed = true;
}

/* --- records */

static int send_record(struct play *play, const struct ztp_kafka_record *record,
		       struct ztp_error *error)
{
	int rc;

	while ((rc = ztp_kafka_send(play->producer, record, error)) ==
		       ZTP_ERR_FULL &&
	       !ztp_cli_stopped())
		rd_kafka_poll(play->producer, WAIT_MS);
	return rc;
}

static int announce(struct play *play, const struct sample *sample,
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

/* What a result is about. */
struct about {
	const char *id, *path, *traceparent;
	const struct ztp_position *decision; /* NULL: none */
};

static int say(struct play *play, const struct about *about,
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

static int bury(struct play *play, const rd_kafka_message_t *message,
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

/* --- decisions */

static int finish(struct play *play, struct sample *sample,
		  enum ztp_state state, const char *message,
		  const struct ztp_position *decision, struct ztp_error *error)
{
	const struct about about = {sample->id, sample->path,
				    sample->traceparent, decision};

	sample->state = state;
	play->open--;
	return say(play, &about, ztp_life_outcome(state), message, error);
}

/* The first approval has the device; its rival ends in conflict. */
static int approve(struct play *play, struct sample *sample,
		   const struct ztp_position *position, struct ztp_error *error)
{
	struct sample *rival = sample_rival(play->samples, play->count, sample);
	int rc;

	if (rival && rival->state == ZTP_STATE_ONBOARDED)
		return finish(play, sample, ZTP_STATE_CONFLICT,
			      "the device exists already", position, error);
	rc = finish(play, sample, ZTP_STATE_ONBOARDED, "onboarded", position,
		    error);
	if (!rc && rival && ztp_state_undecided(rival->state))
		rc = finish(play, rival, ZTP_STATE_CONFLICT,
			    "another certificate was approved first", NULL,
			    error);
	return rc;
}

static int take(struct play *play, struct sample *sample,
		const struct ztp_decision *decision,
		const struct ztp_position *position, struct ztp_error *error)
{
	sample->held.decided = true;
	ztp_decision_digest(sample->held.digest, decision);
	sample->held.position = *position;
	if (decision->verdict == ZTP_APPROVE)
		return approve(play, sample, position, error);
	return finish(play, sample, ZTP_STATE_REJECTED,
		      *decision->message ? decision->message
					 : "rejected by the customer",
		      position, error);
}

static int judge(struct play *play, const struct ztp_decision *decision,
		 const struct ztp_position *position, struct ztp_error *error)
{
	struct sample *sample =
		sample_find(play->samples, play->count, decision->request_id);
	const struct about about = {
		.id = decision->request_id,
		.path = sample ? sample->path : decision->path,
		.traceparent =
			sample ? sample->traceparent : decision->traceparent,
		.decision = position,
	};
	struct ztp_held held = {.state = ZTP_STATE_NONE};
	const struct ztp_no_effect *none;
	enum ztp_on_decision what;

	if (sample) {
		held = sample->held;
		held.state = sample->state;
		held.path = sample->path;
		held.fingerprint = sample->fingerprint;
	}
	what = ztp_life_on_decision(&held, decision, position);
	if (what == ZTP_DECISION_APPROVE || what == ZTP_DECISION_REJECT)
		return take(play, sample, decision, position, error);
	if (what == ZTP_DECISION_REDELIVERED)
		return 0;
	none = ztp_life_no_effect(what);
	return say(play, &about, none->outcome, none->message, error);
}

static int on_decision(struct play *play, const rd_kafka_message_t *message,
		       struct ztp_error *error)
{
	const struct ztp_position position = {
		play->options->decisions, message->partition, message->offset};
	struct ztp_decision decision;
	struct ztp_error why = {.code = 0};
	struct ztp_header *headers;
	size_t count;
	int rc;

	headers = ztp_kafka_headers(message, &count);
	if (!headers)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = ztp_decision_parse(&decision, message->payload, message->len,
				headers, count, &why);
	free(headers);
	if (rc == 0) {
		rc = judge(play, &decision, &position, error);
		ztp_decision_clear(&decision);
		return rc;
	}
	rc = bury(play, message, &why, error);
	if (rc == 0 && *decision.path) {
		const struct about about = {decision.request_id, decision.path,
					    decision.traceparent, &position};

		rc = say(play, &about, ZTP_OUTCOME_INVALID, why.message, error);
	}
	return rc;
}

/* --- the command */

static int expire(struct play *play, struct ztp_error *error)
{
	int64_t now = ztp_clock_wall();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < play->count; i++)
		if (ztp_state_undecided(play->samples[i].state) &&
		    play->samples[i].expires_at <= now)
			rc = finish(play, &play->samples[i], ZTP_STATE_EXPIRED,
				    "no decision by expires_at", NULL, error);
	return rc;
}

static int ask_all(struct play *play, struct ztp_error *error)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < play->count; i++) {
		rc = announce(play, &play->samples[i], error);
		if (rc == 0 && play->samples[i].announced_twice)
			rc = announce(play, &play->samples[i], error);
	}
	return rc;
}

static bool goes_on(const struct play *play)
{
	return play->open && !play->failed && !ztp_cli_stopped();
}

/* Decisions are read from here on: those of before are another bridge's. */
static int answer_all(struct play *play, struct ztp_tail *tail,
		      struct ztp_error *error)
{
	rd_kafka_message_t *message;
	bool asked = false;
	int rc = 0;

	while (rc == 0 && goes_on(play)) {
		message = ztp_tail_next(tail, WAIT_MS);
		if (!asked && ztp_tail_ready(tail)) {
			rc = ask_all(play, error);
			asked = true;
		}
		if (message) {
			if (rc == 0)
				rc = on_decision(play, message, error);
			rd_kafka_message_destroy(message);
		} else if (rc == 0) {
			rc = expire(play, error);
		}
		rd_kafka_poll(play->producer, 0);
		if (fflush(stdout) != 0)
			play->failed = true;
	}
	while (rd_kafka_flush(play->producer, FLUSH_MS) != 0 &&
	       !ztp_cli_stopped())
		;
	return rc;
}

static int play_all(struct play *play, rd_kafka_t *consumer)
{
	struct ztp_tail *tail =
		ztp_tail_new(consumer, &play->options->decisions, 1, false);
	struct ztp_error error;
	int rc;

	play->samples = samples_new(play->options, ztp_clock_wall());
	rc = tail && play->samples
		     ? answer_all(play, tail, &error)
		     : ztp_fail(&error, ZTP_ERR_NOMEM, "out of memory");
	ztp_tail_free(tail);
	samples_free(play->samples, play->count);
	if (rc)
		return report(&error);
	return play->failed ? ZTP_EXIT_FAILED : ZTP_EXIT_OK;
}

int simulate_command(const struct options *options)
{
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.eof = true,
	};
	struct play play = {
		.options = options,
		.count = (size_t)options->count,
		.open = (size_t)options->count,
	};
	rd_kafka_topic_t *results = NULL; /* else it is looked for for 1 s */
	rd_kafka_t *consumer = NULL;
	struct ztp_error error;
	int rc;

	play.producer = ztp_kafka_producer(options->brokers, &options->props, 0,
					   on_delivery, &play, &error);
	if (play.producer) {
		results = rd_kafka_topic_new(play.producer, options->results,
					     NULL);
		consumer = ztp_kafka_consumer(options->brokers, &options->props,
					      &how, &error);
	}
	rc = consumer ? play_all(&play, consumer) : report(&error);
	if (consumer) {
		rd_kafka_consumer_close(consumer);
		rd_kafka_destroy(consumer);
	}
	if (results)
		rd_kafka_topic_destroy(results);
	if (play.producer)
		rd_kafka_destroy(play.producer);
	return rc;
}
