/*
 * bridge/kafka/lane.h - what is under way to one Kafka topic: a window of flights,
 * in the order in which they were taken up. Loop thread only.
 *
 * A flight carries a record of the outbox, by its number, or a parcel: a
 * record that never was in the outbox, because the journal entry it was made
 * of is kept until Kafka has it. Most requests travel so: what goes out within
 * milliseconds need not be written to the store, read back and deleted.
 *
 *	FRESH    a parcel of the transaction that is open
 *	READY    a parcel that waits to be handed over
 *	SENT     librdkafka has it
 *	DONE     Kafka has it, or never will; the store does not know yet
 *	FAILED   a parcel that did not arrive: it goes into the outbox
 */
#ifndef BRIDGE_KAFKA_LANE_H
#define BRIDGE_KAFKA_LANE_H

#include "base/log.h"
#include "bridge/journal/journal.h"
#include "bridge/store/store.h"

#define LANE_WINDOW	  2048 /* flights */
#define LANE_WINDOW_BYTES (4 << 20)

enum flight_phase {
	FLIGHT_FREE,
	FLIGHT_FRESH,
	FLIGHT_READY,
	FLIGHT_SENT,
	FLIGHT_DONE,
	FLIGHT_FAILED,
};

/* A record's copy: its views point behind it. */
struct parcel {
	struct store_record record;
	struct journal_mark from; /* its entry */
	int64_t since;		  /* steady ms */
	struct ztp_header headers[];
};

struct flight {
	enum flight_phase phase;
	bool too_large;	 /* DONE, but Kafka does not have it */
	int64_t seq;	 /* in the outbox, 0: a parcel */
	int64_t spilled; /* a parcel's seq, if this transaction is committed */
	int64_t request;
	size_t bytes;
	struct parcel *parcel; /* owned, or NULL */
	uint16_t next, before; /* in order; next also of the free ones */
};

struct lane {
	enum store_topic topic;
	struct flight flights[LANE_WINDOW + 1]; /* the last: the list's ends */
	uint16_t free;				/* first, LANE_WINDOW: none */
	int busy, sent, waiting; /* flights; those SENT; those before that */
	int parcels;
	size_t bytes;
	int64_t cursor; /* seq of the last outbox record handed over */
	int64_t skip_from, skip_to; /* seqs of records on their way already */
	bool rewind;   /* something failed: begin anew when all are back */
	int64_t held;  /* until then what came later waits for its batch */
	int64_t lull;  /* until then nothing follows the last batch */
	int64_t alone; /* up to this seq one by one: a batch was too large */
	int64_t again; /* when what was left behind is tried again, or 0 */
	int64_t next_try, pause;
	struct log_limit failures;
};

void lane_init(struct lane *lane, enum store_topic topic);
void lane_clear(struct lane *lane); /* frees parcels; all flights go */

/* At the end of the order, in phase FLIGHT_FRESH with these bytes counted;
 * NULL when the window is full. */
struct flight *lane_take(struct lane *lane, size_t bytes);
void lane_release(struct lane *lane, struct flight *flight);
/* Walks in order; the one returned may be released before the next is asked
 * for only if lane_next was called before. NULL: the end. */
struct flight *lane_first(struct lane *lane);
struct flight *lane_next(struct lane *lane, const struct flight *flight);

/* The number by which a flight is known to librdkafka, and back. */
uint16_t lane_index(const struct lane *lane, const struct flight *flight);

/* From one phase to another: the counts follow. */
void lane_move(struct lane *lane, struct flight *flight,
	       enum flight_phase phase);

/* A copy in one block, for free(); NULL without memory. Names of headers are
 * constants and stay where they are. */
struct parcel *parcel_new(const struct store_record *record);

#endif
