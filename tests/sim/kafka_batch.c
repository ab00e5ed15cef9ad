/*
 * What becomes of a producer's batches, in librdkafka and in a broker. As
 * strict as the real ones in what the bridge has to live with:
 *
 * - A batch fails as a whole, and is sent again by the library where the error
 *   is one that passes; those behind it are refused until then (idempotence).
 * - But a broker that has no records of a producer yet takes the second batch
 *   after it has refused the first, and the library concludes that the first
 *   is there, too: it reports it without an offset (rd_kafka_dr_implicit_ack).
 *   tests/fault/refusal.py sees the real ones do it.
 * - A batch that was appended, and whose answer was lost, is known to the
 *   broker when it comes again; if it came too long ago to say where it is, the
 *   report has no offset either.
 * - What is on the wire when the bridge dies is appended all the same.
 */
#include <stdlib.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define BACKOFF_US    (100 * SIM_MS)
#define BATCH_MAX     1000000
#define BATCH_RECORDS 10000
/* RD_KAFKA_IDEMP_MAX_INFLIGHT: so many batches at a time, and none while as
 * many records (!) of the partition are under way. */
#define IN_FLIGHT_MAX 5

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

static void put_on_wire(struct batch *batch)
{
	struct part *part = batch->part;
	int64_t delay = kafka_latency();

	batch->waits = false;
	batch->on_wire = true;
	if (sim.now + delay <= part->arrives)
		delay = part->arrives - sim.now + 1;
	part->arrives = sim.now + delay;
	sim_at(delay, arrive, batch, 0);
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

static void report(struct batch *batch, rd_kafka_resp_err_t err)
{
	struct handle *h = batch->handle;
	struct part *part = batch->part;

	take_out(part, batch);
	if (!handle_lives(h))
		return;
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

static int topic_of(const struct batch *batch)
{
	return (int)(batch->part->topic - cluster.topics);
}

static void answered(void *arg, int64_t err)
{
	struct batch *batch = arg, *first;

	/* Those before it that are without an answer: taken for delivered. */
	while (!err && (first = batch->part->batches) != batch)
		report(first, RD_KAFKA_RESP_ERR_NO_ERROR);
	report(batch, (rd_kafka_resp_err_t)err);
	if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		producer_deny(batch->handle, topic_of(batch));
}

static void answer_in(struct batch *batch, rd_kafka_resp_err_t err,
		      int64_t delay)
{
	struct part *part = batch->part;

	batch->judged = true;
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
	struct batch *batch = arg;
	rd_kafka_resp_err_t err = batch->handle->views[topic_of(batch)].err;

	(void)n;
	if (batch->judged)
		return;
	if (!err && batch->part->number >= batch->part->topic->partitions)
		err = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
	if (err) /* it is back among those that wait, which have failed */
		answer(batch, err);
	else
		put_on_wire(batch);
}

static void refuse_for_now(struct batch *batch)
{
	sim_trace("batch refused for now", batch->part->number, batch->count);
	if (handle_lives(batch->handle))
		sim_at_life(BACKOFF_US, again, batch, 0);
}

/* --- the broker */

static void append(struct batch *batch)
{
	struct part *part = batch->part;
	struct message *message;

	part->known = part->topic->generation;
	for (message = batch->messages; message; message = message->next)
		message->m.offset =
			cluster_append(part->topic, part->number,
				       message->m.key, message->m.key_len,
				       message->m.payload, message->m.len,
				       message->headers)
				->offset;
}

static void set_offsets(struct batch *batch, int64_t offset)
{
	struct message *message;

	for (message = batch->messages; message; message = message->next)
		message->m.offset = offset;
}

static void lose_idempotence(struct handle *h)
{
	struct event *event;
	int t;

	if (!handle_lives(h) || h->fatal)
		return;
	h->fatal = RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
	event = queue_add(&h->main, RD_KAFKA_EVENT_ERROR);
	event->fatal = true;
	event->err = RD_KAFKA_RESP_ERR__FATAL;
	for (t = 0; t < CLUSTER_TOPICS; t++)
		producer_fail(h, t, RD_KAFKA_RESP_ERR__PURGE_QUEUE, 0);
}

static bool is_next(const struct batch *batch)
{
	const struct batch *b = batch->part->batches;

	while (b && b->judged)
		b = b->next;
	return b == batch;
}

/* Faults of the broker. True: the batch has been dealt with. */
static bool refused(struct batch *batch)
{
	if (!sim_odds(sim.plan.refuse) || sim.calm)
		return false;
	switch (sim_between(0, 8)) {
	case 0: /* not for this topic, not now */
		batch->part->topic->denied =
			sim.now + sim_delay(SIM_MS, 10 * SIM_S);
		return false;
	case 1:
		lose_idempotence(batch->handle);
		return true;
	case 2: /* the answer is lost; asked again, the broker knows it */
	case 3:
		append(batch);
		if (sim_odds(2))
			set_offsets(batch, RD_KAFKA_OFFSET_INVALID);
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
	struct batch *b;

	sim_trace("first batch is lost", batch->part->number, batch->count);
	for (b = batch->part->batches; b != batch; b = b->next) {
		if (!b->judged)
			set_offsets(b, RD_KAFKA_OFFSET_INVALID);
		b->judged = true;
	}
}

static void take(struct batch *batch)
{
	if (refused(batch))
		return;
	if (sim.now < batch->part->topic->denied) {
		answer(batch, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	} else if (kafka_batch_bytes(batch) > batch->part->topic->max_bytes) {
		answer(batch, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	} else {
		append(batch);
		answer(batch, RD_KAFKA_RESP_ERR_NO_ERROR);
	}
}

/* True: there is nobody to take it. */
static bool is_unreachable(struct batch *batch)
{
	struct topic *topic = batch->part->topic;

	if (cluster_answers() && !topic->missing &&
	    batch->part->number < topic->partitions &&
	    sim.now >= topic->logs[batch->part->number].leaderless)
		return false;
	if (topic->missing && handle_lives(batch->handle))
		producer_ask(batch->handle, topic_of(batch));
	return true;
}

static void arrive(void *arg, int64_t n)
{
	struct batch *batch = arg;
	const struct part *part = batch->part;

	(void)n;
	batch->on_wire = false;
	if (batch->judged || (batch->handle->fatal && sim_odds(2)))
		return;
	if (is_unreachable(batch)) {
		refuse_for_now(batch);
	} else if (is_next(batch)) {
		take(batch);
	} else if (part->known == part->topic->generation ||
		   kafka_batch_bytes(batch) > part->topic->max_bytes) {
		batch->waits = true; /* out of order: after the first */
	} else { /* an unknown producer: any number will do */
		forget_those_before(batch);
		append(batch);
		answer(batch, RD_KAFKA_RESP_ERR_NO_ERROR);
	}
}
