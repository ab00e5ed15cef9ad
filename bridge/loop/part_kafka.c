/* Records, decisions, and the deadlines that wait for them, as parts of the
 * loop. */
#include "bridge/core/batching.h"
#include "bridge/kafka/consumer.h"
#include "bridge/kafka/probe.h"
#include "bridge/kafka/producer.h"
#include "bridge/life/decision_topic.h"
#include "bridge/life/decisions.h"
#include "bridge/life/pending.h"
#include "bridge/life/records.h"
#include "bridge/loop/loop_internal.h"

#define ENDS_STALE_MS 5000

/* --- what Kafka is asked beside records */

FREE(probe)

static int probe_part_new(struct loop *l, struct ztp_error *error)
{
	return probe_new(&l->b.probe, &l->b.core, l->wake_fd, error);
}

static void probe_part_collect(struct loop *l)
{
	probe_status_get(l->b.probe, &l->status);
}

const struct part probe_part = {
	.name = "probe",
	.new = probe_part_new,
	.collect = probe_part_collect,
	.free = probe_part_free,
};

/* --- records to Kafka */

APPLY(producer)
STEP(producer, settle)
NEXT(producer)
FREE(producer)

static int producer_part_new(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	struct producer_user callbacks = {pending_announced, records_refused,
					  b};

	int rc = producer_new(&b->producer, &b->core, b->store, &callbacks,
			      l->work_fd, error);

	l->local.producer = b->producer;
	return rc;
}

static void producer_part_collect(struct loop *l)
{
	if (!producer_hear(l->b.producer, &l->status))
		probe_again(l->b.probe);
	producer_collect(l->b.producer);
}

static void producer_part_rollback(struct loop *l)
{
	if (l->turns)
		turns_rollback(l->turns);
	producer_rollback(l->b.producer, &l->b.mark);
}

static void producer_part_pump(struct loop *l)
{
	struct bridge *b = &l->b;

	producer_hold_results(b->producer, consumer_shared(b->consumer));
	producer_pump(b->producer);
}

const struct part producer_part = {
	.name = "producer",
	.new = producer_part_new,
	.collect = producer_part_collect,
	.apply = producer_part_apply,
	.settle = producer_part_settle,
	.rollback = producer_part_rollback,
	.pump = producer_part_pump,
	.next = producer_part_next,
	.needs_store = true,
	.free = producer_part_free,
};

/* --- the customers' decisions */

/* Entries that the journal replays are applied before decisions, which may be
 * answers to them. */
static bool is_replaying(const struct loop *l)
{
	return l->b.comparing || journal_before(&l->b.mark, &l->b.told) ||
	       (l->leftovers && leftovers_replaying(l->leftovers));
}

NEXT(consumer)

static int consumer_part_new(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	struct consumer_user decisions = {decisions_apply, decisions_unreadable,
					  decisions_lost, b};
	int rc = decision_topic_look(b, error);

	if (rc != 0)
		return rc;
	return consumer_new(&b->consumer, &b->core, b->store, b->probe,
			    &decisions, l->work_fd, error);
}

static void consumer_part_collect(struct loop *l)
{
	if (is_replaying(l))
		return;
	consumer_limit(l->b.consumer, loop_turn_max(l));
	consumer_collect(l->b.consumer, &l->status);
}

static int consumer_part_apply(struct loop *l, struct ztp_error *error)
{
	int rc = decision_topic_apply(&l->b, error);

	if (rc == 0 && !is_replaying(l))
		rc = consumer_apply(l->b.consumer, error);
	l->more |= consumer_more(l->b.consumer);
	return rc;
}

static void consumer_part_settle(struct loop *l)
{
	decision_topic_settle(&l->b);
	if (!is_replaying(l)) /* else its batch was not applied */
		consumer_settle(l->b.consumer);
}

static void consumer_part_pump(struct loop *l)
{
	consumer_pump(l->b.consumer, false);
}

static void consumer_part_free(struct loop *l)
{
	if (l->b.consumer)
		consumer_pump(l->b.consumer, true);
	consumer_free(l->b.consumer);
}

const struct part consumer_part = {
	.name = "consumer",
	.new = consumer_part_new,
	.collect = consumer_part_collect,
	.apply = consumer_part_apply,
	.settle = consumer_part_settle,
	.pump = consumer_part_pump,
	.next = consumer_part_next,
	.needs_store = true,
	.free = consumer_part_free,
};

/* --- deadlines */

/* Undecided requests may expire up to the time at which the end offsets were
 * requested, once everything before these offsets has been applied. Until then
 * no newer end offsets are requested: they would be just as far away. The
 * exception is end offsets so old that they may belong to a topic that has
 * been recreated since. */
static bool ends_pending(const struct loop *l)
{
	return l->ends.asked_at > l->ends_since &&
	       l->b.core.now - l->ends.asked_at < ENDS_STALE_MS;
}

static void deadlines_collect(struct loop *l)
{
	struct bridge *b = &l->b;

	if (!ends_pending(l) &&
	    !probe_end_offsets_get(b->probe, l->ends.asked_at, &l->ends))
		return;
	if (!consumer_reached(b->consumer, &l->ends))
		return;
	l->ends_since = l->ends.asked_at;
	if (l->ends.asked_at > b->horizon)
		b->horizon = l->ends.asked_at;
}

static int deadlines_apply(struct loop *l, struct ztp_error *error)
{
	bool more = false;
	int rc;

	l->waiting = false;
	if (l->b.comparing)
		return 0;
	rc = loop_turns_unask(l, error);
	if (rc == 0)
		rc = decisions_time_out(&l->b, loop_turn_few(l), &l->waiting,
					&more, error);
	l->more |= more;
	return rc;
}

static void deadlines_settle(struct loop *l)
{
	if (l->waiting && !ends_pending(l))
		probe_want_end_offsets(l->b.probe);
}

/* Beyond the horizon the probe wakes the loop, not the clock. */
static int64_t deadlines_next(const struct loop *l, int64_t now)
{
	int64_t others = store_next_due(l->b.store, false);
	int64_t undecided = store_next_due(l->b.store, true);

	if (undecided <= now || (others != 0 && others < undecided))
		return others;
	return undecided;
}

const struct part deadlines_part = {
	.name = "deadlines",
	.collect = deadlines_collect,
	.apply = deadlines_apply,
	.settle = deadlines_settle,
	.next = deadlines_next,
	.needs_store = true,
};
