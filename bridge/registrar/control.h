/*
 * bridge/registrar/control.h - the gate's control topic as JSON
 * (docs/control.md): builds the bridge's commands and reads the answers. Loop
 * thread only. It keeps no state; bridge/registrar/registrar.c knows which
 * answers are awaited.
 */
#ifndef BRIDGE_REGISTRAR_CONTROL_H
#define BRIDGE_REGISTRAR_CONTROL_H

#include <cjson/cJSON.h>

#include "bridge/mqtt/mqtt_out.h"
#include "bridge/store/store.h"
#include "ztp/gate_protocol.h"

#define CONTROL_MARK	    72 /* of a bridge, with its NUL */
#define CONTROL_CORRELATION (CONTROL_MARK + ZTP_REQUEST_ID_MAX + 16)
_Static_assert(CONTROL_CORRELATION <= ZTP_CONTROL_CORRELATION_MAX,
	       "the gate takes our correlationData");

/* Several commands for one publish. */
struct control_message {
	cJSON *root, *list;
	bool failed;	/* out of memory: it will not be sent */
	bool too_large; /* it was not sent: the broker would not accept it */
};

void control_begin(struct control_message *message);
/* metadata: a JSON object, or "" or NULL. */
void control_create(struct control_message *message, const char *correlation,
		    const struct store_request *r, const char *metadata);
/* retry_after_ms < 0: the gate uses its own. Rounded up to seconds. */
void control_reject(struct control_message *message, const char *correlation,
		    const struct store_request *r, int64_t retry_after_ms);
void control_get(struct control_message *message, const char *correlation,
		 const struct store_request *r);
/* config: who asks; NULL: nobody in particular. */
void control_info(struct control_message *message, const char *correlation,
		  const struct config *config);
void control_ack(struct control_message *message, const char *correlation,
		 const char (*ids)[ZTP_REQUEST_ID_MAX + 1], size_t n);
/* Publishes and frees the message. Returns false if it was not sent. */
bool control_send(struct control_message *message, struct mqtt_out *mqtt_out);
/* The same in two steps, for who sends what was too large in parts: halve moves
 * the later half of the commands to `rest`, which it begins. */
bool control_publish(struct control_message *message,
		     struct mqtt_out *mqtt_out);
void control_halve(struct control_message *message,
		   struct control_message *rest);
void control_end(struct control_message *message);

/* The answer to createDevice, rejectDevice or getDevice. */
struct control_answer {
	char code[32];
	char message[160];
	char state[16]; /* from getDevice; "" if absent */
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	bool has_fingerprint;
	bool live, subscribed;
	int64_t connection; /* of the session; a hash, 0: not known */
	bool certificate;   /* it came with its certificate */
};

/* The same of any object of the gate's. */
int64_t control_connection(const cJSON *object);
bool control_certificate(const cJSON *object);

void control_read(struct control_answer *answer, const cJSON *response);
bool control_is(const struct control_answer *answer, const char *code);
/* The gate could not do it now: the same command is to be sent again. */
bool control_is_denied(const struct control_answer *answer);

/* What getDevice says about the device of this very request: is_device, it
 * exists; is_gone, it does not; is_held, the candidate with its key is
 * connected and waits. If none of them holds, the answer does not tell.
 * is_any: the path has a device, this or another one. */
bool control_is_any(const struct control_answer *answer);
bool control_is_device(const struct control_answer *answer,
		       const struct store_request *r);
bool control_is_gone(const struct control_answer *answer,
		     const struct store_request *r);
bool control_is_held(const struct control_answer *answer,
		     const struct store_request *r);

#endif
