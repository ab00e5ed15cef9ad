/*
 * gate/wills.h - finds out which publishes are wills; the broker does not say.
 * A will on $CONTROL or ztp/# would be a forged message from a client that is
 * gone.
 */
#ifndef ZTP_GATE_WILLS_H
#define ZTP_GATE_WILLS_H

#include "gate/gate.h"

/* BASIC_AUTH: this connection may take over another one with its client ID. */
void ztp_wills_arrive(struct ztp_gate *gate, const struct mosquitto *client,
		      const char *id);
/* DISCONNECT or CLIENT_OFFLINE. */
void ztp_wills_leave(struct ztp_gate *gate, const struct mosquitto *client);
/* Any other event. */
void ztp_wills_settle(struct ztp_gate *gate);
/* SUBSCRIBE: this client is alive. */
void ztp_wills_alive(struct ztp_gate *gate, const struct mosquitto *client);

/* Called in the access check of a write: is it a will? */
bool ztp_wills_is(const struct ztp_gate *gate, const struct mosquitto *client);

#endif
