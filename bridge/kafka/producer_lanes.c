/*
 * Partitions that stand still: their leader is away, they have too few replicas, or
 * their broker hangs. Kafka takes all other records, so they go on.
 *
 * librdkafka keeps what it has been given for such a partition and does not say so.
 * So the sign is silence: a lane with records handed over and no report for STAND_MS.
 * It then gets no more of them. Records of the outbox that are its own are passed by,
 * and the walk goes on with the others' (producer_pump.c). When Kafka has reported all
 * that it had, a walk of its own catches up, from where it was to where the others
 * are; they go on beside it. So the records of a lane, and with it of a device, stay in
 * order.
 *
 * Nothing is told apart while no broker can be reached.
 *
 * A record without a key has no order to keep, and goes into a lane that moves.
 */
#include <string.h>

#include "bridge/kafka/producer_internal.h"

#define STAND_MS  1000
#define SILENT_MS 5000 /* then it is told */

/* --- which lane */

typedef int32_t partitioner(const rd_kafka_topic_t *topic, const void *key,
			    size_t key_len, int32_t partitions, void *opaque,
			    void *message);

/* Where librdkafka sends a key. The first is the default of ours. */
static const struct {
	const char *name;
	partitioner *partition_of;
} partitioners[] = {
	{ZTP_KAFKA_MURMUR2, rd_kafka_msg_partitioner_murmur2},
	{"murmur2", rd_kafka_msg_partitioner_murmur2},
	{"consistent", rd_kafka_msg_partitioner_consistent},
	{"consistent_random", rd_kafka_msg_partitioner_consistent},
	{"fnv1a", rd_kafka_msg_partitioner_fnv1a},
	{"fnv1a_random", rd_kafka_msg_partitioner_fnv1a},
};

void producer_partitioner(struct producer *p)
{
	const struct config_properties *given =
		&p->core->config->kafka.properties;
	size_t i, k;

	for (i = 0; i < given->count; i++)
		for (k = 0; k < sizeof(partitioners) / sizeof(*partitioners) &&
			    strcmp(given->items[i].name, "partitioner") == 0;
		     k++)
			if (strcmp(given->items[i].value,
				   partitioners[k].name) == 0)
				p->partitioner = (int)k;
}

static bool moves(const struct window_lane *lane)
{
	return !lane->stands && !lane->behind;
}

bool producer_is_keyless(const struct store_record *record)
{
	return !record->key.p || record->key.n == 0;
}

void producer_next_keyless(struct topic_window *window)
{
	int i, lane = window->keyless, second = lane;

	for (i = 0; i < window->lane_count; i++) {
		lane = (lane + 1) % window->lane_count;
		if (moves(&window->lanes[lane]))
			break;
		if (!window->lanes[lane].stands)
			second = lane;
	}
	window->keyless = i < window->lane_count ? lane : second;
}

int producer_lane(const struct producer *p, struct topic_window *window,
		  const struct store_record *record)
{
	if (!producer_is_keyless(record))
		return window->partitions < 2
			       ? 0
			       : partitioners[p->partitioner].partition_of(
					 NULL, record->key.p, record->key.n,
					 window->partitions, NULL, NULL) %
					 window->lane_count;
	if (!moves(&window->lanes[window->keyless]))
		producer_next_keyless(window);
	return window->keyless;
}

int producer_partition(const struct topic_window *window,
		       const struct in_flight *flight,
		       const struct store_record *record)
{
	return producer_is_keyless(record) && window->partitions > 0
		       ? flight->lane
		       : RD_KAFKA_PARTITION_UA;
}

/* --- which of them stand */

void producer_heard(struct producer *p, struct topic_window *window,
		    const struct in_flight *flight)
{
	struct window_lane *lane = window_lane(window, flight);

	lane->heard_at = p->core->now;
	window_stand(window, lane, false);
}

static void look_again_at(struct topic_window *window, int64_t at)
{
	if (window->look_at == 0 || at < window->look_at)
		window->look_at = at;
}

static void tell_silent(struct producer *p, struct topic_window *window,
			int silent)
{
	if (silent > window->silent)
		log_warn(p->core->log, "kafka_partition_silent",
			 LOG_STR("topic", kafka_topic(p->core, window->topic)),
			 LOG_INT("partition", window->silent_first),
			 LOG_INT("partitions", silent));
	window->silent = silent;
}

void producer_look(struct producer *p, struct topic_window *window)
{
	bool up = p->ok && p->closed != ~0u;
	int i, silent = 0;

	window->look_at = 0;
	for (i = 0; i < window->lane_count && window->sent > 0; i++) {
		struct window_lane *lane = &window->lanes[i];
		int64_t for_ms = p->core->now - lane->heard_at;

		if (lane->sent == 0)
			continue;
		if (!lane->stands && for_ms >= STAND_MS && up)
			window_stand(window, lane, true);
		if (!lane->stands && for_ms < STAND_MS)
			look_again_at(window, lane->heard_at + STAND_MS);
		else if (for_ms < SILENT_MS)
			look_again_at(window, lane->heard_at + SILENT_MS);
		else if (lane->stands && silent++ == 0)
			window->silent_first = i;
	}
	tell_silent(p, window, silent);
}

