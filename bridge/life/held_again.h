/*
 * bridge/life/held_again.h - decisions that were held (held.h) are applied. Loop
 * thread, during apply; 0 or a negative error.
 */
#ifndef BRIDGE_LIFE_HELD_AGAIN_H
#define BRIDGE_LIFE_HELD_AGAIN_H

#include "bridge/life/bridge.h"

/* A request with that id has been made: applies what was held for it. */
int held_apply(struct bridge *b, const char *request_id,
	       struct ztp_error *error);

/* Those whose time has passed are decided now; at most `limit`. */
int held_expire(struct bridge *b, int limit, bool *more,
		struct ztp_error *error);
/* When the next one's time passes (steady ms); 0: there is none. */
int64_t held_next(const struct bridge *b);

#endif
