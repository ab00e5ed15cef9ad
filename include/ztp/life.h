/*
 * ztp/life.h - a request's life cycle (DESIGN section 4) as pure functions.
 *
 *   received -> requested -> approved -> registered -> delivered -> onboarded
 *                  |-> rejected  |           |             `-> undeliverable
 *                  |-> expired   |-> conflict
 *                  |-> conflict  |-> failed
 *                  `-> withdrawn `-> withdrawn
 *
 * The bridge asks these functions what an event means for the requests it has,
 * and changes states only through ztp_life_move. Nothing here knows of a store,
 * a topic or a clock. Any thread.
 */
#ifndef ZTP_LIFE_H
#define ZTP_LIFE_H

#include "ztp/decision.h"
#include "ztp/result.h"

/* The numbers are stored on disk: never renumber, only append. */
#define ZTP_STATE_LIST(X)                                                      \
	X(RECEIVED, 1, "received")                                             \
	X(REQUESTED, 2, "requested")                                           \
	X(APPROVED, 3, "approved")                                             \
	X(REGISTERED, 4, "registered")                                         \
	X(DELIVERED, 5, "delivered")                                           \
	X(ONBOARDED, 6, "onboarded")                                           \
	X(REJECTED, 7, "rejected")                                             \
	X(EXPIRED, 8, "expired")                                               \
	X(CONFLICT, 9, "conflict")                                             \
	X(FAILED, 10, "failed")                                                \
	X(UNDELIVERABLE, 11, "undeliverable")                                  \
	X(WITHDRAWN, 12, "withdrawn")

enum ztp_state {
	ZTP_STATE_NONE = 0,
#define X(name, number, text) ZTP_STATE_##name = (number),
	ZTP_STATE_LIST(X)
#undef X
		ZTP_STATE_END
};

/* "none" for ZTP_STATE_NONE. */
const char *ztp_state_name(enum ztp_state state);
/* False for any other name, which leaves *state alone. */
bool ztp_state_parse(enum ztp_state *state, const char *name);
/* Not decided yet: received, requested. */
bool ztp_state_undecided(enum ztp_state state);
/* Ended: onboarded, rejected, expired, conflict, failed, undeliverable,
 * withdrawn. */
bool ztp_state_finished(enum ztp_state state);
/* Ended without a device, so that another may have the path: rejected, expired,
 * conflict, failed, withdrawn. */
bool ztp_state_in_vain(enum ztp_state state);

/* Changes *state to `to`, or returns ZTP_ERR_ILLEGAL_MOVE and leaves it alone.
 * Every change of state goes through this function. A request is created by the
 * move from ZTP_STATE_NONE to received; an undeliverable one may still become
 * delivered and then onboarded. */
int ztp_life_move(enum ztp_state *state, enum ztp_state to,
		  struct ztp_error *error);

/* The outcome of a finished state; ZTP_OUTCOME_COUNT for any other. */
enum ztp_outcome ztp_life_outcome(enum ztp_state finished);

/* Live requests that one path may have, each of another certificate. */
#define ZTP_CONTENDERS_MAX 8

/* --- what to do with a pending event */

enum ztp_on_pending {
	ZTP_PENDING_NEW,	/* create a request and announce it */
	ZTP_PENDING_MERGE,	/* a live request covers it: do nothing */
	ZTP_PENDING_REANNOUNCE, /* announce the live request again */
	ZTP_PENDING_COOLDOWN,	/* rejected a short while ago: do nothing */
	ZTP_PENDING_REDELIVER,	/* onboarded: deliver the stored approval */
	ZTP_PENDING_CONFLICT,	/* create a request that ends as conflict */
	ZTP_PENDING_EXPIRED,	/* create a request that ends as expired */
	ZTP_PENDING_TOO_MANY,	/* a ninth live contender: dead letter */
	ZTP_PENDING_DOUBT,	/* ask the gate whether it still has the device,
				   and wait until it sends the event again */
};

struct ztp_pending_facts {
	bool gate;	    /* the gate knows which devices exist */
	int64_t now;	    /* ms, wall clock */
	int64_t expires_at; /* ms, of the event, or the default */
	/* the newest request of this path and fingerprint */
	enum ztp_state state; /* ZTP_STATE_NONE: never seen */
	int64_t announced_at; /* ms, when last announced */
	int64_t finished_at;  /* ms */
	bool same_id;	      /* the store has the event's request id */
	/* ms; when the newest request of this path and certificate under
	 * another fingerprint (ztp/cert.h, identity) was rejected. 0: there is
	 * none, or it is older than the one above. */
	int64_t twin_rejected_at;
	/* all requests of the path */
	int live; /* how many are live, whatever their fingerprint */
	/* one with another fingerprint is approved, registered, delivered,
	 * onboarded or undeliverable */
	bool path_taken;
	/* settings, ms */
	int64_t renotify_interval, reject_cooldown;
};

enum ztp_on_pending ztp_life_on_pending(const struct ztp_pending_facts *facts);

/* --- what to do with a decision */

enum ztp_on_decision {
	ZTP_DECISION_APPROVE,	  /* approve the request */
	ZTP_DECISION_REJECT,	  /* reject the request */
	ZTP_DECISION_REDELIVERED, /* the same record again: do nothing */
	/* the rest change nothing and write a result: */
	ZTP_DECISION_UNKNOWN,	/* unknown_request */
	ZTP_DECISION_MISMATCH,	/* mismatch */
	ZTP_DECISION_DUPLICATE, /* duplicate */
	ZTP_DECISION_ALREADY,	/* already_decided */
	ZTP_DECISION_CONFLICT,	/* conflict: so the request has ended */
	ZTP_DECISION_EXPIRED,	/* expired: so the request has ended */
	ZTP_DECISION_WITHDRAWN, /* withdrawn: so the request has ended */
};

/* The stored request that a decision names. */
struct ztp_held {
	enum ztp_state state; /* ZTP_STATE_NONE: no such request */
	const char *path;
	const uint8_t *fingerprint;	/* ZTP_SHA256_LEN */
	bool decided;			/* it has a stored decision: */
	uint8_t digest[ZTP_SHA256_LEN]; /* its ztp_decision_digest, or, from
					   an older store, _digest_written */
	struct ztp_position position;	/* where it was read */
};

enum ztp_on_decision ztp_life_on_decision(const struct ztp_held *held,
					  const struct ztp_decision *decision,
					  const struct ztp_position *position);

/* What the result says of a decision that changes nothing; what is one of those
 * that write a result. */
struct ztp_no_effect {
	enum ztp_outcome outcome;
	const char *message;
};
const struct ztp_no_effect *ztp_life_no_effect(enum ztp_on_decision what);

#endif
