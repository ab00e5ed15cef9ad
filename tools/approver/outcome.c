#include "tools/approver/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "tools/common/tail.h"
#include "tools/common/terminal.h"
#include "ztp/json.h"
#include "ztp/member.h"
#include "ztp/result.h"

#define VALUE_MAX (1024 * 1024)
#define WAIT_MS	  100

struct outcomes {
	const struct options *options;
	rd_kafka_t *consumer;
	struct ztp_tail *tail;
	outcome_filter *mine; /* for outcomes_next, with opaque */
	void *opaque;
};

static bool is_over(int64_t deadline)
{
	return ztp_cli_stopped() || ztp_clock_boot() >= deadline;
}

struct outcomes *outcomes_open(const struct options *options, int64_t deadline,
			       struct ztp_error *error)
{
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.eof = true,
	};
	struct outcomes *made = calloc(1, sizeof(*made));

	if (!made) {
		(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		return NULL;
	}
	made->options = options;
	made->consumer = ztp_kafka_consumer(options->brokers, &options->props,
					    &how, error);
	if (made->consumer)
		made->tail = ztp_tail_new(made->consumer,
					  &made->options->results, 1, false);
	if (!made->tail) {
		if (made->consumer)
			(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		outcomes_close(made);
		return NULL;
	}
	while (!ztp_tail_ready(made->tail) && !is_over(deadline)) {
		rd_kafka_message_t *message =
			ztp_tail_next(made->tail, WAIT_MS);

		if (message) /* of before the decision */
			rd_kafka_message_destroy(message);
	}
	return made;
}

/* --- a result */

enum { DECISION, REQUEST_ID, OUTCOME, CODE, STATUS, MESSAGE, FIELDS };

static bool is_mine(const struct outcomes *outcomes,
		    const struct ztp_field *decision)
{
	struct ztp_field fields[] = {{.name = ZTP_M_TOPIC},
				     {.name = ZTP_M_PARTITION},
				     {.name = ZTP_M_OFFSET}};
	int64_t partition = -1, offset = -1;
	struct ztp_object object;
	struct ztp_str name;
	bool is;

	if (decision->kind != '{' ||
	    ztp_object_read(&object, fields, 3, decision->raw, VALUE_MAX,
			    NULL) != 0)
		return false;
	is = ztp_object_string(&name, &object, 0, ZTP_TOPIC_NAME_MAX, NULL) ==
		     0 &&
	     name.p &&
	     ztp_object_int(&partition, &object, 1, 0, INT32_MAX, NULL) == 0 &&
	     ztp_object_int(&offset, &object, 2, 0, INT64_MAX, NULL) == 0 &&
	     outcomes->mine(outcomes->opaque, name, (int32_t)partition, offset);
	ztp_object_clear(&object);
	return is;
}

static void put(struct ztp_object *result, size_t field, const char *before)
{
	struct ztp_str text;

	if (!ztp_field_filled(&result->fields[field]))
		return;
	fputs(before, stdout);
	if (result->fields[field].kind != '"')
		terminal_put(result->fields[field].raw.p,
			     result->fields[field].raw.n);
	else if (ztp_object_string(&text, result, field, VALUE_MAX, NULL) == 0)
		terminal_put(text.p, text.n);
}

static bool is_as_asked(const char *outcome)
{
	static const enum ztp_outcome asked[] = {ZTP_OUTCOME_ONBOARDED,
						 ZTP_OUTCOME_REJECTED,
						 ZTP_OUTCOME_DUPLICATE};

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		if (strcmp(outcome, ztp_outcome_name(asked[i])) == 0)
			return true;
	return false;
}

/* The exit code, or -1 if it is another decision's result. */
static int judge(const struct outcomes *outcomes,
		 const rd_kafka_message_t *message)
{
	struct ztp_field fields[FIELDS] = {
		{.name = ZTP_M_DECISION}, {.name = ZTP_M_REQUEST_ID},
		{.name = ZTP_M_OUTCOME},  {.name = ZTP_M_CODE},
		{.name = ZTP_M_STATUS},	  {.name = ZTP_M_MESSAGE}};
	struct ztp_str text = {message->payload, message->len};
	struct ztp_object result;
	char outcome[64], now[ZTP_TIME_LEN];
	int rc = -1;

	if (ztp_object_read(&result, fields, FIELDS, text, VALUE_MAX, NULL) !=
	    0)
		return -1;
	if (is_mine(outcomes, &fields[DECISION]) &&
	    ztp_object_copy(outcome, sizeof(outcome), &result, OUTCOME, NULL) ==
		    0) {
		ztp_time_format(now, ztp_clock_wall());
		fputs(now, stdout);
		if (outcomes->options->all)
			put(&result, REQUEST_ID, " ");
		put(&result, OUTCOME, " ");
		put(&result, CODE, " ");
		put(&result, STATUS, " ");
		put(&result, MESSAGE, ": ");
		rc = is_as_asked(outcome) ? ZTP_EXIT_OK : EXIT_OTHER;
		putchar('\n');
		if (!ztp_cli_flush(PROGRAM))
			rc = ZTP_EXIT_FAILED;
	}
	ztp_object_clear(&result);
	return rc;
}

int outcomes_next(struct outcomes *outcomes, outcome_filter *mine, void *opaque,
		  int64_t deadline)
{
	rd_kafka_message_t *message;
	int rc = -1;

	outcomes->mine = mine;
	outcomes->opaque = opaque;
	while (rc < 0 && !is_over(deadline)) {
		message = ztp_tail_next(outcomes->tail, WAIT_MS);
		if (!message)
			continue;
		rc = judge(outcomes, message);
		rd_kafka_message_destroy(message);
	}
	if (rc >= 0)
		return rc;
	if (ztp_cli_stopped())
		ztp_cli_warn(PROGRAM, "interrupted before the result; the "
				      "decision is sent");
	else if (ztp_tail_ready(outcomes->tail))
		ztp_cli_warn(PROGRAM,
			     "no result in time; the decision is sent");
	else
		ztp_cli_warn(PROGRAM, "%s cannot be read; the decision is sent",
			     outcomes->options->results);
	return EXIT_NO_RESULT;
}

struct position {
	const char *topic;
	int32_t partition;
	int64_t offset;
};

static bool is_at(void *opaque, struct ztp_str topic, int32_t partition,
		  int64_t offset)
{
	const struct position *at = opaque;

	return ztp_str_is(topic, at->topic) && at->partition == partition &&
	       at->offset == offset;
}

int outcomes_wait(struct outcomes *outcomes, const char *topic,
		  int32_t partition, int64_t offset, int64_t deadline)
{
	struct position at = {topic, partition, offset};

	return outcomes_next(outcomes, is_at, &at, deadline);
}

void outcomes_close(struct outcomes *outcomes)
{
	if (!outcomes)
		return;
	ztp_tail_free(outcomes->tail);
	(void)ztp_kafka_consumer_end(outcomes->consumer);
	free(outcomes);
}