bool producer_silent(const struct producer *p, enum store_topic *topic,
		     int *partition)
{
	int i;

	for (i = 1; i < STORE_TOPIC_END; i++) {
		if (p->windows[i].silent == 0)
			continue;
		*topic = (enum store_topic)i;
		*partition = p->windows[i].silent_first;
		return true;
	}
	return false;
}

/* --- passed by */

bool producer_pass(struct topic_window *window, struct window_lane *lane,
		   int64_t seq)
{
	if (moves(lane))
		return false;
	if (!lane->behind) {
		lane->behind = true;
		lane->catching = false;
		lane->cursor = seq - 1;
		window->behind++;
	}
	return true;
}

void producer_restart_lanes(struct topic_window *window)
{
	int i;

	window->behind = 0;
	for (i = 0; i < window->lane_count; i++) {
		struct window_lane *lane = &window->lanes[i];

		if (!lane->stands) {
			lane->behind = lane->catching = lane->resend = false;
			continue;
		}
		if (!lane->behind)
			lane->cursor = window->cursor;
		if (!lane->behind || lane->resend)
			lane->catching = false;
		lane->behind = true;
		window->behind++;
	}
}

/* --- catching up */

/* What it had is back, so what is in the outbox is not in flight. */
static bool may_catch_up(struct window_lane *lane)
{
	if (!lane->behind || lane->stands)
		return false;
	if (lane->catching)
		return true;
	if (lane->busy > 0)
		return false;
	if (lane->resend)
		lane->cursor = 0;
	lane->resend = false;
	lane->catching = true;
	return true;
}

bool producer_is_catching_up(struct topic_window *window)
{
	int i;

	for (i = 0; window->behind > 0 && i < window->lane_count; i++)
		if (may_catch_up(&window->lanes[i]))
			return true;
	return false;
}

/* The next one in turn, so that none waits for all of another's; or NULL. */
static struct window_lane *next_to_serve(struct topic_window *window)
{
	int i;

	for (i = 0; i < window->lane_count; i++) {
		window->served = (window->served + 1) % window->lane_count;
		if (may_catch_up(&window->lanes[window->served]))
			return &window->lanes[window->served];
	}
	return NULL;
}

struct walk {
	struct producer *p;
	struct topic_window *window;
	producer_send *send;
	int64_t from, last;
	int seen, sent;
	bool stopped;
};

/* Those that have come as far as the walk begins share it. */
static bool is_in_walk(struct window_lane *lane, int64_t from)
{
	return may_catch_up(lane) && lane->cursor >= from && !lane->full;
}

/* Returns false if nothing more can be handed over now. */
static bool serve(struct walk *walk, struct window_lane *lane,
		  const struct store_record *record)
{
	switch (walk->send(walk->p, walk->window, record, false)) {
	case PRODUCER_SENT:
		lane->cursor = record->seq;
		walk->sent++;
		break;
	case PRODUCER_FULL:
		lane->full = true;
		break;
	case PRODUCER_NOT_NOW:
		return false;
	}
	return true;
}

static int visit(void *arg, const struct store_record *record)
{
	struct walk *walk = arg;
	struct topic_window *window = walk->window;
	struct window_lane *lane =
		&window->lanes[producer_lane(walk->p, window, record)];

	if (record->seq > window->cursor)
		return 1;
	walk->seen++;
	if (!producer_is_keyless(record) && is_in_walk(lane, walk->from) &&
	    lane->cursor < record->seq && !serve(walk, lane, record)) {
		walk->stopped = true;
		return 1;
	}
	walk->last = record->seq;
	return 0;
}

void producer_catch_up(struct producer *p, struct topic_window *window,
		       producer_send *send)
{
	struct window_lane *first = next_to_serve(window);
	struct walk walk = {.p = p, .window = window, .send = send};
	struct ztp_error error;
	bool to_the_end;
	int i, rc;

	if (!first)
		return;
	for (i = 0; i < window->lane_count; i++)
		window->lanes[i].full = false;
	walk.from = walk.last = first->cursor;
	rc = store_outbox_each(p->store, window->topic, first->cursor,
			       WINDOW_RECORDS, visit, &walk, &error);
	if (rc < 0) {
		log_error(p->core->log, "outbox_unreadable", LOG_WHY(&error));
		return;
	}
	to_the_end = !walk.stopped && (rc > 0 || walk.seen < WINDOW_RECORDS);
	for (i = 0; i < window->lane_count; i++) {
		struct window_lane *lane = &window->lanes[i];

		if (!is_in_walk(lane, walk.from))
			continue;
		if (lane->cursor < walk.last)
			lane->cursor = walk.last;
		if (!to_the_end)
			continue;
		lane->behind = lane->catching = false;
		window->behind--;
	}
	if (walk.sent == 0 && !to_the_end) /* nobody reports; go on soon */
		window->batch_wait = p->core->now + 1;
}
