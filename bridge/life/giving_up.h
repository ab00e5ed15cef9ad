/*
 * bridge/life/giving_up.h - what becomes of a command or a registration that
 * got no answer, or that cannot be sent: it is tried again, apart from others
 * (ztp_obligation_suspect), and given up in the end. Then its request ends, as
 * undeliverable or failed, and the result says why. A registration is not given up
 * before the gate has said that there is no device, or its deadline has passed; nor
 * is the end of a candidate. Loop thread, during apply. Returns 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_GIVING_UP_H
#define BRIDGE_LIFE_GIVING_UP_H

#include "bridge/life/bridge.h"

/* The connection was lost, or the gate did not answer, while what is owed for
 * row n was in flight. size: of the command to the device, in bytes; 0: it was
 * one to the gate. proven: this broker does take other things (proving.h). */
int giving_up_lost(struct bridge *b, int64_t n, size_t size, bool proven,
		   struct ztp_error *error);

/* Ends r, whose createDevice got no answer, as failed. rest: what is known of its
 * device. */
int giving_up_registration(struct bridge *b, struct store_request *r,
			   const char *rest, struct ztp_error *error);

/* The deadline of the candidate of r, which is to be let go, has passed: if the gate
 * was silent, it is not asked any more. */
int giving_up_release(struct bridge *b, struct store_request *r,
		      struct ztp_error *error);

/* The message to the device of row n can never be sent. */
int giving_up_impossible(struct bridge *b, int64_t n, const char *why,
			 struct ztp_error *error);

#endif
