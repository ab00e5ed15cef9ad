#include "bridge/kafka/consumer.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "bridge/core/batching.h"
#include "bridge/kafka/consumer_internal.h"

#define BATCH_BYTES   (4 << 20)
#define HEADER_BYTES  60
#define FATAL_MS      5000
#define SEEK_AGAIN_MS 1000

static int open_handle(struct consumer *c, struct ztp_error *error)
{
	static const uint64_t one = 1;
	rd_kafka_resp_err_t err;

	c->rk = kafka_new(c->core, ZTP_KAFKA_CONSUMER,
			  RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_REBALANCE |
				  RD_KAFKA_EVENT_ERROR |
				  RD_KAFKA_EVENT_OFFSET_COMMIT,
			  error);
	if (!c->rk)
		return ZTP_ERR_INTERNAL;
	rd_kafka_poll_set_consumer(c->rk);
	c->queue = rd_kafka_queue_get_consumer(c->rk);
	rd_kafka_queue_io_event_enable(c->queue, c->wake_fd, &one, sizeof(one));
	err = c->core->config->standby.enabled ? RD_KAFKA_RESP_ERR_NO_ERROR
					       : consumer_subscribe(c);
	return err ? ztp_fail(error, ZTP_ERR_INTERNAL, "kafka: subscribe: %s",
			      rd_kafka_err2str(err))
		   : 0;
}

/* Two bridges have two stores, even if all else is the same. */
static int name_member(struct core *core, struct store *store,
		       struct ztp_error *error)
{
	uint8_t random[16];
	int rc = store_get(store, "member", core->member, sizeof(core->member),
			   error);

	if (rc < 0 || *core->member)
		return rc < 0 ? rc : 0;
	ztp_random(random, sizeof(random));
	ztp_hex_encode(core->member, random, sizeof(random));
	return store_set(store, "member", core->member, error);
}

