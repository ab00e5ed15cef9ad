/*
 * gate/publish.h - publishes messages from the gate itself. The broker sends
 * them in the next turn of its loop, to those who have subscribed by then.
 */
#ifndef ZTP_GATE_PUBLISH_H
#define ZTP_GATE_PUBLISH_H

#include <cjson/cJSON.h>

#include "gate/gate.h"

typedef struct mqtt5__property mosquitto_property;

/* Publishes object as JSON and frees it; NULL counts as out of memory. With
 * client_id the message goes to that client only, if it has subscribed; with
 * NULL, to all who may read it. The broker takes over the properties. False:
 * nothing was published, which has been logged. */
bool ztp_publish_json(const char *client_id, const char *topic, cJSON *object,
		      int qos, mosquitto_property *properties);

/* Publishes ZTP_STATUS_PENDING, with retry_after_s, or ZTP_STATUS_APPROVED on a
 * device's command topic. False: it was not published. */
bool ztp_publish_status(struct ztp_gate *gate,
			const struct ztp_session *session, const char *status);

/* Adds `connection` and `credential` of a live session. */
void ztp_publish_add_connection(cJSON *object,
				const struct ztp_session *session);
/* Publishes ztp/v1/subscribed. again: because an operator wants it, not because
 * the device has subscribed. False: it was not published. */
bool ztp_publish_subscribed(const struct ztp_session *session, bool again);

#endif
