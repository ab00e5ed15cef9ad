/*
 * gate/broker_api.h - the broker's side of the plugin interface, for every
 * file here that calls it. Since 2.1 all of it is in <mosquitto.h>, and the
 * headers of 2.0 warn when they are included. The plugin is one binary for
 * both: it is not the version compiled against that decides what the broker
 * can do, but which events it lets us register (gate/plugin.c).
 */
#ifndef ZTP_GATE_BROKER_API_H
#define ZTP_GATE_BROKER_API_H

#include <mosquitto.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
#	include <mosquitto_broker.h>
#	include <mosquitto_plugin.h>

/* Of 2.1; its data begins like that of MOSQ_EVT_DISCONNECT. */
#	define MOSQ_EVT_CLIENT_OFFLINE 28
#endif

#endif
