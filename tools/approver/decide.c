/*
 * ztp-approver decide: sends one decision by hand and waits for what becomes of
 * it. Without --device it looks for the request in the topic, from its beginning
 * to its current end, so that the decision can name the device and the
 * fingerprint of the request. Of several announcements of a request, which are in
 * one partition, the last one counts: its subscription may have moved to another
 * bridge, which reads its decisions from another topic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/approver/outcome.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "tools/common/tail.h"

enum found { FOUND, NOT_FOUND, GAVE_UP, NO_MEMORY };

struct delivery {
	bool done;
	rd_kafka_resp_err_t err;
	int32_t partition;
	int64_t offset;
};

/* *value: the record, owned; *partition: where it is. False: no memory. */
static bool keep_it(char **value, size_t *len, int32_t *partition,
		    const rd_kafka_message_t *message, const char *request_id)
{
	struct ztp_ask ask;
	char *copy;

	if (ztp_ask_parse(&ask, message->payload, message->len, NULL) != 0 ||
	    strcmp(ask.request_id, request_id) != 0)
		return true;
	copy = malloc(message->len);
	if (!copy)
		return false;
	memcpy(copy, message->payload, message->len);
	free(*value);
	*value = copy;
	*len = message->len;
	*partition = message->partition;
	return true;
}

static enum found search(struct ztp_ask *ask, struct ztp_tail *tail,
			 const struct options *options, int64_t deadline)
{
	enum found found = GAVE_UP;
	int32_t partition = -1;
	char *value = NULL;
	size_t len = 0;
	bool ok = true;

	while (ok && !ztp_cli_stopped() && ztp_clock_boot() < deadline) {
		rd_kafka_message_t *message = ztp_tail_next(tail, 100);

		if (message) {
			ok = keep_it(&value, &len, &partition, message,
				     options->request_id);
			rd_kafka_message_destroy(message);
			continue;
		}
		if (value && ztp_tail_partition_at_end(tail, options->requests,
						       partition))
			found = FOUND;
		else if (!value && ztp_tail_at_end(tail))
			found = NOT_FOUND;
		if (found != GAVE_UP)
			break;
	}
	if (!ok)
		found = NO_MEMORY;
	else if (found == FOUND && ztp_ask_parse(ask, value, len, NULL) != 0)
		found = NOT_FOUND;
	free(value);
	return found;
}

/* Returns the exit code. */
static int look_up(struct ztp_ask *ask, const struct options *options,
		   int64_t deadline)
{
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.eof = true,
	};
	enum found found = NO_MEMORY;
	struct ztp_tail *tail = NULL;
	struct ztp_error error;
	rd_kafka_t *consumer = ztp_kafka_consumer(
		options->brokers, &options->props, &how, &error);

	if (!consumer)
		return report(&error);
	tail = ztp_tail_new(consumer, &options->requests, 1, true);
	if (tail)
		found = search(ask, tail, options, deadline);
	if (found == NOT_FOUND)
		ztp_cli_warn(PROGRAM, "no request %s in %s",
			     options->request_id, options->requests);
	else if (found == GAVE_UP)
		ztp_cli_warn(PROGRAM, "%srequest %s was not found in %s%s",
			     ztp_cli_stopped() ? "interrupted: " : "",
			     options->request_id, options->requests,
			     ztp_cli_stopped() ? "" : " in time");
	else if (found == NO_MEMORY)
		ztp_cli_warn(PROGRAM, "out of memory");
	ztp_tail_free(tail);
	(void)ztp_kafka_consumer_end(consumer);
	return found == FOUND ? ZTP_EXIT_OK : ZTP_EXIT_FAILED;
}

/* Called from rd_kafka_poll, in this thread. */
static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message,
			void *opaque)
{
	struct delivery *delivery = opaque;

	(void)producer;
	delivery->done = true;
	delivery->err = message->err;
	delivery->partition = message->partition;
	delivery->offset = message->offset;
}

static int deliver(const struct options *options, const struct ztp_ask *ask,
		   int64_t deadline, struct delivery *delivery)
{
	struct ztp_answer answer;
	char line[ANSWER_LINE_MAX];
	int64_t left = deadline - ztp_clock_boot();
	const char *topic = decisions_of(options, ask);
	int rc = ZTP_EXIT_FAILED;
	struct ztp_error error;
	rd_kafka_t *producer = ztp_kafka_producer(
		options->brokers, &options->props,
		left > 1000 ? (int)left : 1000, on_delivery, delivery, &error);

	answer_by_hand(&answer, options);
	if (producer && ztp_cli_stopped()) {
		ztp_cli_warn(PROGRAM, "interrupted: the decision is not sent");
		goto out;
	}
	if (!producer ||
	    send_answer(producer, options, ask, &answer, NULL, &error)) {
		rc = report(&error);
		goto out;
	}
	while (!delivery->done && !ztp_cli_stopped())
		rd_kafka_poll(producer, 100);
	if (!delivery->done)
		ztp_cli_warn(PROGRAM,
			     "interrupted: %s may have the decision, "
			     "or not",
			     topic);
	else if (delivery->err)
		ztp_cli_warn(PROGRAM, "%s: %s", topic,
			     rd_kafka_err2str(delivery->err));
	else if (answer_line(line, ask, ztp_answer_verdict(&answer),
			     answer.rule) > 0 &&
		 fputs(line, stdout) != EOF && ztp_cli_flush(PROGRAM))
		rc = ZTP_EXIT_OK;
out:
	ztp_kafka_producer_end(producer);
	return rc;
}

static int deliver_and_wait(const struct options *options,
			    const struct ztp_ask *ask, int64_t deadline)
{
	struct delivery delivery = {.done = false};
	struct outcomes *outcomes = NULL;
	struct ztp_error error;
	int rc;

	if (!options->no_wait) {
		outcomes = outcomes_open(options, deadline, &error);
		if (!outcomes)
			return report(&error);
	}
	rc = deliver(options, ask, deadline, &delivery);
	if (rc == ZTP_EXIT_OK && outcomes)
		rc = outcomes_wait(outcomes, decisions_of(options, ask),
				   delivery.partition, delivery.offset,
				   deadline);
	outcomes_close(outcomes);
	return rc;
}

int decide_command(const struct options *options)
{
	int64_t deadline = ztp_clock_boot() + options->timeout_s * 1000;
	struct ztp_ask ask;
	int rc = ZTP_EXIT_OK;

	memset(&ask, 0, sizeof(ask));
	if (options->device) {
		memcpy(ask.request_id, options->request_id,
		       strlen(options->request_id) + 1);
		memcpy(ask.path, options->device, strlen(options->device) + 1);
		memcpy(ask.fingerprint, options->fingerprint,
		       sizeof(ask.fingerprint));
	} else {
		rc = look_up(&ask, options, deadline);
	}
	return rc ? rc : deliver_and_wait(options, &ask, deadline);
}
