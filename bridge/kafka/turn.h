/*
 * bridge/kafka/turn.h - a turn of the loop as a transaction of Kafka's: the rows
 * of `ztp.state` that it changes and the records that it makes are there
 * together, or none of them is.
 *
 * librdkafka's calls for transactions block, so a thread of its own makes them,
 * one turn at a time. The loop adds what the turn consists of, sends it, and
 * goes on serving people; the result wakes it. Until then it must not add
 * anything. Functions are for the loop's thread.
 *
 * A commit whose outcome is unknown is asked for again until it is known, or
 * this producer is fenced. Then the turn is not known to be committed, and
 * whoever reads the state to its end knows.
 */
#ifndef BRIDGE_KAFKA_TURN_H
#define BRIDGE_KAFKA_TURN_H

#include "bridge/core/core.h"
#include "bridge/store/store.h"
#include "bridge/store/store_state.h"

/* X(NAME, "name"); the names are in log lines. */
#define TURN_OUTCOME_LIST(X)                                                   \
	X(OPENED, "opened") /* what the one before left open has ended */      \
	X(COMMITTED, "committed")                                              \
	X(ABORTED, "aborted") /* none of it is there; do it again */           \
	X(REFUSED, "refused") /* likewise, because of one record */            \
	X(FENCED, "fenced")   /* another has opened, or it took too long */    \
	X(FAILED, "failed")   /* this handle is of no use any more */

enum turn_outcome {
#define X(name, text) TURN_##name,
	TURN_OUTCOME_LIST(X)
#undef X
		TURN_OUTCOMES
};

struct turn_result {
	enum turn_outcome outcome;
	struct ztp_error why; /* unless OPENED or COMMITTED */
	/* COMMITTED, with a row in it: the offset of the first row and the one
	 * after the last row, and when Kafka wrote that (ms). next 0: there was no
	 * row. */
	int64_t first, next, written_at;
	int64_t birth; /* the offset after the row `birth`; 0: it was not one */
	/* REFUSED: the first record that was, in the order of turn_add, and how
	 * many. A refused record fails those that were sent with it. */
	int refused, refused_count;
	/* ABORTED: nobody has said anything of it, for all the time it had. */
	bool unanswered;
};

struct turn_options {
	const char *id;	   /* the transactional id: one for the group */
	const char *topic; /* ztp.state */
	int64_t timeout_ms;
	int wake_fd; /* an eventfd, written when there is a result */
};

struct turn;

/* Starts the thread; nothing is sent to Kafka before turn_open. Copies options.
 */
int turn_new(struct turn **turn, struct core *core,
	     const struct turn_options *options, struct ztp_error *error);
/* Gives up what is under way, without asking what became of it. Accepts NULL. */
void turn_free(struct turn *turn);

/* From now on it is this one; -1: none. While nothing is under way. */
void turn_wake(struct turn *turn, int wake_fd);

/* A new handle, and init_transactions: ends what this id has left open and fences
 * whoever uses it. The result is OPENED, FENCED or FAILED. */
void turn_open(struct turn *turn);

/* What the next turn consists of. Copies the record, all but its number. */
int turn_add_record(struct turn *turn, const struct store_record *record,
		    struct ztp_error *error);
/* A store_state_visit. */
int turn_add_row(void *turn, const struct store_state_row *row,
		 struct ztp_error *error);
/* Removes what has been added from record number `from` on. */
void turn_forget(struct turn *turn, int from);
int turn_count(const struct turn *turn);

/* Begins a transaction with all that, and commits it. apart: each record is sent
 * alone, so that one that is refused fails no other; rows go together. */
void turn_send(struct turn *turn, bool apart);
/* Likewise, but it is ABORTED unless its first row comes at that offset, that is, if
 * anybody has written to ztp.state since this was its end. Of two producers of which
 * neither fences the other, as they are of two groups, one at most gets there. */
void turn_send_at(struct turn *turn, int64_t first);
bool turn_under_way(const struct turn *turn);
/* Nobody waits for what is under way any more: it does not insist, so that it is over
 * soon. For one that has left, what Kafka takes later would be too late. */
void turn_drop(struct turn *turn);
/* True: *result is what became of turn_open or turn_send, once, and nothing is
 * added any more. */
bool turn_take(struct turn *turn, struct turn_result *result);

const char *turn_outcome_name(enum turn_outcome outcome);

#endif
