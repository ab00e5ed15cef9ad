/*
 * bridge/mqtt/mqtt_out.h - the bridge's second MQTT connection, "{client_id}-out":
 * commands to devices and, with a gate, its control topic. Loop thread only.
 *
 * This connection is libmosquitto's and not paho's, for one reason: paho's
 * MQTTAsync (1.3.12) does not tell anybody the reason code of a PUBACK that
 * succeeded, and 0x10, "no matching subscribers", is one of those. It has no
 * thread of its own: the loop reads and writes its socket.
 */
#ifndef BRIDGE_MQTT_MQTT_OUT_H
#define BRIDGE_MQTT_MQTT_OUT_H

#include <mosquitto.h>
#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
#	include <mqtt_protocol.h> /* since 2.1 in <mosquitto.h>, and warns */
#endif

#include "bridge/core/core.h"
#include "bridge/mqtt/refusal.h"

#define MQTT_OUT_WINDOW_MAX 256

struct mqtt_out;

/* Called inside mqtt_out_turn and mqtt_out_reconnect, never while publishing. What
 * comes is offered to one user after another, in the order in which they have
 * joined, until one of them returns true: it was for that one. */
struct mqtt_out_user {
	/* Connected: at most window publishes may wait for their PUBACK. */
	void (*up)(void *arg, int window);
	/* Lost: no PUBACK comes any more for what was published. */
	void (*down)(void *arg);
	bool (*puback)(void *arg, int mid, int reason_code);
	/* A message that is not retained and not empty. */
	bool (*message)(void *arg, const char *topic, const char *payload,
			size_t len);
	void *arg;
	struct mqtt_out_user *next; /* the mqtt_out's own */
};

int mqtt_out_new(struct mqtt_out **mqtt_out, struct core *core,
		 struct ztp_error *error);
void mqtt_out_free(struct mqtt_out *mqtt_out);
/* Lent, for as long as the mqtt_out is turned. */
void mqtt_out_join(struct mqtt_out *mqtt_out, struct mqtt_out_user *user);

/* The socket to wait for, or -1; *events as for epoll. */
int mqtt_out_fd(const struct mqtt_out *mqtt_out, uint32_t *events);
/* The steady time at which mqtt_out_turn wants to run again. */
int64_t mqtt_out_next(const struct mqtt_out *mqtt_out);
bool mqtt_out_connected(const struct mqtt_out *mqtt_out);
/* While it is not connected: what the last refusal said. */
enum refusal mqtt_out_refusal(const struct mqtt_out *mqtt_out);

/* Connects, reads, writes, keeps alive. */
void mqtt_out_turn(struct mqtt_out *mqtt_out);
/* Writes what was published, now. A connection that it finds lost is lost with
 * the next turn, which is at once. */
void mqtt_out_flush(struct mqtt_out *mqtt_out);

/* QoS 1. properties (MQTT 5, may be NULL) stay the caller's. Returns 0 or a
 * MOSQ_ERR_* code. */
int mqtt_out_publish(struct mqtt_out *mqtt_out, int *mid, const char *topic,
		     const void *payload, size_t len,
		     const mosquitto_property *properties);
int mqtt_out_subscribe(struct mqtt_out *mqtt_out, const char *filter, int qos);

/* New TLS files or password: connect anew. */
void mqtt_out_reconnect(struct mqtt_out *mqtt_out);
/* Says goodbye and closes; user is not called any more. */
void mqtt_out_stop(struct mqtt_out *mqtt_out);

#endif
