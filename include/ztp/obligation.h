/*
 * ztp/obligation.h - what the bridge still owes a device, during a request's
 * life and after its end, as pure functions. Kafka records are not part of it.
 *
 *   approved:      register -> wait_device <-> send -> nothing
 *   ended without: notice_check -> notice_wait -> notice_check -> notice_send
 *                  -> release -> nothing
 *
 * The bridge passes every event that concerns an obligation to
 * ztp_obligation_change and stores the result. `what` is what to do next,
 * `retry_at` when, and `due_at` the deadline. Nothing here knows of a store, a
 * topic or a clock. Any thread, but one at a time for each obligation.
 */
#ifndef ZTP_OBLIGATION_H
#define ZTP_OBLIGATION_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers are stored on disk: never renumber, only append. */
#define ZTP_OWED_LIST(X)                                                       \
	X(NONE, 0, "none")                                                     \
	X(REGISTER, 1, "register")	 /* send createDevice to the gate */   \
	X(SEND, 2, "send")		 /* send the command to the device */  \
	X(RELEASE, 3, "release")	 /* send rejectDevice to the gate */   \
	X(NOTICE_SEND, 4, "notice_send") /* send the device the rejection */   \
	X(WAIT_DEVICE, 5, "wait_device") /* wait for it, then send */          \
	X(NOTICE_CHECK, 6, "notice_check") /* ask whether it is subscribed */  \
	X(NOTICE_WAIT, 7, "notice_wait")   /* wait for it, then notice_check */

enum ztp_owed {
#define X(name, number, text) ZTP_OWED_##name = (number),
	ZTP_OWED_LIST(X)
#undef X
		ZTP_OWED_END
};

const char *ztp_owed_name(enum ztp_owed owed);
/* The command with the approval: wait_device, send. */
bool ztp_owed_is_command(enum ztp_owed owed);
/* The notice of the rejection: notice_check, notice_wait, notice_send. */
bool ztp_owed_is_notice(enum ztp_owed owed);

/* After so many tries without an answer an obligation is given up. Not so if it is
 * the gate that does not answer: then there is a deadline, and the gate is asked
 * whether a registration has taken place. */
#define ZTP_LOSSES_MAX 4
/* Only so many unproven losses count, since the broker may take nothing at all then.
 * It takes more than one further loss to be given up, because a connection may also
 * be lost by chance. */
#define ZTP_LOSSES_UNPROVEN 2

struct ztp_obligation {
	enum ztp_owed what;
	int tries;	  /* since we last heard of the device */
	int losses;	  /* tries without an answer since the last answer */
	int64_t retry_at; /* ms, when to try (again); 0: waits for an event */
	int64_t due_at;	  /* ms, the deadline, or the decision's; 0: none */
};

/* A suspect: its last try got no answer, perhaps because it closed the
 * connection. It is tried alone, after the others. */
bool ztp_obligation_suspect(const struct ztp_obligation *obligation);
/* It had no answer so often that the caller gives it up (ZTP_ON_GIVEN_UP), or, if it
 * is a registration, asks whether the device exists. */
bool ztp_obligation_hopeless(const struct ztp_obligation *obligation);

#define ZTP_OWED_EVENT_LIST(X)                                                 \
	X(RECEIVED) /* the request arrived; `deadline` is its decision's */    \
	X(APPROVED) /* the customer or the timeout approved it */              \
	X(CREATED)  /* the gate created the device */                          \
	X(ENDED)    /* the request ended without an onboarding */              \
	X(DONE)	    /* the device has its command */                           \
	X(GIVEN_UP) /* undeliverable, but the device may still come */         \
	X(PUBACK)   /* the broker passed the message on */                     \
	X(NO_SUBSCRIBER) /* PUBACK: no matching subscribers */                 \
	X(REFUSED)	 /* PUBACK with an error, or it cannot be sent */      \
	X(LOST)	      /* the connection was lost, or no answer came in time */ \
	X(DEADLINE)   /* due_at has passed */                                  \
	X(SUBSCRIBED) /* the device subscribed */                              \
	X(HELD_SUBSCRIBED) /* the candidate that the gate holds subscribed */  \
	X(HELD)		   /* the gate answered that it holds the candidate */ \
	X(NOT_HELD)	   /* it does not, or nobody is there to be told */    \
	X(AGAIN)       /* no gate: an event came after the request's end */    \
	X(RETURNED)    /* gate: the device is to be told again, not_before */  \
	X(KNOCKED)     /* an event came before its end */                      \
	X(KEEP_AWAY)   /* an event came within the cool-down */                \
	X(RELEASED)    /* the gate let go of the candidate */                  \
	X(DENIED)      /* the gate refused us, not the device */               \
	X(UNAVAILABLE) /* the gate cannot do it now, and has done nothing */   \
	X(CONNECTION_LOST) /* the one on which we hear of subscriptions */     \
	X(GONE)		   /* the device or the candidate is gone */

enum ztp_owed_event {
#define X(name) ZTP_ON_##name,
	ZTP_OWED_EVENT_LIST(X)
#undef X
		ZTP_ON_END
};

struct ztp_owed_facts {
	bool gate;     /* a gate knows which devices exist */
	bool there;    /* CREATED, HELD: it is subscribed */
	bool notify;   /* ENDED: send a notice */
	bool answers;  /* PUBACK, KNOCKED: wait for the device's own answer */
	bool queued;   /* DEADLINE: it is still in our own queue */
	bool repeated; /* SUBSCRIBED: the request has ended with the command */
	bool unproven; /* LOST: the broker may take nothing at all */
	bool behind;   /* APPROVED: those who lost are to be told first */
	int64_t now;   /* ms, as the times below */
	int64_t deadline, delivery_timeout, not_before;
	int64_t queued_until; /* DEADLINE: it waits no longer then; or 0 */
	uint32_t random;      /* for the jitter of pauses */
};

/* Changes the obligation as the event demands. Returns false when the event
 * means nothing to it, and leaves it alone. */
bool ztp_obligation_change(struct ztp_obligation *obligation,
			   enum ztp_owed_event event,
			   const struct ztp_owed_facts *facts);

/* The pause in ms after the tries-th try without a subscriber, with jitter from
 * random. It doubles up to 10 s for the first ten tries, then up to 5 min. */
int64_t ztp_obligation_backoff(int tries, uint32_t random);

#endif
