/*
 * A right that is taken away while the bridge runs. Kafka says so once, to whoever
 * reads: with the right to describe the topic still there, nothing else tells. So
 * the bridge is not ready from then on, until each such partition has been heard
 * again.
 *
 * librdkafka goes on asking, but does not say that it may read again where there is
 * nothing to read: it has told that end before. So the same position is asked for,
 * whose answer tells the end anew.
 */
#include "bridge/kafka/consumer_internal.h"
#include "bridge/kafka/kafka_acl.h"

#define ASK_MS 1000

static void tell(struct consumer *c, enum kafka_right right, const char *name)
{
	struct ztp_error why;

	kafka_denied(&why, right, name);
	log_warn(c->core->log, "kafka_read_denied", LOG_WHY(&why));
}

/* Is it the first partition since all could be read? */
static bool is_news(const struct consumer *c)
{
	int i;

	for (i = 0; i < c->count; i++)
		if (c->partitions[i].denied)
			return false;
	return true;
}

static bool deny_partition(struct consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_t *where =
		rd_kafka_event_topic_partition(event);
	bool ours = where && c->complete && where->partition >= 0 &&
		    where->partition < c->count;

	if (ours) {
		if (is_news(c)) {
			tell(c, KAFKA_RIGHT_READ_TOPIC,
			     c->core->config->kafka.topics.decisions);
			c->ask_denied_at = c->core->now + ASK_MS;
		}
		c->partitions[where->partition].denied = true;
	}
	if (where)
		rd_kafka_topic_partition_destroy(where);
	return ours;
}

bool consumer_denied_by(struct consumer *c, rd_kafka_resp_err_t err,
			rd_kafka_event_t *event)
{
	if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		return deny_partition(c, event);
	if (err != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
		return false;
	if (!c->group_denied)
		tell(c, KAFKA_RIGHT_READ_GROUP, c->core->config->kafka.group);
	c->group_denied = true;
	return true;
}

/* What has not been heard since the assignment tells its end by itself. */
static bool is_asked_for(const struct partition *part)
{
	return part->denied && part->seen >= 0 && part->seen_at != 0 &&
	       !part->looking && part->bad.tries == 0;
}

void consumer_ask_denied(struct consumer *c)
{
	int i;

	if (!c->complete || c->core->now < c->ask_denied_at)
		return;
	for (i = 0; i < c->count; i++) {
		if (!is_asked_for(&c->partitions[i]))
			continue;
		(void)consumer_seek(c, i, c->partitions[i].seen);
		c->ask_denied_at = c->core->now + ASK_MS;
	}
}

int64_t consumer_next_ask(const struct consumer *c)
{
	int i;

	for (i = 0; c->complete && i < c->count; i++)
		if (is_asked_for(&c->partitions[i]))
			return c->ask_denied_at;
	return 0;
}

bool consumer_may_read(const struct consumer *c)
{
	return is_news(c);
}

bool consumer_may_join(const struct consumer *c)
{
	return !c->group_denied;
}
