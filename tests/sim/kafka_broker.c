/*
 * What a broker makes of a producer's batches:
 *
 * - While one is refused, those behind it are as well (idempotence).
 * - But a broker that has no records of a producer yet takes the second after it
 *   has refused the first. tests/fault/refusal.py sees the real one do it.
 * - One that was appended, and whose answer was lost, is known when it comes
 *   again; if that was too long ago, without its place.
 * - What is on the wire when the bridge dies is appended all the same.
 */
#include <stdlib.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sim.h"

static const struct record *append_one(const struct batch *batch,
				       const struct message *message)
{
	const struct part *part = batch->part;

	if (batch->transaction)
		return cluster_append_to(batch->transaction, part->topic,
					 part->number, message->m.key,
					 message->m.key_len, message->m.payload,
					 message->m.len, message->headers);
	return cluster_append(part->topic, part->number, message->m.key,
			      message->m.key_len, message->m.payload,
			      message->m.len, message->headers);
}

static void append(struct batch *batch)
{
	struct part *part = batch->part;
	struct message *message;

	part->known = part->topic->generation;
	batch->appended = true;
	cluster.late = !handle_lives(batch->handle);
	for (message = batch->messages; message; message = message->next) {
		const struct record *r = append_one(batch, message);

		message->m.offset = r->offset;
		message->appended_at = cluster_stamps(part->topic);
		if (message->appended_at)
			message->at = cluster_time(part->topic, r);
	}
	cluster.late = false;
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
	oracle_unheard();
	h->fatal = RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
	event = queue_add(&h->main, RD_KAFKA_EVENT_ERROR);
	event->fatal = true;
	event->err = RD_KAFKA_RESP_ERR__FATAL;
	for (t = 0; t < CLUSTER_TOPICS; t++)
		producer_fail(h, t, RD_KAFKA_RESP_ERR__PURGE_QUEUE, 0);
}

rd_kafka_resp_err_t rd_kafka_test_fatal_error(rd_kafka_t *rk,
					      rd_kafka_resp_err_t err,
					      const char *why)
{
	(void)err;
	(void)why;
	lose_idempotence((struct handle *)rk);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool is_next(const struct batch *batch)
{
	const struct batch *b = batch->part->batches;

	while (b && b->judged)
		b = b->next;
	return b == batch;
}

/* Asked about it again, the broker knows it; not always where it is. */
static void lose_answer(struct batch *batch)
{
	append(batch);
	if (sim_odds(2))
		set_offsets(batch, RD_KAFKA_OFFSET_INVALID);
	batch_answer_in(batch, RD_KAFKA_RESP_ERR_NO_ERROR,
			KAFKA_BACKOFF_US + 2 * kafka_latency());
}

static const struct topic *willing;
static enum broker_will will;

void broker_will(const struct topic *topic, enum broker_will what)
{
	willing = topic;
	will = what;
}

/* True: the batch has been dealt with. */
static bool done_as_told(struct batch *batch)
{
	enum broker_will what = will;

	if (batch->part->topic != willing)
		return false;
	will = BROKER_TAKES;
	if (what == BROKER_REFUSES)
		batch_refuse(batch);
	else if (what == BROKER_LOSES_ANSWER)
		lose_answer(batch);
	return what != BROKER_TAKES;
}

/* Faults of the broker. True: the batch has been dealt with. */
static bool refused(struct batch *batch)
{
	if (done_as_told(batch))
		return true;
	if (!sim_odds(sim.plan.refuse) || sim.calm)
		return false;
	switch (sim_between(0, 8)) {
	case 0: /* not for this topic, not now */
		batch->part->topic->denied =
			sim.now + sim_delay(SIM_MS, 10 * SIM_S);
		return false;
	case 1: /* of a transaction it ends no more than that */
		if (batch->transaction)
			batch_answer(batch, RD_KAFKA_RESP_ERR_UNKNOWN);
		else
			lose_idempotence(batch->handle);
		return true;
	case 2:
	case 3:
		lose_answer(batch);
		return true;
	default:
		batch_refuse(batch);
		return true;
	}
}

/* The broker has refused them and takes one behind them. The library takes that
 * for a sign that it has them, and says so, without an offset. */
static void forget_those_before(struct batch *batch)
{
	struct batch *b;

	sim_trace("first batch is lost", batch->part->number, batch->count);
	sim.overtaken = true;
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
		batch_answer(batch,
			     RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	} else if (kafka_batch_bytes(batch) > batch->part->topic->max_bytes) {
		batch_answer(batch,
			     batch->part->topic->misleads
				     ? RD_KAFKA_RESP_ERR_UNKNOWN
				     : RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	} else {
		append(batch);
		batch_answer(batch, RD_KAFKA_RESP_ERR_NO_ERROR);
	}
}

/* True: there is nobody to take it. */
static bool is_unreachable(struct batch *batch)
{
	struct topic *topic = batch->part->topic;

	if (handle_reaches(batch->handle) && !topic->missing &&
	    batch->part->number < topic->partitions &&
	    sim.now >= topic->logs[batch->part->number].leaderless)
		return false;
	if (topic->missing && handle_lives(batch->handle))
		producer_ask(batch->handle, batch_topic(batch));
	return true;
}

/* False: the batch has been dealt with. */
static bool is_of_transaction(struct batch *batch)
{
	switch (transaction_judge(batch)) {
	case TXN_TAKE:
		return true;
	case TXN_LATER:
		batch_refuse(batch);
		return false;
	case TXN_FENCED:
	case TXN_OVER:
		batch_answer(batch, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
		return false;
	}
	return false;
}

void broker_batch(void *arg, int64_t n)
{
	struct batch *batch = arg;
	const struct part *part = batch->part;

	(void)n;
	batch->on_wire = false;
	if (batch->judged || (batch->handle->fatal && sim_odds(2)))
		return;
	if (is_unreachable(batch)) {
		batch_refuse(batch);
	} else if (batch->transaction && !is_of_transaction(batch)) {
		return;
	} else if (is_next(batch)) {
		take(batch);
	} else if (part->known == part->topic->generation ||
		   kafka_batch_bytes(batch) > part->topic->max_bytes) {
		batch->waits = true; /* out of order: after the first */
	} else { /* an unknown producer: any number will do */
		forget_those_before(batch);
		append(batch);
		batch_answer(batch, RD_KAFKA_RESP_ERR_NO_ERROR);
	}
}
