/* The producer's half of librdkafka, as far as it is its caller's: what it takes
 * and what it refuses where it stands (rd_kafka_msg_new0), and when a place in
 * its queue is free again: when the report has been destroyed. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

static sim_event linger_over;

void message_free(struct message *message)
{
	if (message->handle) { /* a consumer's are the log's */
		message->handle->messages--;
		message->handle->bytes -= (int64_t)message->m.len;
		if (message->headers)
			rd_kafka_headers_destroy(message->headers);
	}
	free(message);
}

void producer_begin(struct handle *h)
{
	int t, p;

	for (t = 0; t < CLUSTER_TOPICS; t++)
		for (p = 0; p < CLUSTER_PARTITIONS; p++) {
			h->parts[t][p].topic = &cluster.topics[t];
			h->parts[t][p].number = p;
		}
}

static void linger_over(void *arg, int64_t n)
{
	struct handle *h = arg;
	struct part *part =
		&h->parts[n / CLUSTER_PARTITIONS][n % CLUSTER_PARTITIONS];

	part->lingers = false;
	if (handle_lives(h))
		producer_send(h, part);
}

/* --- reports by a callback */

void handle_call_back(struct handle *h)
{
	struct queue *queue = &h->main;
	struct message *message;
	struct event *event;

	while ((event = queue->first) != NULL) {
		queue->first = event->next;
		if (!queue->first)
			queue->last = NULL;
		queue->count--;
		for (message = event->messages; message;
		     message = message->next) {
			sim_input("acknowledged", message->m.partition,
				  message->m.offset);
			h->delivered((rd_kafka_t *)h, &message->m, NULL);
		}
		rd_kafka_event_destroy((rd_kafka_event_t *)event);
	}
}

static bool has_report(void *arg)
{
	return ((struct handle *)arg)->main.count > 0;
}

/* Until nothing is under way. */
static void handle_call_back_until(struct handle *h, int64_t until)
{
	handle_call_back(h);
	while (h->messages > 0 && sim.now < until) {
		handle_await(h, has_report, until);
		handle_call_back(h);
	}
}

int rd_kafka_poll(rd_kafka_t *rk, int timeout_ms)
{
	struct handle *h = (struct handle *)rk;

	sim_point();
	if (!h->delivered)
		return 0;
	handle_await(h, has_report, sim.now + timeout_ms * SIM_MS);
	handle_call_back(h);
	return 0;
}

rd_kafka_resp_err_t rd_kafka_flush(rd_kafka_t *rk, int timeout_ms)
{
	struct handle *h = (struct handle *)rk;
	int t, p;

	sim_point();
	for (t = 0; t < CLUSTER_TOPICS; t++)
		for (p = 0; p < CLUSTER_PARTITIONS; p++)
			producer_send(h, &h->parts[t][p]);
	if (h->delivered)
		handle_call_back_until(h, sim.now + timeout_ms * SIM_MS);
	else
		sim_pass(timeout_ms * SIM_MS);
	return h->messages == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR
				: RD_KAFKA_RESP_ERR__TIMED_OUT;
}

rd_kafka_resp_err_t rd_kafka_purge(rd_kafka_t *rk, int flags)
{
	bool queue = flags & RD_KAFKA_PURGE_F_QUEUE;
	bool flight = flags & RD_KAFKA_PURGE_F_INFLIGHT;
	int t;

	for (t = 0; t < CLUSTER_TOPICS && queue; t++)
		producer_fail((struct handle *)rk, t,
			      RD_KAFKA_RESP_ERR__PURGE_QUEUE,
			      flight ? RD_KAFKA_RESP_ERR__PURGE_INFLIGHT : 0);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t rd_kafka_fatal_error(rd_kafka_t *rk, char *text, size_t n)
{
	const struct handle *h = (const struct handle *)rk;

	if (h->fatal)
		strncpy(text, "played: idempotence is lost", n - 1);
	return h->fatal;
}

/* --- handing over */

static struct message *new_message(const struct message *given)
{
	struct message *message;
	char *to;

	message = malloc(sizeof(*message) + given->m.key_len + given->m.len);
	if (!message)
		abort();
	*message = *given;
	to = (char *)(message + 1);
	if (given->m.key)
		message->m.key = memcpy(to, given->m.key, given->m.key_len);
	if (given->m.payload)
		message->m.payload = memcpy(to + given->m.key_len,
					    given->m.payload, given->m.len);
	return message;
}

static void queue_message(struct handle *h, struct message *message)
{
	int number = cluster_partition(&cluster.topics[message->topic],
				       message->m.key, message->m.key_len);
	struct part *part = &h->parts[message->topic][number];

	message->m.partition = number;
	if (part->last)
		part->last->next = message;
	else
		part->first = message;
	part->last = message;
	h->messages++;
	h->bytes += (int64_t)message->m.len;
	if (!part->lingers)
		sim_at_of(h->of, h->linger_us, linger_over, h,
			  message->topic * CLUSTER_PARTITIONS + number);
	part->lingers = true;
}

/* In this order: rd_kafka_producev. Only values count in the queue's bytes. */
static rd_kafka_resp_err_t refuse(const struct handle *h,
				  const struct message *given)
{
	rd_kafka_resp_err_t topic = h->views[given->topic].err;

	if (h->fatal)
		return RD_KAFKA_RESP_ERR__FATAL;
	if (h->is_transactional && (!h->txn.transaction || h->txn.failed))
		return RD_KAFKA_RESP_ERR__STATE;
	if (given->size > h->max_bytes)
		return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
	if (h->messages >= h->max_messages ||
	    h->bytes + (int64_t)given->m.len > h->max_queue_bytes)
		return RD_KAFKA_RESP_ERR__QUEUE_FULL;
	if (topic == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
	return topic;
}

static void take_arguments(struct message *given, va_list args)
{
	rd_kafka_vtype_t type;

	while ((type = va_arg(args, rd_kafka_vtype_t)) != RD_KAFKA_VTYPE_END)
		switch (type) {
		case RD_KAFKA_VTYPE_RKT:
			given->topic = (int)(va_arg(args, struct topic *) -
					     cluster.topics);
			break;
		case RD_KAFKA_VTYPE_KEY:
			given->m.key = va_arg(args, void *);
			given->m.key_len = va_arg(args, size_t);
			break;
		case RD_KAFKA_VTYPE_VALUE:
			given->m.payload = va_arg(args, void *);
			given->m.len = va_arg(args, size_t);
			break;
		case RD_KAFKA_VTYPE_PARTITION: /* the one there is, or any */
		case RD_KAFKA_VTYPE_MSGFLAGS:
			(void)va_arg(args, int);
			break;
		case RD_KAFKA_VTYPE_HEADERS:
			given->headers = va_arg(args, rd_kafka_headers_t *);
			break;
		case RD_KAFKA_VTYPE_OPAQUE:
			given->m._private = va_arg(args, void *);
			break;
		default:
			abort();
		}
}

rd_kafka_resp_err_t rd_kafka_producev(rd_kafka_t *rk, ...)
{
	struct handle *h = (struct handle *)rk;
	struct message given = {.m.offset = RD_KAFKA_OFFSET_INVALID,
				.handle = h,
				.at = sim.now / SIM_MS};
	rd_kafka_resp_err_t err;
	va_list args;

	sim_point();
	va_start(args, rk);
	take_arguments(&given, args);
	va_end(args);
	given.size =
		kafka_record_bytes(given.m.key_len, given.m.len, given.headers);
	err = refuse(h, &given);
	if (!err)
		queue_message(h, new_message(&given));
	return err;
}
