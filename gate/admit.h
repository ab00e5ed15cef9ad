/*
 * gate/admit.h - one CONNECT under a device's client ID: its credentials
 * checked, the facts gathered for policy/, the verdict carried out.
 */
#ifndef ZTP_GATE_ADMIT_H
#define ZTP_GATE_ADMIT_H

#include "gate/gate.h"

/* True: accepted, and the session is entered. The verdict is audited. */
bool ztp_admit(struct ztp_gate *gate, struct mosquitto *client, const char *id,
	       const char *username, const char *password);

#endif
