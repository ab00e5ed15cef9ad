/*
 * gate/acl.h - access checks (DESIGN section 9): whose session it is; what it
 * may do is policy/gate_access.c's.
 */
#ifndef ZTP_GATE_ACL_H
#define ZTP_GATE_ACL_H

#include "gate/gate.h"

/* MOSQ_EVT_ACL_CHECK. Returns MOSQ_ERR_SUCCESS, _ACL_DENIED or
 * _PLUGIN_DEFER. */
int ztp_acl_check(int event, void *event_data, void *userdata);

#endif
