/*
 * bridge/mqtt/mqtt_out.h - the bridge's second MQTT connection,
 * "{client_id}-out". It carries commands to devices and, with a gate, the
 * gate's control topic. Loop thread only.
 *
 * This connection uses libmosquitto instead of paho for one reason: paho's
 * MQTTAsync (1.3.12) does not report the reason code of a successful PUBACK,
 * and 0x10, "no matching subscribers", is such a code. The connection has no
 * thread of its own: the loop reads and writes its socket.
 */
#ifndef BRIDGE_MQTT_MQTT_OUT_H
#define BRIDGE_MQTT_MQTT_OUT_H

#include <mosquitto.h>
#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
#	include <mqtt_protocol.h> /* 2.1 has it in <mosquitto.h>, and warns */
#endif

#include "bridge/core/core.h"

#define MQTT_OUT_WINDOW_MAX 256

struct mqtt_out;

/* The callbacks run inside mqtt_out_turn and mqtt_out_reconnect, never while
 * publishing. Each event is offered to the users in the order in which they
 * joined, until one returns true to claim it. Those that a user does not need
 * are NULL. */
struct mqtt_out_user {
	/* Connected, and nobody has published anything yet. Returns true if it
	 * has asked the broker something: then the others are not told before
	 * mqtt_out_asked, or 2 s. If the connection is lost in that time, this
	 * user alone is told. */
	bool (*ask)(void *arg);
	/* Connected: at most window publishes may await their PUBACK. */
	void (*up)(void *arg, int window);
	/* Lost: what was published will get no PUBACK any more, and the library
	 * does not send it again. */
	void (*down)(void *arg);
	bool (*puback)(void *arg, int mid, int reason_code);
	/* A subscription that was refused at first is granted: what came before
	 * that was missed. */
	void (*granted)(void *arg);
	/* A message; never a retained one. */
	bool (*message)(void *arg, const char *topic, const char *payload,
			size_t len);
	void *arg;
	struct mqtt_out_user *next; /* for mqtt_out */
};

int mqtt_out_new(struct mqtt_out **mqtt_out, struct core *core,
		 struct ztp_error *error);
/* The connection of a bridge that is none of its users': it only tells whether
 * the broker is in reach, as the client "{client_id}-{name}-{instance}". name is
 * not copied. */
int mqtt_out_new_as(struct mqtt_out **mqtt_out, struct core *core,
		    const char *name, const char *instance,
		    struct ztp_error *error);
void mqtt_out_free(struct mqtt_out *mqtt_out);
/* user must live as long as mqtt_out is used. */
void mqtt_out_join(struct mqtt_out *mqtt_out, struct mqtt_out_user *user);

/* The socket to wait for, or -1; *events is set as for epoll. */
int mqtt_out_fd(const struct mqtt_out *mqtt_out, uint32_t *events);
/* The steady time at which mqtt_out_turn wants to run again; 0: none. */
int64_t mqtt_out_next(const struct mqtt_out *mqtt_out);
bool mqtt_out_connected(const struct mqtt_out *mqtt_out);
/* One line of text for /readyz: why it is not connected, or what the broker
 * does not grant. NULL: it is as it should be. */
const char *mqtt_out_problem(const struct mqtt_out *mqtt_out);

/* Connects, reads, writes and sends keepalives. Without a lease nothing is written
 * that has been published. */
void mqtt_out_turn(struct mqtt_out *mqtt_out);
/* Writes now what has been published. If the connection turns out to be lost,
 * the next turn reports it, and that turn runs at once. */
void mqtt_out_flush(struct mqtt_out *mqtt_out);

/* Publishes with QoS 1. The caller keeps properties (MQTT 5, may be NULL).
 * Returns 0 or a MOSQ_ERR_* code. */
int mqtt_out_publish(struct mqtt_out *mqtt_out, int *mid, const char *topic,
		     const void *payload, size_t len,
		     const mosquitto_property *properties);
/* A refused subscription is logged, and asked for again from time to time; one
 * that is needed is also a problem of the connection. filter must live as long
 * as mqtt_out. */
int mqtt_out_subscribe(struct mqtt_out *mqtt_out, const char *filter, int qos,
		       bool needed);
/* A refused one is not even logged. */
int mqtt_out_try_subscribe(struct mqtt_out *mqtt_out, const char *filter,
			   int qos);
/* The user's questions (ask) have been answered. */
void mqtt_out_asked(struct mqtt_out *mqtt_out);

/* Connects again, with new TLS files or a new password. */
void mqtt_out_reconnect(struct mqtt_out *mqtt_out);
/* As mqtt_in_left_until and mqtt_in_leave. */
int64_t mqtt_out_left_until(const struct mqtt_out *mqtt_out);
void mqtt_out_leave(struct mqtt_out *mqtt_out, int64_t until);
/* Disconnects and closes; users are not called any more. */
void mqtt_out_stop(struct mqtt_out *mqtt_out);

#endif
