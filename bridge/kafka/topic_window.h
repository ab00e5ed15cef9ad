/*
 * bridge/kafka/topic_window.h - what is under way to one Kafka topic: a window of in-flight records,
 * in the order in which they were taken up. Loop thread only.
 *
 * A flight carries a record of the outbox, by its number, or an unstored record: a
 * record that never was in the outbox, because the journal entry it was made
 * of is kept until Kafka has it. Most requests travel so: what goes out within
 * milliseconds need not be written to the store, read back and deleted.
 *
 *	FRESH    an unstored record of the transaction that is open
 *	READY    an unstored record that waits to be handed over
 *	SENT     librdkafka has it
 *	DONE     Kafka has it, or never will; the store does not know yet
 *	FAILED   an unstored record that did not arrive: it goes into the outbox
 */
#ifndef BRIDGE_KAFKA_TOPIC_WINDOW_H
#define BRIDGE_KAFKA_TOPIC_WINDOW_H

#include "base/log.h"
#include "bridge/journal/journal.h"
#include "bridge/store/store.h"

#define WINDOW_RECORDS 2048 /* flights */
#define WINDOW_BYTES   (4 << 20)

enum in_flight_phase {
	IN_FLIGHT_FREE,
	IN_FLIGHT_FRESH,
	IN_FLIGHT_READY,
	IN_FLIGHT_SENT,
	IN_FLIGHT_DONE,
	IN_FLIGHT_FAILED,
};

/* A record's copy: its views point behind it. */
struct unstored {
	struct store_record record;
	struct journal_mark from; /* its entry */
	int64_t since;		  /* steady ms */
	struct ztp_header headers[];
};

struct in_flight {
	enum in_flight_phase phase;
	bool too_large; /* DONE, but Kafka does not have it */
	int64_t seq;	/* in the outbox, 0: an unstored record */
	int64_t spilled; /* an unstored record's seq, if this transaction is committed */
	int64_t request;
	size_t bytes;
	struct unstored *unstored; /* owned, or NULL */
	uint16_t next, before;	   /* in order; next also of the free ones */
};

struct topic_window {
	enum store_topic topic;
	struct in_flight
		flights[WINDOW_RECORDS + 1]; /* the last: the list's ends */
	uint16_t free;			     /* first, WINDOW_RECORDS: none */
	int busy, sent, waiting; /* flights; those SENT; those before that */
	int unstored;
	size_t bytes;
	int64_t cursor; /* seq of the last outbox record handed over */
	int64_t skip_from, skip_to; /* seqs of records on their way already */
	bool rewind;	    /* something failed: begin anew when all are back */
	int64_t batch_wait; /* until then what came later waits for its batch */
	int64_t gap_until;  /* until then nothing follows the last batch */
	int64_t single_until; /* up to this seq one by one: a batch was too large */
	int64_t retry_at; /* when what was left behind is tried again, or 0 */
	int64_t next_try, pause;
	struct log_limit failures;
};

void window_init(struct topic_window *window, enum store_topic topic);
void window_clear(
	struct topic_window *window); /* frees unstored records; empties it */

/* At the end of the order, in phase IN_FLIGHT_FRESH with these bytes counted;
 * NULL when the window is full. */
struct in_flight *window_take(struct topic_window *window, size_t bytes);
void window_release(struct topic_window *window, struct in_flight *flight);
/* Walks in order; the one returned may be released before the next is asked
 * for only if window_next was called before. NULL: the end. */
struct in_flight *window_first(struct topic_window *window);
struct in_flight *window_next(struct topic_window *window,
			      const struct in_flight *flight);

/* The number by which a flight is known to librdkafka, and back. */
uint16_t window_index(const struct topic_window *window,
		      const struct in_flight *flight);

/* From one phase to another: the counts follow. */
void window_move(struct topic_window *window, struct in_flight *flight,
		 enum in_flight_phase phase);

/* A copy in one block, for free(); NULL without memory. Names of headers are
 * constants and stay where they are. */
struct unstored *unstored_new(const struct store_record *record);

#endif
