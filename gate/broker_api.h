/*
 * gate/broker_api.h - the broker's plugin API, for every file here that calls
 * it. 2.1 has all of it in <mosquitto.h>, and warns when the headers of 2.0 are
 * included. The plugin is one binary for both. What the broker can do does not
 * follow from the version of the headers but from the events that it lets us
 * register (gate/plugin.c).
 */
#ifndef ZTP_GATE_BROKER_API_H
#define ZTP_GATE_BROKER_API_H

#include <mosquitto.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
#	include <mosquitto_broker.h>
#	include <mosquitto_plugin.h>

/* New in 2.1. Its data begins like that of MOSQ_EVT_DISCONNECT. */
#	define MOSQ_EVT_CLIENT_OFFLINE 28
#endif

#endif
