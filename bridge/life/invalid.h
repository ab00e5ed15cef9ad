/*
 * bridge/life/invalid.h - a decision that cannot be followed, though the request
 * that it is for can be told from it: its result is `invalid`, and the record is
 * in ztp.dlq as well. The request stays open for another decision. Its timeout
 * does not approve it any more, since its customer has said something. Loop
 * thread, during apply. Returns 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_INVALID_H
#define BRIDGE_LIFE_INVALID_H

#include "bridge/kafka/consumer.h"
#include "bridge/life/bridge.h"

/* Would the command be larger than mqtt.max_command? Then *why says so. path:
 * the device's. A rejection fits always. */
bool invalid_size(const struct bridge *b, const struct ztp_decision *decision,
		  const char *path, struct ztp_error *why);

/* decision: what could be read of it, at least its request id. r: that request,
 * or NULL if there is none. */
int invalid_report(struct bridge *b, const struct ztp_decision *decision,
		   const struct consumer_record *record,
		   const struct store_request *r, const struct ztp_error *why,
		   struct ztp_error *error);

/* Leaves a trace of it in an undecided request, for the timeout. The next decision
 * replaces it. r may be NULL. */
int invalid_note(struct bridge *b, const struct store_request *r,
		 const struct consumer_record *record, struct ztp_error *error);

/* Is it what that has left, and no decision? */
bool invalid_is_note(const struct store_decision *d);

#endif
