/*
 * What becomes of a producer's batches in librdkafka: a batch fails as a whole,
 * and is sent again where the error is one that passes. One that is taken makes
 * it conclude that those before it were, too: they are reported without an
 * offset (rd_kafka_dr_implicit_ack).
 */
#include <stdlib.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sim.h"

#define BATCH_MAX     1000000
#define BATCH_RECORDS 10000
/* RD_KAFKA_IDEMP_MAX_INFLIGHT: so many batches at a time, and none while as
 * many records (!) of the partition are under way. */
#define IN_FLIGHT_MAX 5

/* --- sending */

static struct batch *new_batch(struct handle *h, struct part *part)
{
	struct batch *batch = sim_alloc(sizeof(*batch));
	struct message **last = &batch->messages;

	batch->handle = h;
	batch->part = part;
	batch->transaction = h->txn.transaction;
	h->txn.sent = h->txn.sent || batch->transaction;
	while (part->first && batch->count < BATCH_RECORDS &&
	       (batch->count == 0 ||
		batch->bytes + part->first->size <= BATCH_MAX)) {
		struct message *message = part->first;

		part->first = message->next;
		message->next = NULL;
		*last = message;
		last = &message->next;
		batch->bytes += message->size;
		batch->count++;
	}
	if (!part->first)
		part->last = NULL;
	return batch;
}

static void put_on_wire(struct batch *batch)
{
	struct part *part = batch->part;
	int64_t delay = kafka_latency();

	batch->waits = false;
	batch->on_wire = true;
	if (sim.now + delay <= part->arrives)
		delay = part->arrives - sim.now + 1;
	part->arrives = sim.now + delay;
	sim_at(delay, broker_batch, batch, 0);
}

void producer_send(struct handle *h, struct part *part)
{
	int room = IN_FLIGHT_MAX - part->in_flight;

	while (part->first && room-- > 0 && !h->fatal) {
		struct batch *batch = new_batch(h, part);

		if (part->newest)
			part->newest->next = batch;
		else
			part->batches = batch;
		part->newest = batch;
		part->in_flight += batch->count;
		put_on_wire(batch);
	}
}

/* --- reports */

static void report_messages(struct handle *h, struct message *messages,
			    rd_kafka_resp_err_t err)
{
	struct message *message;
	struct event *event;

	if (!messages)
		return;
	for (message = messages; message; message = message->next)
		message->m.err = err;
	event = queue_add(&h->main, RD_KAFKA_EVENT_DR);
	event->messages = event->cursor = messages;
	h->txn.failed = h->txn.failed || err;
	if (h->delivered)
		handle_wake(h);
}

static void take_out(struct part *part, const struct batch *batch)
{
	struct batch *before = NULL, *b = part->batches;

	while (b != batch) {
		before = b;
		b = b->next;
	}
	if (before)
		before->next = batch->next;
	else
		part->batches = batch->next;
	if (part->newest == batch)
		part->newest = before;
	part->in_flight -= batch->count;
}

/* Without a place, the bridge cannot tell it from one that librdkafka has made
 * up. */
static void tell_places(const struct batch *batch)
{
	const struct message *message;

	for (message = batch->messages; message; message = message->next)
		if (message->m.offset >= 0)
			oracle_acknowledged((enum cluster_topic)message->topic,
					    message->m.payload, message->m.len);
}

static void report(struct batch *batch, rd_kafka_resp_err_t err)
{
	struct handle *h = batch->handle;
	struct part *part = batch->part;

	take_out(part, batch);
	batch->over = true;
	if (!handle_lives(h))
		return;
	if (!batch->reported && !err)
		tell_places(batch);
	if (!batch->reported) /* else purged */
		report_messages(h, batch->messages, err);
	if (part->batches && part->batches->waits)
		put_on_wire(part->batches);
	producer_send(h, part);
}

/* Its own are on their way, and may still be appended. */
static void report_copies(struct handle *h, struct batch *batch,
			  rd_kafka_resp_err_t err)
{
	struct message *message, *copies = NULL, **last = &copies;

	for (message = batch->messages; message; message = message->next) {
		struct message *copy = malloc(sizeof(*copy));

		if (!copy)
			abort();
		*copy = *message;
		copy->headers = NULL;
		copy->next = NULL;
		*last = copy;
		last = &copy->next;
	}
	batch->reported = true;
	report_messages(h, copies, err);
}

void producer_fail(struct handle *h, int topic, rd_kafka_resp_err_t queued,
		   rd_kafka_resp_err_t in_flight)
{
	struct batch *batch;
	int p;

	for (p = 0; p < CLUSTER_PARTITIONS; p++) {
		struct part *part = &h->parts[topic][p];
		struct message *waiting = part->first;

		part->first = part->last = NULL;
		for (batch = part->batches; batch && in_flight;
		     batch = batch->next)
			if (!batch->reported)
				report_copies(h, batch, in_flight);
		report_messages(h, waiting, queued);
	}
}

/* --- answers */

int batch_topic(const struct batch *batch)
{
	return (int)(batch->part->topic - cluster.topics);
}

static sim_event answered;

static void answered(void *arg, int64_t err)
{
	struct batch *batch = arg, *first;

	/* One that was sent after it was answered first. */
	if (batch->over)
		return;
	/* It is asked for again when that can be. */
	if (batch->transaction && !handle_reaches(batch->handle) &&
	    handle_lives(batch->handle)) {
		sim_at_of(batch->handle->of, KAFKA_BACKOFF_US, answered, batch,
			  err);
		return;
	}
	/* Those before it that are without an answer: taken for delivered. */
	while (!err && (first = batch->part->batches) != batch)
		report(first, RD_KAFKA_RESP_ERR_NO_ERROR);
	report(batch, (rd_kafka_resp_err_t)err);
	if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		producer_deny(batch->handle, batch_topic(batch));
	if (err == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH)
		transaction_fence(batch->handle);
}

void batch_answer_in(struct batch *batch, rd_kafka_resp_err_t err,
		     int64_t delay)
{
	struct part *part = batch->part;

	batch->judged = true;
	if (sim.now + delay <= part->answers)
		delay = part->answers - sim.now + 1;
	part->answers = sim.now + delay;
	sim_at_of(batch->handle->of, delay, answered, batch, err);
}

void batch_answer(struct batch *batch, rd_kafka_resp_err_t err)
{
	batch_answer_in(batch, err, kafka_latency());
}

static void again(void *arg, int64_t n)
{
	struct batch *batch = arg;
	rd_kafka_resp_err_t err = batch->handle->views[batch_topic(batch)].err;

	(void)n;
	if (batch->judged)
		return;
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    (!err && batch->part->number >= batch->part->topic->partitions))
		err = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
	if (err) /* it is back among those that wait, which have failed */
		batch_answer(batch, err);
	else
		put_on_wire(batch);
}

void batch_refuse(struct batch *batch)
{
	sim_trace("batch refused for now", batch->part->number, batch->count);
	if (handle_lives(batch->handle))
		sim_at_of(batch->handle->of, KAFKA_BACKOFF_US, again, batch, 0);
}
