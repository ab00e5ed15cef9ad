/*
 * New records wait while records of their topic are in flight
 * (bridge/core/batching.h). Handing them over sooner would gain nothing and
 * cost much. An idempotent producer (librdkafka 2.0.2) sends no second batch
 * to a partition that has more than five records in flight, and while such a
 * batch is queued, its broker thread polls without pause. That costs more than
 * everything else done for an event. So what is handed over must become one
 * batch: linger.ms is longer than handing over takes, and then rd_kafka_flush,
 * during which librdkafka does not linger, sends it at once (producer_flush).
 */
#include "bridge/kafka/producer.h"

#include "bridge/core/batching.h"
#include "bridge/kafka/producer_internal.h"

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

/* Created on first use. Otherwise Kafka would be asked about a topic that
 * nobody writes to, and might create it. */
static rd_kafka_topic_t *topic_of(struct producer *p, enum store_topic topic)
{
	if (!p->topics[topic])
		p->topics[topic] = rd_kafka_topic_new(
			p->rk, kafka_topic(p->core, topic), NULL);
	return p->topics[topic];
}

/* Hands a record to librdkafka. False: not now; nothing has changed. */
static bool send_record(struct producer *p, struct topic_window *window,
			struct in_flight *flight,
			const struct store_record *record)
{
	uintptr_t tag = (uintptr_t)window->topic * WINDOW_SLOTS +
			window_index(window, flight);
	rd_kafka_topic_t *topic = topic_of(p, window->topic);
	rd_kafka_headers_t *headers = topic ? copy_headers(record) : NULL;
	rd_kafka_resp_err_t err;
	uint64_t suppressed;

	if (!headers)
		return false;
	err = rd_kafka_producev(
		p->rk, RD_KAFKA_V_RKT(topic),
		RD_KAFKA_V_PARTITION(
			producer_partition(window, flight, record)),
		RD_KAFKA_V_KEY(record->key.p, record->key.n),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.p,
				 record->value.n),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE((void *)tag),
		RD_KAFKA_V_END);
	if (!err) {
		if (window_lane(window, flight)->sent == 0)
			producer_heard(p, window, flight);
		window_move(window, flight, IN_FLIGHT_SENT);
		p->lingering = true;
		return true;
	}
	rd_kafka_headers_destroy(headers);
	/* It exceeds a limit of this process. Retrying is useless, and the
	 * records behind it need not wait for it. */
	if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
		producer_refuse(p, window, flight, err);
		return true;
	}
	producer_pause(p, window);
	if (log_every(&window->failures, 10000, p->core->now + 1, &suppressed))
		log_warn(p->core->log, "kafka_produce_failed",
			 LOG_STR("topic", kafka_topic(p->core, window->topic)),
			 LOG_STR("error", rd_kafka_err2str(err)),
			 LOG_UINT("suppressed", suppressed));
	return false;
}

/* --- past the outbox */

static void pump_unstored(struct producer *p, struct topic_window *window)
{
	struct in_flight *flight;

	for (flight = window_first(window); flight;
	     flight = window_next(window, flight))
		if (flight->phase == IN_FLIGHT_READY &&
		    !send_record(p, window, flight, &flight->unstored->record))
			return;
}

/* --- from the outbox */

/* It may be, with a partition that stood still when the outbox was read again. */
static bool is_in_flight(struct topic_window *window, int64_t seq)
{
	struct in_flight *flight =
		seq <= window->stayed_until ? window_first(window) : NULL;

	while (flight && flight->seq != seq)
		flight = window_next(window, flight);
	return flight != NULL;
}

static enum producer_sent send_stored(struct producer *p,
				      struct topic_window *window,
				      const struct store_record *record,
				      bool alone)
{
	struct in_flight *flight;

	if (record->seq >= window->skip_from && record->seq <= window->skip_to)
		return PRODUCER_SENT;
	if (producer_is_keyless(record) && is_in_flight(window, record->seq))
		return PRODUCER_SENT;
	flight = window_take(window, producer_lane(p, window, record),
			     record->value.n + record->key.n);
	if (!flight)
		return PRODUCER_FULL;
	flight->seq = record->seq;
	flight->request = record->request;
	flight->alone = alone;
	flight->keyless = producer_is_keyless(record);
	if (send_record(p, window, flight, record))
		return PRODUCER_SENT;
	window_release(window, flight);
	return PRODUCER_NOT_NOW;
}

struct page {
	struct producer *p;
	struct topic_window *window;
	bool single;
	int seen;   /* rows read, including skipped ones */
	int passed; /* of these, those of partitions that stand still */
};

static int send_row(void *arg, const struct store_record *record)
{
	struct page *page = arg;
	struct topic_window *window = page->window;
	int lane = producer_lane(page->p, window, record);

	page->seen++;
	if (producer_is_keyless(record)) {
		if (window->lanes[lane].stands)
			return 1; /* all of them do */
	} else if (producer_pass(window, &window->lanes[lane], record->seq)) {
		page->passed++;
		window->cursor = record->seq;
		return 0;
	}
	if (send_stored(page->p, window, record, page->single) != PRODUCER_SENT)
		return 1;
	window->cursor = record->seq;
	return page->single;
}

/* Nothing but requests is waited for. */
static int64_t gap_after(const struct topic_window *window, bool single)
{
	if (window->topic == STORE_REQUESTS || single)
		return 0;
	return window->topic == STORE_AUDIT ? BATCHING_AUDIT_GAP_MS
					    : BATCHING_BATCH_GAP_MS;
}

