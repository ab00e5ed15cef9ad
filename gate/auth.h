/*
 * gate/auth.h - BASIC_AUTH, DISCONNECT, CLIENT_OFFLINE and RELOAD: decides
 * which connections the gate judges and which calls only repeat an earlier one,
 * and notes which sessions have lost their connection.
 */
#ifndef ZTP_GATE_AUTH_H
#define ZTP_GATE_AUTH_H

#include "gate/gate.h"

/* Is a connection with this client ID for the gate to judge? */
bool ztp_auth_is_device(const char *id);

int ztp_auth_basic(int event, void *event_data, void *userdata);
int ztp_auth_disconnect(int event, void *event_data, void *userdata);
int ztp_auth_offline(int event, void *event_data, void *userdata);
int ztp_auth_reload(int event, void *event_data, void *userdata);

#endif
