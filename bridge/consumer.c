#include "bridge/consumer.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/kafka.h"
#include "bridge/verdicts.h"

#define BATCH	    512
#define BATCH_BYTES (4 << 20)
#define COMMIT_MS   1000 /* between two copies of the offsets */
#define REOPEN_MS   5000

static const struct kafka_setting defaults[] = {
	/* A bridge that was killed is back within 10 s. */
	{"session.timeout.ms", "6000"},
	{"heartbeat.interval.ms", "1500"},
	/* New partitions are ours soon. */
	{"topic.metadata.refresh.interval.ms", "10000"},
	{"queued.max.messages.kbytes", "8192"},
	{"queued.min.messages", "1000"},
	{NULL, NULL}};

static const struct kafka_setting fixed[] = {
	{"enable.auto.commit", "false"},
	{"enable.auto.offset.store", "false"},
	{"auto.offset.reset", "earliest"},
	{"enable.partition.eof", "true"},
	{"isolation.level", "read_committed"},
	{"check.crcs", "true"},
	{"partition.assignment.strategy", "range"},
	{"allow.auto.create.topics", "false"},
	{NULL, NULL}};

struct partition {
	int64_t next;	   /* behind all that is in the store, or -1 */
	int64_t seen;	   /* behind all that is in the batch, or -1 */
	int64_t seen_at;   /* when Kafka last said so; 0: not yet */
	int64_t committed; /* the copy at Kafka */
};

struct consumer {
	struct bridge *b;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int wake_fd;

	/* Given to us, but not taken: how many there are is not known yet. */
	rd_kafka_topic_partition_list_t *offered;
	int64_t offered_at;
	bool complete, shared, more;
	bool anew;	   /* our positions are of a topic that is no more */
	int64_t missed_at; /* asked_at of the news that it is missing */

	struct partition *partitions; /* of count, while complete */
	int count;

	rd_kafka_event_t *events[BATCH]; /* the batch: owns the messages */
	const rd_kafka_message_t *messages[BATCH];
	int batch;
	size_t bytes;
	bool moved; /* partitions' seen differs from next */

	int64_t reopen_at; /* without a handle: after a fatal error */
	int64_t next_commit;
	bool commit_due;
	struct log_limit errors;
};

