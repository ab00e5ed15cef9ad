/*
 * ztp/life.h - the life of a request (DESIGN section 4), as pure decisions.
 *
 *   received -> requested -> approved -> registered -> delivered -> onboarded
 *                  |-> rejected  |           |             `-> undeliverable
 *                  |-> expired   |-> conflict
 *                  `-> conflict  `-> failed
 *
 * The bridge asks here what an event means for what it holds, and makes every
 * move through ztp_life_move. Nothing here knows a store, a topic or a clock.
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
	X(UNDELIVERABLE, 11, "undeliverable")

enum ztp_state {
	ZTP_STATE_NONE = 0,
#define X(name, number, text) ZTP_STATE_##name = (number),
	ZTP_STATE_LIST(X)
#undef X
		ZTP_STATE_END
};

const char *ztp_state_name(enum ztp_state state);
bool ztp_state_parse(enum ztp_state *state, const char *name);
/* No decision yet: received, requested. */
bool ztp_state_undecided(enum ztp_state state);
/* Ended: onboarded, rejected, expired, conflict, failed, undeliverable. */
bool ztp_state_finished(enum ztp_state state);

/* The one function every move goes through: *state becomes to, or
 * ZTP_ERR_ILLEGAL_MOVE and nothing changes. A request is created by the move
 * from ZTP_STATE_NONE to received; undeliverable may still become delivered
 * and then onboarded. */
int ztp_life_move(enum ztp_state *state, enum ztp_state to,
		  struct ztp_error *error);

/* The outcome that a finished state is; ZTP_OUTCOME_COUNT for one that is
 * not finished. */
enum ztp_outcome ztp_life_outcome(enum ztp_state finished);

#define ZTP_CONTENDERS_MAX 8

/* --- a pending event, against what is held */

enum ztp_on_pending {
	ZTP_PENDING_NEW,	/* a request of its own, to be announced */
	ZTP_PENDING_MERGE,	/* one is live: nothing to do */
	ZTP_PENDING_REANNOUNCE, /* one is live and it is time to say so again */
	ZTP_PENDING_COOLDOWN, /* rejected a short while ago: nothing is asked */
	ZTP_PENDING_REDELIVER, /* onboarded here: deliver what is retained */
	ZTP_PENDING_CONFLICT,  /* new request that ends in conflict at once */
	ZTP_PENDING_EXPIRED,   /* new request that ends in expired at once */
	ZTP_PENDING_TOO_MANY,  /* a ninth live contender: to the DLQ */
	ZTP_PENDING_DOUBT,     /* does the gate still have the device? Ask it,
				  and wait for the event to come again */
};

struct ztp_pending_facts {
	bool gate;	    /* registrar: gate judges what exists */
	int64_t now;	    /* ms, wall clock */
	int64_t expires_at; /* ms, of the event, already defaulted */
	/* the newest request of this very path and fingerprint */
	enum ztp_state state; /* ZTP_STATE_NONE: never seen */
	int64_t announced_at; /* ms, when last announced */
	int64_t finished_at;  /* ms */
	bool same_id;	      /* the event carries an id that is held */
	/* the path */
	int live; /* live requests of the path, any fingerprint */
	/* another fingerprint of the path is approved, registered, delivered,
	 * onboarded or undeliverable here */
	bool path_taken;
	/* settings, ms */
	int64_t renotify_interval, reject_cooldown;
};

enum ztp_on_pending ztp_life_on_pending(const struct ztp_pending_facts *facts);

/* --- a decision, against the request it names */

enum ztp_on_decision {
	ZTP_DECISION_APPROVE,	  /* effect: approved */
	ZTP_DECISION_REJECT,	  /* effect: rejected */
	ZTP_DECISION_REDELIVERED, /* the very record again: nothing at all */
	ZTP_DECISION_UNKNOWN,	  /* result unknown_request */
	ZTP_DECISION_MISMATCH,	  /* result mismatch */
	ZTP_DECISION_DUPLICATE,	  /* result duplicate */
	ZTP_DECISION_ALREADY,	  /* result already_decided */
	ZTP_DECISION_CONFLICT,	  /* the request ended in conflict: says so */
	ZTP_DECISION_EXPIRED,	  /* the request ended as expired: says so */
};

/* The request that a decision names, as held. */
struct ztp_held {
	enum ztp_state state; /* ZTP_STATE_NONE: no such request */
	const char *path;
	const uint8_t *fingerprint;	/* ZTP_SHA256_LEN */
	bool decided;			/* a decision is stored: */
	uint8_t digest[ZTP_SHA256_LEN]; /* ztp_decision_digest of it */
	struct ztp_position position;	/* where it was read */
};

enum ztp_on_decision ztp_life_on_decision(const struct ztp_held *held,
					  const struct ztp_decision *decision,
					  const struct ztp_position *position);

#endif
