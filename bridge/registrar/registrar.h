/*
 * bridge/registrar/registrar.h - the bridge's side of the handshake with the
 * gate (docs/control.md): createDevice before an approval is forwarded,
 * rejectDevice after a rejection, getDevice to learn whether a device is
 * connected, ackPending for every event that has been dealt with. Loop thread
 * only. With mqtt.registrar none there is no registrar: NULL.
 *
 * What the gate must still be told stays in the store (owed) until the gate
 * has answered. If an answer does not come, the command is sent again with the
 * same correlationData. Only the acknowledgements of events are kept in memory
 * alone: the gate offers an event again until it is acknowledged.
 */
#ifndef BRIDGE_REGISTRAR_REGISTRAR_H
#define BRIDGE_REGISTRAR_REGISTRAR_H

#include "bridge/core/core.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/store/store.h"

#define REGISTRAR_DENIED_MS 5000 /* pause after the gate refused us */

struct control_answer;
struct registrar;

int registrar_new(struct registrar **registrar, struct core *core,
		  struct store *store, struct mqtt_out *mqtt_out,
		  struct ztp_error *error);
void registrar_free(struct registrar *registrar);

/* Joins mqtt_out, as the last user: every message that no other user claimed
 * is the gate's. */
void registrar_join(struct registrar *registrar);

/* The phases of the loop's turn, see bridge.h. bridge/life/gate_answers.c
 * applies what is collected. */
void registrar_collect(struct registrar *registrar);
void registrar_settle(struct registrar *registrar);
void registrar_rollback(struct registrar *registrar);
void registrar_pump(struct registrar *registrar);
int64_t registrar_next(const struct registrar *registrar);

/* --- what was recorded since the last settle. Visits get views, valid during
 * the visit; a nonzero return ends the walk and is returned. */

/* Which command was sent to the gate. */
enum registrar_question {
	REGISTRAR_CREATE,
	REGISTRAR_REJECT,
	REGISTRAR_ASK_HELD,   /* is the candidate connected and held? */
	REGISTRAR_ASK_DEVICE, /* is the device connected? */
	REGISTRAR_ASK_MADE,   /* has a REGISTRAR_CREATE without an answer had
			       * an effect? */
};
#define REGISTRAR_QUESTIONS (REGISTRAR_ASK_MADE + 1)

struct registrar_answer {
	int64_t n; /* row number of the request */
	enum registrar_question question;
	const struct control_answer *said;
	bool lost; /* there was none: the connection was lost, or it is late */
};

typedef int registrar_answer_visit(void *arg,
				   const struct registrar_answer *answer);
int registrar_answer_each(const struct registrar *registrar,
			  registrar_answer_visit *visit, void *arg);

/* A device subscribed to its command topic. */
struct registrar_subscription {
	char path[ZTP_PATH_MAX + 1];
	bool has_fingerprint, held;
	uint8_t fingerprint[ZTP_SHA256_LEN];
	int64_t connection; /* a hash of its id; 0: not known */
	bool certificate;   /* it came with its certificate */
	bool again;	    /* an operator wants the device told again */
};

typedef int
registrar_subscription_visit(void *arg,
			     const struct registrar_subscription *subscription);
int registrar_subscription_each(const struct registrar *registrar,
				registrar_subscription_visit *visit, void *arg);

/* The connection is new, so what the store says about connected devices is
 * out of date. */
bool registrar_absent(const struct registrar *registrar);

/* During apply: what has become of a command that the gate must write. r: whose
 * it is; why: the gate's own word, UNAVAILABLE. */
void registrar_written(struct registrar *registrar);
void registrar_not_written(struct registrar *registrar,
			   const struct store_request *r, const char *why);

/* --- what it is asked to do */

/* Ask the gate about the devices of row n and later rows, where a command
 * waits for its device. Idempotent: may be called during apply. */
void registrar_ask(struct registrar *registrar, int64_t n);
/* The same, but after a pause: the gate has no answer for row n now. The pause
 * grows up to 30 s, until the gate has answered all that it was asked, or there
 * is a new connection. */
void registrar_ask_later(struct registrar *registrar, int64_t n);

/* During apply: the event with this id has been dealt with. */
void registrar_disposed(struct registrar *registrar, const char *id);

/* For the commands' pump. takes: is the gate responsible for this next step
 * (NULL: no)? busy: is that step in progress? has_room: may another be started
 * now? send: starts it, false when it cannot be. What is started goes out with
 * flush, at the end of the pump: false if some of it could not be sent, and is
 * still owed. */
bool registrar_takes(const struct registrar *registrar, enum ztp_owed what);
/* Would it be, if there were one? */
bool registrar_is_for(enum ztp_owed what);
bool registrar_busy(const struct registrar *registrar, int64_t n);
bool registrar_has_room(const struct registrar *registrar);
bool registrar_send(struct registrar *registrar, const struct store_request *r);
bool registrar_flush(struct registrar *registrar);
int registrar_in_flight(const struct registrar *registrar);

/* How long the loop waits after a turn that had work, in ms. */
int registrar_short_wait(const struct registrar *registrar);

/* Ready: the gate answers, and its command topic equals ours. */
bool registrar_ready(const struct registrar *registrar);
/* Why the gate, which is ready, writes nothing for any device; NULL if it does. */
const char *registrar_writes_problem(const struct registrar *registrar);
/* This gate says its audit records in arrays as well, on a topic of their own.
 * registrar may be NULL. */
bool registrar_has_audits(const struct registrar *registrar);
/* The age in s of the event that the gate has offered longest, of any bridge's
 * devices, as it said last; 0: none, or there is no registrar (NULL). */
int64_t registrar_oldest_unacked(const struct registrar *registrar);

#endif
