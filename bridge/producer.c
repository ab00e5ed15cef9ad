/*
 * What comes while records of its topic are under way waits until they are
 * back: batches grow with the load and with Kafka's latency. Handing it over
 * sooner would gain nothing and cost much. An idempotent producer (librdkafka
 * 2.0.2) sends no second batch to a partition that has more than five records
 * in flight, and while one is queued its broker thread polls without a pause,
 * which costs more than all else that is done about an event. For the same
 * reason a page is no larger than what is handed over within linger.ms: it is
 * one batch. HOLD_MS is for a partition whose leader is away: it slows the
 * others down, but does not stop them.
 */
#include "bridge/producer.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/consumer.h"
#include "bridge/kafka.h"
#include "bridge/records.h"
#include "bridge/requests.h"

#define WINDOW	       2048 /* records of one topic handed over at once */
#define WINDOW_BYTES   (4 << 20)
#define PAGE	       256
#define HOLD_MS	       100
#define COLLECT_MAX    4096
#define PAUSE_FIRST_MS 250
#define PAUSE_MAX_MS   15000
#define AGAIN_MS       60000 /* for a record that its topic does not take */

static const struct kafka_setting defaults[] = {
	{"linger.ms", "1"},
	{"partitioner", "murmur2_random"},
	{"queue.buffering.max.kbytes", "65536"},
	{NULL, NULL}};

static const struct kafka_setting fixed[] = {
	{"enable.idempotence", "true"},
	{"acks", "all"},
	{"message.timeout.ms", "0"}, /* only we give up, and we never do */
	{NULL, NULL}};

/* A record under way. */
struct flight {
	int64_t seq; /* 0: free */
	int64_t request;
	size_t bytes;
	bool done, too_large;
	uint16_t next_free;
};

/* What is under way to one topic. */
struct lane {
	enum store_topic topic;
	struct flight flights[WINDOW];
	uint16_t free; /* first of the free list, WINDOW: none */
	int busy;
	size_t bytes;
	int64_t cursor; /* seq of the last record handed over */
	bool rewind;	/* something failed: begin anew when all are back */
	int64_t held;	/* until then what came later waits for its batch */
	int64_t alone;	/* up to this seq one by one: a batch was too large */
	int64_t again;	/* when what was left behind is tried again, or 0 */
	int64_t next_try, pause;
	struct log_limit failures;
};

struct producer {
	struct bridge *b;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int wake_fd;
	bool ok;
	int done;			    /* flights that wait for settle */
	struct lane lanes[STORE_TOPIC_END]; /* from 1 */
};

static void empty_lane(struct lane *lane)
{
	uint16_t i;

	for (i = 0; i < WINDOW; i++)
		lane->flights[i] =
			(struct flight){.next_free = (uint16_t)(i + 1)};
	lane->free = 0;
	lane->busy = 0;
	lane->bytes = 0;
	lane->cursor = 0;
}

static int open_handle(struct producer *p, struct ztp_error *error)
{
	static const uint64_t one = 1;

	p->rk = kafka_new(p->b, RD_KAFKA_PRODUCER, defaults, fixed,
			  RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR, error);
	if (!p->rk)
		return ZTP_ERR_INTERNAL;
	p->queue = rd_kafka_queue_get_main(p->rk);
	rd_kafka_queue_io_event_enable(p->queue, p->wake_fd, &one, sizeof(one));
	return 0;
}

