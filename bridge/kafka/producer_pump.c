/*
 * What comes while records of its topic are under way waits until they are
 * back: batches grow with the load and with Kafka's latency. Handing it over
 * sooner would gain nothing and cost much. An idempotent producer (librdkafka
 * 2.0.2) sends no second batch to a partition that has more than five records
 * in flight, and while one is queued its broker thread polls without a pause,
 * which costs more than all else that is done about an event. So a page has to
 * be one batch: linger.ms is longer than handing it over takes, and then
 * rd_kafka_flush, during which librdkafka does not linger, sends it off at
 * once (producer_breathe). HOLD_MS is for a partition whose leader is away: it
 * slows the others down, but does not stop them. Behind a batch of what nobody
 * waits for (all but requests) there is a lull besides, LULL_MS.
 */
#include "bridge/kafka/producer.h"

#include "bridge/kafka/producer_internal.h"

#define PAGE	1024
#define HOLD_MS 100
#define LULL_MS 5
/* So many records, and so many in a ms: from here on a request to Kafka more is
 * what costs, not waiting. */
#define BUSY	    32
#define BUSY_PER_MS 10

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

/* Made when it is first needed: Kafka would be asked about a topic that nobody
 * writes to, and might make it. */
static rd_kafka_topic_t *topic_of(struct producer *p, enum store_topic topic)
{
	if (!p->topics[topic])
		p->topics[topic] = rd_kafka_topic_new(
			p->rk, kafka_topic(p->core, topic), NULL);
	return p->topics[topic];
}

/* Hands a flight's record over. False: not now; the flight is as it was. */
static bool send_record(struct producer *p, struct lane *lane,
			struct flight *flight,
			const struct store_record *record)
{
	uintptr_t tag =
		(uintptr_t)lane->topic * LANE_WINDOW + lane_index(lane, flight);
	rd_kafka_topic_t *topic = topic_of(p, lane->topic);
	rd_kafka_headers_t *headers = topic ? copy_headers(record) : NULL;
	rd_kafka_resp_err_t err;

	if (!headers)
		return false;
	err = rd_kafka_producev(
		p->rk, RD_KAFKA_V_RKT(topic),
		RD_KAFKA_V_KEY(record->key.p, record->key.n),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.p,
				 record->value.n),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE((void *)tag),
		RD_KAFKA_V_END);
	if (!err) {
		lane_move(lane, flight, FLIGHT_SENT);
		p->lingering++;
		return true;
	}
	rd_kafka_headers_destroy(headers);
	/* By a bound of this process: trying again is of no use, and those
	 * behind it need not wait for it. */
	if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
		flight->too_large = true;
		lane_move(lane, flight, FLIGHT_DONE);
		p->unsettled++;
		return true;
	}
	lane->next_try = p->core->now + lane->pause;
	log_warn(p->core->log, "kafka_produce_failed",
		 LOG_STR("topic", kafka_topic(p->core, lane->topic)),
		 LOG_STR("error", rd_kafka_err2str(err)));
	return false;
}

/* --- past the outbox */

static void pump_parcels(struct producer *p, struct lane *lane)
{
	struct flight *flight;
	int left = PAGE;

	for (flight = lane_first(lane); flight && left > 0;
	     flight = lane_next(lane, flight)) {
		if (flight->phase != FLIGHT_READY)
			continue;
		if (!send_record(p, lane, flight, &flight->parcel->record))
			return;
		left--;
	}
}

/* --- from the outbox */

struct page {
	struct producer *p;
	struct lane *lane;
	int seen; /* rows, also those that were skipped */
};

static int hand_over(void *arg, const struct store_record *record)
{
	struct page *page = arg;
	struct lane *lane = page->lane;
	struct flight *flight;

	page->seen++;
	if (record->seq < lane->skip_from || record->seq > lane->skip_to) {
		flight = lane_take(lane, record->value.n + record->key.n);
		if (!flight)
			return 1;
		flight->seq = record->seq;
		flight->request = record->request;
		if (!send_record(page->p, lane, flight, record)) {
			lane_release(lane, flight);
			return 1;
		}
	}
	lane->cursor = record->seq;
	return 0;
}

