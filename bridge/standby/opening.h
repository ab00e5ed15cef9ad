/*
 * bridge/standby/opening.h - the steps by which a bridge becomes active, on
 * Kafka: init_transactions, the state read to its end, the row `active`. In
 * between and before it keeps the copy up to date. Loop thread; a call that asks
 * Kafka for an offset waits for half a second at most, and nobody is served then.
 */
#ifndef BRIDGE_STANDBY_OPENING_H
#define BRIDGE_STANDBY_OPENING_H

#include "bridge/kafka/turn.h"
#include "bridge/ledger/copy.h"
#include "ztp/role.h"

struct opening;

/* copy and turn outlive it. */
int opening_new(struct opening **opening, struct core *core, struct copy *copy,
		struct turn *turn, struct ztp_error *error);
void opening_free(struct opening *opening); /* accepts NULL */

/* INIT, READ and CLAIM begin a step; CLOSE gives up whatever is under way, and
 * the copy is read on. The others are not its own. */
void opening_act(struct opening *opening, enum ztp_role_action action);

/* What has become of it. */
struct opening_news {
	enum ztp_role_event event; /* INITED, REACHED, COMMITTED, FENCED, FAILED
				    * or BAD_STATE */
	bool left;     /* COMMITTED: the one that was active before had left */
	int64_t began; /* COMMITTED: the transaction; CLOCK_BOOTTIME */
	struct ztp_error why;
};

/* In each turn of the loop until it is active; takes some rows. Returns false if
 * there is no news. */
bool opening_turn(struct opening *opening, struct opening_news *news);

/* Has the copy been read to the end? Stays true once it has been, unless the copy is
 * thrown away. */
bool opening_copy_read(const struct opening *opening);
/* Has the copy everything up to and with the row `active`? A disk that is full
 * while the bridge before is waited for takes rows back. */
bool opening_is_whole(const struct opening *opening);
#define OPENING_NOT_WHOLE "the copy cannot be written"
/* The end of ztp.state as the broker that leads it told last while this bridge stands
 * by, and when it was asked; CLOCK_BOOTTIME, 0: never. */
struct opening_end {
	int64_t asked_at, end;
};
struct opening_end opening_known_end(const struct opening *opening);
/* Until when decisions for unknown ids are held; wall clock, ms. */
int64_t opening_hold_until(const struct opening *opening);
/* By how many ms Kafka's clock, which all bridges share, was ahead of the wall
 * clock when the row `active` was written; 0 for less than a minute. */
int64_t opening_kafka_ahead(const struct opening *opening);
/* Has a turn of the active bridge found that the state is another one? Returns true
 * for news. */
bool opening_found(struct opening *opening, struct opening_news *news);
/* Has Kafka said nothing of a step for this long? May ask it, for half a second;
 * then true once in that time. */
bool opening_is_unanswered(struct opening *opening, int64_t ms);
/* What it waits for, named, or "": a transaction of somebody else's, a person who sees
 * to the state, or the right to read it. */
const char *opening_trouble(const struct opening *opening);
/* Since when that right is missing; CLOCK_BOOTTIME, 0: it is not. */
int64_t opening_denied_since(const struct opening *opening);

/* Rows for a turn that has nothing else to write, or that is the last one. */
int opening_put_active(struct opening *opening, bool left,
		       struct ztp_error *error);

#endif
