/*
 * bridge/kafka/topic_window.h - the window of in-flight records of one Kafka
 * topic, in the order in which they were taken. Loop thread only.
 *
 * An in-flight record is either a record of the outbox, known by its number,
 * or an unstored record. An unstored record has never been in the outbox,
 * because the journal keeps the entry that it was built from until Kafka has
 * the record. Most requests and audit records are sent this way: a record that
 * is sent within milliseconds need not be written to the store, read back and
 * deleted.
 *
 *	FRESH    an unstored record of the open transaction
 *	READY    an unstored record that waits to be handed over
 *	SENT     librdkafka has it
 *	DONE     Kafka has it, or never will; the store does not know yet
 *	FAILED   an unstored record that failed: it moves to the outbox
 */
#ifndef BRIDGE_KAFKA_TOPIC_WINDOW_H
#define BRIDGE_KAFKA_TOPIC_WINDOW_H

#include "base/log.h"
#include "bridge/journal/journal.h"
#include "bridge/store/store.h"
#include "ztp/retry.h"

#define WINDOW_RECORDS 2048 /* in-flight records */
#define WINDOW_BYTES   (4 << 20)

enum in_flight_phase {
	IN_FLIGHT_FREE,
	IN_FLIGHT_FRESH,
	IN_FLIGHT_READY,
	IN_FLIGHT_SENT,
	IN_FLIGHT_DONE,
	IN_FLIGHT_FAILED,
};

/* A copy of a record; its views point into the same block. */
struct unstored {
	struct store_record record;
	struct journal_mark from; /* the entry it was built from */
	int64_t since;		  /* steady ms */
	struct ztp_header headers[];
};

struct in_flight {
	enum in_flight_phase phase;
	int refused; /* DONE, but Kafka will not take it: why, or 0 */
	int64_t seq; /* number in the outbox; 0: unstored */
	/* An unstored record's number in the outbox, once this transaction is
	 * committed; else 0. */
	int64_t spilled;
	int64_t request;
	size_t bytes;
	struct unstored *unstored; /* owned, or NULL */
	uint16_t next, before;	   /* in order; next also links the free ones */
};

struct topic_window {
	enum store_topic topic;
	/* The last one is the head of the list. */
	struct in_flight flights[WINDOW_RECORDS + 1];
	uint16_t free; /* the first free one; WINDOW_RECORDS: none */
	int busy;      /* records in the window */
	int sent;      /* of these, SENT */
	int waiting;   /* of these, FRESH or READY */
	int unstored;
	size_t bytes;
	int64_t cursor; /* seq of the last outbox record handed over */
	/* Outbox records from one seq to the other are in flight already. */
	int64_t skip_from, skip_to;
	bool rewind; /* a record failed: start again when all are back */
	/* A bit for each partition whose records must be sent again,
	 * acknowledged or not, because an earlier one failed. */
	uint64_t resend;
	int64_t batch_wait; /* until then, later records wait for the batch */
	int64_t gap_until;  /* until then, nothing follows the last batch */
	/* Up to this seq one by one, because a batch was refused. */
	int64_t single_until;
	/* The record that has failed by itself, or 0; how often; and that
	 * later ones have been accepted since. */
	int64_t suspect;
	int suspect_tries;
	bool others_pass;
	bool ok; /* false after a failure, until a record is accepted */
	struct ztp_retry retry;
	struct log_limit failures;
};

void window_init(struct topic_window *window, enum store_topic topic);
/* Frees unstored records and empties the window. */
void window_clear(struct topic_window *window);

/* Adds an in-flight record at the end, in phase IN_FLIGHT_FRESH and with these
 * bytes counted; NULL if the window is full. */
struct in_flight *window_take(struct topic_window *window, size_t bytes);
void window_release(struct topic_window *window, struct in_flight *flight);
/* Walk in order. A returned record may be released only after window_next has
 * been called for it. NULL: the end. */
struct in_flight *window_first(struct topic_window *window);
struct in_flight *window_next(struct topic_window *window,
			      const struct in_flight *flight);

/* The index by which librdkafka knows the record. */
uint16_t window_index(const struct topic_window *window,
		      const struct in_flight *flight);

/* Changes the phase and updates the counts. */
void window_move(struct topic_window *window, struct in_flight *flight,
		 enum in_flight_phase phase);

/* Copies the record into one block, for free(); NULL when out of memory.
 * Header names are constants and are not copied. */
struct unstored *unstored_new(const struct store_record *record);

#endif
