/*
 * bridge/mqtt/refusal.h - what a refused CONNECT says about the broker.
 *
 * Some causes get a name of their own because the fix is one line of the
 * configuration. That the broker does not support the configured version of MQTT is
 * one of them. It may say so in the format of either version, or not at all: some
 * brokers close the connection without a CONNACK, and so does a proxy with no broker
 * behind it. Loop thread only.
 */
#ifndef BRIDGE_MQTT_REFUSAL_H
#define BRIDGE_MQTT_REFUSAL_H

#include "bridge/core/core.h"

#define MQTT_NOT_CONNECTED    "not connected"
#define MQTT_OTHER_TAKEN_OVER "left, since the other one was taken over"

enum refusal {
	REFUSAL_OTHER,	   /* network, ... */
	REFUSAL_NAME,	   /* the resolver does not know the broker's name */
	REFUSAL_VERSION,   /* MQTT version not supported */
	REFUSAL_CLOSED,	   /* closed after CONNECT without a CONNACK */
	REFUSAL_PASSWORD,  /* or username */
	REFUSAL_TLS,	   /* the broker's certificate is not accepted */
	REFUSAL_OWN_TLS,   /* the bridge's certificate is not */
	REFUSAL_HANDSHAKE, /* TLS failed for another reason */
	REFUSAL_TLS_FILES, /* of mqtt.tls: they cannot be used */
	REFUSAL_TAKEN_OVER, /* by a client with the same client ID: it was told */
	REFUSAL_SOON_LOST, /* the same, to judge by how soon it was lost */
	REFUSAL_KINDS,
};

/* What a CONNACK's code means, in either version. */
enum refusal refusal_of(int connack_code);

/* What a broker's fatal alert means, by its number: RFC 8446, section 6. */
enum refusal refusal_of_alert(int alert);

/* One line of text for /readyz. NULL when there is nothing to add to "not
 * connected". */
const char *refusal_text(enum refusal refusal, const struct config_mqtt *mqtt);

/* Logs a warning, each kind at most once per longest back-off. connection:
 * "in" or "out", each with its own limits. code: the CONNACK's or the
 * library's; error: the library's text. */
void refusal_log(const struct core *core,
		 struct log_limit limits[REFUSAL_KINDS], const char *connection,
		 enum refusal refusal, int code, const char *error);

/* Logs that a connection was left to another client. told: the broker said so.
 * Otherwise a broker that crashes looks the same, and the text names both.
 * Returns the kind. Each time, because the next is at least 30 s away. */
enum refusal refusal_log_taken_over(const struct core *core,
				    const char *connection,
				    const char *client_id, bool told);

#endif