static int open_handle(struct consumer *c, struct ztp_error *error)
{
	static const uint64_t one = 1;
	const struct config_kafka *kafka = &c->b->config->kafka;
	struct kafka_setting all[sizeof(fixed) / sizeof(*fixed) + 1];
	rd_kafka_topic_partition_list_t *topics;
	rd_kafka_resp_err_t err;

	all[0] = (struct kafka_setting){"group.id", kafka->group};
	memcpy(all + 1, fixed, sizeof(fixed));
	c->rk = kafka_new(c->b, RD_KAFKA_CONSUMER, defaults, all,
			  RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_REBALANCE |
				  RD_KAFKA_EVENT_ERROR |
				  RD_KAFKA_EVENT_OFFSET_COMMIT,
			  error);
	if (!c->rk)
		return ZTP_ERR_INTERNAL;
	rd_kafka_poll_set_consumer(c->rk);
	c->queue = rd_kafka_queue_get_consumer(c->rk);
	rd_kafka_queue_io_event_enable(c->queue, c->wake_fd, &one, sizeof(one));
	topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(topics, kafka->topics.decisions,
					  RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(c->rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	return err ? ztp_fail(error, ZTP_ERR_INTERNAL, "kafka: subscribe: %s",
			      rd_kafka_err2str(err))
		   : 0;
}

int consumer_new(struct consumer **out, struct bridge *b, int wake_fd,
		 struct ztp_error *error)
{
	struct consumer *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	c->b = b;
	c->wake_fd = wake_fd;
	rc = open_handle(c, error);
	if (rc != 0) {
		consumer_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

static void drop_batch(struct consumer *c)
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
	/* What was collected comes again: the store says from where. */
	drop_batch(c);
	free(c->partitions);
	c->partitions = NULL;
	c->count = 0;
	c->complete = c->commit_due = false;
}

static void close_handle(struct consumer *c)
{
	drop_offer(c);
	drop_assignment(c);
	if (!c->rk)
		return;
	rd_kafka_queue_io_event_enable(c->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(c->queue);
	kafka_close_consumer(c->b, c->rk);
	c->rk = NULL;
}

void consumer_free(struct consumer *c)
{
	if (!c)
		return;
	close_handle(c);
	free(c);
}

/* --- what is ours */

static void revoked(struct consumer *c)
{
	drop_offer(c);
	drop_assignment(c);
	c->shared = false;
	rd_kafka_assign(c->rk, NULL);
}

static void rebalance(struct consumer *c, rd_kafka_event_t *event)
{
	if (rd_kafka_event_error(event) !=
	    RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		log_info(c->b->log, "kafka_revoked");
		revoked(c);
		return;
	}
	drop_offer(c);
	drop_assignment(c);
	c->offered = rd_kafka_topic_partition_list_copy(
		rd_kafka_event_topic_partition_list(event));
	c->offered_at = clock_steady(&c->b->clock);
	asker_probe(c->b->asker);
}

/* Takes all partitions, from where the store is. */
static void take(struct consumer *c, int count)
{
	rd_kafka_topic_partition_list_t *list = c->offered;
	const char *topic = c->b->config->kafka.topics.decisions;
	rd_kafka_resp_err_t err;
	int i;

	c->partitions = calloc((size_t)count, sizeof(*c->partitions));
	if (!c->partitions)
		return; /* the offer stays: tried again next turn */
	for (i = 0; i < list->cnt; i++) {
		rd_kafka_topic_partition_t *part = &list->elems[i];
		int64_t next =
			store_offset_get(c->b->store, topic, part->partition);

		/* Nothing is known yet: Kafka's copy, else the beginning. */
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
		log_error(c->b->log, "kafka_assign_failed",
			  LOG_STR("error", rd_kafka_err2str(err)));
	c->complete = !err;
	c->shared = false;
	drop_offer(c);
	log_info(c->b->log, "kafka_assigned", LOG_STR("topic", topic),
		 LOG_INT("partitions", count));
}

static void consider_offer(struct consumer *c, const struct asker_news *news)
{
	rd_kafka_topic_partition_list_t *none;

	if (!c->offered || !news->up || news->asked_at < c->offered_at ||
	    news->partitions <= 0)
		return;
	if (c->offered->cnt >= news->partitions) {
		/* More than the asker knows of: some are new. */
		take(c, c->offered->cnt);
		return;
	}
	log_error(c->b->log, "kafka_group_shared",
		  LOG_STR("group", c->b->config->kafka.group),
		  LOG_INT("ours", c->offered->cnt),
		  LOG_INT("partitions", news->partitions));
	c->shared = true;
	/* Nothing of it is taken; NULL would end our part in the group, and
	 * nobody would tell us when the others have left. */
	none = rd_kafka_topic_partition_list_new(0);
	rd_kafka_assign(c->rk, none);
	rd_kafka_topic_partition_list_destroy(none);
	drop_offer(c);
}

/* --- a topic that is deleted and made again
 *
 * Its offsets begin again, and a position of before may be beyond its end or,
 * worse, among records that nobody has read. Kafka does not tell one topic
 * from another of the same name here, but there are signs. Reading a topic
 * from its beginning for a sign that was wrong does no harm: what has had its
 * effect is recognized by its position. */

static void suspect(struct consumer *c, const char *sign)
{
	const char *topic = c->b->config->kafka.topics.decisions;

	if (c->anew || !store_offset_any(c->b->store, topic))
		return;
	log_warn(c->b->log, "kafka_topic_anew", LOG_STR("sign", sign));
	c->anew = true;
}

static void look_for_topic(struct consumer *c, const struct asker_news *news)
{
	if (!news->up || news->partitions > 0 ||
	    news->asked_at == c->missed_at ||
	    strcmp(news->missing, c->b->config->kafka.topics.decisions) != 0)
		return;
	c->missed_at = news->asked_at;
	suspect(c, "the topic is missing");
}

/* Takes what is ours once more, from where the store is now. */
static void begin_anew(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *list = NULL;

	c->anew = false;
	if (!c->complete ||
	    rd_kafka_assignment(c->rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	drop_assignment(c);
	c->offered = list;
	c->offered_at = clock_steady(&c->b->clock);
	asker_probe(c->b->asker);
}

/* --- the turn */

static bool saw(struct consumer *c, int partition, int64_t next)
{
	struct partition *part;

	if (!c->complete || partition >= c->count)
		return false;
	part = &c->partitions[partition];
	part->seen_at = clock_steady(&c->b->clock);
	if (part->seen > next)
		suspect(c, "a position went back");
	if (part->seen != next) {
		part->seen = next;
		c->moved = true;
	}
	return true;
}

/* True when the event is kept. */
static bool fetched(struct consumer *c, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message = rd_kafka_event_message_next(event);

	if (!message || message->err ||
	    !saw(c, message->partition, message->offset + 1))
		return false;
	c->events[c->batch] = event;
	c->messages[c->batch++] = message;
	c->bytes += message->len;
	return true;
}

/* The end is behind aborted records and transaction markers, too. */
static void at_end(struct consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_t *part =
		rd_kafka_event_topic_partition(event);

	if (!part)
		return;
	saw(c, part->partition, part->offset);
	rd_kafka_topic_partition_destroy(part);
}

/* Not at once: who shares a group.instance.id with another is fenced by it,
 * and would fence it in turn. */
static void start_anew(struct consumer *c, const char *reason)
{
	log_error(c->b->log, "kafka_fatal", LOG_STR("error", reason));
	close_handle(c);
	c->reopen_at = c->b->now + REOPEN_MS;
}

/* True for a fatal one. */
static bool on_error(struct consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	uint64_t suppressed;

	/* An end comes by this way, not as a message. */
	if (err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		at_end(c, event);
		return false;
	}
	if (err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	    err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	    err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
		suspect(c, rd_kafka_err2str(err));
		asker_probe(c->b->asker);
	}
	if (log_every(&c->errors, 10000, c->b->now + 1, &suppressed))
		log_warn(c->b->log, "kafka_error",
			 LOG_STR("error", rd_kafka_event_error_string(event)),
			 LOG_UINT("suppressed", suppressed));
	return rd_kafka_event_error_is_fatal(event) != 0;
}

void consumer_collect(struct consumer *c, const struct asker_news *news)
{
	struct ztp_error error;
	rd_kafka_event_t *event;

	if (!c->rk && (c->b->now < c->reopen_at || open_handle(c, &error) != 0))
		return;
	look_for_topic(c, news);
	if (!c->anew)
		consider_offer(c, news);
	while (c->batch < BATCH && c->bytes < BATCH_BYTES &&
	       (event = rd_kafka_queue_poll(c->queue, 0)) != NULL) {
		bool keep = false, fatal = false;

		switch (rd_kafka_event_type(event)) {
		case RD_KAFKA_EVENT_FETCH:
			keep = fetched(c, event);
			break;
		case RD_KAFKA_EVENT_REBALANCE:
			rebalance(c, event);
			break;
		case RD_KAFKA_EVENT_ERROR:
			fatal = on_error(c, event);
			break;
		default:
			break;
		}
		if (!keep)
			rd_kafka_event_destroy(event);
		if (fatal) {
			start_anew(c, "fatal consumer error");
			break;
		}
	}
	c->more = c->batch >= BATCH || c->bytes >= BATCH_BYTES;
}

static int apply_one(struct consumer *c, const rd_kafka_message_t *message,
		     struct ztp_error *error)
{
	struct ztp_header headers[ZTP_HEADERS_MAX];
	struct verdict_record record = {
		.position = {c->b->config->kafka.topics.decisions,
			     message->partition, message->offset},
		.key = {message->key, message->key_len},
		.value = {message->payload, message->len},
		.headers = headers,
	};
	rd_kafka_headers_t *list = NULL;
	const char *name;
	const void *value;
	size_t size, i;

	if (rd_kafka_message_headers(message, &list) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		for (i = 0;
		     i < ZTP_HEADERS_MAX &&
		     rd_kafka_header_get_all(list, i, &name, &value, &size) ==
			     RD_KAFKA_RESP_ERR_NO_ERROR;
		     i++)
			headers[record.header_count++] =
				(struct ztp_header){name, {value, size}};
	return verdicts_apply(c->b, &record, error);
}

int consumer_apply(struct consumer *c, struct ztp_error *error)
{
	const char *topic = c->b->config->kafka.topics.decisions;
	int i, rc = 0;

	if (c->anew)
		return store_offset_restart(c->b->store, topic, error);
	for (i = 0; i < c->batch && rc == 0; i++)
		rc = apply_one(c, c->messages[i], error);
	for (i = 0; c->moved && i < c->count && rc == 0; i++)
		if (c->partitions[i].seen != c->partitions[i].next)
			rc = store_offset_set(c->b->store, topic, i,
					      c->partitions[i].seen, error);
	return rc;
}

void consumer_settle(struct consumer *c)
{
	int i;

	if (c->anew) {
		drop_batch(c);
		begin_anew(c);
		return;
	}
	for (i = 0; c->moved && i < c->count; i++)
		c->partitions[i].next = c->partitions[i].seen;
	if (c->moved)
		c->commit_due = true;
	drop_batch(c);
}

void consumer_pump(struct consumer *c, bool last)
{
	rd_kafka_topic_partition_list_t *list;
	int i;

	if (!c->complete || !c->commit_due ||
	    (!last && c->b->now < c->next_commit))
		return;
	list = rd_kafka_topic_partition_list_new(c->count);
	for (i = 0; i < c->count; i++) {
		if (c->partitions[i].next < 0 ||
		    c->partitions[i].next == c->partitions[i].committed)
			continue;
		rd_kafka_topic_partition_list_add(
			list, c->b->config->kafka.topics.decisions, i)
			->offset = c->partitions[i].next;
		c->partitions[i].committed = c->partitions[i].next;
	}
	/* A copy: if it fails, the next one says the same or more. */
	if (list->cnt > 0)
		(void)rd_kafka_commit(c->rk, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
	c->commit_due = false;
	c->next_commit = c->b->now + COMMIT_MS;
}

int64_t consumer_next(const struct consumer *c)
{
	if (!c->rk)
		return c->reopen_at > c->b->now ? c->reopen_at : 0;
	return c->complete && c->commit_due ? c->next_commit : 0;
}

bool consumer_more(const struct consumer *c)
{
	return c->more;
}

bool consumer_complete(const struct consumer *c)
{
	return c->complete;
}

bool consumer_shared(const struct consumer *c)
{
	return c->shared;
}

bool consumer_reached(const struct consumer *c, const struct asker_ends *ends)
{
	int i;

	if (!c->complete || c->anew || ends->count != c->count)
		return false;
	for (i = 0; i < c->count; i++) {
		const struct partition *part = &c->partitions[i];

		if (part->seen_at == 0 || part->next < ends->ends[i] ||
		    part->seen < ends->ends[i])
			return false;
		/* A position beyond the end that has not moved since is that
		 * of a topic which is no more. */
		if (part->next > ends->ends[i] &&
		    part->seen_at < ends->asked_at)
			return false;
	}
	return true;
}
