/*
 * gate/pending.h - offers candidates on ztp/v1/pending until the bridge has
 * acknowledged them (DESIGN section 4, the handshake, step 1).
 */
#ifndef ZTP_GATE_PENDING_H
#define ZTP_GATE_PENDING_H

#include "gate/gate.h"

/* Called from TICK after the commit: offers new candidates at once, and goes on
 * with the round. */
void ztp_pending_tick(struct ztp_gate *gate, int64_t now_ms);

/* Notes a new candidate, which the next tick offers. */
void ztp_pending_fresh(struct ztp_gate *gate, const char *id);
void ztp_pending_stop(struct ztp_gate *gate);

#endif
