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
#include "tools/approver/play.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "tools/common/tail.h"

#define FLUSH_MS 1000

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

/* --- decisions */

static int finish(struct play *play, struct sample *sample,
		  enum ztp_state state, const char *message,
		  const struct ztp_position *decision, struct ztp_error *error)
{
	const struct about about = {sample->id, sample->path,
				    sample->traceparent, decision};

	sample->state = state;
	play->open--;
	return play_say(play, &about, ztp_life_outcome(state), message, error);
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
	return play_say(play, &about, none->outcome, none->message, error);
}

/* As the bridge does: one that cannot be followed and names no device is
 * answered about the device that its key names. */
static void take_path_of_key(struct ztp_decision *decision,
			     const rd_kafka_message_t *message)
{
	struct ztp_path parts;

	if (!*decision->path && *decision->request_id && message->key &&
	    ztp_path_parse(&parts, message->key, message->key_len, NULL) == 0)
		memcpy(decision->path, message->key, message->key_len);
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
	take_path_of_key(&decision, message);
	rc = play_bury(play, message, &why, error);
	if (rc == 0 && *decision.path) {
		const struct about about = {decision.request_id, decision.path,
					    decision.traceparent, &position};

		rc = play_say(play, &about, ZTP_OUTCOME_INVALID, why.message,
			      error);
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
		rc = play_announce(play, &play->samples[i], error);
		if (rc == 0 && play->samples[i].announced_twice)
			rc = play_announce(play, &play->samples[i], error);
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
	int rc = 0, left;

	while (rc == 0 && goes_on(play)) {
		message = ztp_tail_next(tail, PLAY_WAIT_MS);
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
		if (!ztp_cli_flush(PROGRAM))
			play->failed = true;
	}
	while ((left = rd_kafka_flush(play->producer, FLUSH_MS)) != 0 &&
	       !ztp_cli_stopped())
		;
	if (left != 0 && rc == 0)
		rc = ztp_fail(
			error, ZTP_ERR_IO,
			"interrupted: Kafka has not confirmed all records");
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
	(void)ztp_kafka_consumer_end(consumer);
	if (results)
		rd_kafka_topic_destroy(results);
	ztp_kafka_producer_end(play.producer);
	return rc;
}
