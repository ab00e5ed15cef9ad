/*
 * bridge/mqtt/mqtt_out_internal.h - shared by mqtt_out.c (what others call) and
 * mqtt_out_connection.c (libmosquitto's callbacks, from CONNECT to the end of
 * the connection).
 */
#ifndef BRIDGE_MQTT_MQTT_OUT_INTERNAL_H
#define BRIDGE_MQTT_MQTT_OUT_INTERNAL_H

#include "base/tls_why.h"
#include "bridge/mqtt/granted.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/mqtt/names.h"
#include "bridge/mqtt/reconnect.h"
#include "bridge/mqtt/refusal.h"
#include "bridge/mqtt/subscriptions.h"
#include "bridge/mqtt/unacked.h"

#define MQTT_OUT_ACCEPT_MS 1500 /* from connect() until TCP is connected */
#define MQTT_OUT_ID_MAX	   512

struct mqtt_out {
	struct core *core;
	const char *name; /* in the log, and behind the client id */
	char id[MQTT_OUT_ID_MAX];
	struct mqtt_out_user *users;
	struct name *host;
	struct mosquitto *mosq; /* NULL: not connected */
	/* CONNACK has come; the users have been told. */
	bool linked, up;
	bool accepted; /* by TCP */
	bool worked;   /* was linked once with this configuration */
	int said;      /* its DISCONNECT's reason code, 0: none came */
	bool broken;   /* a write failed; the next turn drops it */
	int window;
	int64_t connect_since, ask_by, next_tick;
	int connack; /* code of the last CONNACK, -1: none came */
	/* What is wrong with TLS, "": nothing is known to be. */
	char tls_why[ZTP_TLS_WHY_MAX];
	enum refusal tls_refusal; /* if something is */
	bool tls_up;		  /* the handshake is done */
	struct reconnect reconnect;
	enum refusal refusal;
	struct log_limit refusals[REFUSAL_KINDS];
	struct granted granted;
	struct subscriptions subscriptions;
	struct unacked unacked;
	unsigned heard;	    /* PUBACKs and messages */
	size_t heard_bytes; /* in this turn, of messages */
};

/* Looks up the broker's name, and connects when it is known. */
void mqtt_out_connect(struct mqtt_out *mqtt_out);
/* Tells the users that they may publish. */
void mqtt_out_go_up(struct mqtt_out *mqtt_out);
/* Closes the connection; why: NULL for the text of rc. */
void mqtt_out_drop(struct mqtt_out *mqtt_out, int rc, const char *why);

#endif
