/*
 * ztp/obligation.h - what is owed to a device, besides Kafka records, while a
 * request lives and after it has ended: as pure decisions.
 *
 *   approved:      register -> wait_device <-> send -> nothing
 *   ended without: notice_check -> notice_wait -> notice_check -> notice_send
 *                  -> release -> nothing
 *
 * The bridge tells every event that concerns an obligation to
 * ztp_obligation_change and stores what comes of it. Who is to do something
 * looks at `what`; when is `retry_at`; until when is `due_at`. Nothing here
 * knows a store, a topic or a clock.
 */
#ifndef ZTP_OBLIGATION_H
#define ZTP_OBLIGATION_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers are stored on disk: never renumber, only append. */
#define ZTP_OWED_LIST(X)                                                       \
	X(NONE, 0, "none")                                                     \
	X(REGISTER, 1, "register")	   /* createDevice, at the gate */     \
	X(SEND, 2, "send")		   /* the command, to the device */    \
	X(RELEASE, 3, "release")	   /* rejectDevice, at the gate */     \
	X(NOTICE_SEND, 4, "notice_send")   /* the rejection, to the device */  \
	X(WAIT_DEVICE, 5, "wait_device")   /* the command, once it is there */ \
	X(NOTICE_CHECK, 6, "notice_check") /* is it there to be told? */       \
	X(NOTICE_WAIT, 7, "notice_wait")   /* the rejection, once it is */

enum ztp_owed {
#define X(name, number, text) ZTP_OWED_##name = (number),
	ZTP_OWED_LIST(X)
#undef X
		ZTP_OWED_END
};

const char *ztp_owed_name(enum ztp_owed owed);
/* The approval with its payload: wait_device, send. */
bool ztp_owed_is_command(enum ztp_owed owed);
/* The rejection: notice_check, notice_wait, notice_send. */
bool ztp_owed_is_notice(enum ztp_owed owed);

struct ztp_obligation {
	enum ztp_owed what;
	int tries;	  /* of this, since the device was heard of */
	int64_t retry_at; /* when it is to be tried (again); 0: it waits */
	int64_t due_at; /* when it is too late, or the decision is; 0: never */
};

#define ZTP_OWED_EVENT_LIST(X)                                                 \
	X(RECEIVED)	   /* the request; `deadline` is the decision's */     \
	X(APPROVED)	   /* by the customer, or by the timeout */            \
	X(CREATED)	   /* the gate has made the device */                  \
	X(ENDED)	   /* the request, without an onboarding */            \
	X(DONE)		   /* the device has its command */                    \
	X(GIVEN_UP)	   /* undeliverable, but it may still come */          \
	X(PUBACK)	   /* the broker has passed it on */                   \
	X(NO_SUBSCRIBER)   /* PUBACK: nobody is there */                       \
	X(REFUSED)	   /* PUBACK with an error, or cannot be sent */       \
	X(DEADLINE)	   /* due_at has passed */                             \
	X(SUBSCRIBED)	   /* the device is there */                           \
	X(HELD_SUBSCRIBED) /* the candidate that the gate holds is there */    \
	X(HELD)		   /* the gate says that it holds the candidate */     \
	X(NOT_HELD)	   /* there is nobody to be told */                    \
	X(AGAIN)     /* it has come again after its end, without a gate */     \
	X(KNOCKED)   /* it has come again before it */                         \
	X(KEEP_AWAY) /* it has come again too early */                         \
	X(RELEASED)  /* the gate has let go of the candidate */                \
	X(DENIED)    /* the gate has refused us, not the device */             \
	X(CONNECTION_LOST) /* the one on which devices were heard of */        \
	X(GONE)		   /* nobody is there any more to be owed anything */

enum ztp_owed_event {
#define X(name) ZTP_ON_##name,
	ZTP_OWED_EVENT_LIST(X)
#undef X
		ZTP_ON_END
};

struct ztp_owed_facts {
	bool gate;    /* a gate judges which devices exist */
	bool there;   /* CREATED, HELD: it is subscribed */
	bool notify;  /* ENDED: it is to be told */
	bool answers; /* PUBACK: it is to answer by itself */
	bool queued;  /* DEADLINE: a notice that stands in our own queue */
	int64_t now;  /* ms; all others likewise */
	int64_t deadline, delivery_timeout;
	uint32_t random; /* for the jitter of a pause */
};

/* What the event makes of the obligation, which changes. False: nothing, and it
 * stays as it is. */
bool ztp_obligation_change(struct ztp_obligation *obligation,
			   enum ztp_owed_event event,
			   const struct ztp_owed_facts *facts);

/* How long to wait after the tries-th try without a subscriber, ms, with
 * jitter from random: doubles to 10 s for the first ten, then to 5 min. */
int64_t ztp_obligation_backoff(int tries, uint32_t random);

#endif
