/*
 * gate/auth.h - BASIC_AUTH, DISCONNECT, CLIENT_OFFLINE and RELOAD: which
 * connections are the gate's to judge, which judgement is only a repetition,
 * and which sessions have no connection any more.
 */
#ifndef ZTP_GATE_AUTH_H
#define ZTP_GATE_AUTH_H

#include "gate/gate.h"

/* Does this client ID make it the gate's? */
bool ztp_auth_is_device(const char *id);

int ztp_auth_basic(int event, void *event_data, void *userdata);
int ztp_auth_disconnect(int event, void *event_data, void *userdata);
int ztp_auth_offline(int event, void *event_data, void *userdata);
int ztp_auth_reload(int event, void *event_data, void *userdata);

#endif
