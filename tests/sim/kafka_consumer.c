/*
 * The consumer's half of librdkafka: what is read of the partitions that it has.
 *
 * - What was fetched for an assignment that is no more, or before another place
 *   was asked for, is not handed out (versions of rd_kafka_toppar_t).
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

static struct handle *readers; /* all that have ever had partitions */

static sim_event fetch;

/* A fetch is of an assignment, a topic and a partition. */
static void fetch_in(struct handle *h, int t, int p, int64_t us)
{
	sim_at_of(h->of, us, fetch, h, (int64_t)h->version << 16 | t << 8 | p);
}

void consumer_begin_reading(struct handle *h, int t, int p, int64_t from)
{
	struct reading *r = &h->readings[t][p];

	if (!h->reads) {
		h->next_reader = readers;
		readers = h;
	}
	h->reads = true;
	r->on = true;
	r->next = from;
	if (from == RD_KAFKA_OFFSET_STORED && t == CLUSTER_DECISIONS)
		r->next = cluster.committed[p];
	if (r->next < 0)
		r->next = 0;
	sim_trace("read from", p, r->next);
	fetch_in(h, t, p, kafka_latency());
}

/* --- fetching */

static void hand_out(struct handle *h, int t, int p,
		     const struct record *record)
{
	struct message *message = calloc(1, sizeof(*message));
	struct event *event = queue_add(h->consumer, RD_KAFKA_EVENT_FETCH);

	if (!message)
		abort();
	message->m.partition = p;
	message->m.offset = record->offset;
	message->at = cluster_time(&cluster.topics[t], record);
	message->appended_at = cluster_stamps(&cluster.topics[t]);
	message->m.key = record->key;
	message->m.key_len = record->key_len;
	message->m.payload = record->value;
	message->m.len = record->value_len;
	message->headers = record->headers;
	event->messages = event->cursor = message;
	event->topic = t;
	event->partition = p;
	event->version = h->version;
	event->sought = h->readings[t][p].sought;
	h->readings[t][p].queued++;
}

static struct event *tell(struct handle *h, int t, int p,
			  rd_kafka_resp_err_t err)
{
	struct event *event = queue_add(h->consumer, RD_KAFKA_EVENT_ERROR);

	event->err = err;
	event->topic = t;
	event->partition = p;
	event->version = h->version;
	event->sought = h->readings[t][p].sought;
	event->offset = h->readings[t][p].next;
	return event;
}

static void tell_end(struct handle *h, int t, int p)
{
	struct reading *r = &h->readings[t][p];

	if (r->end_told != r->next)
		tell(h, t, p, RD_KAFKA_RESP_ERR__PARTITION_EOF);
	r->end_told = r->next;
}

static void tell_missing(struct handle *h)
{
	if (!h->missed)
		queue_add(h->consumer, RD_KAFKA_EVENT_ERROR)->err =
			RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	h->missed = true;
}

static void reset(struct handle *h, int t, int p)
{
	struct reading *r = &h->readings[t][p];

	sim_trace("out of range", p, r->next);
	if (!h->resets) {
		tell(h, t, p, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET);
		r->on = false;
		return;
	}
	r->next = 0;
	fetch_in(h, t, p, BACKOFF_US);
}

/* True: nothing can be read now, and when it is tried again has been seen to. */
static bool put_off(struct handle *h, int t, int p)
{
	const struct topic *topic = &cluster.topics[t];
	const struct log_ *log = &topic->logs[p];
	struct reading *r = &h->readings[t][p];

	if (!handle_reaches(h) || sim.now < log->leaderless ||
	    r->queued >= QUEUED_MAX) {
		fetch_in(h, t, p, LEADER_US);
	} else if (t == CLUSTER_STATE && !sim.calm &&
		   sim_odds(sim.plan.late_reads)) {
		sim_input("read hangs", h->of->number, r->next);
		fetch_in(h, t, p, sim_between(SIM_S, 20 * SIM_S));
	} else if (topic->missing || p >= topic->partitions) {
		tell_missing(h);
		fetch_in(h, t, p, BACKOFF_US);
	} else if (r->next > log->end) {
		reset(h, t, p);
	} else {
		return false;
	}
	return true;
}

