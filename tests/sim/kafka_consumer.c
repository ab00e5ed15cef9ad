/*
 * The consumer's half of librdkafka, and the group's coordinator.
 *
 * - A member that was killed is missed when its session is over; until then
 *   nobody else is given its partitions.
 * - What was fetched for an assignment that is no more is not handed out
 *   (versions of rd_kafka_toppar_t).
 * - The end of a partition is told once, as an error event, and again when
 *   something came behind it.
 * - An offset beyond the end is reset to the earliest (auto.offset.reset).
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define SESSION_US (6 * SIM_S)
#define RETRY_US   SIM_S
#define FETCH_MAX  64
#define QUEUED_MAX 1000 /* queued.min.messages */

static struct handle *consumer; /* the bridge's */

static sim_event fetch;

static int count(void)
{
	return cluster.topics[CLUSTER_DECISIONS].partitions;
}

/* All, or what another member leaves of them: the range strategy gives the first
 * half, rounded up, to the one whose id is first. */
static rd_kafka_topic_partition_list_t *our_partitions(void)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(count());
	int p = 0, end = count();

	if (cluster.shared && sim_odds(2))
		p = (end + 1) / 2;
	else if (cluster.shared)
		end = (end + 1) / 2;
	for (; p < end; p++)
		rd_kafka_topic_partition_list_add(
			list, cluster.topics[CLUSTER_DECISIONS].name, p);
	return list;
}

/* --- the group */

static void join(void *arg, int64_t n)
{
	struct handle *h = arg;
	int64_t missed = cluster.last_heartbeat + SESSION_US;
	struct event *event;

	(void)n;
	if (!handle_lives(h) || h->leaving)
		return;
	if (!cluster_answers()) {
		sim_at_life(RETRY_US, join, h, 0);
		return;
	}
	if (cluster.last_heartbeat != 0 && sim.now < missed) {
		sim_at_life(missed - sim.now, join, h, 0);
		return;
	}
	cluster.last_heartbeat = 0;
	h->member = true;
	event = queue_add(h->consumer, RD_KAFKA_EVENT_REBALANCE);
	event->err = RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	event->list = our_partitions();
}

static void begin_join(struct handle *h)
{
	sim_at_life(sim_delay(5 * SIM_MS, SIM_S), join, h, 0);
}

