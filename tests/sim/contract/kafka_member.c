/* The group of bridges: who gets the one partition, and what a commit says of a
 * member (bridge/standby/member.c). */
#include <stdio.h>
#include <string.h>

#include "tests/sim/contract/kafka_case.h"

#define GROUP	   "contract-bridges"
#define SESSION	   "6000"
#define SESSION_MS 6000
#define LOST	   (-2)

static const char *topic;

static void join(struct kafka_case *k, const char *client)
{
	rd_kafka_topic_partition_list_t *topics =
		rd_kafka_topic_partition_list_new(1);

	if (!topic)
		topic = stage_state_topic();
	case_consumer(k, topic,
		      (const char *[]){"group.id", GROUP, "client.id", client,
				       "partition.assignment.strategy",
				       "roundrobin", "allow.auto.create.topics",
				       "false", "heartbeat.interval.ms", "500",
				       "max.poll.interval.ms", SESSION, NULL});
	rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
	CHECK_SAME(rd_kafka_subscribe(k->rk, topics), 0);
	rd_kafka_topic_partition_list_destroy(topics);
}

/* How many partitions it is given; -1: it has to give back what it has, and does;
 * LOST: it is no member any more, and is not answered. An assignment is answered
 * with nothing. */
static int take(struct kafka_case *k, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_list_t *none;
	int count = -1;

	if (rd_kafka_event_error(event) ==
	    RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		count = rd_kafka_event_topic_partition_list(event)->cnt;
		none = rd_kafka_topic_partition_list_new(0);
		CHECK_SAME(rd_kafka_assign(k->rk, none), 0);
		rd_kafka_topic_partition_list_destroy(none);
	} else if (rd_kafka_assignment_lost(k->rk)) {
		count = LOST;
	} else {
		CHECK_SAME(rd_kafka_assign(k->rk, NULL), 0);
	}
	rd_kafka_event_destroy(event);
	return count;
}

static int follow(struct kafka_case *k)
{
	rd_kafka_event_t *event =
		case_event(k, RD_KAFKA_EVENT_REBALANCE, CASE_WAIT_MS);

	CHECK(event);
	return take(k, event);
}

/* Of each of them, while all are polled, until each has an assignment: which one
 * has the partition? */
static int meet(struct kafka_case *all, int n)
{
	bool has[4] = {false}, there[4] = {false};
	int i, ms, count = 0, first = -1;

	for (ms = CASE_WAIT_MS; ms > 0 && count < n; ms -= 20)
		for (i = 0; i < n; i++) {
			rd_kafka_event_t *event = case_event(
				&all[i], RD_KAFKA_EVENT_REBALANCE, 50);
			int given = event ? take(&all[i], event) : -1;

			if (given < 0 || there[i])
				continue;
			there[i] = true;
			has[i] = given > 0;
			count++;
		}
	CHECK_SAME(count, n);
	for (i = 0; i < n; i++)
		if (has[i]) {
			CHECK_SAME(first, -1);
			first = i;
		}
	return first;
}

/* What a commit says. */
static rd_kafka_resp_err_t check(struct kafka_case *k)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(list, topic, 0)->offset = 7;
	CHECK_SAME(
		rd_kafka_commit_queue(k->rk, list, k->queue, NULL, (void *)7),
		0);
	rd_kafka_topic_partition_list_destroy(list);
	event = case_event(k, RD_KAFKA_EVENT_OFFSET_COMMIT, CASE_WAIT_MS);
	CHECK(event);
	CHECK_SAME((int64_t)(uintptr_t)rd_kafka_event_opaque(event), 7);
	err = rd_kafka_event_error(event);
	rd_kafka_event_destroy(event);
	return err;
}

static void one_alone_has_the_partition(void)
{
	struct kafka_case k;
	char *id;

	join(&k, "0000000000001-zulu");
	CHECK_SAME(follow(&k), 1);
	CHECK_SAME(check(&k), 0);
	id = rd_kafka_memberid(k.rk);
	CHECK_SAME(strncmp(id, "0000000000001-zulu", 18), 0);
	rd_kafka_mem_free(k.rk, id);
}

/* What the first one has is taken from it and given to it again. */
static void join_in_turn(struct kafka_case all[2])
{
	join(&all[0], "0000000000001-zulu");
	CHECK_SAME(follow(&all[0]), 1);
	join(&all[1], "0000000000002-alpha");
	CHECK_SAME(follow(&all[0]), -1);
	CHECK_SAME(meet(all, 2), 0);
}

static void who_was_there_first_keeps_it(void)
{
	struct kafka_case all[2];

	join_in_turn(all);
	CHECK_SAME(check(&all[0]), 0);
	CHECK_SAME(check(&all[1]), 0);
}

static void leave(struct kafka_case *k)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(k->rk);
	int ms;

	CHECK(!rd_kafka_consumer_close_queue(k->rk, queue));
	for (ms = CASE_WAIT_MS; ms > 0 && !rd_kafka_consumer_closed(k->rk);
	     ms -= 50) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 50);

		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
			rd_kafka_assign(k->rk, NULL);
		rd_kafka_event_destroy(event);
	}
	CHECK(rd_kafka_consumer_closed(k->rk));
	rd_kafka_destroy_flags(k->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* The one that was there has an empty assignment, which is taken from it first. */
static void who_leaves_is_followed(void)
{
	struct kafka_case all[2];

	join_in_turn(all);
	leave(&all[0]);
	CHECK_SAME(follow(&all[1]), -1);
	CHECK_SAME(follow(&all[1]), 1);
	CHECK_SAME(check(&all[1]), 0);
}

/* Its session ends: only then is there another, which is told like anybody. */
static void who_is_gone_is_missed_after_its_session(void)
{
	struct kafka_case all[2];

	join_in_turn(all);
	rd_kafka_destroy_flags(all[0].rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	CHECK(!case_event(&all[1], RD_KAFKA_EVENT_REBALANCE, SESSION_MS / 2));
	CHECK_SAME(follow(&all[1]), -1);
	CHECK_SAME(follow(&all[1]), 1);
}

const struct assertion kafka_member_assertions[] = {
	{"one_alone_has_the_partition", one_alone_has_the_partition},
	{"who_was_there_first_keeps_it", who_was_there_first_keeps_it},
	{"who_leaves_is_followed", who_leaves_is_followed},
	{"who_is_gone_is_missed_after_its_session",
	 who_is_gone_is_missed_after_its_session},
	{NULL, NULL},
};
