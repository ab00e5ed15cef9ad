#include "bridge/kafka/producer.h"

#include <stdlib.h>

#include "bridge/kafka/producer_internal.h"

/* Kafka that refuses a producer at once, because it has no right to any topic,
 * would otherwise get the next one at once, hundreds a second. */
#define OPEN_GAP_MS 1000

static int open_handle(struct producer *p, struct ztp_error *error)
{
	static const uint64_t one = 1;

	p->open_at = p->core->now + OPEN_GAP_MS;
	p->rk = kafka_new(p->core, ZTP_KAFKA_PRODUCER,
			  RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR, error);
	if (!p->rk)
		return ZTP_ERR_INTERNAL;
	p->queue = rd_kafka_queue_get_main(p->rk);
	rd_kafka_queue_io_event_enable(p->queue, p->wake_fd, &one, sizeof(one));
	return 0;
}

static void close_handle(struct producer *p)
{
	int topic;

	if (!p->rk)
		return;
	rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(p->queue);
	rd_kafka_purge(p->rk,
		       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		if (p->topics[topic])
			rd_kafka_topic_destroy(p->topics[topic]);
		p->topics[topic] = NULL;
	}
	kafka_close(p->core, p->rk);
	p->rk = NULL;
	p->queue = NULL;
}

int producer_new(struct producer **out, struct core *core, struct store *store,
		 const struct producer_user *user, int wake_fd,
		 struct ztp_error *error)
{
	struct producer *p = calloc(1, sizeof(*p));
	int topic, rc;

	if (!p)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	p->core = core;
	p->store = store;
	p->user = *user;
	p->wake_fd = wake_fd;
	p->ok = true;
	p->closed = ~0u;
	producer_partitioner(p);
	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		window_init(&p->windows[topic], (enum store_topic)topic);
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
	int topic;

	if (!p)
		return;
	close_handle(p);
	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		window_clear(&p->windows[topic]);
	free(p);
}

/* --- acknowledgements */

/* An acknowledgement counts only if it tells the record's offset. librdkafka
 * also makes up acknowledgements: when a batch was refused and the next one
 * was accepted, it concludes that the broker must have both
 * (rd_kafka_dr_implicit_ack). But a broker that does not know a producer yet
 * accepts any sequence number from it, and then the first records of this
 * handle would be lost (confluent-kafka-go#921). */
static rd_kafka_resp_err_t delivery_error(const rd_kafka_message_t *message)
{
	if (!message->err && message->offset < 0)
		return RD_KAFKA_RESP_ERR__INCONSISTENT;
	return message->err;
}

/* From 64 partitions on, several share a bit: sending too much again
 * does no harm. */
static uint64_t partition_bit(const rd_kafka_message_t *message)
{
	return 1ull << ((uint32_t)message->partition % 64);
}

/* One before it has failed, and is sent again. */
static bool is_out_of_order(const struct topic_window *window,
			    const struct window_lane *lane,
			    const rd_kafka_message_t *message)
{
	return window->resend & partition_bit(message) ||
	       (lane->behind && lane->resend);
}

/* Kafka has the record, and it is sent again. Its request has been asked all the
 * same: Kafka may not take it again before the request's deadline, and a silence
 * counts only if the request was asked. */
static void send_again(struct producer *p, struct topic_window *window,
		       struct in_flight *flight)
{
	flight->again = window->topic == STORE_REQUESTS && flight->request != 0;
	if (!flight->again || flight->unstored) {
		producer_retry_record(p, window, flight);
		return;
	}
	window_move(window, flight, IN_FLIGHT_DONE);
	p->unsettled++;
}

/* Keeps the records of a device in order: when one fails, the records of its
 * partition that were sent after it are sent again after it, even if they
 * have arrived. Those without a key are not: they have no order, and a lane that
 * catches up does not read them again. */
static void on_report(struct producer *p, const rd_kafka_message_t *message)
{
	uintptr_t tag = (uintptr_t)message->_private;
	struct topic_window *window = &p->windows[tag / WINDOW_SLOTS];
	struct in_flight *flight = &window->flights[tag % WINDOW_SLOTS];
	struct window_lane *lane = window_lane(window, flight);
	rd_kafka_resp_err_t err = delivery_error(message);

	producer_heard(p, window, flight);
	if (err) {
		producer_failed(p, window, flight, err);
		if (!window->rewind)
			return;
		window->resend |= partition_bit(message);
		lane->resend = true;
		return;
	}
	producer_succeeded(p, window, flight);
	if (!flight->keyless && is_out_of_order(window, lane, message)) {
		/* Another partition's bit may have said so. */
		lane->resend = true;
		send_again(p, window, flight);
		return;
	}
	window_move(window, flight, IN_FLIGHT_DONE);
	p->unsettled++;
}

/* Opens a handle if there is none and its time has come. */
static void open_again(struct producer *p)
{
	struct ztp_error error;

	if (p->rk || p->core->now < p->open_at)
		return;
	if (open_handle(p, &error) != 0)
		log_error(p->core->log, "kafka_unusable", LOG_WHY(&error));
}

/* Opens a new handle and sends everything that was in flight again, with the same
 * ids. */
