#include "tests/sim/kafka_handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"
#include "tests/sim/system.h"
#include "tests/sim/thread.h"

/* The library's own types, as seen from outside. */
static struct handle *handle_of(const rd_kafka_t *rk)
{
	return (struct handle *)(uintptr_t)rk;
}

static struct event *event_of(const rd_kafka_event_t *event)
{
	return (struct event *)(uintptr_t)event;
}

bool handle_lives(const struct handle *h)
{
	return !h->closed && h->of->alive && h->life == h->of->life;
}

bool kafka_reaches(const struct process *of)
{
	return cluster_answers() && sim.now >= of->kafka_cut;
}

bool handle_reaches(const struct handle *h)
{
	return kafka_reaches(h->of);
}

void handle_await(struct handle *h, bool (*holds)(void *arg), int64_t until)
{
	if (!thread_current())
		process_wait(holds, h, until);
	else
		while (!holds(h) && sim.now < until)
			thread_await(h, until - sim.now);
}

void handle_wake(struct handle *h)
{
	thread_wake(h);
}

int64_t kafka_latency(void)
{
	return sim_delay(200, 60 * SIM_MS);
}

/* --- handles */

static void text_of(const rd_kafka_conf_t *conf, const char *name, char *text,
		    size_t n)
{
	if (rd_kafka_conf_get(conf, name, text, &n) != RD_KAFKA_CONF_OK)
		abort();
}

/* "" if it has none. */
static void name_of(const rd_kafka_conf_t *conf, const char *name, char *text,
		    size_t n)
{
	if (rd_kafka_conf_get(conf, name, text, &n) != RD_KAFKA_CONF_OK)
		*text = '\0';
}

static int64_t setting(const rd_kafka_conf_t *conf, const char *name)
{
	char text[64];

	text_of(conf, name, text, sizeof(text));
	return strtoll(text, NULL, 10);
}

static double real_setting(const rd_kafka_conf_t *conf, const char *name)
{
	char text[64];

	text_of(conf, name, text, sizeof(text));
	return strtod(text, NULL);
}

/* What only some handles have. */
static void take_names(struct handle *h, const rd_kafka_conf_t *conf)
{
	struct membership *m = &h->membership;
	char text[64];
	void *fn = NULL;

	name_of(conf, "dr_msg_cb", text, sizeof(text));
	if (sscanf(text, "%p", &fn) == 1)
		memcpy(&h->delivered, &fn, sizeof(fn));
	name_of(conf, "transactional.id", h->txn.id, sizeof(h->txn.id));
	h->is_transactional = h->txn.id[0] != '\0';
	h->txn.timeout_us = setting(conf, "transaction.timeout.ms") * SIM_MS;
	name_of(conf, "partition.assignment.strategy", text, sizeof(text));
	m->wanted = strcmp(text, "roundrobin") == 0;
	name_of(conf, "client.id", m->client_id, sizeof(m->client_id));
	m->session_us = setting(conf, "session.timeout.ms") * SIM_MS;
	m->heartbeat_us = setting(conf, "heartbeat.interval.ms") * SIM_MS;
	name_of(conf, "auto.offset.reset", text, sizeof(text));
	h->resets = strcmp(text, "error") != 0;
}

rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
			 char *error, size_t size)
{
	struct handle *h = sim_alloc(sizeof(*h));
	char isolation[64];
	size_t instance = 0; /* bytes of its id; 1: none */

	(void)error;
	(void)size;
	sim_point();
	h->type = type;
	h->of = sim.me;
	h->life = sim.me->life;
	h->main.fd = -1;
	text_of(conf, "isolation.level", isolation, sizeof(isolation));
	h->committed = strcmp(isolation, "read_committed") == 0;
	h->is_static = rd_kafka_conf_get(conf, "group.instance.id", NULL,
					 &instance) == RD_KAFKA_CONF_OK &&
		       instance > 1;
	h->max_bytes = (size_t)setting(conf, "message.max.bytes");
	h->max_messages = setting(conf, "queue.buffering.max.messages");
	h->max_queue_bytes = setting(conf, "queue.buffering.max.kbytes") * 1024;
	h->linger_us = (int64_t)(1000 * real_setting(conf, "linger.ms"));
	take_names(h, conf);
	rd_kafka_conf_destroy(conf);
	if (type == RD_KAFKA_PRODUCER)
		producer_begin(h);
	else
		h->consumer = sim_alloc(sizeof(*h->consumer));
	return (rd_kafka_t *)h;
}

void rd_kafka_destroy_flags(rd_kafka_t *rk, int flags)
{
	(void)flags;
	sim_point();
	consumer_destroyed(handle_of(rk));
	handle_of(rk)->closed = true;
}

void rd_kafka_destroy(rd_kafka_t *rk)
{
	rd_kafka_destroy_flags(rk, 0);
}

void *rd_kafka_opaque(const rd_kafka_t *rk)
{
	(void)rk;
	return NULL;
}

void rd_kafka_set_log_level(rd_kafka_t *rk, int level)
{
	(void)rk;
	(void)level;
}

rd_kafka_topic_t *rd_kafka_topic_new(rd_kafka_t *rk, const char *name,
				     rd_kafka_topic_conf_t *conf)
{
	(void)rk;
	(void)conf;
	return (rd_kafka_topic_t *)cluster_find(name);
}

void rd_kafka_topic_destroy(rd_kafka_topic_t *topic)
{
	(void)topic;
}

/* --- queues */

