/*
 * bridge/store/store_move.h - whose a store is: a single bridge's, a copy of
 * what several have, or one that is being turned from one into the other. That
 * takes several steps, here and in Kafka, so the store says which way it goes
 * until the last one is done, and until then no bridge uses it. Loop thread.
 */
#ifndef BRIDGE_STORE_STORE_MOVE_H
#define BRIDGE_STORE_STORE_MOVE_H

#include "bridge/store/store_state.h"

/* The options of ztp-bridge that do it. */
#define STORE_TO_OPTION	  "to-standby"
#define STORE_FROM_OPTION "from-standby"

enum store_move {
	STORE_MOVE_NONE,
	STORE_TO_STANDBY,  /* it may be in ztp.state, all, or partly */
	STORE_FROM_STANDBY /* what was in ztp.state may be nobody's any more */
};

#define STORE_BIRTH_MAX 64

struct store_moving {
	enum store_move move;
	char birth[STORE_BIRTH_MAX + 1]; /* TO_STANDBY: its id, in ztp.state */
};

/* Part of the open transaction, as any other write. */
int store_move_get(struct store *store, struct store_moving *moving,
		   struct ztp_error *error);
int store_move_set(struct store *store, const struct store_moving *moving,
		   struct ztp_error *error);

/* For a single bridge: fails unless the store is a single bridge's. */
int store_refuse_copy(struct store *store, struct ztp_error *error);
/* For one of several: fails if it is, or is between the two. *copy is what it
 * stands for, if it is a copy. topic: of the decisions. */
int store_refuse_single(struct store *store, const char *topic,
			struct store_copy *copy, struct ztp_error *error);

/* Is there anything in it that no topic has? */
bool store_has_own(struct store *store, const char *topic);
/* A single bridge's, from now on, whose journal has been taken up to the mark;
 * and that of a group, likewise. Durable when they return 0. What other journals
 * have been taken up to stays. */
int store_make_single(struct store *store, const struct journal_mark *mark,
		      struct ztp_error *error);
int store_make_copy(struct store *store, const struct store_copy *copy,
		    struct ztp_error *error);

#endif
