/*
 * What becomes of a record that has failed.
 *
 * Some errors are about a record. Its batch has failed with it, so the batch's
 * records are sent again one by one, and the one that is refused by itself is
 * given up: the user reports it in some other way. Sending it again would never
 * end.
 *
 * All other errors are about the topic, or about Kafka: the topic is tried again
 * after a pause, nothing is lost, and each topic waits by itself. But the error
 * may mislead. If it keeps coming, the records are sent one by one here, too. One
 * that has failed SUSPECT_TRIES times is passed by once. If a later record is
 * accepted then, and this one fails again, it is the record, and it is given up.
 */
#include "base/random.h"
#include "bridge/kafka/kafka_acl.h"
#include "bridge/kafka/producer.h"
#include "bridge/kafka/producer_internal.h"

#define SINGLE_TRIES  2 /* failures in a row until records go one by one */
#define SUSPECT_TRIES 3

static const struct ztp_retry_pace pace = {.first_ms = 250, .max_ms = 15000};

/* Is this said of the record, or of the batch that it is in, rather than of its
 * topic or of Kafka? */
static bool is_refusal(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD: /* compacted, and no key */
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
		return true;
	default:
		return false;
	}
}

void producer_pause(struct producer *p, struct topic_window *window)
{
	uint32_t random;

	ztp_random(&random, sizeof(random));
	ztp_retry_failed(&window->retry, &pace, p->core->now, random);
}

void producer_rewind(struct producer *p, struct topic_window *window)
{
	if (window->rewind)
		return;
	window->rewind = true;
	window->retry.at = p->core->now;
}

void producer_retry_record(struct producer *p, struct topic_window *window,
			   struct in_flight *flight)
{
	if (!flight->unstored) {
		window_release(window, flight);
		return;
	}
	window_move(window, flight, IN_FLIGHT_FAILED);
	p->unsettled++;
}

void producer_refuse(struct producer *p, struct topic_window *window,
		     struct in_flight *flight, rd_kafka_resp_err_t err)
{
	flight->refused = err;
	if (flight->seq == window->suspect)
		window->suspect = 0;
	window_move(window, flight, IN_FLIGHT_DONE);
	p->unsettled++;
}

static void on_refusal(struct producer *p, struct topic_window *window,
		       struct in_flight *flight, rd_kafka_resp_err_t err)
{
	if (!window->rewind && flight->alone) {
		producer_refuse(p, window, flight, err);
		return;
	}
	producer_retry_record(p, window, flight);
	if (window->single_until < window->cursor)
		window->single_until = window->cursor;
	producer_rewind(p, window);
}

/* --- a record that fails again and again */

/* Is this certainly said of the topic or of Kafka? Then no record is suspected,
 * however it comes and goes. */
static bool is_about_topic(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
	case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
	case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
	case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
	/* Of a clock that is wrong; each attempt gives a record a new time. */
	case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
		return true;
	default: /* librdkafka's own are of this kind */
		return err < RD_KAFKA_RESP_ERR_UNKNOWN;
	}
}

/* why: for the text. */
static const char *hint_of(rd_kafka_resp_err_t err, const char *topic,
			   struct ztp_error *why)
{
	if (err == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP)
		return "is this machine's clock right? Kafka does not take "
		       "times an hour ahead of its own";
	if (err != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		return NULL;
	kafka_denied(why, KAFKA_RIGHT_WRITE_TOPIC, topic);
	return why->message;
}

static void log_failure(struct producer *p, struct topic_window *window,
			rd_kafka_resp_err_t err)
{
	const char *topic = kafka_topic(p->core, window->topic);
	struct ztp_error why;
	uint64_t suppressed;

	if (log_every(&window->failures, 10000, p->core->now + 1, &suppressed))
		log_warn(p->core->log, "kafka_produce_failed",
			 LOG_STR("topic", topic),
			 LOG_STR("error", rd_kafka_err2str(err)),
			 LOG_STR("hint", hint_of(err, topic, &why)),
			 LOG_UINT("suppressed", suppressed));
}

static void note_failure(struct topic_window *window,
			 const struct in_flight *flight)
{
	if (window->retry.tries >= SINGLE_TRIES &&
	    window->single_until < window->cursor)
		window->single_until = window->cursor;
	if (!flight->alone)
		return;
	if (flight->seq != window->suspect) {
		window->suspect = flight->seq;
		window->suspect_tries = 0;
		window->others_pass = false;
	}
	window->suspect_tries++;
}

bool producer_passes_by(struct producer *p, struct topic_window *window)
{
	if (window->suspect_tries < SUSPECT_TRIES ||
	    !store_outbox_after(p->store, window->topic, window->suspect))
		return false;
	window->suspect_tries = 0;
	return true;
}

void producer_succeeded(struct producer *p, struct topic_window *window,
			const struct in_flight *flight)
{
	p->ok = window->ok = true;
	ztp_retry_succeeded(&window->retry);
	if (window->suspect == 0)
		return;
	if (flight->seq == window->suspect) {
		window->suspect = 0;
		return;
	}
	if (!window->others_pass)
		producer_rewind(p, window);
	window->others_pass = true;
}

void producer_failed(struct producer *p, struct topic_window *window,
		     struct in_flight *flight, rd_kafka_resp_err_t err)
{
	if (is_refusal(err)) {
		on_refusal(p, window, flight, err);
		return;
	}
	if (!is_about_topic(err) && flight->seq != 0 &&
	    flight->seq == window->suspect && window->others_pass) {
		producer_refuse(p, window, flight, err);
		return;
	}
	window->ok = false;
	log_failure(p, window, err);
	if (!window->rewind) {
		window->rewind = true;
		producer_pause(p, window);
		if (!is_about_topic(err))
			note_failure(window, flight);
	}
	producer_retry_record(p, window, flight);
}

/* --- inside the transaction */

struct refusal {
	struct producer *p;
	struct ztp_error why;
	struct ztp_error *error;
};

static int report_refused(void *arg, const struct store_record *record)
{
	struct refusal *refusal = arg;
	struct producer *p = refusal->p;
	int rc = p->user.refused(p->user.arg, record, &refusal->why,
				 refusal->error);

	return rc != 0 ? rc : 1; /* only this record */
}

static bool is_about_size(int err)
{
	return err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	       err == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
	       err == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
}

int producer_give_up(struct producer *p, const struct topic_window *window,
		     const struct in_flight *flight, struct ztp_error *error)
{
	struct refusal refusal = {.p = p, .error = error};
	int rc;

	ztp_fail(&refusal.why,
		 is_about_size(flight->refused) ? ZTP_ERR_TOO_LARGE
						: ZTP_ERR_REFUSED,
		 "%s", rd_kafka_err2str((rd_kafka_resp_err_t)flight->refused));
	if (flight->unstored)
		rc = report_refused(&refusal, &flight->unstored->record);
	else
		rc = store_outbox_each(p->store, window->topic, flight->seq - 1,
				       1, report_refused, &refusal, error);
	if (rc >= 0 && flight->seq != 0)
		rc = store_outbox_remove(p->store, flight->seq, error);
	return rc < 0 ? rc : 0;
}
