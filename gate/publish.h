/*
 * gate/publish.h - publishes what the gate says of a session: to its device,
 * and to the bridge.
 */
#ifndef ZTP_GATE_PUBLISH_H
#define ZTP_GATE_PUBLISH_H

#include <cjson/cJSON.h>

#include "gate/gate.h"

/* Publishes ZTP_STATUS_PENDING, with retry_after_s, or ZTP_STATUS_APPROVED on a
 * device's command topic. False: it was not published. */
bool ztp_publish_status(struct ztp_gate *gate,
			const struct ztp_session *session, const char *status);

/* Adds `connection` and `credential` of a live session. */
void ztp_publish_add_connection(cJSON *object,
				const struct ztp_session *session);
/* Publishes ztp/v1/subscribed. again: because an operator wants it, not because
 * the device has subscribed. False: it will not be published. */
bool ztp_publish_subscribed(struct ztp_gate *gate,
			    const struct ztp_session *session, bool again);

#endif