static void begin_batch(const struct producer *p, struct topic_window *window,
			bool single)
{
	producer_next_keyless(window);
	window->batch_wait = p->core->now + BATCHING_BATCH_WAIT_MS;
	window->gap_until = p->core->now + gap_after(window, single);
}

static void pump_outbox(struct producer *p, struct topic_window *window,
			bool single)
{
	struct store *store = p->store;
	struct page page = {.p = p, .window = window, .single = single};
	int64_t newest = store_outbox_newest(store, window->topic);
	struct ztp_error error;
	int rc = store_outbox_each(store, window->topic, window->cursor,
				   WINDOW_RECORDS, send_row, &page, &error);

	if (rc < 0)
		log_error(p->core->log, "outbox_unreadable", LOG_WHY(&error));
	/* There was nothing: all records have arrived. */
	if (rc == 0 && page.seen == 0)
		window->cursor = newest;
	/* Nothing that will be reported: go on soon. */
	if (rc == 0 && page.passed > 0 && page.passed == page.seen)
		window->batch_wait = p->core->now + 1;
}

/* --- the turn */

static bool may_send(const struct producer *p,
		     const struct topic_window *window, bool single)
{
	if (p->core->now < window->gap_until)
		return false;
	return window->sent == window->standing ||
	       (!single && p->core->now >= window->batch_wait);
}

/* Returns false as long as the topic's lanes are those of another number of
 * partitions than it has. */
static bool is_divided(struct producer *p, struct topic_window *window)
{
	int partitions = p->partitions[window->topic];

	if (partitions == 0 || partitions == window->partitions)
		return true;
	if (window->busy > 0) {
		producer_rewind(p, window);
		p->stuck |= window->unstored == 0 && window_alive(window) == 0;
		return false;
	}
	if (window->behind > 0)
		window->cursor = window->skip_from = window->skip_to = 0;
	window_divide(window, partitions);
	return true;
}

/* Returns false while what has been sent is not back, but for partitions that stand
 * still. */
static bool read_again(struct producer *p, struct topic_window *window)
{
	if (window_alive(window) > 0 || window->unstored > 0)
		return false;
	producer_restart_lanes(window);
	window->stayed_until =
		window->standing > 0
			? store_outbox_newest(p->store, window->topic)
			: 0;
	window->cursor = window->skip_from = window->skip_to = 0;
	window->rewind = false;
	window->resend = 0;
	if (producer_passes_by(p, window))
		window->skip_from = window->skip_to = window->suspect;
	return true;
}

static void catch_up(struct producer *p, struct topic_window *window)
{
	begin_batch(p, window, false);
	producer_catch_up(p, window, send_stored);
}

static void pump_window(struct producer *p, struct topic_window *window)
{
	bool single, behind;

	producer_look(p, window);
	if (!is_divided(p, window) ||
	    !ztp_retry_due(&window->retry, p->core->now) ||
	    (window->rewind && !read_again(p, window)))
		return;
	single = window->cursor < window->single_until;
	if (!may_send(p, window, single))
		return;
	/* Those that are behind and the others have the room in turn. */
	behind = !single && producer_is_catching_up(window);
	window->behind_first = behind && !window->behind_first;
	if (window->behind_first)
		catch_up(p, window);
	if (window->waiting > 0) {
		begin_batch(p, window, false);
		pump_unstored(p, window);
	}
	/* Then the records that came after the unstored ones. */
	if (window->waiting == 0 &&
	    store_outbox_after(p->store, window->topic, window->cursor)) {
		begin_batch(p, window, single);
		pump_outbox(p, window, single);
	}
	if (behind && !window->behind_first)
		catch_up(p, window);
}

void producer_pump(struct producer *p)
{
	int topic;

	if (!p->rk)
		return;
	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		if (topic != STORE_RESULTS || !p->hold_results)
			pump_window(p, &p->windows[topic]);
}

void producer_hold_results(struct producer *p, bool hold)
{
	p->hold_results = hold;
}

bool producer_flush(struct producer *p)
{
	if (!p->lingering || !p->rk)
		return false;
	p->lingering = false;
	/* rd_kafka_flush also counts arrived records that we have not
	 * collected, so it uses up all of the time, and its result
	 * means nothing. */
	(void)rd_kafka_flush(p->rk, BATCHING_SHORT_WAIT_MS);
	return true;
}

static int64_t latest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* When there may be something to hand over; or 0. */
static int64_t next_of(const struct producer *p,
		       const struct topic_window *window)
{
	bool behind = window->behind > 0;
	int64_t at = window->retry.at;

	if (window->waiting > 0 || behind ||
	    store_outbox_after(p->store, window->topic, window->cursor)) {
		at = latest(at, window->gap_until);
		if (window->busy > 0 || behind)
			at = latest(at, window->batch_wait);
	}
	return at;
}

int64_t producer_next(const struct producer *p)
{
	int64_t next = 0;
	int topic, i;

	if (!p->rk && p->open_at > p->core->now)
		next = p->open_at;
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		const struct topic_window *window = &p->windows[topic];
		const int64_t at[] = {next_of(p, window), window->look_at};

		for (i = 0; i < 2; i++)
			if (at[i] > p->core->now && (next == 0 || at[i] < next))
				next = at[i];
	}
	return next;
}
