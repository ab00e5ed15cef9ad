/*
 * The producer's half of librdkafka, and what a broker makes of its batches.
 * As strict as the real ones in what the bridge has to live with:
 *
 * - A record that is too large, or one too many, is refused where it stands
 *   (rd_kafka_msg_new0, RD_KAFKA_RESP_ERR__QUEUE_FULL).
 * - A batch fails as a whole, and is retried by the library where the error is
 *   one that passes; those behind it are refused until then (idempotence).
 * - But a broker that has no records of a producer yet takes the second batch
 *   after it has refused the first, and the library concludes that the first
 *   is there, too: it reports it without an offset. tests/fault/refusal.py
 *   sees the real ones do it.
 * - What is on the wire when the bridge dies is appended all the same.
 */
#include <stdlib.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define BACKOFF_US    (100 * SIM_MS)
#define BATCH_MAX     1000000
#define BATCH_RECORDS 10000
#define BATCHES_MAX   5 /* max.in.flight.requests.per.connection */

static sim_event arrive;

/* --- sending */

static struct batch *new_batch(struct handle *h, struct part *part)
{
	struct batch *batch = sim_alloc(sizeof(*batch));
	struct message **last = &batch->messages;

	batch->handle = h;
	batch->part = part;
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

static void put_on_wire(struct batch *batch, int64_t delay)
{
	struct part *part = batch->part;

	batch->waits = false;
	if (sim.now + delay <= part->arrives)
		delay = part->arrives - sim.now + 1;
	part->arrives = sim.now + delay;
	sim_at(delay, arrive, batch, 0);
}

static int batches_of(const struct part *part)
{
	const struct batch *batch;
	int n = 0;

	for (batch = part->batches; batch; batch = batch->next)
		n++;
	return n;
}

void producer_send(struct handle *h, struct part *part)
{
	while (part->first && batches_of(part) < BATCHES_MAX &&
	       part->in_flight <= BATCHES_MAX) {
		struct batch *batch = new_batch(h, part);

		if (part->newest)
			part->newest->next = batch;
		else
			part->batches = batch;
		part->newest = batch;
		part->in_flight += batch->count;
		put_on_wire(batch, kafka_latency());
	}
}

/* --- what the broker answers */

static void report(struct batch *batch, rd_kafka_resp_err_t err)
{
	struct handle *h = batch->handle;
	struct part *part = batch->part;
	struct event *event;
	struct message *message;

	/* It is the first one, or all before it were reported with it. */
	part->batches = batch->next;
	if (!part->batches)
		part->newest = NULL;
	part->in_flight -= batch->count;
	if (!handle_lives(h))
		return;
	for (message = batch->messages; message; message = message->next)
		message->m.err = err;
	h->messages -= batch->count;
	event = queue_add(&h->main, RD_KAFKA_EVENT_DR);
	event->messages = event->cursor = batch->messages;
	if (part->batches && part->batches->waits)
		put_on_wire(part->batches, kafka_latency());
	producer_send(h, part);
}

static void answered(void *arg, int64_t err)
{
	struct batch *batch = arg, *first;

	/* Those before it that are without an answer: taken for delivered. */
	while ((first = batch->part->batches) != NULL && first != batch)
		report(first, RD_KAFKA_RESP_ERR_NO_ERROR);
	report(batch, (rd_kafka_resp_err_t)err);
}

static void answer_in(struct batch *batch, rd_kafka_resp_err_t err,
		      int64_t delay)
{
	struct part *part = batch->part;

	batch->appended = true; /* or never will be */
	if (sim.now + delay <= part->answers)
		delay = part->answers - sim.now + 1;
	part->answers = sim.now + delay;
	sim_at_life(delay, answered, batch, err);
}

static void answer(struct batch *batch, rd_kafka_resp_err_t err)
{
	answer_in(batch, err, kafka_latency());
}

static void again(void *arg, int64_t n)
{
	(void)n;
	put_on_wire(arg, kafka_latency());
}

static void refuse_for_now(struct batch *batch)
{
	sim_trace("batch refused for now", batch->part->number, batch->count);
	batch->waits = false;
	if (handle_lives(batch->handle))
		sim_at_life(BACKOFF_US, again, batch, 0);
}

static void append(struct batch *batch)
{
	struct part *part = batch->part;
	struct message *message;

	part->known = true;
	for (message = batch->messages; message; message = message->next)
		message->m.offset =
			cluster_append(part->topic, part->number,
				       message->m.key, message->m.key_len,
				       message->m.payload, message->m.len,
				       message->headers)
				->offset;
}

static void lose_idempotence(struct handle *h)
{
	struct event *event;

	if (!handle_lives(h) || h->fatal)
		return;
	h->fatal = true;
	event = queue_add(&h->main, RD_KAFKA_EVENT_ERROR);
	event->fatal = true;
	event->err = RD_KAFKA_RESP_ERR__FATAL;
}

static bool is_next(const struct batch *batch)
{
	const struct batch *b = batch->part->batches;

	while (b && b->appended)
		b = b->next;
	return b == batch;
}

/* Faults of the broker. True: the batch has been dealt with. */
static bool refused(struct batch *batch)
{
	if (!sim_odds(sim.plan.refuse) || sim.calm)
		return false;
	switch (sim_between(0, 7)) {
	case 0: /* not for this topic, not now */
		answer(batch, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
		return true;
	case 1:
		lose_idempotence(batch->handle);
		return true;
	case 2: /* taken, but the answer is lost: asked again, known */
		append(batch);
		answer_in(batch, RD_KAFKA_RESP_ERR_NO_ERROR,
			  BACKOFF_US + 2 * kafka_latency());
		return true;
	default:
		refuse_for_now(batch);
		return true;
	}
}

/* The broker has refused them and takes one behind them. The library takes that
 * for a sign that it has them, and says so, without an offset. */
static void forget_those_before(struct batch *batch)
{
	struct message *message;
	struct batch *b;

	cluster.reordered = true;
	sim_trace("first batch is lost", batch->part->number, batch->count);
	for (b = batch->part->batches; b != batch; b = b->next) {
		for (message = b->messages; message && !b->appended;
		     message = message->next)
			message->m.offset = RD_KAFKA_OFFSET_INVALID;
		b->appended = true;
	}
}

static void take(struct batch *batch)
{
	if (batch->bytes > batch->part->topic->max_bytes) {
		answer(batch, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	} else if (!refused(batch)) {
		append(batch);
		answer(batch, RD_KAFKA_RESP_ERR_NO_ERROR);
	}
}

static void arrive(void *arg, int64_t n)
{
	struct batch *batch = arg;
	struct part *part = batch->part;

	(void)n;
	if (batch->handle->fatal || batch->appended)
		return;
	if (!cluster_answers() ||
	    sim.now < part->topic->logs[part->number].leaderless) {
		refuse_for_now(batch);
		return;
	}
	if (is_next(batch)) {
		take(batch);
		return;
	}
	if (part->known || batch->bytes > part->topic->max_bytes) {
		batch->waits = true; /* out of order: after the first */
		return;
	}
	forget_those_before(batch); /* unknown producer: any number will do */
	append(batch);
	answer(batch, RD_KAFKA_RESP_ERR_NO_ERROR);
}