rd_kafka_resp_err_t
rd_kafka_subscribe(rd_kafka_t *rk,
		   const rd_kafka_topic_partition_list_t *topics)
{
	struct handle *h = (struct handle *)rk;

	(void)topics;
	sim_point();
	h->subscribed = true;
	consumer = h;
	begin_join(h);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void revoke(struct handle *h, struct queue *queue)
{
	struct event *event = queue_add(queue, RD_KAFKA_EVENT_REBALANCE);

	event->err = RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS;
	event->list = our_partitions();
	h->revoking = true;
}

void consumer_rebalance_now(void)
{
	if (!consumer || !handle_lives(consumer) || !consumer->member ||
	    consumer->revoking)
		return;
	sim_input("rebalance", 0, 0);
	revoke(consumer, consumer->consumer);
}

void consumer_share(bool shared)
{
	if (cluster.shared == shared)
		return;
	cluster.shared = shared;
	sim_input("group shared", shared, 0);
	consumer_rebalance_now();
}

void consumer_killed(void)
{
	if (consumer && consumer->member)
		cluster.last_heartbeat = sim.now;
	consumer = NULL;
}

rd_kafka_error_t *rd_kafka_consumer_close_queue(rd_kafka_t *rk,
						rd_kafka_queue_t *queue)
{
	struct handle *h = (struct handle *)rk;

	sim_point();
	h->leaving = true;
	if (h->member)
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

rd_kafka_resp_err_t rd_kafka_assign(rd_kafka_t *rk,
				    const rd_kafka_topic_partition_list_t *list)
{
	struct handle *h = (struct handle *)rk;
	int i;

	sim_point();
	h->version++;
	for (i = 0; i < CLUSTER_PARTITIONS; i++)
		h->readings[i] = (struct reading){0};
	for (i = 0; list && i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *part = &list->elems[i];
		struct reading *r = &h->readings[part->partition];
		int64_t end = cluster.topics[CLUSTER_DECISIONS]
				      .logs[part->partition]
				      .end;

		r->on = true;
		r->next = part->offset >= 0
				  ? part->offset
				  : cluster.committed[part->partition];
		if (r->next < 0 || r->next > end)
			r->next = 0;
		sim_trace("read from", part->partition, r->next);
		sim_at_life(kafka_latency(), fetch, h,
			    (int64_t)h->version << 8 | part->partition);
	}
	if (!list && h->leaving) {
		h->left = cluster_answers();
		h->member = false;
		if (h->left)
			cluster.last_heartbeat = 0;
	} else if (!list && h->revoking) {
		h->revoking = h->member = false;
		begin_join(h);
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t rd_kafka_assignment(rd_kafka_t *rk,
					rd_kafka_topic_partition_list_t **list)
{
	struct handle *h = (struct handle *)rk;
	int p;

	*list = rd_kafka_topic_partition_list_new(count());
	for (p = 0; p < count(); p++)
		if (h->readings[p].on)
			rd_kafka_topic_partition_list_add(
				*list, cluster.topics[CLUSTER_DECISIONS].name,
				p);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void committed(void *arg, int64_t n)
{
	rd_kafka_topic_partition_list_t *list = arg;
	int i;

	(void)n;
	for (i = 0; i < list->cnt && cluster_answers(); i++)
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
	       rd_kafka_topic_partition_list_copy(list), 0);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* --- fetching */

static void hand_out(struct handle *h, int p, const struct record *record)
{
	struct message *message = calloc(1, sizeof(*message));
	struct event *event = queue_add(h->consumer, RD_KAFKA_EVENT_FETCH);

	if (!message)
		abort();
	message->m.partition = p;
	message->m.offset = record->offset;
	message->m.key = record->key;
	message->m.key_len = record->key_len;
	message->m.payload = record->value;
	message->m.len = record->value_len;
	message->headers = record->headers;
	event->messages = event->cursor = message;
	event->partition = p;
	event->version = h->version;
	h->readings[p].queued++;
}

static void tell_end(struct handle *h, int p)
{
	struct event *event;

	if (h->readings[p].end_told)
		return;
	event = queue_add(h->consumer, RD_KAFKA_EVENT_ERROR);
	event->err = RD_KAFKA_RESP_ERR__PARTITION_EOF;
	event->partition = p;
	event->version = h->version;
	event->offset = h->readings[p].next;
	h->readings[p].end_told = true;
}

static void fetch(void *arg, int64_t n)
{
	struct handle *h = arg;
	int p = (int)(n & 0xff), i;
	struct reading *r = &h->readings[p];
	const struct log_ *log = &cluster.topics[CLUSTER_DECISIONS].logs[p];

	if (!handle_lives(h) || n >> 8 != h->version || !r->on)
		return;
	r->idle = false;
	if (!cluster_answers() || sim.now < log->leaderless ||
	    r->queued >= QUEUED_MAX) {
		sim_at_life(100 * SIM_MS, fetch, h, n);
		return;
	}
	for (i = 0; i < FETCH_MAX && r->next < log->end; i++) {
		hand_out(h, p, log->records[r->next++]);
		r->end_told = false;
	}
	if (i == FETCH_MAX) {
		sim_at_life(kafka_latency(), fetch, h, n);
		return;
	}
	tell_end(h, p);
	r->idle = true;
}

void consumer_appended(int p)
{
	struct handle *h = consumer;

	if (!h || !handle_lives(h) || !h->readings[p].on ||
	    !h->readings[p].idle)
		return;
	h->readings[p].idle = false;
	sim_at_life(kafka_latency(), fetch, h, (int64_t)h->version << 8 | p);
}

bool consumer_is_stale(struct handle *h, const struct event *event)
{
	if (event->version == 0)
		return false;
	if (event->type == RD_KAFKA_EVENT_FETCH && event->version == h->version)
		h->readings[event->partition].queued--;
	return event->version != h->version;
}
