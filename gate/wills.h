/*
 * gate/wills.h - which publish is a will? The broker does not say. A will on
 * $CONTROL or ztp/# would be a forged message by a client that is gone.
 */
#ifndef ZTP_GATE_WILLS_H
#define ZTP_GATE_WILLS_H

#include "gate/gate.h"

/* BASIC_AUTH: this connection may take over another one of its id. */
void ztp_wills_arrive(struct ztp_gate *gate, const struct mosquitto *client,
		      const char *id);
/* DISCONNECT, CLIENT_OFFLINE. */
void ztp_wills_leave(struct ztp_gate *gate, const struct mosquitto *client);
/* Any other event. */
void ztp_wills_settle(struct ztp_gate *gate);
/* SUBSCRIBE: this client is alive. */
void ztp_wills_alive(struct ztp_gate *gate, const struct mosquitto *client);

/* In an access check of a write: is it a will? */
bool ztp_wills_is(const struct ztp_gate *gate, const struct mosquitto *client);

#endif
