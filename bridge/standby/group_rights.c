#include "bridge/standby/group_rights.h"

#include "bridge/kafka/kafka.h"
#include "bridge/kafka/kafka_acl.h"

/* The group's positions in these are asked for: Kafka tells those in topics that
 * one may see. */
static rd_kafka_ListConsumerGroupOffsets_t *
make_question(const struct config_kafka *kafka)
{
	const char *const names[] = {kafka->topics.state, kafka->topics.journal,
				     kafka->topics.decisions};
	const int count = sizeof(names) / sizeof(*names);
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(count);
	rd_kafka_ListConsumerGroupOffsets_t *question;

	for (int i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, names[i], 0);
	question = rd_kafka_ListConsumerGroupOffsets_new(kafka->group, list);
	rd_kafka_topic_partition_list_destroy(list);
	return question;
}

/* librdkafka looks for the coordinator of a group that it may not see again and
 * again, but not on behalf of an AdminClient's question. Of those that are about
 * one group,
 * - DescribeConsumerGroups ends this process where a broker does not know it:
 *   rd_kafka_admin_coord_request() destroys the question and then answers it;
 * - this one needs the handle of a member of a group: rd_kafka_handle_OffsetFetch()
 *   asks the member for another coordinator, and does not look whether there is
 *   one. */
static rd_kafka_event_t *ask(rd_kafka_t *rk, const struct config_kafka *kafka,
			     int wait_ms)
{
	rd_kafka_ListConsumerGroupOffsets_t *asked = make_question(kafka);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
		rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_event_t *event;
	char text[256];

	rd_kafka_AdminOptions_set_request_timeout(options, wait_ms, text,
						  sizeof(text));
	rd_kafka_ListConsumerGroupOffsets(rk, &asked, 1, options, queue);
	event = rd_kafka_queue_poll(queue, wait_ms);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	rd_kafka_ListConsumerGroupOffsets_destroy(asked);
	return event;
}

static int judge(const rd_kafka_group_result_t *found, const char *group,
		 struct ztp_error *error)
{
	const rd_kafka_error_t *why = rd_kafka_group_result_error(found);
	const rd_kafka_topic_partition_list_t *list =
		rd_kafka_group_result_partitions(found);

	if (why && kafka_is_denied(rd_kafka_error_code(why)))
		return kafka_denied(error, KAFKA_RIGHT_READ_GROUP, group);
	for (int i = 0; list && i < list->cnt; i++)
		if (kafka_is_denied(list->elems[i].err))
			return kafka_denied(error, KAFKA_RIGHT_READ_TOPIC,
					    list->elems[i].topic);
	return 0;
}

static int look(rd_kafka_t *rk, const struct config_kafka *kafka, int wait_ms,
		struct ztp_error *error)
{
	rd_kafka_event_t *event = ask(rk, kafka, wait_ms);
	const rd_kafka_group_result_t **found = NULL;
	size_t count = 0;
	int rc = 0;

	if (event && kafka_is_denied(rd_kafka_event_error(event)))
		rc = kafka_denied(error, KAFKA_RIGHT_READ_GROUP, kafka->group);
	else if (event && !rd_kafka_event_error(event))
		found = rd_kafka_ListConsumerGroupOffsets_result_groups(
			rd_kafka_event_ListConsumerGroupOffsets_result(event),
			&count);
	if (count == 1)
		rc = judge(found[0], kafka->group, error);
	if (event)
		rd_kafka_event_destroy(event);
	return rc;
}

int group_rights_check(struct core *core, int wait_ms, struct ztp_error *error)
{
	rd_kafka_t *rk = kafka_new(core, ZTP_KAFKA_READER, 0, error);
	int rc;

	if (!rk)
		return ZTP_ERR_INTERNAL;
	rc = look(rk, &core->config->kafka, wait_ms, error);
	kafka_close_consumer(core, rk, true); /* which may hang */
	return rc;
}
