/*
 * gate/admit.h - handles one CONNECT with a device's client ID: checks its
 * credentials, gathers the facts for policy/, and carries out the verdict.
 */
#ifndef ZTP_GATE_ADMIT_H
#define ZTP_GATE_ADMIT_H

#include "gate/gate.h"

/* True: the client is accepted and its session is entered. The verdict is
 * audited in any case. */
bool ztp_admit(struct ztp_gate *gate, struct mosquitto *client, const char *id,
	       const char *username, const char *password);

#endif
