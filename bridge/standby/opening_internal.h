/*
 * bridge/standby/opening_internal.h - shared by opening.c (the steps by which a
 * bridge becomes active) and opening_copy.c (reading the state, before and meanwhile).
 */
#ifndef BRIDGE_STANDBY_OPENING_INTERNAL_H
#define BRIDGE_STANDBY_OPENING_INTERNAL_H

#include "bridge/standby/claim.h"
#include "bridge/standby/opening.h"

#define OPENING_ASK_MS	 500
#define OPENING_AGAIN_MS 500 /* after something could not be asked */

enum step { NONE, INIT, READ, CLAIM };

struct opening {
	struct core *core;
	struct copy *copy;
	struct turn *turn;
	enum step step;
	bool sent;	  /* the step's order is the turn's */
	bool dropped;	  /* what the turn is doing is nobody's any more */
	bool begun, read; /* the copy */
	bool bad;	  /* the state; nothing is read any more */
	/* Since when Kafka does not let it be read; CLOCK_BOOTTIME, 0: it does. And
	 * it has just said so. */
	int64_t denied_since;
	bool refused;
	bool compared; /* READ: with what the group has committed */
	struct log_limit failures;
	struct opening_end known;
	int64_t ask_at; /* for the next one */
	int64_t again_at;
	int64_t end;	   /* of ztp.state, then with our row; -1: not known */
	int64_t behind_at; /* READ: since when it gets no further */
	/* When the step began, or Kafka was last asked whether it is there at all;
	 * CLOCK_BOOTTIME. */
	int64_t silent_at;
	int64_t began; /* CLAIM */
	bool claimed;  /* Kafka has the rows; they may have to be read */
	bool waits;    /* it has told so, and a lease is not over */
	struct claim claim;
	int64_t kafka_ahead;
	char trouble[256];
};

/* Is this said of the state, which is lost or newer? */
bool opening_is_of_the_state(int rc);
/* be_bad: of such a state. say_bad: of whatever keeps it from being read. They return
 * true for news. */
bool opening_be_bad(struct opening *o, int rc, struct opening_news *news);
bool opening_say_bad(struct opening *o, int rc, struct opening_news *news);
/* Reads on. Returns true for news. */
bool opening_follow(struct opening *o, struct opening_news *news);
/* From now on what the store has not kept is read. */
void opening_read_from_here(struct opening *o);

#endif
