/*
 * bridge/registrar/registrar.h - the bridge's side of the handshake with the gate
 * (DESIGN section 4, docs/control.md): createDevice before an approval is
 * forwarded, rejectDevice after a refusal, getDevice to learn whether a
 * device is there, ackPending for every event that was disposed of. Loop
 * thread only. With mqtt.registrar none there is no registrar: NULL.
 *
 * What is owed to the gate stands in the store (owed) until the gate has
 * answered; an answer that does not come is asked for again with the same
 * correlationData. Only the acknowledgements of events are kept in memory
 * alone: the gate offers again what it was not told about.
 */
#ifndef BRIDGE_REGISTRAR_REGISTRAR_H
#define BRIDGE_REGISTRAR_REGISTRAR_H

#include "bridge/core/core.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/store/store.h"

/* Bytes of a decision's metadata, as JSON, that a gate keeps. */
#define REGISTRAR_DENIED_MS 5000 /* we were refused: again after that */

struct control_answer;
struct registrar;

int registrar_new(struct registrar **registrar, struct core *core,
		  struct store *store, struct mqtt_out *mqtt_out,
		  struct ztp_error *error);
void registrar_free(struct registrar *registrar);

/* Joins the mqtt_out, as the last: what is nobody else's is the gate's. */
void registrar_join(struct registrar *registrar);

/* The loop's turn; see bridge.h. What is collected is applied by
 * bridge/life/gate_answers.c. */
void registrar_collect(struct registrar *registrar);
void registrar_settle(struct registrar *registrar);
void registrar_rollback(struct registrar *registrar);
void registrar_pump(struct registrar *registrar);
int64_t registrar_next(const struct registrar *registrar);

/* --- what has been noted since the last settle. Views, valid during the
 * visit; a nonzero return ends the walk and is returned. */

/* What the gate was asked. */
enum registrar_question {
	REGISTRAR_CREATE,
	REGISTRAR_REJECT,
	REGISTRAR_ASK_HELD,   /* is the new device there, waiting? */
	REGISTRAR_ASK_DEVICE, /* is the device there? */
};

struct registrar_answer {
	int64_t n; /* the request that it was asked about */
	enum registrar_question question;
	const struct control_answer *said;
};

typedef int registrar_answer_visit(void *arg,
				   const struct registrar_answer *answer);
int registrar_answer_each(const struct registrar *registrar,
			  registrar_answer_visit *visit, void *arg);

/* A device has subscribed to its command topic. */
struct registrar_subscription {
	char path[ZTP_PATH_MAX + 1];
	bool has_fingerprint, held;
	uint8_t fingerprint[ZTP_SHA256_LEN];
};

typedef int
registrar_subscription_visit(void *arg,
			     const struct registrar_subscription *subscription);
int registrar_subscription_each(const struct registrar *registrar,
				registrar_subscription_visit *visit, void *arg);

/* The connection is a new one: what the store says of devices being there is
 * old. */
bool registrar_absent(const struct registrar *registrar);

/* --- what it is to do */

/* The gate is to be asked about the device of row n, and of later ones, when
 * a command waits for it. Idempotent: may be called during apply. */
void registrar_ask(struct registrar *registrar, int64_t n);

/* During apply: the event with this id is dealt with. */
void registrar_disposed(struct registrar *registrar, const char *id);

/* For the pump of commands: is r's next step the gate's (NULL: no)? Is it
 * under way? Begin it; false when there is no room. */
bool registrar_takes(const struct registrar *registrar,
		     const struct store_request *r);
bool registrar_busy(const struct registrar *registrar, int64_t n);
bool registrar_send(struct registrar *registrar, const struct store_request *r);
int registrar_in_flight(const struct registrar *registrar);

/* Ready: the gate answers us and its command topic is ours. */
bool registrar_ready(const struct registrar *registrar);

#endif