static void fetch(void *arg, int64_t n)
{
	struct handle *h = arg;
	int t = (int)(n >> 8 & 0xff), p = (int)(n & 0xff), i;
	struct reading *r = &h->readings[t][p];
	const struct log_ *log = &cluster.topics[t].logs[p];
	int64_t end;

	if (!handle_lives(h) || n >> 16 != h->version || !r->on)
		return;
	r->idle = false;
	if (put_off(h, t, p))
		return;
	h->missed = false;
	end = h->committed ? log->stable : log->end;
	for (i = 0; i < FETCH_MAX && r->next < end; i++) {
		const struct record *record = log->records[r->next++];

		if (h->committed ? cluster_is_data(record) : !record->marker)
			hand_out(h, t, p, record);
	}
	if (i == FETCH_MAX) {
		fetch_in(h, t, p, kafka_latency());
		return;
	}
	tell_end(h, t, p);
	r->idle = true;
}

/* A fetch that waits at the end is answered; and, for all that is to come, by
 * the broker's own fetch.wait.max.ms when the topic is no more. */
void consumer_appended(const struct topic *topic, int p)
{
	int t = (int)(topic - cluster.topics);
	struct handle *h;

	for (h = readers; h; h = h->next_reader) {
		struct reading *r = &h->readings[t][p];

		if (!handle_lives(h) || !r->on || !r->idle)
			continue;
		r->idle = false;
		fetch_in(h, t, p, kafka_latency());
	}
}

bool consumer_is_stale(struct handle *h, const struct event *event)
{
	struct reading *r = &h->readings[event->topic][event->partition];

	if (event->version == 0)
		return false;
	if (event->type == RD_KAFKA_EVENT_FETCH && event->version == h->version)
		r->queued--;
	return event->version != h->version || event->sought != r->sought;
}

/* Without waiting, so it says nothing of how it went. */
rd_kafka_error_t *
rd_kafka_seek_partitions(rd_kafka_t *rk,
			 rd_kafka_topic_partition_list_t *partitions,
			 int timeout_ms)
{
	struct handle *h = (struct handle *)rk;
	int i;

	if (timeout_ms != 0)
		abort();
	for (i = 0; i < partitions->cnt; i++) {
		const rd_kafka_topic_partition_t *one = &partitions->elems[i];
		int t = (int)(cluster_find(one->topic) - cluster.topics);
		struct reading *r = &h->readings[t][one->partition];

		if (!r->on)
			continue;
		sim_trace("is sought", one->partition, one->offset);
		r->sought++;
		r->next = one->offset;
		r->end_told = -1;
		if (r->idle)
			fetch_in(h, t, one->partition, kafka_latency());
		r->idle = false;
	}
	return NULL;
}

/* --- one at a time, errors among them */

rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms)
{
	struct handle *h = (struct handle *)rk;
	struct lent lent = {h->consumer, h};
	struct message *message;
	struct event *event;

	event = (struct event *)rd_kafka_queue_poll((rd_kafka_queue_t *)&lent,
						    timeout_ms);
	if (!event)
		return NULL;
	if (event->messages) {
		message = event->messages;
		event->messages = NULL;
	} else {
		message = calloc(1, sizeof(*message));
		if (!message)
			abort();
		message->m.err = event->err;
		message->m.partition = event->partition;
		message->m.offset = event->offset;
	}
	sim_input(h->of->number == 0 ? "fetched" : "fetched by another",
		  message->m.err ? message->m.err : h->of->number,
		  message->m.offset);
	rd_kafka_event_destroy((rd_kafka_event_t *)event);
	return &message->m;
}

void rd_kafka_message_destroy(rd_kafka_message_t *message)
{
	message_free((struct message *)message);
}

const char *rd_kafka_message_errstr(const rd_kafka_message_t *message)
{
	return rd_kafka_err2str(message->err);
}
