/* Which partitions to read, and from where. */
#include <stdlib.h>

#include "base/kafka_assign.h"
#include "bridge/kafka/consumer_internal.h"

void consumer_drop_batch(struct consumer *c)
{
	int i;

	for (i = 0; i < c->batch; i++)
		rd_kafka_event_destroy(c->events[i]);
	c->batch = 0;
	c->bytes = 0;
	if (!c->large.event)
		consumer_large_drop(c);
	c->moved = false;
	for (i = 0; i < c->count; i++)
		c->partitions[i].last = NULL;
}

static void drop_offer(struct consumer *c)
{
	if (c->offered)
		rd_kafka_topic_partition_list_destroy(c->offered);
	c->offered = NULL;
}

static void drop_assignment(struct consumer *c)
{
	/* The collected records come again, from the store's offsets. */
	consumer_drop_batch(c);
	consumer_large_drop(c);
	free(c->partitions);
	c->partitions = NULL;
	c->count = c->doubted = 0;
	c->complete = c->commit_due = false;
}

void consumer_let_go(struct consumer *c)
{
	drop_offer(c);
	drop_assignment(c);
}

static void on_revoked(struct consumer *c)
{
	consumer_let_go(c);
	c->shared = false;
	ztp_kafka_assign(c->rk, NULL);
}

rd_kafka_resp_err_t consumer_subscribe(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *topics =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(
		topics, c->core->config->kafka.topics.decisions,
		RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(c->rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	return err;
}

void consumer_rebalance(struct consumer *c, rd_kafka_event_t *event)
{
	if (rd_kafka_event_error(event) !=
	    RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		log_info(c->core->log, "kafka_revoked");
		on_revoked(c);
		return;
	}
	consumer_let_go(c);
	c->offered = rd_kafka_topic_partition_list_copy(
		rd_kafka_event_topic_partition_list(event));
	c->offered_at = ztp_clock_steady(&c->core->clock);
	probe_again(c->probe);
}

/* Assigns all partitions, from the store's offsets. */
static void accept_offer(struct consumer *c, int count)
{
	rd_kafka_topic_partition_list_t *list = c->offered;
	const char *topic = c->core->config->kafka.topics.decisions;
	rd_kafka_resp_err_t err;
	int i;

	c->partitions = calloc((size_t)count, sizeof(*c->partitions));
	if (!c->partitions)
		return; /* the offer stays, for the next turn */
	for (i = 0; i < list->cnt; i++) {
		rd_kafka_topic_partition_t *part = &list->elems[i];
		struct partition *ours;

		if (part->partition >= count)
			continue;
		ours = &c->partitions[part->partition];
		ours->next = ours->seen = store_offset_get(
			c->store, topic, part->partition, &ours->landmark);
		ours->committed = -1;
		part->offset = consumer_landmark_start(c, ours);
	}
	c->count = count;
	err = ztp_kafka_assign(c->rk, list);
	if (err)
		log_error(c->core->log, "kafka_assign_failed",
			  LOG_STR("error", rd_kafka_err2str(err)));
	c->complete = !err;
	c->shared = c->group_denied = false;
	c->joined_for = 0;
	ztp_retry_succeeded(&c->joins);
	drop_offer(c);
	log_info(c->core->log, "kafka_assigned", LOG_STR("topic", topic),
		 LOG_INT("partitions", count));
}

/* Assign nothing. NULL instead would end our membership in the group, and we
 * would not learn when the others leave. */
static void assign_nothing(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *none =
		rd_kafka_topic_partition_list_new(0);

	ztp_kafka_assign(c->rk, none);
	rd_kafka_topic_partition_list_destroy(none);
}

/* A member that comes back within its session is given what it had, although
 * there may be more partitions since (KIP-345, KIP-814), and is never told. When
 * it joins once more, they are given out anew. */
static bool join_once_more(struct consumer *c, int partitions)
{
	rd_kafka_resp_err_t err;

	if (c->joined_for == partitions)
		return false;
	c->joined_for = partitions;
	log_info(c->core->log, "kafka_joined_again",
		 LOG_INT("ours", c->offered->cnt),
		 LOG_INT("partitions", partitions));
	assign_nothing(c);
	err = consumer_subscribe(c);
	if (err)
		log_error(c->core->log, "kafka_assign_failed",
			  LOG_STR("error", rd_kafka_err2str(err)));
	return !err;
}

static void refuse_share(struct consumer *c, int partitions)
{
	log_error(c->core->log, "kafka_group_shared",
		  LOG_STR("group", c->core->config->kafka.group),
		  LOG_INT("ours", c->offered->cnt),
		  LOG_INT("partitions", partitions));
	c->shared = true;
	assign_nothing(c);
}

void consumer_consider(struct consumer *c, const struct probe_status *status)
{
	if (!c->offered || !status->up || status->asked_at < c->offered_at ||
	    status->partitions <= 0)
		return;
	if (c->offered->cnt >= status->partitions) {
		/* There may be more than the probe knows of, because
		 * some are new. */
		accept_offer(c, c->offered->cnt);
		return;
	}
	if (!join_once_more(c, status->partitions))
		refuse_share(c, status->partitions);
	drop_offer(c);
}

void consumer_offer_all(struct consumer *c, const struct probe_status *status)
{
	const char *topic = c->core->config->kafka.topics.decisions;
	int i;

	if (c->anew || c->again || !status->up ||
	    status->partitions <= c->count)
		return;
	if (c->offered && c->offered->cnt == status->partitions)
		return;
	consumer_let_go(c);
	c->offered = rd_kafka_topic_partition_list_new(status->partitions);
	for (i = 0; i < status->partitions; i++)
		rd_kafka_topic_partition_list_add(c->offered, topic, i);
	c->offered_at = status->asked_at;
}
