/*
 * bridge/life/moves.h - the moves that all parts of a request's life share:
 * one step forward, and the end with its result and what is owed afterwards.
 * Loop thread, during apply. Returns 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_MOVES_H
#define BRIDGE_LIFE_MOVES_H

#include "bridge/life/bridge.h"

/* Moves r to a state by ztp_life_move; the caller saves r. */
int move_state(struct bridge *b, struct store_request *r, enum ztp_state to,
	       struct ztp_error *error);

/* Changes what is owed for r after an event, by ztp_obligation_change. The
 * caller gives the facts that only this event has (NULL: none); gate,
 * times and jitter are filled in. Returns false if nothing changes. The
 * caller saves r. */
bool move_obligation(struct bridge *b, struct store_request *r,
		     enum ztp_owed_event event,
		     const struct ztp_owed_facts *facts);
/* The same, and saves r if it changed. */
int move_owe(struct bridge *b, struct store_request *r,
	     enum ztp_owed_event event, const struct ztp_owed_facts *facts,
	     struct ztp_error *error);

/* Ends r: moves it, writes the result, decides whether the device is told, and
 * saves r. position may be NULL. The message goes into the log and onto the
 * page as well, except at an end that needs no explanation: an onboarding, a
 * rejection, and silence. */
#define MOVE_SILENCE "no decision by expires_at"
int move_finish(struct bridge *b, struct store_request *r, enum ztp_state to,
		const char *message, const struct ztp_position *position,
		struct ztp_error *error);

/* The same for a decided request: position is the decision's. */
int move_finish_decided(struct bridge *b, struct store_request *r,
			enum ztp_state to, const char *message,
			struct ztp_error *error);

/* The same with a message in others' words, which only the customer may see,
 * and why in ours. */
int move_finish_quoted(struct bridge *b, struct store_request *r,
		       enum ztp_state to, const char *message, const char *why,
		       struct ztp_error *error);

/* Ends r as onboarded: how it is known that the device has its command. And:
 * what is known when the broker has taken the command. */
int move_onboard(struct bridge *b, struct store_request *r,
		 enum ztp_delivery delivery, const char *message,
		 struct ztp_error *error);
enum ztp_delivery move_delivery(const struct bridge *b);

/* A result about r that does not end it: the device's word. */
int move_report(struct bridge *b, const struct store_request *r,
		enum ztp_outcome outcome, const char *message,
		struct ztp_error *error);

/* Approves r: ends the path's other undecided requests in conflict, sets what
 * is owed next, and saves r. */
int move_approve(struct bridge *b, struct store_request *r,
		 struct ztp_error *error);

/* The device has been created at the gate and is connected or not (there):
 * from now on the command is owed. Saves r. */
int move_register(struct bridge *b, struct store_request *r, bool there,
		  struct ztp_error *error);

/* Something was owed to the gate, and the bridge has none any more
 * (mqtt.registrar). */
int move_without_gate(struct bridge *b, struct store_request *r,
		      struct ztp_error *error);

#endif
