/*
 * gate/pending.h - offering candidates on ztp/v1/pending until the bridge has
 * acknowledged them (DESIGN section 4, the handshake, step 1).
 */
#ifndef ZTP_GATE_PENDING_H
#define ZTP_GATE_PENDING_H

#include "gate/gate.h"

void ztp_pending_start(struct ztp_gate *gate);
/* Somebody who can take them has subscribed: a round is due. */
void ztp_pending_listener(struct ztp_gate *gate);
/* From TICK, after the commit: what is fresh is offered at once, and the
 * round goes on. */
void ztp_pending_tick(struct ztp_gate *gate, int64_t now_ms);

/* A new candidate, to be offered with the next tick. */
void ztp_pending_fresh(struct ztp_gate *gate, const char *id);
void ztp_pending_stop(struct ztp_gate *gate);

#endif
