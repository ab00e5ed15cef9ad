/*
 * bridge/endings.h - the moves that every path through a request's life
 * shares: one step on, and the end with its result and what is owed
 * afterwards. Loop thread, during apply. 0 or a negative error.
 */
#ifndef BRIDGE_ENDINGS_H
#define BRIDGE_ENDINGS_H

#include "bridge/bridge.h"

/* How long a notice of rejection may take, ms. */
#define ENDING_NOTICE_MS 5000

/* Moves r through ztp_life_move; the caller saves. */
int ending_move(struct bridge *b, struct store_request *r, enum ztp_state to,
		struct ztp_error *error);

/* Ends r: the move, the result, no more deadline; decides whether the device
 * is told; saves r. position may be NULL. */
int ending_finish(struct bridge *b, struct store_request *r, enum ztp_state to,
		  const char *message, const struct ztp_position *position,
		  struct ztp_error *error);

/* The same, for a request that was decided: position is the decision's. */
int ending_finish_decided(struct bridge *b, struct store_request *r,
			  enum ztp_state to, const char *message,
			  struct ztp_error *error);

/* Approved: ends the path's other undecided requests in conflict, and sets
 * what is to be done for r next; saves r. */
int ending_approve(struct bridge *b, struct store_request *r,
		   struct ztp_error *error);

/* Registered: the command is owed; ready says that it may go now (with a
 * gate: the device is there). Saves r. */
int ending_register(struct bridge *b, struct store_request *r, bool ready,
		    struct ztp_error *error);

#endif
