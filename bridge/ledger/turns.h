/*
 * bridge/ledger/turns.h - the ledger of the active bridge of several: the loop's
 * turn, with the rows it changes in the store and the records it makes, as one
 * transaction of Kafka's. Loop thread.
 *
 * The loop applies its inputs and sends; while the turn is under way it writes
 * nothing. When the turn is committed, the store has it as well, and its effects
 * may happen. Else the loop rolls back, and applies again what it has kept:
 * nothing in a turn is random, so that it says the same. A record that Kafka
 * will not take is known again by what it says, and reported instead.
 */
#ifndef BRIDGE_LEDGER_TURNS_H
#define BRIDGE_LEDGER_TURNS_H

#include "bridge/kafka/producer.h"
#include "bridge/kafka/turn.h"
#include "bridge/ledger/copy.h"
#include "bridge/ledger/ledger.h"

struct turns;

/* user: `announced` is called before a turn is sent, since its requests are
 * announced with it. copy and turn outlive it. */
int turns_new(struct turns **turns, struct core *core, struct copy *copy,
	      struct turn *turn, const struct producer_user *user,
	      struct ztp_error *error);
void turns_free(struct turns *turns); /* accepts NULL */

struct ledger *turns_ledger(struct turns *turns);

/* During apply: this journal has been taken up to the mark. And: what the state
 * says of that; {0, 0} if nothing. */
int turns_mark_put(struct store *store, const char *journal,
		   const struct journal_mark *mark, struct ztp_error *error);
int turns_mark_get(struct store *store, const char *journal,
		   struct journal_mark *mark, struct ztp_error *error);
/* Likewise for ztp.journal: the next offset; TURNS_NOTHING: nothing yet. */
#define TURNS_NOTHING (-1)
int turns_taken_put(struct store *store, int64_t next, struct ztp_error *error);
int turns_taken_get(struct store *store, int64_t *next,
		    struct ztp_error *error);
/* Likewise: whom the last committed turn asked only after the deadline was not asked
 * in time. What a turn says is read when it is committed, which may be long after it
 * began, and after its events were judged. */
int turns_unask(struct turns *turns, struct ztp_error *error);
bool turns_under_way(const struct turns *turns);

/* After apply: sends the turn. Returns 0 if it is under way, 1 if there is
 * nothing that Kafka has to know (the store has committed it), or a negative
 * error, after which the loop rolls back. */
int turns_send(struct turns *turns, struct ztp_error *error);

enum turns_end {
	TURNS_UNDER_WAY,
	TURNS_COMMITTED, /* the store has it as well */
	TURNS_AGAIN,	 /* roll back and apply again, now */
	TURNS_LATER,	 /* likewise, but Kafka, or the store, needs a pause */
	TURNS_OVER	 /* roll back; this bridge has to become active anew */
};

/* What has become of it. `result` says why, unless it is under way. */
enum turns_end turns_take(struct turns *turns, struct turn_result *result);
/* When the last committed turn with a row in it began (CLOCK_BOOTTIME, ms). */
int64_t turns_began(const struct turns *turns);
/* Of entries, how many the next turn takes from each of its inputs: fewer while
 * Kafka refuses records. */
int turns_max(const struct turns *turns);
/* When the next turn may begin (CLOCK_BOOTTIME, ms): so that many entries share
 * one (bridge/core/batching.h). */
int64_t turns_pace(const struct turns *turns);
/* The store is rolled back: what has been added is forgotten. */
void turns_rollback(struct turns *turns);

#endif
