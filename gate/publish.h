/*
 * gate/publish.h - messages from the gate itself. The broker sends them at
 * the next turn of its loop, whoever subscribed by then.
 */
#ifndef ZTP_GATE_PUBLISH_H
#define ZTP_GATE_PUBLISH_H

#include <cjson/cJSON.h>

#include "gate/gate.h"

typedef struct mqtt5__property mosquitto_property;

/* Prints and frees object (NULL: no memory, nothing happens). client_id: to
 * that client alone and whatever it subscribed; NULL: to all who may read.
 * properties become the broker's. */
void ztp_publish_json(const char *client_id, const char *topic, cJSON *object,
		      int qos, mosquitto_property *properties);

/* To a device's command topic: ZTP_STATUS_PENDING with retry_after_s, or
 * ZTP_STATUS_APPROVED. */
void ztp_publish_status(struct ztp_gate *gate,
			const struct ztp_session *session, const char *status);

/* ztp/v1/subscribed. */
void ztp_publish_subscribed(const struct ztp_session *session);

#endif
