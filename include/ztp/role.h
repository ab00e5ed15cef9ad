/*
 * ztp/role.h - what a bridge is among several of one group, and when it becomes
 * something else, as pure functions: standing by, opening, active, fenced,
 * leaving. docs/standbys-model.md tells what breaks without each step.
 *
 *   out -> standby -> checking -> fencing -> rechecking -> reading -> claiming
 *       -> waiting -> active -> leaving -> gone
 *
 * Kafka's group says who is to be active, and its transactional id ends who is
 * no longer. The caller passes each event to ztp_role_on and does what it returns,
 * in the order of the actions' bits. Nothing here knows of Kafka or of a clock. Any
 * thread, but one at a time for each role.
 */
#ifndef ZTP_ROLE_H
#define ZTP_ROLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ztp/retry.h"

/* X(NAME, "name", "what others call it") */
#define ZTP_ROLE_LIST(X)                                                       \
	X(OUT, "out", "standby") /* of the group: not ready, or pausing */     \
	X(STANDBY, "standby", "standby")   /* a member, not assigned */        \
	X(CHECKING, "checking", "opening") /* assigned; still a member? */     \
	X(FENCING, "fencing", "opening")   /* ends what others left open */    \
	X(RECHECKING, "rechecking", "opening") /* still a member? */           \
	X(READING, "reading", "opening")       /* the state, to its end */     \
	X(CLAIMING, "claiming", "opening")     /* writes the row `active` */   \
	X(WAITING, "waiting", "opening")       /* for the other's lease */     \
	X(ACTIVE, "active", "active")                                          \
	X(FENCED, "fenced", "opening")	  /* by whom? still a member? */       \
	X(PAUSING, "pausing", "opening")  /* then checking again */            \
	X(YIELDING, "yielding", "active") /* a last turn, then out */          \
	X(LEAVING, "leaving", "active")	  /* a last turn, then gone */         \
	X(BLOCKED, "blocked", "standby")  /* a person has to help */           \
	X(GONE, "gone", "standby")

enum ztp_role_state {
#define X(name, text, public) ZTP_ROLE_##name,
	ZTP_ROLE_LIST(X)
#undef X
		ZTP_ROLE_END
};

#define ZTP_ROLE_EVENT_LIST(X)                                                  \
	X(TICK)	      /* time has passed, or readiness may have changed */      \
	X(ASSIGNED)   /* the partition is this member's */                      \
	X(UNASSIGNED) /* an assignment without the partition */                 \
	X(LOST)	      /* no member any more, or not heard of for too long */    \
	X(MEMBER)     /* a check says: of the present generation */             \
	X(INITED)     /* init_transactions has returned */                      \
	X(REACHED)    /* the position has reached the end of the state */       \
	X(COMMITTED)  /* a transaction with a row in it */                      \
	X(LEFT)	      /* the last turn has been committed */                    \
	X(FENCED)     /* Kafka refuses the epoch: another's, or a timeout */    \
	X(FAILED)     /* a step, for another reason: a new producer */          \
	X(NO_BROKER)  /* the active one has had no MQTT broker for long */      \
	X(NO_ANSWER) /* Kafka is silent for long where the state is, or where \
		       * transactions are, though the group is answered */ \
	X(NO_RIGHT)  /* Kafka does not let it read what it has to, for long */  \
	X(UNFIT)     /* the disk, for long */                                   \
	X(BAD_STATE) /* it is lost, or newer than this release */               \
	X(STOP)	     /* SIGTERM */

enum ztp_role_event {
#define X(name) ZTP_ROLE_ON_##name,
	ZTP_ROLE_EVENT_LIST(X)
#undef X
		ZTP_ROLE_EVENT_END
};

