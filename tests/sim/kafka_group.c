/*
 * The group's coordinator, and the consumer's half of librdkafka as far as it
 * decides who has which partitions.
 *
 * - A member that was killed is missed when its session is over; until then
 *   nobody else is given its partitions. A static one that comes back by then is
 *   given what it had, whatever the topic has by now, and is not told. It does
 *   not leave the group when it is closed.
 * - Every topic.metadata.refresh.interval.ms a member looks at the topic, and
 *   joins anew when it is gone, is there again, or has more partitions.
 * - A topic that is not there is an error, told once, and nobody joins for it
 *   until it is there again.
 * - A member whose partitions were revoked joins again. librdkafka 2.0.2 has been
 *   seen not to, after its coordinator was killed: with `not_joined` it does so
 *   now and then.
 */
#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define SESSION_US (6 * SIM_S)
#define REFRESH_US (10 * SIM_S)
#define RETRY_US   SIM_S

static struct handle *consumer; /* the bridge's */

static sim_event join, refresh;

static const struct topic *decisions(void)
{
	return &cluster.topics[CLUSTER_DECISIONS];
}

static int count(void)
{
	return decisions()->missing ? 0 : decisions()->partitions;
}

/* All, or what another member leaves of them: the range strategy gives the first
 * half, rounded up, to the one whose id is first. */
rd_kafka_topic_partition_list_t *consumer_partitions(void)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(count());
	int p = 0, end = count();

	if (cluster.shared && sim_odds(2))
		p = (end + 1) / 2;
	else if (cluster.shared)
		end = (end + 1) / 2;
	for (; p < end; p++)
		rd_kafka_topic_partition_list_add(list, decisions()->name, p);
	return list;
}

/* --- joining */

static void give(struct handle *h, int most)
{
	struct event *event = queue_add(h->consumer, RD_KAFKA_EVENT_REBALANCE);

	event->err = RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	event->list = consumer_partitions();
	while (event->list->cnt > most)
		rd_kafka_topic_partition_list_del_by_idx(event->list, most);
	cluster.given = event->list->cnt;
}

static void join(void *arg, int64_t n)
{
	struct handle *h = arg;
	int64_t missed = cluster.last_heartbeat + SESSION_US;
	bool back = cluster.last_heartbeat != 0 && sim.now < missed;

	(void)n;
	if (!handle_lives(h) || h->leaving)
		return;
	/* Nor does a member join for nothing. */
	if (!handle_reaches(h) || count() == 0) {
		sim_at_of(h->of, RETRY_US, join, h, 0);
		return;
	}
	if (back && !h->is_static) {
		sim_at_of(h->of, missed - sim.now, join, h, 0);
		return;
	}
	cluster.last_heartbeat = 0;
	h->member = true;
	h->seen_partitions = count();
	give(h, back ? cluster.given : CLUSTER_PARTITIONS);
}

static void begin_join(struct handle *h)
{
	sim_at_of(h->of, sim_delay(5 * SIM_MS, SIM_S), join, h, 0);
}

