/*
 * The consumer's half of librdkafka: what is read of the partitions that it has.
 *
 * - What was fetched for an assignment that is no more is not handed out
 *   (versions of rd_kafka_toppar_t).
 * - Nothing of an open or an aborted transaction is handed out, and no marker:
 *   offsets have gaps (isolation.level).
 * - The end of a partition is told once for each place, as an error event.
 * - An offset beyond the end is reset to the earliest (auto.offset.reset); one
 *   that a topic made anew has as well is taken for what it says.
 * - A record has the time at which it was appended.
 * - A topic that is no more is an error event.
 */
#include <stdlib.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define FETCH_MAX  64
#define QUEUED_MAX 1000		  /* queued.min.messages */
#define BACKOFF_US (500 * SIM_MS) /* fetch.error.backoff.ms */
#define LEADER_US  (100 * SIM_MS)

static struct handle *reader; /* the bridge's, while it has partitions */

static sim_event fetch;

static struct topic *decisions(void)
{
	return &cluster.topics[CLUSTER_DECISIONS];
}

static void fetch_in(struct handle *h, int p, int64_t us)
{
	sim_at_life(us, fetch, h, (int64_t)h->version << 8 | p);
}

void consumer_begin_reading(struct handle *h, int p, int64_t from)
{
	struct reading *r = &h->readings[p];

	reader = h;
	r->on = true;
	r->next = from >= 0 ? from : cluster.committed[p];
	if (r->next < 0)
		r->next = 0;
	sim_trace("read from", p, r->next);
	fetch_in(h, p, kafka_latency());
}

/* --- fetching */

static void hand_out(struct handle *h, int p, const struct record *record)
{
	struct message *message = calloc(1, sizeof(*message));
	struct event *event = queue_add(h->consumer, RD_KAFKA_EVENT_FETCH);

	if (!message)
		abort();
	message->m.partition = p;
	message->m.offset = record->offset;
	message->at = record->at / SIM_MS;
	message->m.key = record->key;
	message->m.key_len = record->key_len;
	message->m.payload = record->value;
	message->m.len = record->value_len;
	message->headers = record->headers;
	event->messages = event->cursor = message;
	event->partition = p;
	event->version = h->version;
	h->readings[p].queued++;
}

static void tell_end(struct handle *h, int p)
{
	struct reading *r = &h->readings[p];
	struct event *event;

	if (r->end_told == r->next)
		return;
	event = queue_add(h->consumer, RD_KAFKA_EVENT_ERROR);
	event->err = RD_KAFKA_RESP_ERR__PARTITION_EOF;
	event->partition = p;
	event->version = h->version;
	event->offset = r->next;
	r->end_told = r->next;
}

static void tell_missing(struct handle *h)
{
	if (!h->missed)
		queue_add(h->consumer, RD_KAFKA_EVENT_ERROR)->err =
			RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	h->missed = true;
}

/* True: nothing can be read now, and when it is tried again has been seen to. */
static bool put_off(struct handle *h, int p)
{
	const struct topic *topic = decisions();
	const struct log_ *log = &topic->logs[p];
	struct reading *r = &h->readings[p];

	if (!cluster_answers() || sim.now < log->leaderless ||
	    r->queued >= QUEUED_MAX) {
		fetch_in(h, p, LEADER_US);
	} else if (topic->missing || p >= topic->partitions) {
		tell_missing(h);
		fetch_in(h, p, BACKOFF_US);
	} else if (r->next > log->end) {
		sim_trace("out of range", p, r->next);
		r->next = 0;
		fetch_in(h, p, BACKOFF_US);
	} else {
		return false;
	}
	return true;
}

static void fetch(void *arg, int64_t n)
{
	struct handle *h = arg;
	int p = (int)(n & 0xff), i;
	struct reading *r = &h->readings[p];
	const struct log_ *log = &decisions()->logs[p];

	if (!handle_lives(h) || n >> 8 != h->version || !r->on)
		return;
	r->idle = false;
	if (put_off(h, p))
		return;
	h->missed = false;
	for (i = 0; i < FETCH_MAX && r->next < log->stable; i++) {
		const struct record *record = log->records[r->next++];

		if (cluster_is_data(record))
			hand_out(h, p, record);
	}
	if (i == FETCH_MAX) {
		fetch_in(h, p, kafka_latency());
		return;
	}
	tell_end(h, p);
	r->idle = true;
}

/* A fetch that waits at the end is answered; and, for all that is to come, by
 * the broker's own fetch.wait.max.ms when the topic is no more. */
void consumer_appended(int p)
{
	struct handle *h = reader;

	if (!h || !handle_lives(h) || !h->readings[p].on ||
	    !h->readings[p].idle)
		return;
	h->readings[p].idle = false;
	fetch_in(h, p, kafka_latency());
}

bool consumer_is_stale(struct handle *h, const struct event *event)
{
	if (event->version == 0)
		return false;
	if (event->type == RD_KAFKA_EVENT_FETCH && event->version == h->version)
		h->readings[event->partition].queued--;
	return event->version != h->version;
}
