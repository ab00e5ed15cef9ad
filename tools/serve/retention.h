/*
 * tools/serve/retention.h - are requests kept for as long as they may be open?
 * What Kafka has deleted is not found at the next start: an open request is then
 * not listed, or one that has ended is. So a topic's retention is looked at, and a
 * warning says when it is too short. One thread.
 */
#ifndef ZTP_SERVE_RETENTION_H
#define ZTP_SERVE_RETENTION_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct retention {
	rd_kafka_queue_t *queue; /* of the answer; NULL: it has come */
	const char *topic;	 /* not owned */
	int64_t kept_ms;	 /* 0: not known; -1: for ever */
	bool told;
	int64_t longest_ms; /* that a request may be open */
};

/* Asks Kafka, and does not wait. wake is written to when the answer is there.
 * Whoever may not ask hears nothing. */
void retention_ask(struct retention *retention, rd_kafka_t *client,
		   const char *topic, int wake);
/* Takes the answer, if it is there. */
void retention_take(struct retention *retention);
/* A request may be open for that long. */
void retention_note(struct retention *retention, int64_t open_ms);
void retention_end(struct retention *retention);

#endif
