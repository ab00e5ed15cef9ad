/*
 * gate/acl.h - access checks (DESIGN section 9): finds out whose session it is.
 * policy/gate_access.c decides what it may do.
 */
#ifndef ZTP_GATE_ACL_H
#define ZTP_GATE_ACL_H

#include "gate/gate.h"

#define ZTP_SUBSCRIPTIONS_MAX 128 /* of a device */

/* MOSQ_EVT_ACL_CHECK. Returns MOSQ_ERR_SUCCESS, _ACL_DENIED or
 * _PLUGIN_DEFER. */
int ztp_acl_check(int event, void *event_data, void *userdata);

#endif