/* librdkafka writes to the descriptor when the first event comes into an empty
 * queue, and not again before it has been emptied (rd_kafka_q_enq1): who
 * leaves some is not woken for them. */
struct event *queue_add(struct queue *queue, int type)
{
	struct event *event = calloc(1, sizeof(*event));

	if (!event)
		abort();
	event->type = type;
	if (queue->last)
		queue->last->next = event;
	else
		queue->first = event;
	queue->last = event;
	if (++queue->count == 1 && queue->fd >= 0)
		system_wake(queue->fd);
	return event;
}

static rd_kafka_queue_t *lend(struct queue *queue, struct handle *h)
{
	struct lent *lent = sim_alloc(sizeof(*lent));

	*lent = (struct lent){queue, h};
	return (rd_kafka_queue_t *)lent;
}

rd_kafka_queue_t *rd_kafka_queue_get_main(rd_kafka_t *rk)
{
	return lend(&handle_of(rk)->main, handle_of(rk));
}

rd_kafka_queue_t *rd_kafka_queue_get_consumer(rd_kafka_t *rk)
{
	return lend(handle_of(rk)->consumer, handle_of(rk));
}

rd_kafka_queue_t *rd_kafka_queue_new(rd_kafka_t *rk)
{
	struct queue *queue = sim_alloc(sizeof(*queue));

	queue->fd = -1;
	return lend(queue, handle_of(rk));
}

void rd_kafka_queue_destroy(rd_kafka_queue_t *queue)
{
	(void)queue;
}

rd_kafka_resp_err_t rd_kafka_poll_set_consumer(rd_kafka_t *rk)
{
	handle_of(rk)->consumer = &handle_of(rk)->main;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Enabled on a queue that holds something already, it says nothing of that. */
void rd_kafka_queue_io_event_enable(rd_kafka_queue_t *queue, int fd,
				    const void *payload, size_t size)
{
	(void)payload;
	(void)size;
	((struct lent *)queue)->queue->fd = fd;
}

rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *rkq, int timeout_ms)
{
	struct lent *lent = (struct lent *)rkq;
	struct queue *queue = lent->queue;
	struct event *event;

	sim_point();
	if (queue->count == 0 && timeout_ms > 0)
		sim_pass(timeout_ms * SIM_MS);
	while ((event = queue->first) != NULL) {
		queue->first = event->next;
		if (!queue->first)
			queue->last = NULL;
		queue->count--;
		if (!consumer_is_stale(lent->handle, event))
			return (rd_kafka_event_t *)event;
		rd_kafka_event_destroy((rd_kafka_event_t *)event);
	}
	return NULL;
}

/* --- events */

rd_kafka_event_type_t rd_kafka_event_type(const rd_kafka_event_t *event)
{
	return event ? event_of(event)->type : RD_KAFKA_EVENT_NONE;
}

void rd_kafka_event_destroy(rd_kafka_event_t *rkev)
{
	struct event *event = event_of(rkev);
	struct message *message, *next;

	if (!event)
		return;
	for (message = event->messages; message; message = next) {
		next = message->next;
		message_free(message);
	}
	if (event->list)
		rd_kafka_topic_partition_list_destroy(event->list);
	if (event->type == RD_KAFKA_EVENT_OFFSET_COMMIT)
		sim_trace("commit answered", event->err, 0);
	free(event);
}

const rd_kafka_message_t *rd_kafka_event_message_next(rd_kafka_event_t *rkev)
{
	struct event *event = event_of(rkev);
	struct message *message = event->cursor;

	if (!message)
		return NULL;
	event->cursor = message->next;
	sim_input(event->type == RD_KAFKA_EVENT_DR ? "acknowledged" : "fetched",
		  message->m.partition, message->m.offset);
	return &message->m;
}

rd_kafka_resp_err_t rd_kafka_event_error(rd_kafka_event_t *event)
{
	return event_of(event)->err;
}

const char *rd_kafka_event_error_string(rd_kafka_event_t *event)
{
	return rd_kafka_err2str(event_of(event)->err);
}

int rd_kafka_event_error_is_fatal(rd_kafka_event_t *event)
{
	return event_of(event)->fatal;
}

rd_kafka_topic_partition_list_t *
rd_kafka_event_topic_partition_list(rd_kafka_event_t *event)
{
	return event_of(event)->list;
}

/* The caller's: destroyed by rd_kafka_topic_partition_destroy. */
rd_kafka_topic_partition_t *
rd_kafka_event_topic_partition(rd_kafka_event_t *event)
{
	struct event *e = event_of(event);
	rd_kafka_topic_partition_t *part = calloc(1, sizeof(*part));

	if (!part)
		abort();
	part->partition = e->partition;
	part->offset = e->offset;
	return part;
}

void rd_kafka_topic_partition_destroy(rd_kafka_topic_partition_t *part)
{
	free(part);
}

rd_kafka_resp_err_t rd_kafka_message_headers(const rd_kafka_message_t *m,
					     rd_kafka_headers_t **headers)
{
	const struct message *message = (const struct message *)m;

	*headers = message->headers;
	return message->headers ? RD_KAFKA_RESP_ERR_NO_ERROR
				: RD_KAFKA_RESP_ERR__NOENT;
}

int64_t rd_kafka_message_timestamp(const rd_kafka_message_t *m,
				   rd_kafka_timestamp_type_t *type)
{
	const struct message *message = (const struct message *)m;

	if (type)
		*type = message->appended_at
				? RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME
				: RD_KAFKA_TIMESTAMP_CREATE_TIME;
	return message->at;
}
