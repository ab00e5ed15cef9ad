/* Who has which partitions, and what becomes of a topic under a consumer. */
#include <string.h>

#include "tests/sim/contract/kafka_case.h"

#define GROUP	   "contract"
#define SESSION_MS 6000
#define PARTITIONS 4

static void subscribe(struct kafka_case *k)
{
	rd_kafka_topic_partition_list_t *topics =
		rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(topics, k->name,
					  RD_KAFKA_PARTITION_UA);
	CHECK_SAME(rd_kafka_subscribe(k->rk, topics), 0);
	rd_kafka_topic_partition_list_destroy(topics);
}

/* instance: a static member's; "": of none. */
static void join_as(struct kafka_case *k, const char *instance, int partitions)
{
	case_consumer(k, stage_read_topic(partitions),
		      (const char *[]){"group.id", GROUP,
				       "partition.assignment.strategy", "range",
				       "allow.auto.create.topics", "false",
				       "group.instance.id", instance, NULL});
	subscribe(k);
}

static void join(struct kafka_case *k, int partitions)
{
	join_as(k, "", partitions);
}

/* Follows the group: how many it gives next, of offset each; or -1: it wants
 * them back, which are given. */
static int follow(struct kafka_case *k, int64_t offset)
{
	rd_kafka_event_t *event =
		case_event(k, RD_KAFKA_EVENT_REBALANCE, CASE_WAIT_MS);
	rd_kafka_topic_partition_list_t *list;
	int count = -1;

	CHECK(event);
	list = rd_kafka_event_topic_partition_list(event);
	if (rd_kafka_event_error(event) ==
	    RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		for (count = 0; count < list->cnt; count++)
			list->elems[count].offset = offset;
		CHECK_SAME(rd_kafka_assign(k->rk, list), 0);
	} else {
		CHECK_SAME(rd_kafka_assign(k->rk, NULL), 0);
	}
	rd_kafka_event_destroy(event);
	return count;
}

static void another_member_gets_its_share(void)
{
	struct kafka_case k;

	join(&k, PARTITIONS);
	CHECK_SAME(follow(&k, 0), PARTITIONS);
	stage_member(GROUP, k.name, true);
	CHECK_SAME(follow(&k, 0), -1);
	CHECK_SAME(follow(&k, 0), PARTITIONS / 2);
	stage_member(GROUP, k.name, false);
	CHECK_SAME(follow(&k, 0), -1);
	CHECK_SAME(follow(&k, 0), PARTITIONS);
}

/* All of it comes only when the dead one is missed. */
static void killed_member_is_missed_later(void)
{
	struct kafka_case k;
	rd_kafka_event_t *event;

	stage_killed_member(GROUP, stage_read_topic(PARTITIONS));
	join(&k, 0);
	event = case_event(&k, RD_KAFKA_EVENT_REBALANCE, SESSION_MS / 2);
	CHECK(!event);
	CHECK_SAME(follow(&k, 0), PARTITIONS);
}

static void committed_offsets_are_begun_from(void)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	struct kafka_case k;
	char value[16];
	int64_t end;
	int i;

	join(&k, 1);
	for (i = 0; i < 3; i++)
		stage_write(k.name, 0, "v", 0);
	CHECK_SAME(follow(&k, RD_KAFKA_OFFSET_STORED), 1);
	CHECK_SAME(case_read(&k, value, sizeof(value), &end), 0);
	rd_kafka_topic_partition_list_add(list, k.name, 0)->offset = 2;
	CHECK_SAME(rd_kafka_commit(k.rk, list, 0), 0);
	contract_sleep(500);
	case_assign(&k, 1, RD_KAFKA_OFFSET_STORED);
	CHECK_SAME(case_read(&k, value, sizeof(value), &end), 2);
	rd_kafka_topic_partition_list_destroy(list);
}

/* What it had is taken while it is away, which is an error, and all is given
 * when it is there again, where offsets begin anew; the group's are gone. */