static void close_handle(struct producer *p)
{
	if (!p->rk)
		return;
	rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(p->queue);
	rd_kafka_purge(p->rk,
		       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_destroy(p->rk);
	p->rk = NULL;
	p->queue = NULL;
}

int producer_new(struct producer **out, struct bridge *b, int wake_fd,
		 struct ztp_error *error)
{
	struct producer *p = calloc(1, sizeof(*p));
	int topic, rc;

	if (!p)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	p->b = b;
	p->wake_fd = wake_fd;
	p->ok = true;
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		p->lanes[topic].topic = (enum store_topic)topic;
		p->lanes[topic].pause = PAUSE_FIRST_MS;
		empty_lane(&p->lanes[topic]);
	}
	rc = open_handle(p, error);
	if (rc != 0) {
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void producer_free(struct producer *p)
{
	if (!p)
		return;
	close_handle(p);
	free(p);
}

/* --- acknowledgements */

static void release(struct lane *lane, struct flight *flight)
{
	lane->bytes -= flight->bytes;
	lane->busy--;
	flight->seq = 0;
	flight->next_free = lane->free;
	lane->free = (uint16_t)(flight - lane->flights);
}

static void rewind_lane(struct producer *p, struct lane *lane, int64_t pause)
{
	if (lane->rewind)
		return;
	lane->rewind = true;
	lane->next_try = p->b->now + pause;
}

/* The topic's bound is on batches, and the whole batch has failed: its records
 * go once more, one by one. One that is too large by itself must not hold up
 * the others; its time comes when somebody has raised the bound. */
static void too_large(struct producer *p, struct lane *lane,
		      struct flight *flight)
{
	bool alone = !lane->rewind && flight->seq <= lane->alone;

	if (alone && lane->topic == STORE_DLQ) {
		flight->done = flight->too_large = true;
		p->done++;
		return;
	}
	release(lane, flight);
	if (alone) {
		lane->again = p->b->now + AGAIN_MS;
		return;
	}
	if (lane->alone < lane->cursor)
		lane->alone = lane->cursor;
	rewind_lane(p, lane, 0);
}

static void failed(struct producer *p, struct lane *lane, struct flight *flight,
		   rd_kafka_resp_err_t err)
{
	uint64_t suppressed;

	p->ok = false;
	if (log_every(&lane->failures, 10000, p->b->now + 1, &suppressed))
		log_warn(p->b->log, "kafka_produce_failed",
			 LOG_STR("topic", kafka_topic(p->b, lane->topic)),
			 LOG_STR("error", rd_kafka_err2str(err)),
			 LOG_UINT("suppressed", suppressed));
	if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
		too_large(p, lane, flight);
		return;
	}
	release(lane, flight);
	if (lane->rewind)
		return;
	rewind_lane(p, lane, lane->pause);
	lane->pause =
		lane->pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : lane->pause * 2;
}

static void delivered(struct producer *p, const rd_kafka_message_t *message)
{
	uintptr_t tag = (uintptr_t)message->_private;
	struct lane *lane = &p->lanes[tag / WINDOW];
	struct flight *flight = &lane->flights[tag % WINDOW];

	if (message->err) {
		failed(p, lane, flight, message->err);
		return;
	}
	p->ok = true;
	lane->pause = PAUSE_FIRST_MS;
	flight->done = true;
	p->done++;
}

/* A fatal error (idempotence is lost): a new handle, and everything that was
 * under way again, by the same ids. */
static void start_anew(struct producer *p)
{
	char reason[256] = "";
	struct ztp_error error;
	int topic, i;

	rd_kafka_fatal_error(p->rk, reason, sizeof(reason));
	log_error(p->b->log, "kafka_fatal", LOG_STR("error", reason));
	close_handle(p);
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		struct lane *lane = &p->lanes[topic];

		for (i = 0; i < WINDOW; i++)
			if (lane->flights[i].seq && !lane->flights[i].done)
				release(lane, &lane->flights[i]);
		lane->rewind = true;
		lane->next_try = p->b->now + PAUSE_FIRST_MS;
	}
	if (open_handle(p, &error) != 0)
		log_error(p->b->log, "kafka_unusable", LOG_WHY(&error));
}

static bool handle(struct producer *p, rd_kafka_event_t *event, int *count)
{
	const rd_kafka_message_t *message;
	bool fatal = false;

	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		while ((message = rd_kafka_event_message_next(event)) != NULL) {
			delivered(p, message);
			(*count)++;
		}
		break;
	case RD_KAFKA_EVENT_ERROR:
		fatal = rd_kafka_event_error_is_fatal(event) != 0;
		if (rd_kafka_event_error(event) ==
		    RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
			p->ok = false;
		log_debug(p->b->log, "kafka_error",
			  LOG_STR("error", rd_kafka_event_error_string(event)));
		break;
	default:
		break;
	}
	return fatal;
}

void producer_collect(struct producer *p)
{
	rd_kafka_event_t *event;
	bool fatal = false;
	int count = 0;

	if (!p->rk) {
		struct ztp_error error;

		if (open_handle(p, &error) != 0)
			return;
	}
	while (!fatal && count < COLLECT_MAX &&
	       (event = rd_kafka_queue_poll(p->queue, 0)) != NULL) {
		fatal = handle(p, event, &count);
		rd_kafka_event_destroy(event);
	}
	if (fatal)
		start_anew(p);
}

int producer_apply(struct producer *p, struct ztp_error *error)
{
	int topic, i, rc = 0;

	for (topic = 1; topic < STORE_TOPIC_END && p->done > 0; topic++) {
		struct lane *lane = &p->lanes[topic];
		int left = lane->busy;

		for (i = 0; i < WINDOW && left > 0 && rc == 0; i++) {
			struct flight *flight = &lane->flights[i];

			left -= flight->seq != 0;
			if (!flight->seq || !flight->done)
				continue;
			if (flight->too_large)
				rc = records_shrink_dead(p->b, flight->seq,
							 error);
			if (rc == 0)
				rc = store_outbox_remove(p->b->store,
							 flight->seq, error);
			if (rc == 0 && topic == STORE_REQUESTS &&
			    flight->request)
				rc = requests_announced(p->b, flight->request,
							error);
		}
	}
	return rc;
}

