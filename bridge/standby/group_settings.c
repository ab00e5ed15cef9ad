/*
 * A setting that is changed under a running group does its damage later: with
 * cleanup.policy=delete the state is there for a week, and then its beginning is not.
 * Whoever is asked whether all is well has to say so before that.
 */
#include "bridge/standby/group_settings.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define EVERY_MS  10000
#define ANSWER_MS 60000 /* librdkafka's own limit */

void group_settings_turn(struct group_settings *s, rd_kafka_t *rk,
			 rd_kafka_queue_t *queue)
{
	rd_kafka_ConfigResource_t *asked[GROUP_TOPICS];

	if (ztp_clock_boot() < s->at)
		return;
	s->at = ztp_clock_boot() + ANSWER_MS;
	for (int i = 0; i < GROUP_TOPICS; i++)
		asked[i] = rd_kafka_ConfigResource_new(
			RD_KAFKA_RESOURCE_TOPIC,
			group_topic_name(s->core->config, (enum group_topic)i));
	rd_kafka_DescribeConfigs(rk, asked, GROUP_TOPICS, NULL, queue);
	for (int i = 0; i < GROUP_TOPICS; i++)
		rd_kafka_ConfigResource_destroy(asked[i]);
}

static int judge(const struct group_settings *s,
		 const rd_kafka_ConfigResource_t *told, struct ztp_error *error)
{
	const char *name = rd_kafka_ConfigResource_name(told);

	switch (rd_kafka_ConfigResource_error(told)) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		break;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		return ztp_fail(error, ZTP_ERR_VALUE, "%s does not exist",
				name);
	default: /* who may not look at settings has to know that they are right */
		return 0;
	}
	for (int i = 0; i < GROUP_TOPICS; i++)
		if (strcmp(name, group_topic_name(s->core->config,
						  (enum group_topic)i)) == 0)
			return group_topic_judge(told, (enum group_topic)i,
						 s->replicas[i], error);
	return 0;
}

static void say(struct group_settings *s, const struct ztp_error *why)
{
	if (strcmp(s->why, why->message) != 0 && *why->message)
		log_error(s->core->log, "group_refused", LOG_WHY(why));
	snprintf(s->why, sizeof(s->why), "%s", why->message);
}

void group_settings_take(struct group_settings *s, rd_kafka_event_t *event)
{
	const rd_kafka_ConfigResource_t **told = NULL;
	struct ztp_error why = {0};
	size_t count = 0;
	int rc = 0;

	s->at = ztp_clock_boot() + EVERY_MS;
	if (rd_kafka_event_error(event))
		return;
	told = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(event), &count);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = judge(s, told[i], &why);
	say(s, &why);
}
