/* Who is in the group. */
#include <string.h>

#include "bridge/kafka/kafka.h"
#include "bridge/move/move_internal.h"
#include "ztp/group_member.h"

static int refuse(const struct move *m,
		  const rd_kafka_MemberDescription_t *member,
		  struct ztp_error *error)
{
	const char *client = rd_kafka_MemberDescription_client_id(member);
	struct ztp_group_member named;

	return ztp_fail(error, ZTP_ERR_USAGE,
			"a bridge of group %s runs, stop it: %.64s",
			m->core.config->kafka.group,
			ztp_group_member_read(&named, client) ? named.instance
							      : client);
}

static int check_group(const struct move *m,
		       const rd_kafka_ConsumerGroupDescription_t *group,
		       struct ztp_error *error)
{
	size_t count = rd_kafka_ConsumerGroupDescription_member_count(group);

	for (size_t i = 0; i < count; i++) {
		const rd_kafka_MemberDescription_t *member =
			rd_kafka_ConsumerGroupDescription_member(group, i);
		const char *name =
			rd_kafka_MemberDescription_group_instance_id(member);

		if (!*m->member || !name || strcmp(name, m->member) != 0)
			return refuse(m, member, error);
	}
	return 0;
}

static int check_answer(const struct move *m, rd_kafka_event_t *event,
			struct ztp_error *error)
{
	const rd_kafka_ConsumerGroupDescription_t **groups;
	const rd_kafka_error_t *wrong;
	size_t count = 0;

	if (!event || rd_kafka_event_error(event))
		return ztp_fail(error, ZTP_ERR_IO, "kafka does not answer");
	groups = rd_kafka_DescribeConsumerGroups_result_groups(
		rd_kafka_event_DescribeConsumerGroups_result(event), &count);
	wrong = count == 1 ? rd_kafka_ConsumerGroupDescription_error(groups[0])
			   : NULL;
	if (wrong &&
	    rd_kafka_error_code(wrong) != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
		return ztp_fail(error, ZTP_ERR_IO, "kafka: group %s: %s",
				m->core.config->kafka.group,
				rd_kafka_error_string(wrong));
	return count == 1 && !wrong ? check_group(m, groups[0], error) : 0;
}

int move_check_alone(struct move *m, struct ztp_error *error)
{
	const char *groups[] = {m->core.config->kafka.group};
	rd_kafka_t *rk = kafka_new(&m->core, ZTP_KAFKA_PROBE, 0, error);
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	int rc;

	if (!rk)
		return ZTP_ERR_INTERNAL;
	queue = rd_kafka_queue_new(rk);
	rd_kafka_DescribeConsumerGroups(rk, groups, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, MOVE_WAIT_MS);
	rc = check_answer(m, event, error);
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	kafka_close(&m->core, rk);
	return rc;
}