static void reopen(struct producer *p)
{
	int topic;

	p->stuck = false;
	close_handle(p);
	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		struct topic_window *window = &p->windows[topic];
		struct in_flight *flight, *next;

		for (flight = window_first(window); flight; flight = next) {
			next = window_next(window, flight);
			if (flight->phase == IN_FLIGHT_SENT)
				producer_retry_record(p, window, flight);
		}
		window->rewind = true;
		producer_pause(p, window);
	}
	open_again(p);
}

/* Idempotence is lost. */
static void reopen_after_fatal(struct producer *p)
{
	char reason[256] = "";

	rd_kafka_fatal_error(p->rk, reason, sizeof(reason));
	log_error(p->core->log, "kafka_fatal", LOG_STR("error", reason));
	reopen(p);
}

static bool on_event(struct producer *p, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;
	bool fatal = false;

	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		while ((message = rd_kafka_event_message_next(event)) != NULL) {
			on_report(p, message);
		}
		break;
	case RD_KAFKA_EVENT_ERROR:
		fatal = rd_kafka_event_error_is_fatal(event) != 0;
		if (rd_kafka_event_error(event) ==
		    RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
			p->ok = false;
			p->down_at = p->core->now;
		}
		log_debug(p->core->log, "kafka_error",
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

	open_again(p);
	if (!p->rk)
		return;
	while (!fatal && (event = rd_kafka_queue_poll(p->queue, 0)) != NULL) {
		fatal = on_event(p, event);
		rd_kafka_event_destroy(event);
	}
	if (fatal)
		reopen_after_fatal(p);
	else if (p->stuck && p->core->now >= p->open_at)
		reopen(p);
}

/* --- inside the transaction */

/* Requests whose records have arrived, one after the other as they are
 * numbered: the user takes them together. */
struct run {
	int64_t first, last; /* 0: none */
};

static int end_run(struct producer *p, struct run *run, struct ztp_error *error)
{
	struct run whole = *run;

	*run = (struct run){0};
	return whole.first ? p->user.announced(p->user.arg, whole.first,
					       whole.last, error)
			   : 0;
}

static int add_to_run(struct producer *p, struct run *run, int64_t request,
		      struct ztp_error *error)
{
	int rc = 0;

	if (run->first && request == run->last + 1) {
		run->last = request;
		return 0;
	}
	rc = end_run(p, run, error);
	*run = (struct run){request, request};
	return rc;
}

/* Kafka has acknowledged the record or will never accept it. One that is sent again
 * stays in the outbox, or is about to move to it. */
static int apply_done(struct producer *p, const struct topic_window *window,
		      const struct in_flight *flight, struct run *run,
		      struct ztp_error *error)
{
	int rc = 0;

	if (flight->refused)
		return producer_give_up(p, window, flight, error);
	if (flight->seq != 0 && !flight->again)
		rc = store_outbox_remove(p->store, flight->seq, error);
	if (rc == 0 && window->topic == STORE_REQUESTS && flight->request)
		rc = add_to_run(p, run, flight->request, error);
	return rc;
}

static int apply_all_done(struct producer *p, struct topic_window *window,
			  struct ztp_error *error)
{
	struct in_flight *flight;
	struct run run = {0};
	int rc = 0;

	for (flight = window_first(window); flight && rc == 0;
	     flight = window_next(window, flight))
		if (flight->phase == IN_FLIGHT_DONE || flight->again)
			rc = apply_done(p, window, flight, &run, error);
	return rc == 0 ? end_run(p, &run, error) : rc;
}

int producer_apply(struct producer *p, struct ztp_error *error)
{
	int topic, rc = 0;

	for (topic = 1; topic < STORE_TOPIC_END && rc == 0; topic++) {
		struct topic_window *window = &p->windows[topic];

		if (p->unsettled > 0)
			rc = apply_all_done(p, window, error);
		if (rc == 0 && window->unstored > 0)
			rc = producer_move_to_outbox(p, window, error);
	}
	return rc;
}

void producer_settle(struct producer *p)
{
	int topic;

	for (topic = 1; topic < STORE_TOPIC_END && p->unsettled > 0; topic++) {
		struct topic_window *window = &p->windows[topic];
		struct in_flight *flight, *next;

		for (flight = window_first(window); flight; flight = next) {
			next = window_next(window, flight);
			flight->again = false;
			if (flight->phase == IN_FLIGHT_DONE)
				window_release(window, flight);
			else if (flight->spilled != 0)
				producer_settle_moved(window, flight);
			else if (flight->phase == IN_FLIGHT_FRESH)
				window_move(window, flight, IN_FLIGHT_READY);
		}
	}
	p->unsettled = 0;
}

int producer_in_flight(const struct producer *p)
{
	int topic, sum = 0;

	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		sum += p->windows[topic].busy;
	return sum;
}

bool producer_ok(const struct producer *p)
{
	int topic;

	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		if (!p->windows[topic].ok)
			return false;
	return p->ok && p->rk;
}

bool producer_hear(struct producer *p, const struct probe_status *status)
{
	bool newer = status->asked_at > p->down_at;
	unsigned closed = status->up ? status->missing | status->denied : ~0u;
	unsigned opened = p->closed & ~closed;
	int topic;

	if (status->up && newer)
		p->ok = true;
	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		if (opened & 1u << topic)
			ztp_retry_succeeded(&p->windows[topic].retry);
	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		if (status->counts[topic] > 0)
			p->partitions[topic] = status->counts[topic];
	p->closed = closed;
	return p->ok || newer;
}