int consumer_new(struct consumer **out, struct core *core, struct store *store,
		 struct probe *probe, const struct consumer_user *user,
		 int wake_fd, struct ztp_error *error)
{
	struct consumer *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	c->core = core;
	c->store = store;
	c->probe = probe;
	c->user = *user;
	c->wake_fd = wake_fd;
	c->batch_max = BATCHING_TURN_MAX;
	rc = name_member(core, store, error);
	if (rc == 0)
		rc = open_handle(c, error);
	if (rc != 0) {
		consumer_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

static void close_handle(struct consumer *c, bool last)
{
	consumer_let_go(c);
	if (!c->rk)
		return;
	rd_kafka_queue_io_event_enable(c->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(c->queue);
	kafka_close_consumer(c->core, c->rk, last);
	c->rk = NULL;
}

void consumer_reopen(struct consumer *c, int64_t ms)
{
	close_handle(c, false);
	c->anew = c->again = c->shared = false;
	c->joined_for = 0;
	c->unassigned_at = 0;
	c->reopen_at = c->core->now + ms;
}

void consumer_free(struct consumer *c)
{
	if (!c)
		return;
	close_handle(c, true);
	free(c);
}

/* --- the turn */

/* From the record at `began`, or the end there, to `next`. */
static bool advance(struct consumer *c, int partition, int64_t began,
		    int64_t next)
{
	struct partition *part;

	if (!c->complete || partition >= c->count)
		return false;
	part = &c->partitions[partition];
	if (consumer_landmark_in_doubt(c, partition, began))
		return false;
	part->seen_at = ztp_clock_steady(&c->core->clock);
	part->denied = false;
	if (part->seen > next)
		consumer_suspect(c, "a position went back");
	if (part->seen != next) {
		part->seen = next;
		c->moved = true;
	}
	return true;
}

/* The partition whose landmark is still looked for, or NULL. */
static struct partition *looking(struct consumer *c, int partition)
{
	if (!c->complete || partition >= c->count ||
	    !c->partitions[partition].looking)
		return NULL;
	return &c->partitions[partition];
}

/* What a record takes of a batch. Each header takes some 60 bytes, whatever it
 * has on the wire. */
static size_t size_of(const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *list;

	if (rd_kafka_message_headers(message, &list) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return message->len;
	return message->len + HEADER_BYTES * rd_kafka_header_cnt(list);
}

/* Returns true if the event is kept. */
static bool on_message(struct consumer *c, rd_kafka_event_t *event,
		       const rd_kafka_message_t *message)
{
	struct partition *part;

	if (message->err)
		return false;
	part = looking(c, message->partition);
	if (part)
		consumer_landmark_found(c, part, message);
	if (part ||
	    !consumer_gap_readable(c, message->partition, message->offset) ||
	    !advance(c, message->partition, message->offset,
		     message->offset + 1))
		return false;
	c->partitions[message->partition].last = message;
	c->events[c->batch] = event;
	c->messages[c->batch++] = message;
	c->bytes += size_of(message);
	return true;
}

static bool on_fetch(struct consumer *c, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message = rd_kafka_event_message_next(event);

	return message && (consumer_large_begin(c, event, message) ||
			   on_message(c, event, message));
}

/* Returns true if there is a large record that is not hashed yet. */
static bool is_hashing(struct consumer *c)
{
	rd_kafka_event_t *event = c->large.event;

	if (!event)
		return false;
	if (!consumer_large_go_on(c))
		return true;
	c->large.event = NULL;
	if (!on_message(c, event, c->large.message))
		rd_kafka_event_destroy(event);
	return false;
}

/* The end offset also lies behind aborted records and transaction markers. */
static void on_partition_end(struct consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_t *part =
		rd_kafka_event_topic_partition(event);
	struct partition *unread;

	if (!part)
		return;
	unread = looking(c, part->partition);
	if (unread)
		consumer_landmark_end(c, unread, part->offset);
	else if (consumer_gap_readable(c, part->partition, part->offset))
		advance(c, part->partition, part->offset, part->offset);
	rd_kafka_topic_partition_destroy(part);
}

/* Not reopened at once: a bridge that shares its group.instance.id with
 * another is fenced by it, and would fence it in turn. */
static void close_after_fatal(struct consumer *c, const char *reason)
{
	log_error(c->core->log, "kafka_fatal", LOG_STR("error", reason));
	consumer_reopen(c, FATAL_MS);
}

/* Returns true for a fatal error. */
static bool on_error(struct consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	uint64_t suppressed;

	/* The end of a partition is reported as an error event, not as
	 * a message. */
	if (err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		on_partition_end(c, event);
		return false;
	}
	if (err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	    err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	    err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
		consumer_suspect(c, rd_kafka_err2str(err));
		probe_again(c->probe);
	}
	if (consumer_gap_failed(c, err, event) ||
	    consumer_denied_by(c, err, event))
		return false;
	if (log_every(&c->errors, 10000, c->core->now + 1, &suppressed))
		log_warn(c->core->log, "kafka_error",
			 LOG_STR("error", rd_kafka_event_error_string(event)),
			 LOG_UINT("suppressed", suppressed));
	return rd_kafka_event_error_is_fatal(event) != 0;
}

void consumer_limit(struct consumer *c, int max)
{
	c->batch_max = max;
	if (c->batch > max)
		consumer_let_go(c);
}

void consumer_collect(struct consumer *c, const struct probe_status *status)
{
	struct ztp_error error;
	rd_kafka_event_t *event;

	if (!c->rk && c->core->now < c->reopen_at)
		return;
	if (!c->rk && open_handle(c, &error) != 0) {
		close_after_fatal(c, error.message);
		return;
	}
	if (consumer_look_for_topic(c, status) || consumer_stands_still(c) ||
	    consumer_waits_in_vain(c, status)) {
		consumer_reopen(c, 0);
		return;
	}
	if (c->core->config->standby.enabled)
		consumer_offer_all(c, status);
	if (!c->anew)
		consumer_consider(c, status);
	if (!consumer_landmark_decide(c)) {
		consumer_reopen(c, SEEK_AGAIN_MS);
		return;
	}
	consumer_ask_denied(c);
	c->more = is_hashing(c);
	/* One that is hashed keeps its hash until it has been applied. */
	while (!c->more && !c->large.message && c->batch < c->batch_max &&
	       c->bytes < BATCH_BYTES &&
	       (event = rd_kafka_queue_poll(c->queue, 0)) != NULL) {
		bool keep = false, fatal = false;

		switch (rd_kafka_event_type(event)) {
		case RD_KAFKA_EVENT_FETCH:
			keep = on_fetch(c, event);
			break;
		case RD_KAFKA_EVENT_REBALANCE:
			consumer_rebalance(c, event);
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
			close_after_fatal(c, "fatal consumer error");
			break;
		}
	}
	c->more = c->batch >= c->batch_max || c->bytes >= BATCH_BYTES ||
		  c->large.message;
}

/* All headers of a record, so that none hides behind others: views, in *few if
 * they fit, else in a block that the caller frees. NULL: out of memory. */
static struct ztp_header *read_headers(const rd_kafka_message_t *message,
				       struct ztp_header few[ZTP_HEADERS_MAX],
				       size_t *count, bool *unread)
{
	struct ztp_header *headers = few;
	rd_kafka_headers_t *list = NULL;
	rd_kafka_resp_err_t err = rd_kafka_message_headers(message, &list);
	const void *value;
	size_t size, i, n = 0;

	*unread = err && err != RD_KAFKA_RESP_ERR__NOENT;
	if (!err)
		n = rd_kafka_header_cnt(list);
	if (n > ZTP_HEADERS_MAX)
		headers = calloc(n, sizeof(*headers));
	for (i = 0; headers && i < n; i++) {
		if (rd_kafka_header_get_all(list, i, &headers[i].name, &value,
					    &size) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR)
			break;
		headers[i].value = (struct ztp_str){value, size};
	}
	*count = i;
	return headers;
}

static int apply_one(struct consumer *c, const rd_kafka_message_t *message,
		     struct ztp_error *error)
{
	struct ztp_header few[ZTP_HEADERS_MAX], *headers;
	struct consumer_record record = {
		.position = {c->core->config->kafka.topics.decisions,
			     message->partition, message->offset},
		.key = {message->key, message->key_len},
		.value = {message->payload, message->len},
		.sha256 = consumer_large_sha256(c, message),
	};
	int rc;

	headers = read_headers(message, few, &record.header_count,
			       &record.headers_unread);
	if (!headers)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	record.headers = headers;
	rc = c->user.decision(c->user.arg, &record, error);
	if (headers != few)
		free(headers);
	return rc;
}

/* What the topic of before had beyond its last record that was read is gone. */
static int begin_anew(struct consumer *c, const char *topic,
		      struct ztp_error *error)
{
	const struct consumer_gap all = {{topic, -1, -1}, -1, "made anew"};
	int rc = c->user.lost(c->user.arg, &all, error);

	return rc == 0 ? store_offset_restart(c->store, topic, error) : rc;
}

int consumer_apply(struct consumer *c, struct ztp_error *error)
{
	const char *topic = c->core->config->kafka.topics.decisions;
	int i, rc = 0;

	if (c->anew)
		return begin_anew(c, topic, error);
	rc = consumer_landmark_lost(c, error);
	for (i = 0; i < c->batch && rc == 0; i++)
		rc = apply_one(c, c->messages[i], error);
	if (rc == 0)
		rc = consumer_gap_apply(c, error);
	for (i = 0; (c->moved || c->again) && i < c->count && rc == 0; i++) {
		struct partition *part = &c->partitions[i];

		if (part->seen == part->next)
			continue;
		consumer_landmark_update(part);
		rc = store_offset_set(c->store, topic, i, part->seen,
				      &part->landmark, error);
	}
	return rc;
}

void consumer_settle(struct consumer *c)
{
	int i;

	if (c->anew || c->again) {
		consumer_reopen(c, 0);
		return;
	}
	consumer_gap_settle(c);
	for (i = 0; i < c->count; i++) {
		if (c->moved)
			c->partitions[i].next = c->partitions[i].seen;
		c->partitions[i].lost_end = 0;
	}
	if (c->moved)
		c->commit_due = true;
	consumer_drop_batch(c);
}

void consumer_pump(struct consumer *c, bool last)
{
	rd_kafka_topic_partition_list_t *list;
	int i;

	if (c->core->config->standby.enabled)
		c->commit_due = false; /* Kafka takes them from members only */
	if (!c->complete || !c->commit_due ||
	    (!last && c->core->now < c->next_commit))
		return;
	list = rd_kafka_topic_partition_list_new(c->count);
	for (i = 0; i < c->count; i++) {
		if (c->partitions[i].next < 0 ||
		    c->partitions[i].next == c->partitions[i].committed)
			continue;
		rd_kafka_topic_partition_list_add(
			list, c->core->config->kafka.topics.decisions, i)
			->offset = c->partitions[i].next;
		c->partitions[i].committed = c->partitions[i].next;
	}
	/* This is only a copy: if it fails, the next one carries the same
	 * offsets or later ones. */
	if (list->cnt > 0)
		(void)rd_kafka_commit(c->rk, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
	c->commit_due = false;
	c->next_commit = c->core->now + BATCHING_COPY_MS;
}

int64_t consumer_next(const struct consumer *c)
{
	int64_t ask;

	if (!c->rk) /* soon, and not at once in the same turn */
		return c->reopen_at > c->core->now ? c->reopen_at
						   : c->core->now + 1;
	if (!c->complete)
		return consumer_next_watch(c);
	ask = consumer_next_ask(c);
	if (c->commit_due && (ask == 0 || c->next_commit < ask))
		return c->next_commit;
	return ask;
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

bool consumer_reached(const struct consumer *c,
		      const struct probe_end_offsets *ends)
{
	int i;

	if (!c->complete || c->anew || c->again || ends->count != c->count)
		return false;
	for (i = 0; i < c->count; i++) {
		const struct partition *part = &c->partitions[i];

		if (part->seen_at == 0 || part->next < ends->ends[i] ||
		    part->seen < ends->ends[i])
			return false;
		/* A position beyond the end that has not moved since belongs
		 * to a topic that no longer exists. */
		if (part->next > ends->ends[i] &&
		    part->seen_at < ends->asked_at)
			return false;
	}
	return true;
}