void producer_settle(struct producer *p)
{
	int topic, i;

	for (topic = 1; topic < STORE_TOPIC_END && p->done > 0; topic++) {
		struct lane *lane = &p->lanes[topic];
		int left = lane->busy;

		for (i = 0; i < WINDOW && left > 0; i++) {
			left -= lane->flights[i].seq != 0;
			if (!lane->flights[i].seq || !lane->flights[i].done)
				continue;
			release(lane, &lane->flights[i]);
		}
	}
	p->done = 0;
}

/* --- handing over */

static rd_kafka_headers_t *copy_headers(const struct store_record *record)
{
	rd_kafka_headers_t *headers =
		rd_kafka_headers_new(record->header_count);
	size_t i;

	for (i = 0; headers && i < record->header_count; i++) {
		const struct ztp_header *h = &record->headers[i];

		if (rd_kafka_header_add(headers, h->name, -1, h->value.p,
					(ssize_t)h->value.n) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR) {
			rd_kafka_headers_destroy(headers);
			return NULL;
		}
	}
	return headers;
}

static int hand_over(void *arg, const struct store_record *record)
{
	struct producer *p = arg;
	struct lane *lane = &p->lanes[record->topic];
	struct flight *flight = &lane->flights[lane->free];
	uintptr_t tag = (uintptr_t)record->topic * WINDOW + lane->free;
	rd_kafka_headers_t *headers;
	rd_kafka_resp_err_t err;

	if (lane->free >= WINDOW || lane->bytes > WINDOW_BYTES)
		return 1;
	headers = copy_headers(record);
	if (!headers)
		return 1;
	err = rd_kafka_producev(
		p->rk, RD_KAFKA_V_TOPIC(kafka_topic(p->b, record->topic)),
		RD_KAFKA_V_KEY(record->key.p, record->key.n),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.p,
				 record->value.n),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE((void *)tag),
		RD_KAFKA_V_END);
	if (err) {
		rd_kafka_headers_destroy(headers);
		if (err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
		    lane->topic != STORE_DLQ) {
			lane->next_try = p->b->now + lane->pause;
			log_warn(p->b->log, "kafka_produce_failed",
				 LOG_STR("topic",
					 kafka_topic(p->b, lane->topic)),
				 LOG_STR("error", rd_kafka_err2str(err)));
			return 1;
		}
	}
	lane->free = flight->next_free;
	flight->seq = record->seq;
	flight->request = record->request;
	flight->bytes = record->value.n + record->key.n;
	flight->done = flight->too_large = err != 0;
	if (err)
		p->done++;
	lane->busy++;
	lane->bytes += flight->bytes;
	lane->cursor = record->seq;
	return 0;
}

static void pump_lane(struct producer *p, struct lane *lane)
{
	struct ztp_error error;
	bool alone;
	int rc;

	if (lane->again != 0 && p->b->now >= lane->again) {
		lane->again = 0;
		rewind_lane(p, lane, 0);
	}
	if (p->b->now < lane->next_try)
		return;
	if (lane->rewind) {
		if (lane->busy > 0)
			return;
		lane->cursor = 0;
		lane->rewind = false;
	}
	if (!store_outbox_after(p->b->store, lane->topic, lane->cursor))
		return;
	alone = lane->cursor < lane->alone;
	/* Low water: a page is worth a query when half of the room is free. */
	if (lane->busy > WINDOW / 2 ||
	    (lane->busy > 0 && (alone || p->b->now < lane->held)))
		return;
	lane->held = p->b->now + HOLD_MS;
	rc = store_outbox_each(p->b->store, lane->topic, lane->cursor,
			       alone ? 1 : PAGE, hand_over, p, &error);
	if (rc < 0)
		log_error(p->b->log, "outbox_unreadable", LOG_WHY(&error));
}

void producer_pump(struct producer *p)
{
	int topic;

	if (!p->rk || store_outbox_count(p->b->store) == 0)
		return;
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		/* With another bridge at the decisions, ours is not the one
		 * to say what became of them. */
		if (topic == STORE_RESULTS && consumer_shared(p->b->consumer))
			continue;
		pump_lane(p, &p->lanes[topic]);
	}
}

int64_t producer_next(const struct producer *p)
{
	int64_t next = 0;
	int topic;

	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		const struct lane *lane = &p->lanes[topic];
		int64_t at = lane->next_try;

		if (at < lane->held && lane->busy > 0 &&
		    store_outbox_after(p->b->store, lane->topic, lane->cursor))
			at = lane->held;
		if (at > p->b->now && (next == 0 || at < next))
			next = at;
		if (lane->again > p->b->now &&
		    (next == 0 || lane->again < next))
			next = lane->again;
	}
	return next;
}

int producer_in_flight(const struct producer *p)
{
	int topic, sum = 0;

	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		sum += p->lanes[topic].busy;
	return sum;
}

bool producer_ok(const struct producer *p)
{
	return p->ok && p->rk;
}
