/*
 * bridge/life/moves.h - the moves that every path through a request's life
 * shares: one step on, and the end with its result and what is owed
 * afterwards. Loop thread, during apply. 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_MOVES_H
#define BRIDGE_LIFE_MOVES_H

#include "bridge/life/bridge.h"

/* Moves r through ztp_life_move; the caller saves. */
int move_state(struct bridge *b, struct store_request *r, enum ztp_state to,
	       struct ztp_error *error);

/* What an event makes of what is owed for r, by ztp_obligation_change. Of the
 * facts the caller gives what is peculiar to the event (NULL: nothing); gate,
 * times and jitter are filled in. False: nothing changes. The caller saves. */
bool move_obligation(struct bridge *b, struct store_request *r,
		     enum ztp_owed_event event,
		     const struct ztp_owed_facts *facts);
/* The same, and saves r if it has changed. */
int move_owe(struct bridge *b, struct store_request *r,
	     enum ztp_owed_event event, const struct ztp_owed_facts *facts,
	     struct ztp_error *error);

/* Ends r: the move, the result, no more deadline; decides whether the device
 * is told; saves r. position may be NULL. */
int move_finish(struct bridge *b, struct store_request *r, enum ztp_state to,
		const char *message, const struct ztp_position *position,
		struct ztp_error *error);

/* The same, for a request that was decided: position is the decision's. */
int move_finish_decided(struct bridge *b, struct store_request *r,
			enum ztp_state to, const char *message,
			struct ztp_error *error);

/* Approved: ends the path's other undecided requests in conflict, and sets
 * what is to be done for r next; saves r. */
int move_approve(struct bridge *b, struct store_request *r,
		 struct ztp_error *error);

/* The gate has made the device, which is there or not: the command is owed.
 * Saves r. */
int move_register(struct bridge *b, struct store_request *r, bool there,
		  struct ztp_error *error);

#endif