static void pump_outbox(struct producer *p, struct lane *lane, bool alone)
{
	struct store *store = p->store;
	struct page page = {p, lane, 0};
	int64_t newest = store_outbox_newest(store, lane->topic);
	int limit = alone ? 1 : PAGE;
	struct ztp_error error;
	int rc = store_outbox_each(store, lane->topic, lane->cursor, limit,
				   hand_over, &page, &error);

	if (rc < 0)
		log_error(p->core->log, "outbox_unreadable", LOG_WHY(&error));
	/* Nothing was there: all of it has arrived. */
	if (rc == 0 && page.seen == 0)
		lane->cursor = newest;
}

/* --- the turn */

/* Low water: a batch is worth its while when half of the room is free, and
 * when what went before is back. */
static bool may_send(const struct producer *p, const struct lane *lane,
		     bool alone)
{
	if (lane->sent > LANE_WINDOW / 2 || p->core->now < lane->lull)
		return false;
	return lane->sent == 0 || (!alone && p->core->now >= lane->held);
}

static void pump_lane(struct producer *p, struct lane *lane)
{
	bool alone;

	if (lane->again != 0 && p->core->now >= lane->again) {
		lane->again = 0;
		producer_rewind(p, lane, 0);
	}
	if (p->core->now < lane->next_try)
		return;
	if (lane->rewind) {
		if (lane->busy > 0)
			return;
		lane->cursor = lane->skip_from = lane->skip_to = 0;
		lane->rewind = false;
	}
	alone = lane->cursor < lane->alone;
	if (!may_send(p, lane, alone))
		return;
	if (lane->waiting > 0) {
		lane->held = p->core->now + HOLD_MS;
		pump_parcels(p, lane);
	}
	/* Those that came after the parcels. */
	if (lane->waiting == 0 &&
	    store_outbox_after(p->store, lane->topic, lane->cursor)) {
		lane->held = p->core->now + HOLD_MS;
		if (lane->topic != STORE_REQUESTS && !alone)
			lane->lull = p->core->now + LULL_MS;
		pump_outbox(p, lane, alone);
	}
}

void producer_pump(struct producer *p)
{
	int topic;

	if (!p->rk)
		return;
	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		if (topic != STORE_RESULTS || !p->hold_results)
			pump_lane(p, &p->lanes[topic]);
}

void producer_hold_results(struct producer *p, bool hold)
{
	p->hold_results = hold;
}

bool producer_breathe(struct producer *p, int ms, int long_ms)
{
	int64_t since = p->core->now - p->breathed;

	if (p->lingering == 0 || !p->rk)
		return false;
	if (p->lingering >= BUSY && p->lingering >= BUSY_PER_MS * since)
		ms = long_ms;
	p->lingering = 0;
	p->breathed = p->core->now;
	/* What has arrived is counted as long as we have not collected it, so
	 * this takes all of the time, and means nothing by its result. */
	(void)rd_kafka_flush(p->rk, ms);
	return true;
}

static int64_t latest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t producer_next(const struct producer *p)
{
	int64_t next = 0;
	int topic;

	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		const struct lane *lane = &p->lanes[topic];
		int64_t at = lane->next_try;

		if (lane->waiting > 0 ||
		    store_outbox_after(p->store, lane->topic, lane->cursor)) {
			at = latest(at, lane->lull);
			if (lane->busy > 0)
				at = latest(at, lane->held);
		}
		if (at > p->core->now && (next == 0 || at < next))
			next = at;
		if (lane->again > p->core->now &&
		    (next == 0 || lane->again < next))
			next = lane->again;
	}
	return next;
}