/* What to do, from the lowest bit to the highest. */
enum ztp_role_action {
	ZTP_ROLE_CLOSE = 1,	  /* disconnect, roll back, drop the producer */
	ZTP_ROLE_LEAVE = 2,	  /* the group; this handle is over */
	ZTP_ROLE_JOIN = 4,	  /* with a new handle and a new time */
	ZTP_ROLE_CHECK = 8,	  /* the membership */
	ZTP_ROLE_INIT = 16,	  /* a producer, init_transactions */
	ZTP_ROLE_READ = 32,	  /* learn the end, read up to it */
	ZTP_ROLE_CLAIM = 64,	  /* the first transaction */
	ZTP_ROLE_SERVE = 128,	  /* connect intake; effects, what is owed */
	ZTP_ROLE_LAST_TURN = 256, /* with `left`; nothing is told after it */
	ZTP_ROLE_DONE = 512,	  /* the process may end */
};

struct ztp_role {
	enum ztp_role_state state;
	/* Times that it was to be active and it came to nothing, without a turn
	 * between them. */
	struct ztp_retry tries;
	bool served; /* ACTIVE: there was a turn */
	/* Times that it gave way to one that may be better off, again and again;
	 * and when it last had a reason to. */
	struct ztp_retry yields;
	int64_t unable_at;
	int64_t inited_at; /* when init_transactions returned; all times: ms */
};

struct ztp_role_facts {
	int64_t now; /* CLOCK_BOOTTIME, ms; > 0 */
	uint32_t random;
	bool ready; /* the copy is read, the disk fit, the broker in reach */
	bool left;  /* CLAIMING: the last row `active` before ours says so */
};

/* Tries in a row after which it goes to the back of the line. */
#define ZTP_ROLE_TRIES 3
/* About how long it keeps its place before it gives way once more, at first and
 * later. If the others are no better off, each of them keeps it for as long. */
#define ZTP_ROLE_YIELD_MS     60000
#define ZTP_ROLE_YIELD_MAX_MS 120000
/* After so long without a reason to give way the count begins anew, since somebody
 * has served. */
#define ZTP_ROLE_ABLE_MS 180000

/* Returns the actions. */
unsigned ztp_role_on(struct ztp_role *role, enum ztp_role_event event,
		     const struct ztp_role_facts *facts);
/* When a TICK is due; 0: nothing is waited for. */
int64_t ztp_role_next(const struct ztp_role *role);
/* Until when it keeps its place in spite of this event, because it has given way not
 * long ago. 0: it gives way, or has no place to give up. */
int64_t ztp_role_keeps_until(const struct ztp_role *role,
			     enum ztp_role_event event, int64_t now);

const char *ztp_role_state_name(enum ztp_role_state state);
/* standby, opening or active. */
const char *ztp_role_name(enum ztp_role_state state);
/* Does it write turns? The last one is one, too. */
bool ztp_role_serves(enum ztp_role_state state);

/* --- the lease: how long after a turn its effects may go out */

#define ZTP_LEASE_MS 2000

/* {0}: none. Times: CLOCK_BOOTTIME, ms. */
struct ztp_lease {
	int64_t began; /* the last committed turn with a row in it; 0: none */
};

/* A turn with a row in it, which began then, has been committed. */
void ztp_lease_renew(struct ztp_lease *lease, int64_t began);
/* After `left`, and whenever it is no longer active. */
void ztp_lease_end(struct ztp_lease *lease);
bool ztp_lease_holds(const struct ztp_lease *lease, int64_t now);
/* When it is over; 0: there is none. */
int64_t ztp_lease_until(const struct ztp_lease *lease);
/* Is it time for a turn that only writes `active`? 0: at once. */
int64_t ztp_lease_turn_at(const struct ztp_lease *lease);

/* --- decisions of unknown ids */

#define ZTP_HOLD_MS 60000

/* Until when a bridge that becomes active now holds decisions for unknown ids.
 * until and left are those of the last row `active`. That the bridge before left
 * does not end a hold that began with an earlier takeover. Wall clock, ms. */
int64_t ztp_hold_until(int64_t until, bool left, int64_t now);

#endif
