/*
 * gate/effort.h - for whom the broker's thread verifies a signature. Whoever
 * has proven a key is not stopped by those who cannot (DESIGN section 9):
 *
 * - a JWT that has failed is not verified again;
 * - a path whose key was proven from this address has verifications of its own
 *   there, 50 a second (gate/proven.h). Those of them that lead to nothing take
 *   at most a fifth of the thread, all together;
 * - all others share a fifth of the thread's time (gate/share.h).
 *
 * What fails without a signature having been verified costs nobody anything
 * here. Broker thread only.
 */
#ifndef ZTP_GATE_EFFORT_H
#define ZTP_GATE_EFFORT_H

#include "gate/proven.h"

#define ZTP_EFFORT_OWN_A_SECOND 50
#define ZTP_EFFORT_FAILED_MS	(10 * 60 * 1000LL) /* how long it is known */

struct ztp_effort;

/* One attempt to prove a key. The caller fills the first members. */
struct ztp_effort_try {
	struct ztp_proven_key who;
	const uint8_t *jwt_sha256;
	int64_t wall, now; /* ms; now is CLOCK_BOOTTIME */
	/* private */
	uint8_t id[ZTP_SHA256_LEN];    /* path, key and address */
	uint8_t proof[ZTP_SHA256_LEN]; /* JWT and key */
	int64_t proven_at;	       /* 0: not within 7 days */
	bool own;
};

enum ztp_effort_answer {
	ZTP_EFFORT_VERIFY,
	ZTP_EFFORT_FAILED, /* this JWT has failed before, with this key */
	ZTP_EFFORT_LATER,
};

enum ztp_effort_end {
	ZTP_EFFORT_REFUSED,   /* proven or not, it led to nothing */
	ZTP_EFFORT_BAD_PROOF, /* the signature is not this key's */
	ZTP_EFFORT_TROUBLE,   /* ours: nothing is known of the proof */
	ZTP_EFFORT_PROVEN,    /* the path is a device's or a candidate's */
};

/* NULL: no memory. */
struct ztp_effort *ztp_effort_new(void);
void ztp_effort_free(struct ztp_effort *effort);

enum ztp_effort_answer ztp_effort_begin(struct ztp_effort *effort,
					struct ztp_db *db,
					struct ztp_effort_try *try);
/* After ZTP_EFFORT_VERIFY: how it ended, and how much of the thread's time the
 * verification took. */
void ztp_effort_end(struct ztp_effort *effort, const struct ztp_effort_try *try,
		    enum ztp_effort_end end, int64_t us);

/* For ztp_proven_tick and ztp_proven_flush. */
struct ztp_proven *ztp_effort_proven(struct ztp_effort *effort);

#endif