rd_kafka_resp_err_t
rd_kafka_subscribe(rd_kafka_t *rk,
		   const rd_kafka_topic_partition_list_t *topics)
{
	struct handle *h = (struct handle *)rk;

	(void)topics;
	sim_point();
	if (h->membership.wanted) {
		member_subscribe(h);
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	}
	if (h->subscribed) { /* it joins once more */
		consumer_rebalance_now();
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	}
	h->subscribed = true;
	consumer = h;
	begin_join(h);
	sim_at_of(h->of, REFRESH_US, refresh, h, 0);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void revoke(struct handle *h, struct queue *queue)
{
	struct event *event = queue_add(queue, RD_KAFKA_EVENT_REBALANCE);

	event->err = RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS;
	event->list = consumer_partitions();
	h->revoking = true;
}

/* --- why it is joined anew */

void consumer_rebalance_now(void)
{
	if (!consumer || !handle_lives(consumer) || !consumer->member ||
	    consumer->revoking || consumer->leaving)
		return;
	sim_input("rebalance", 0, 0);
	revoke(consumer, consumer->consumer);
}

static void refresh(void *arg, int64_t n)
{
	struct handle *h = arg;

	(void)n;
	if (!handle_lives(h) || h->leaving)
		return;
	sim_at_of(h->of, REFRESH_US, refresh, h, 0);
	if (!handle_reaches(h))
		return;
	if (count() == 0 && !h->missed)
		queue_add(h->consumer, RD_KAFKA_EVENT_ERROR)->err =
			RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	h->missed = count() == 0;
	if (h->member && count() != h->seen_partitions)
		consumer_rebalance_now();
}

void consumer_share(bool shared)
{
	if (cluster.shared == shared)
		return;
	cluster.shared = shared;
	sim_input("group shared", shared, 0);
	consumer_rebalance_now();
}

void consumer_destroyed(struct handle *h)
{
	if (h->member && !h->left)
		cluster.last_heartbeat = sim.now;
	if (consumer == h)
		consumer = NULL;
}

void consumer_killed(void)
{
	if (consumer && consumer->of == sim.me)
		consumer_destroyed(consumer);
}

/* --- leaving */

rd_kafka_error_t *rd_kafka_consumer_close_queue(rd_kafka_t *rk,
						rd_kafka_queue_t *queue)
{
	struct handle *h = (struct handle *)rk;

	sim_point();
	h->leaving = true;
	if (h->membership.wanted)
		member_close(h);
	else if (h->member)
		revoke(h, *(struct queue **)queue);
	else
		h->left = true;
	return NULL;
}

int rd_kafka_consumer_closed(rd_kafka_t *rk)
{
	return ((struct handle *)rk)->left;
}

/* --- the assignment */

static void give_back(struct handle *h)
{
	if (h->leaving) {
		h->left = handle_reaches(h);
		h->member = false;
		if (h->left)
			cluster.last_heartbeat = h->is_static ? sim.now : 0;
	} else if (h->revoking) {
		h->revoking = h->member = false;
		if (sim.plan.not_joined > 0 && sim_odds(sim.plan.not_joined))
			sim_input("not joined again", 0, 0);
		else
			begin_join(h);
	}
}

rd_kafka_resp_err_t rd_kafka_assign(rd_kafka_t *rk,
				    const rd_kafka_topic_partition_list_t *list)
{
	struct handle *h = (struct handle *)rk;
	int i, t;

	sim_point();
	h->version++;
	for (t = 0; t < CLUSTER_TOPICS; t++)
		for (i = 0; i < CLUSTER_PARTITIONS; i++)
			h->readings[t][i] = (struct reading){.end_told = -1};
	for (i = 0; list && i < list->cnt; i++)
		consumer_begin_reading(
			h,
			(int)(cluster_find(list->elems[i].topic) -
			      cluster.topics),
			list->elems[i].partition, list->elems[i].offset);
	if (!list && h->membership.wanted)
		member_answer_revoked(h);
	else if (!list)
		give_back(h);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t rd_kafka_assignment(rd_kafka_t *rk,
					rd_kafka_topic_partition_list_t **list)
{
	struct handle *h = (struct handle *)rk;
	int p, t;

	*list = rd_kafka_topic_partition_list_new(CLUSTER_PARTITIONS);
	for (t = 0; t < cluster.count; t++)
		for (p = 0; p < CLUSTER_PARTITIONS; p++)
			if (h->readings[t][p].on)
				rd_kafka_topic_partition_list_add(
					*list, cluster.topics[t].name, p);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void committed(void *arg, int64_t generation)
{
	rd_kafka_topic_partition_list_t *list = arg;
	int i;

	for (i = 0; i < list->cnt && cluster_answers() &&
		    generation == decisions()->generation;
	     i++)
		cluster.committed[list->elems[i].partition] =
			list->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(list);
}

rd_kafka_resp_err_t rd_kafka_commit(rd_kafka_t *rk,
				    const rd_kafka_topic_partition_list_t *list,
				    int async)
{
	(void)rk;
	(void)async;
	sim_point();
	sim_at(kafka_latency(), committed,
	       rd_kafka_topic_partition_list_copy(list),
	       decisions()->generation);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}
