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
 *	         (again: and it stays in the outbox)
 *	FAILED   an unstored record that failed: it moves to the outbox
 *
 * A partition that Kafka takes nothing for must not fill the window. So a window is
 * divided into lanes, one for each partition. A lane that stands still keeps what
 * Kafka has not answered for in places of its own, does not count for the others'
 * bounds, and is given no more. Never has a lane more places than are free.
 */
#ifndef BRIDGE_KAFKA_TOPIC_WINDOW_H
#define BRIDGE_KAFKA_TOPIC_WINDOW_H

#include "base/log.h"
#include "bridge/journal/journal.h"
#include "bridge/store/store.h"
#include "ztp/retry.h"

#define WINDOW_RECORDS 2048 /* in-flight records of lanes that do not stand */
#define WINDOW_BYTES   (4 << 20)
#define WINDOW_SLOTS   (2 * WINDOW_RECORDS) /* of all lanes */
#define WINDOW_LANES   1024
#define WINDOW_USUAL   (16 << 10) /* bytes: more than requests have */

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
	uint16_t lane;
	bool alone;   /* handed over with nothing beside it */
	bool keyless; /* it has no order to keep */
	/* A request's that Kafka has and that is sent again: somebody has been
	 * asked, which the store does not know yet. DONE or FAILED. */
	bool again;
	uint16_t next, before; /* in order; next also links the free ones */
};

/* Of a partition; see producer_lanes.c. */
struct window_lane {
	int busy, sent; /* records in the window; of these, SENT */
	size_t bytes, sent_bytes;
	int64_t heard_at; /* steady ms: of the last report, while some are SENT */
	bool stands;	  /* for long without a report; only with some SENT */
	/* Records of the outbox up to the window's cursor have been passed by:
	 * those behind this lane's own. catching: they are read now. */
	bool behind, catching;
	int64_t cursor;
	bool full;   /* in this walk */
	bool resend; /* one failed: what is SENT must be sent again after it */
};

struct topic_window {
	enum store_topic topic;
	/* The last one is the head of the list. */
	struct in_flight flights[WINDOW_SLOTS + 1];
	uint16_t free;	/* the first free one; WINDOW_SLOTS: none */
	int partitions; /* of the topic, for which it is divided; 0: not known */
	int lane_count; /* at least 1 */
	struct window_lane lanes[WINDOW_LANES];
	int standing; /* SENT, in lanes that stand */
	size_t standing_bytes;
	int behind;		  /* lanes */
	int silent, silent_first; /* lanes that stand for long; one of them */
	bool behind_first;	  /* they were served before the others */
	int64_t stayed_until; /* records up to this seq may be in flight, though
			       * they are read again */
	int served;	      /* the lane that was caught up last */
	int keyless;	      /* the lane of records without a key */
	int64_t look_at; /* when the next lane may have to stand; 0: none */
	int busy;	 /* records in the window */
	int sent;	 /* of these, SENT */
	int waiting;	 /* of these, FRESH or READY */
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

/* Divides an empty window for that many partitions. */
void window_divide(struct topic_window *window, int partitions);
struct window_lane *window_lane(struct topic_window *window,
				const struct in_flight *flight);
/* From now on the lane stands, or does not. */
void window_stand(struct topic_window *window, struct window_lane *lane,
		  bool stands);
/* SENT records that stand still do not count. */
int window_alive(const struct topic_window *window);

/* Adds an in-flight record at the end, in phase IN_FLIGHT_FRESH and with these
 * bytes counted; NULL if the window, or the lane, is full. */
struct in_flight *window_take(struct topic_window *window, int lane,
			      size_t bytes);
/* Is there no room for another record of the usual size? */
bool window_is_full(const struct topic_window *window);
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
