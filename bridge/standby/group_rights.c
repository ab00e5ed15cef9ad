#include "bridge/standby/group_rights.h"

#include "bridge/kafka/kafka.h"
#include "bridge/kafka/kafka_acl.h"

/* librdkafka looks for the coordinator of a group that it may not see again and
 * again, but not if it is asked to describe it. */
static int ask_group(struct core *core, rd_kafka_t *rk, int wait_ms,
		     struct ztp_error *error)
{
	const char *group = core->config->kafka.group;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	const rd_kafka_ConsumerGroupDescription_t **found = NULL;
	const rd_kafka_error_t *why = NULL;
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t err;
	size_t count = 0;

	rd_kafka_DescribeConsumerGroups(rk, &group, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, wait_ms);
	err = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (event && !err)
		found = rd_kafka_DescribeConsumerGroups_result_groups(
			rd_kafka_event_DescribeConsumerGroups_result(event),
			&count);
	if (count == 1)
		why = rd_kafka_ConsumerGroupDescription_error(found[0]);
	if (why)
		err = rd_kafka_error_code(why);
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	return kafka_is_denied(err)
		       ? kafka_denied(error, KAFKA_RIGHT_READ_GROUP, group)
		       : 0;
}

/* The group's positions: Kafka tells those in topics that one may see. */
static int ask_topics(struct core *core, rd_kafka_t *rk, int wait_ms,
		      struct ztp_error *error)
{
	const struct config_topics *topics = &core->config->kafka.topics;
	const char *const names[] = {topics->state, topics->journal,
				     topics->decisions};
	const int count = sizeof(names) / sizeof(*names);
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(count);
	int rc = 0;

	for (int i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, names[i], 0);
	(void)rd_kafka_committed(rk, list, wait_ms);
	for (int i = 0; rc == 0 && i < count; i++)
		if (kafka_is_denied(list->elems[i].err))
			rc = kafka_denied(error, KAFKA_RIGHT_READ_TOPIC,
					  list->elems[i].topic);
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

int group_rights_check(struct core *core, int wait_ms, struct ztp_error *error)
{
	rd_kafka_t *rk = kafka_new(core, ZTP_KAFKA_READER, 0, error);
	int rc;

	if (!rk)
		return ZTP_ERR_INTERNAL;
	rc = ask_group(core, rk, wait_ms, error);
	if (rc == 0)
		rc = ask_topics(core, rk, wait_ms, error);
	kafka_close_consumer(core, rk, true); /* which may hang */
	return rc;
}
