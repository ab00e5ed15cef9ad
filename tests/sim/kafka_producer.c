/* The producer's half of librdkafka, as far as it is its caller's: what it takes
 * and what it refuses where it stands (rd_kafka_msg_new0). */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define LINGER_US    (5 * SIM_MS)
#define RECORD_BYTES 36 /* around key, value and headers, at most */

void message_free(struct message *message)
{
	if (message->topic && message->headers) /* a consumer's are the log's */
		rd_kafka_headers_destroy(message->headers);
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

rd_kafka_resp_err_t rd_kafka_flush(rd_kafka_t *rk, int timeout_ms)
{
	struct handle *h = (struct handle *)rk;
	int t, p;

	sim_point();
	for (t = 0; t < CLUSTER_TOPICS; t++)
		for (p = 0; p < CLUSTER_PARTITIONS; p++)
			producer_send(h, &h->parts[t][p]);
	sim_pass(timeout_ms * SIM_MS);
	return RD_KAFKA_RESP_ERR__TIMED_OUT;
}

rd_kafka_resp_err_t rd_kafka_purge(rd_kafka_t *rk, int flags)
{
	(void)flags;
	((struct handle *)rk)->closed = true;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t rd_kafka_fatal_error(rd_kafka_t *rk, char *text, size_t n)
{
	(void)rk;
	strncpy(text, "played: idempotence is lost", n - 1);
	return RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
}

/* --- handing over */

/* A length as it is written: zigzag, 7 bits to a byte. */
static size_t length_size(size_t n)
{
	size_t size = 1;

	for (n *= 2; n >= 128; n /= 128)
		size++;
	return size;
}

size_t kafka_record_bytes(size_t key, size_t value, rd_kafka_headers_t *headers)
{
	size_t i, n, size = RECORD_BYTES + key + value;
	const char *name;
	const void *text;

	for (i = 0; headers &&
		    rd_kafka_header_get_all(headers, i, &name, &text, &n) == 0;
	     i++)
		size += length_size(strlen(name)) + strlen(name) +
			length_size(n) + n;
	return size;
}

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
	struct topic *topic = (struct topic *)(uintptr_t)message->topic;
	int t = (int)(topic - cluster.topics);
	int number =
		cluster_partition(topic, message->m.key, message->m.key_len);
	struct part *part = &h->parts[t][number];

	message->m.partition = number;
	if (part->last)
		part->last->next = message;
	else
		part->first = message;
	part->last = message;
	h->messages++;
	if (!part->lingers)
		sim_at_life(LINGER_US, linger_over, h,
			    t * CLUSTER_PARTITIONS + number);
	part->lingers = true;
}

rd_kafka_resp_err_t rd_kafka_producev(rd_kafka_t *rk, ...)
{
	struct handle *h = (struct handle *)rk;
	struct message given = {.m.offset = RD_KAFKA_OFFSET_INVALID};
	rd_kafka_vtype_t type;
	va_list args;

	sim_point();
	va_start(args, rk);
	while ((type = va_arg(args, rd_kafka_vtype_t)) != RD_KAFKA_VTYPE_END)
		switch (type) {
		case RD_KAFKA_VTYPE_RKT:
			given.topic = va_arg(args, const struct topic *);
			break;
		case RD_KAFKA_VTYPE_KEY:
			given.m.key = va_arg(args, void *);
			given.m.key_len = va_arg(args, size_t);
			break;
		case RD_KAFKA_VTYPE_VALUE:
			given.m.payload = va_arg(args, void *);
			given.m.len = va_arg(args, size_t);
			break;
		case RD_KAFKA_VTYPE_MSGFLAGS:
			(void)va_arg(args, int);
			break;
		case RD_KAFKA_VTYPE_HEADERS:
			given.headers = va_arg(args, rd_kafka_headers_t *);
			break;
		case RD_KAFKA_VTYPE_OPAQUE:
			given.m._private = va_arg(args, void *);
			break;
		default:
			abort();
		}
	va_end(args);
	given.size =
		kafka_record_bytes(given.m.key_len, given.m.len, given.headers);
	if (given.size > h->max_bytes)
		return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
	if (h->messages >= h->max_messages)
		return RD_KAFKA_RESP_ERR__QUEUE_FULL;
	queue_message(h, new_message(&given));
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}