static void topic_under_a_consumer_is_made_anew(void)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	struct kafka_case k;

	join(&k, PARTITIONS);
	CHECK_SAME(follow(&k, 0), PARTITIONS);
	rd_kafka_topic_partition_list_add(list, k.name, 0)->offset = 1;
	CHECK_SAME(rd_kafka_commit(k.rk, list, 0), 0);
	rd_kafka_topic_partition_list_destroy(list);
	stage_delete(k.name);
	CHECK_SAME(follow(&k, 0), -1);
	CHECK(k.missing > 0);
	stage_make(k.name, 2);
	CHECK_SAME(follow(&k, RD_KAFKA_OFFSET_STORED), 2);
	stage_write(k.name, 0, "new", 0);
	for (;;) {
		char value[16] = "";
		int64_t end, offset = case_read(&k, value, 16, &end);

		if (offset < 0)
			continue;
		CHECK_SAME(offset, 0);
		CHECK_SAME(strcmp(value, "new"), 0);
		return;
	}
}

/* Without a look at it in between: a position beyond its end begins again, and
 * one that it has is taken for what it says. */
static void position_in_a_topic_made_anew(void)
{
	struct kafka_case k;
	char value[16] = "";
	int64_t end;
	int i;

	case_consumer(&k, stage_read_topic(1),
		      (const char *[]){"group.id", GROUP, NULL});
	for (i = 0; i < 4; i++)
		stage_write(k.name, 0, "old", 0);
	case_assign(&k, 1, 2);
	CHECK_SAME(case_read(&k, value, sizeof(value), &end), 2);
	stage_delete(k.name);
	stage_make(k.name, 1);
	for (i = 0; i < 3; i++)
		stage_write(k.name, 0, "new", 0);
	case_assign(&k, 1, 2);
	CHECK_SAME(case_read(&k, value, sizeof(value), &end), 2);
	CHECK_SAME(strcmp(value, "new"), 0);
	case_assign(&k, 1, 9);
	CHECK_SAME(case_read(&k, value, sizeof(value), &end), 0);
}

static void added_partitions_are_given(void)
{
	struct kafka_case k;

	join(&k, 1);
	CHECK_SAME(follow(&k, 0), 1);
	stage_make(k.name, 3);
	CHECK_SAME(follow(&k, 0), -1);
	CHECK_SAME(follow(&k, 0), 3);
}

/* What it has is taken, and given out anew. */
static void member_joins_once_more(void)
{
	struct kafka_case k;

	join(&k, PARTITIONS);
	CHECK_SAME(follow(&k, 0), PARTITIONS);
	subscribe(&k);
	CHECK_SAME(follow(&k, 0), -1);
	CHECK_SAME(follow(&k, 0), PARTITIONS);
}

/* It is given what it had, at once, and is not told that there is more, until it
 * joins once more. */
static void static_member_comes_back(void)
{
	struct kafka_case k;
	const char *topic;

	join_as(&k, "member", 2);
	CHECK_SAME(follow(&k, 0), 2);
	topic = k.name;
	rd_kafka_destroy_flags(k.rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	stage_make(topic, PARTITIONS);
	join_as(&k, "member", 0);
	CHECK_SAME(follow(&k, 0), 2);
	subscribe(&k);
	CHECK_SAME(follow(&k, 0), -1);
	CHECK_SAME(follow(&k, 0), PARTITIONS);
}

const struct assertion kafka_group_assertions[] = {
	{"another_member_gets_its_share", another_member_gets_its_share},
	{"killed_member_is_missed_later", killed_member_is_missed_later},
	{"committed_offsets_are_begun_from", committed_offsets_are_begun_from},
	{"topic_under_a_consumer_is_made_anew",
	 topic_under_a_consumer_is_made_anew},
	{"position_in_a_topic_made_anew", position_in_a_topic_made_anew},
	{"added_partitions_are_given", added_partitions_are_given},
	{"member_joins_once_more", member_joins_once_more},
	{"static_member_comes_back", static_member_comes_back},
	{NULL, NULL},
};
