#include "tools/approver/ended.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "tools/common/id_set.h"
#include "tools/common/tail.h"
#include "ztp/json.h"
#include "ztp/member.h"
#include "ztp/result.h"

#define VALUE_MAX (1024 * 1024)
#define WAIT_MS	  100

/* Does this outcome leave its request open? */
static bool leaves_open(const char *outcome)
{
	static const enum ztp_outcome table[] = {ZTP_OUTCOME_UNKNOWN_REQUEST,
						 ZTP_OUTCOME_MISMATCH,
						 ZTP_OUTCOME_INVALID};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(outcome, ztp_outcome_name(table[i])) == 0)
			return true;
	return false;
}

/* Does it say that the request was decided before, and not that it has ended? */
static bool is_decided(const char *outcome)
{
	return strcmp(outcome, ztp_outcome_name(ZTP_OUTCOME_DUPLICATE)) == 0 ||
	       strcmp(outcome, ztp_outcome_name(ZTP_OUTCOME_ALREADY_DECIDED)) ==
		       0;
}

#define NAME_MAX_LEN (ZTP_REQUEST_ID_MAX + ZTP_TOPIC_NAME_MAX + 2)

/* A request in a topic of decisions: no id has a blank. */
static void name(char out[NAME_MAX_LEN], const char *id, const char *topic)
{
	(void)snprintf(out, NAME_MAX_LEN, "%s %s", id, topic);
}

/* "": the result names no topic. */
static void read_topic_of(char out[ZTP_TOPIC_NAME_MAX + 1],
			  const struct ztp_field *decision)
{
	struct ztp_field field = {.name = ZTP_M_TOPIC};
	struct ztp_object object;

	*out = '\0';
	if (decision->kind != '{' ||
	    ztp_object_read(&object, &field, 1, decision->raw, VALUE_MAX,
			    NULL) != 0)
		return;
	if (ztp_object_copy(out, ZTP_TOPIC_NAME_MAX + 1, &object, 0, NULL) != 0)
		*out = '\0';
	ztp_object_clear(&object);
}

/* What was decided in one topic is open again if its subscription has moved to
 * another bridge, which reads another one. */
static bool add(struct ztp_id_set *ended, const char *id, const char *outcome,
		const struct ztp_field *decision)
{
	char topic[ZTP_TOPIC_NAME_MAX + 1] = "", both[NAME_MAX_LEN];

	if (is_decided(outcome))
		read_topic_of(topic, decision);
	if (!*topic)
		return ztp_id_set_add(ended, id);
	name(both, id, topic);
	return ztp_id_set_add(ended, both);
}

/* A record that cannot be read ends nothing. */
static bool note(struct ztp_id_set *ended, const rd_kafka_message_t *message)
{
	struct ztp_field fields[] = {{.name = ZTP_M_REQUEST_ID},
				     {.name = ZTP_M_OUTCOME},
				     {.name = ZTP_M_DECISION}};
	struct ztp_str text = {message->payload, message->len};
	char id[ZTP_REQUEST_ID_MAX + 1] = "", outcome[64] = "";
	struct ztp_object result;
	bool ok = true;

	if (!text.p ||
	    ztp_object_read(&result, fields, 3, text, VALUE_MAX, NULL) != 0)
		return true;
	if (ztp_object_copy(id, sizeof(id), &result, 0, NULL) == 0 &&
	    ztp_object_copy(outcome, sizeof(outcome), &result, 1, NULL) == 0 &&
	    *id && *outcome && !leaves_open(outcome))
		ok = add(ended, id, outcome, &fields[2]);
	ztp_object_clear(&result);
	return ok;
}

static int read_topic(struct ztp_id_set *ended, struct ztp_tail *tail,
		      const struct options *options, int64_t deadline,
		      struct ztp_error *error)
{
	while (!ztp_tail_at_end(tail)) {
		rd_kafka_message_t *message = ztp_tail_next(tail, WAIT_MS);
		bool ok = true;

		if (message) {
			ok = note(ended, message);
			rd_kafka_message_destroy(message);
		}
		if (!ok)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		if (ztp_cli_stopped() ||
		    (deadline && ztp_clock_boot() >= deadline))
			return ztp_fail(error, ZTP_ERR_IO,
					"%s%s was not read to its end",
					ztp_cli_stopped() ? "interrupted: "
							  : "",
					options->results);
		if (ztp_tail_missing(tail)) {
			ztp_cli_warn(PROGRAM,
				     "%s does not exist or may not be read: "
				     "requests that have ended are not known",
				     options->results);
			break;
		}
	}
	return 0;
}

struct ztp_id_set *ended_load(const struct options *options, int64_t deadline,
			      struct ztp_error *error)
{
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.eof = true,
	};
	rd_kafka_t *consumer = ztp_kafka_consumer(options->brokers,
						  &options->props, &how, error);
	struct ztp_tail *tail = NULL;
	struct ztp_id_set *ended = NULL;
	int rc = -1;

	if (!consumer)
		return NULL;
	tail = ztp_tail_new(consumer, &options->results, 1, true);
	ended = ztp_id_set_new();
	if (!tail || !ended)
		(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	else
		rc = read_topic(ended, tail, options, deadline, error);
	ztp_tail_free(tail);
	(void)ztp_kafka_consumer_end(consumer);
	if (rc == 0)
		return ended;
	ztp_id_set_free(ended);
	return NULL;
}

bool ended_is(const struct ztp_id_set *ended, const struct options *options,
	      const struct ztp_ask *ask, int64_t now_ms)
{
	char both[NAME_MAX_LEN];

	if (ask->expires_at && ask->expires_at <= now_ms)
		return true;
	name(both, ask->request_id, decisions_wanted(options, ask));
	return ended && (ztp_id_set_has(ended, ask->request_id) ||
			 ztp_id_set_has(ended, both));
}
