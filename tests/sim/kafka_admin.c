/* What is asked of Kafka about groups, topics and brokers, for people. */
#include <stddef.h>

#include "tests/sim/cluster.h"
#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define MEMBERS_MAX 16

static struct described {
	int count;
	struct handle *members[MEMBERS_MAX];
	bool assigned[MEMBERS_MAX];
} description; /* as of the last answer */

static void answered(void *arg, int64_t event)
{
	queue_add(arg, (rd_kafka_event_type_t)event);
}

/* Comes a while later, if the brokers are in reach. */
static void answer(rd_kafka_t *rk, rd_kafka_queue_t *queue,
		   rd_kafka_event_type_t event)
{
	struct handle *h = (struct handle *)rk;

	if (handle_reaches(h))
		sim_at_of(h->of, 2 * kafka_latency(), answered,
			  ((struct lent *)queue)->queue, event);
}

void rd_kafka_DescribeConsumerGroups(rd_kafka_t *rk, const char **groups,
				     size_t count,
				     const rd_kafka_AdminOptions_t *options,
				     rd_kafka_queue_t *queue)
{
	(void)groups;
	(void)count;
	(void)options;
	answer(rk, queue, RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT);
}

const rd_kafka_DescribeConsumerGroups_result_t *
rd_kafka_event_DescribeConsumerGroups_result(rd_kafka_event_t *event)
{
	return (const rd_kafka_DescribeConsumerGroups_result_t *)event;
}

const rd_kafka_ConsumerGroupDescription_t **
rd_kafka_DescribeConsumerGroups_result_groups(
	const rd_kafka_DescribeConsumerGroups_result_t *result, size_t *count)
{
	static const rd_kafka_ConsumerGroupDescription_t *one[1];

	(void)result;
	description.count = members_seated(description.members,
					   description.assigned, MEMBERS_MAX);
	one[0] = (const rd_kafka_ConsumerGroupDescription_t *)&description;
	*count = 1;
	return one;
}

const rd_kafka_error_t *rd_kafka_ConsumerGroupDescription_error(
	const rd_kafka_ConsumerGroupDescription_t *group)
{
	(void)group;
	return NULL;
}

size_t rd_kafka_ConsumerGroupDescription_member_count(
	const rd_kafka_ConsumerGroupDescription_t *group)
{
	return (size_t)((const struct described *)group)->count;
}

const rd_kafka_MemberDescription_t *rd_kafka_ConsumerGroupDescription_member(
	const rd_kafka_ConsumerGroupDescription_t *group, size_t i)
{
	const struct described *described = (const struct described *)group;

	return (const rd_kafka_MemberDescription_t *)&described->members[i];
}

const char *
rd_kafka_MemberDescription_client_id(const rd_kafka_MemberDescription_t *member)
{
	return (*(struct handle *const *)member)->membership.client_id;
}

const rd_kafka_MemberAssignment_t *rd_kafka_MemberDescription_assignment(
	const rd_kafka_MemberDescription_t *member)
{
	return (const rd_kafka_MemberAssignment_t *)member;
}

const rd_kafka_topic_partition_list_t *rd_kafka_MemberAssignment_partitions(
	const rd_kafka_MemberAssignment_t *assignment)
{
	static rd_kafka_topic_partition_t first;
	static rd_kafka_topic_partition_list_t none,
		one = {.cnt = 1, .elems = &first};

	ptrdiff_t i = (struct handle *const *)assignment - description.members;

	first.topic = (char *)cluster.topics[CLUSTER_STATE].name;
	return description.assigned[i] ? &one : &none;
}

/* Of somebody who has all rights nothing more is to be told. */
void rd_kafka_ListConsumerGroupOffsets(
	rd_kafka_t *rk, rd_kafka_ListConsumerGroupOffsets_t **groups,
	size_t count, const rd_kafka_AdminOptions_t *options,
	rd_kafka_queue_t *queue)
{
	(void)groups;
	(void)count;
	(void)options;
	answer(rk, queue, RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT);
}

const rd_kafka_ListConsumerGroupOffsets_result_t *
rd_kafka_event_ListConsumerGroupOffsets_result(rd_kafka_event_t *event)
{
	return (const rd_kafka_ListConsumerGroupOffsets_result_t *)event;
}

const rd_kafka_group_result_t **rd_kafka_ListConsumerGroupOffsets_result_groups(
	const rd_kafka_ListConsumerGroupOffsets_result_t *result, size_t *count)
{
	(void)result;
	*count = 0;
	return NULL;
}

rd_kafka_AdminOptions_t *rd_kafka_AdminOptions_new(rd_kafka_t *rk,
						   rd_kafka_admin_op_t op)
{
	(void)op;
	return (rd_kafka_AdminOptions_t *)rk;
}

void rd_kafka_AdminOptions_destroy(rd_kafka_AdminOptions_t *options)
{
	(void)options;
}

rd_kafka_resp_err_t
rd_kafka_AdminOptions_set_request_timeout(rd_kafka_AdminOptions_t *options,
					  int timeout_ms, char *errstr,
					  size_t errstr_size)
{
	(void)options;
	(void)timeout_ms;
	(void)errstr;
	(void)errstr_size;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t
rd_kafka_AdminOptions_set_broker(rd_kafka_AdminOptions_t *options,
				 int32_t broker, char *errstr,
				 size_t errstr_size)
{
	(void)options;
	(void)broker;
	(void)errstr;
	(void)errstr_size;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The played brokers do not tell how anything is configured; where nothing may be
 * wrong, there is nothing to be told. */
void rd_kafka_DescribeConfigs(rd_kafka_t *rk,
			      rd_kafka_ConfigResource_t **configs, size_t count,
			      const rd_kafka_AdminOptions_t *options,
			      rd_kafka_queue_t *queue)
{
	(void)rk;
	(void)configs;
	(void)count;
	(void)options;
	queue_add(((struct lent *)queue)->queue,
		  RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT)
		->err = sim.plan.bridges
				? RD_KAFKA_RESP_ERR_NO_ERROR
				: RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
}

const rd_kafka_DescribeConfigs_result_t *
rd_kafka_event_DescribeConfigs_result(rd_kafka_event_t *event)
{
	return (const rd_kafka_DescribeConfigs_result_t *)event;
}

const rd_kafka_ConfigResource_t **rd_kafka_DescribeConfigs_result_resources(
	const rd_kafka_DescribeConfigs_result_t *result, size_t *count)
{
	(void)result;
	*count = 0;
	return NULL;
}
