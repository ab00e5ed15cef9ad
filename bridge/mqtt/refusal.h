/*
 * bridge/mqtt/refusal.h - what a CONNECT that was not taken says about the broker.
 *
 * One cause deserves a name of its own, because the cure is one line of the
 * configuration: the broker does not speak the configured version of MQTT. It
 * may say so in the form of either version, or in none: some close the
 * connection without a CONNACK, which a proxy without a broker behind it does
 * as well. Loop thread.
 */
#ifndef BRIDGE_MQTT_REFUSAL_H
#define BRIDGE_MQTT_REFUSAL_H

#include "bridge/core/core.h"

enum refusal {
	REFUSAL_OTHER,	 /* credentials, network, TLS, ... */
	REFUSAL_VERSION, /* not this version of MQTT */
	REFUSAL_CLOSED,	 /* closed after CONNECT without a CONNACK */
	REFUSAL_KINDS,
};

/* What the code of a CONNACK of either version means. */
enum refusal refusal_of(int connack_code);

/* One line for people, for /readyz; version as in the configuration. NULL when
 * there is nothing to say beyond "not connected". */
const char *refusal_text(enum refusal refusal, int version);

/* Warns, of each kind once per longest back-off. connection: "in" or "out", with
 * limits of its own. code: the CONNACK's or the library's; error: the library's
 * text. */
void refusal_log(const struct core *core,
		 struct log_limit limits[REFUSAL_KINDS], const char *connection,
		 enum refusal refusal, int code, const char *error);

#endif
