/* Which partitions to read, and from where. */
#include <stdlib.h>
#include <string.h>

#include "bridge/kafka/consumer_internal.h"

void consumer_drop_batch(struct consumer *c)
{
	int i;

	for (i = 0; i < c->batch; i++)
		rd_kafka_event_destroy(c->events[i]);
	c->batch = 0;
	c->bytes = 0;
	c->moved = false;
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
	free(c->partitions);
	c->partitions = NULL;
	c->count = 0;
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
	rd_kafka_assign(c->rk, NULL);
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
		int64_t next =
			store_offset_get(c->store, topic, part->partition);

		/* With no offset in the store, use Kafka's copy, else the
		 * beginning. */
		part->offset = next >= 0 ? next : RD_KAFKA_OFFSET_STORED;
		if (part->partition < count) {
			c->partitions[part->partition].next = next;
			c->partitions[part->partition].seen = next;
			c->partitions[part->partition].committed = -1;
		}
	}
	c->count = count;
	err = rd_kafka_assign(c->rk, list);
	if (err)
		log_error(c->core->log, "kafka_assign_failed",
			  LOG_STR("error", rd_kafka_err2str(err)));
	c->complete = !err;
	c->shared = false;
	drop_offer(c);
	log_info(c->core->log, "kafka_assigned", LOG_STR("topic", topic),
		 LOG_INT("partitions", count));
}

void consumer_consider(struct consumer *c, const struct probe_status *status)
{
	rd_kafka_topic_partition_list_t *none;

	if (!c->offered || !status->up || status->asked_at < c->offered_at ||
	    status->partitions <= 0)
		return;
	if (c->offered->cnt >= status->partitions) {
		/* There may be more than the probe knows of, because
		 * some are new. */
		accept_offer(c, c->offered->cnt);
		return;
	}
	log_error(c->core->log, "kafka_group_shared",
		  LOG_STR("group", c->core->config->kafka.group),
		  LOG_INT("ours", c->offered->cnt),
		  LOG_INT("partitions", status->partitions));
	c->shared = true;
	/* Assign nothing. NULL instead would end our membership in the group,
	 * and we would not learn when the others leave. */
	none = rd_kafka_topic_partition_list_new(0);
	rd_kafka_assign(c->rk, none);
	rd_kafka_topic_partition_list_destroy(none);
	drop_offer(c);
}

/* --- a topic that is deleted and recreated
 *
 * Its offsets start again. An old position may lie beyond the topic's end or,
 * worse, among records that have not been read. Kafka does not tell the two
 * topics of the same name apart here, but there are signs. Reading a topic
 * from its beginning because of a false sign does no harm: a decision that has
 * already been applied is recognised by its position.
 *
 * What librdkafka (2.0.2) knows of the old topic gets into its way: it resets
 * offsets by itself, some from its cache, and after an assignment at the wrong
 * time it reads a partition never again. So a new handle reads the new topic. */

void consumer_suspect(struct consumer *c, const char *sign)
{
	const char *topic = c->core->config->kafka.topics.decisions;

	if (c->anew || !store_offset_any(c->store, topic))
		return;
	log_warn(c->core->log, "kafka_topic_anew", LOG_STR("sign", sign));
	c->anew = true;
}

bool consumer_look_for_topic(struct consumer *c,
			     const struct probe_status *status)
{
	bool back;

	if (!status->up || status->asked_at == c->missed_at)
		return false;
	back = c->missing && status->partitions > 0;
	if (status->partitions > 0)
		c->missing = false;
	if (back)
		return !c->complete && !c->offered;
	if (status->partitions > 0 ||
	    strcmp(status->missing, c->core->config->kafka.topics.decisions) !=
		    0)
		return false;
	c->missed_at = status->asked_at;
	c->missing = true;
	consumer_suspect(c, "the topic is missing");
	return false;
}
