/*
 * gate/withdrawn.h - candidates that have ended before anybody decided: their
 * CA or their registry was removed, an operator has rejected them, or their
 * registry has become direct and they came again. The bridge has asked a
 * customer about them, so it is told on ztp/v1/withdrawn until it has
 * acknowledged that (ackPending). The rows stay a while longer: createDevice
 * for such a request is answered ABORTED. Broker thread only.
 */
#ifndef ZTP_GATE_WITHDRAWN_H
#define ZTP_GATE_WITHDRAWN_H

#include "gate/candidates.h"
#include "gate/gate.h"

/* In the open transaction. reason: ZTP_WHY_*. */
int ztp_withdrawn_add(struct ztp_db *db, const struct ztp_candidate *candidate,
		      const char *reason, int64_t now_ms,
		      struct ztp_error *error);
/* Returns 1 if the id was still being offered. */
int ztp_withdrawn_ack(struct ztp_db *db, const char *id,
		      struct ztp_error *error);

/* Has this request of the path been withdrawn, or one of this path and
 * certificate? 1, 0 or negative. */
int ztp_withdrawn_request(struct ztp_db *db, const char *id, const char *path,
			  struct ztp_error *error);
int ztp_withdrawn_key(struct ztp_db *db, const char *path,
		      const uint8_t fingerprint[ZTP_SHA256_LEN],
		      struct ztp_error *error);

/* Forgets those of before that time, at most `limit`, the oldest first. Returns
 * how many, or negative. */
int ztp_withdrawn_prune(struct ztp_db *db, int64_t before_ms, int64_t limit,
			struct ztp_error *error);

/* Called from TICK after the commit: goes on with offering. */
void ztp_withdrawn_tick(struct ztp_gate *gate, int64_t now_ms);

#endif
