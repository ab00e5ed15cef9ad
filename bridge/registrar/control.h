/*
 * bridge/registrar/control.h - the gate's control topic as JSON (docs/control.md): the
 * commands that the bridge gives, and what is answered. Loop thread only. It
 * keeps nothing; who waits for which answer is bridge/registrar/registrar.c's.
 */
#ifndef BRIDGE_REGISTRAR_CONTROL_H
#define BRIDGE_REGISTRAR_CONTROL_H

#include <cjson/cJSON.h>

#include "bridge/mqtt/mqtt_out.h"
#include "bridge/store/store.h"

#define CONTROL_CORRELATION (ZTP_REQUEST_ID_MAX + 16)

/* Some commands for one publish. */
struct control_message {
	cJSON *root, *list;
	bool failed; /* out of memory: it will not be sent */
};

void control_begin(struct control_message *message);
/* metadata: a JSON object, or "" or NULL. */
void control_create(struct control_message *message, const char *correlation,
		    const struct store_request *r, const char *metadata);
/* retry_after_ms < 0: the gate's own. Rounded up to seconds. */
void control_reject(struct control_message *message, const char *correlation,
		    const struct store_request *r, int64_t retry_after_ms);
void control_get(struct control_message *message, const char *correlation,
		 const struct store_request *r);
void control_info(struct control_message *message);
void control_ack(struct control_message *message,
		 const char (*ids)[ZTP_REQUEST_ID_MAX + 1], size_t n);
/* Publishes and frees the message. False: it did not go out. */
bool control_send(struct control_message *message, struct mqtt_out *mqtt_out);

/* What the answer to createDevice, rejectDevice or getDevice says. */
struct control_answer {
	char code[32];
	char message[160];
	char state[16]; /* of getDevice; "" where it says nothing */
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	bool has_fingerprint;
	bool live, subscribed;
};

/* A member's text; "" where there is none. */
const char *control_text(const cJSON *object, const char *name);
void control_read(struct control_answer *answer, const cJSON *response);
bool control_is(const struct control_answer *answer, const char *code);
/* The gate could not do it now; the same command is to be given again. */
bool control_is_denied(const struct control_answer *answer);

/* The device of this very request is (no longer) there; the candidate with
 * its key is there, waiting. Neither: the answer does not say. */
bool control_is_device(const struct control_answer *answer,
		       const struct store_request *r);
bool control_is_gone(const struct control_answer *answer,
		     const struct store_request *r);
bool control_is_held(const struct control_answer *answer,
		     const struct store_request *r);

#endif
