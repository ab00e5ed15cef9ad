#include "bridge/kafka/topic_config.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/topics.h"

#define ANSWER_MS   3000
#define ANSWER_HEAD 512 /* bytes around a record, as librdkafka counts them */

/* Its settings, views into event; or NULL, and *error says why, if anybody does. */
static const rd_kafka_ConfigEntry_t **settings(rd_kafka_event_t *event,
					       size_t *n, const char **error)
{
	const rd_kafka_ConfigResource_t **resources;
	size_t count = 0;

	*error = rd_kafka_event_error(event)
			 ? rd_kafka_event_error_string(event)
			 : NULL;
	if (*error)
		return NULL;
	resources = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(event), &count);
	if (count == 0)
		return NULL;
	if (rd_kafka_ConfigResource_error(resources[0])) {
		*error = rd_kafka_ConfigResource_error_string(resources[0]);
		return NULL;
	}
	return rd_kafka_ConfigResource_configs(resources[0], n);
}

/* NULL: it is not among them. */
static const char *value_of(const rd_kafka_ConfigEntry_t **entries, size_t n,
			    const char *name)
{
	size_t i;

	for (i = 0; entries && i < n; i++)
		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
			return rd_kafka_ConfigEntry_value(entries[i]);
	return NULL;
}

static void look_at_size(struct log *log, const char *topic, const char *value,
			 int64_t receive_max)
{
	int64_t most = value ? strtoll(value, NULL, 10) : 0;

	if (most + ANSWER_HEAD <= receive_max)
		return;
	log_warn(log, "kafka_topic_large", LOG_STR("topic", topic),
		 LOG_INT("bytes", most), LOG_INT("received", receive_max),
		 LOG_STR("hint",
			 "a record that is larger than received ends the "
			 "reading of its partition; lower " ZTP_TOPIC_RECORD_MAX
			 ", or raise receive.message.max.bytes in "
			 "kafka.properties"));
}

/* Kafka keeps one record of each key then, which is the device's path: a decision
 * may be gone before it is read, when another one comes, and nothing says so. */
static void look_at_cleanup(struct log *log, const char *topic,
			    const char *policy)
{
	if (policy && strstr(policy, TOPIC_COMPACT))
		log_warn(log, "kafka_topic_compacted", LOG_STR("topic", topic),
			 LOG_STR("policy", policy),
			 LOG_STR("hint", "Kafka removes decisions that nobody "
					 "has read when another one about the "
					 "device comes; set " TOPIC_CLEANUP
					 " to delete"));
}

/* By itself librdkafka asks the controller, for which it looks without end where
 * the brokers name none that there is, as those of ztp-devkafka do. */
static rd_kafka_event_t *ask(rd_kafka_t *rk, const char *topic, int broker)
{
	rd_kafka_ConfigResource_t *resource =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
		rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_event_t *event;

	rd_kafka_AdminOptions_set_broker(options, broker, NULL, 0);
	rd_kafka_DescribeConfigs(rk, &resource, 1, options, queue);
	event = rd_kafka_queue_poll(queue, ANSWER_MS);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ConfigResource_destroy(resource);
	return event;
}

bool topic_config_look(struct log *log, rd_kafka_t *rk, const char *topic,
		       int broker, int64_t receive_max)
{
	rd_kafka_event_t *event = ask(rk, topic, broker);
	const rd_kafka_ConfigEntry_t **entries;
	const char *value, *error = NULL;
	size_t n = 0;

	if (!event)
		return false;
	entries = settings(event, &n, &error);
	look_at_cleanup(log, topic, value_of(entries, n, TOPIC_CLEANUP));
	value = value_of(entries, n, TOPIC_COMPRESSION);
	if (!value)
		log_info(log, "kafka_topic_config_unknown",
			 LOG_STR("topic", topic), LOG_STR("error", error));
	else if (strcmp(value, TOPIC_UNCOMPRESSED) != 0)
		log_warn(log, "kafka_topic_compressed", LOG_STR("topic", topic),
			 LOG_STR("compression", value),
			 LOG_STR("hint", "a small record may unpack to 1 GB; "
					 "set it to " TOPIC_UNCOMPRESSED));
	look_at_size(log, topic, value_of(entries, n, ZTP_TOPIC_RECORD_MAX),
		     receive_max);
	rd_kafka_event_destroy(event);
	return true;
}
