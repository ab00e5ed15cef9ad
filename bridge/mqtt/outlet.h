/*
 * bridge/mqtt/outlet.h - the bridge's second MQTT connection, "{client_id}-out":
 * commands to devices and, with a gate, its control topic. Loop thread only.
 *
 * This connection is libmosquitto's and not paho's, for one reason: paho's
 * MQTTAsync (1.3.12) does not tell anybody the reason code of a PUBACK that
 * succeeded, and 0x10, "no matching subscribers", is one of those. It has no
 * thread of its own: the loop reads and writes its socket.
 */
#ifndef BRIDGE_MQTT_OUTLET_H
#define BRIDGE_MQTT_OUTLET_H

#include <mosquitto.h>
#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
#	include <mqtt_protocol.h> /* since 2.1 in <mosquitto.h>, and warns */
#endif

#include "bridge/core/core.h"
#include "bridge/mqtt/refusal.h"

#define OUTLET_WINDOW_MAX 256

struct outlet;

/* Called inside outlet_turn and outlet_reconnect, never while publishing. What
 * comes is offered to one user after another, in the order in which they have
 * joined, until one of them returns true: it was for that one. */
struct outlet_user {
	/* Connected: at most window publishes may wait for their PUBACK. */
	void (*up)(void *arg, int window);
	/* Lost: no PUBACK comes any more for what was published. */
	void (*down)(void *arg);
	bool (*puback)(void *arg, int mid, int reason_code);
	/* A message that is not retained and not empty. */
	bool (*message)(void *arg, const char *topic, const char *payload,
			size_t len);
	void *arg;
	struct outlet_user *next; /* the outlet's own */
};

int outlet_new(struct outlet **outlet, struct core *core,
	       struct ztp_error *error);
void outlet_free(struct outlet *outlet);
/* Lent, for as long as the outlet is turned. */
void outlet_join(struct outlet *outlet, struct outlet_user *user);

/* The socket to wait for, or -1; *events as for epoll. */
int outlet_fd(const struct outlet *outlet, uint32_t *events);
/* The steady time at which outlet_turn wants to run again. */
int64_t outlet_next(const struct outlet *outlet);
bool outlet_connected(const struct outlet *outlet);
/* While it is not connected: what the last refusal said. */
enum refusal outlet_refusal(const struct outlet *outlet);

/* Connects, reads, writes, keeps alive. */
void outlet_turn(struct outlet *outlet);
/* Writes what was published, now. A connection that it finds lost is lost with
 * the next turn, which is at once. */
void outlet_flush(struct outlet *outlet);

/* QoS 1. properties (MQTT 5, may be NULL) stay the caller's. Returns 0 or a
 * MOSQ_ERR_* code. */
int outlet_publish(struct outlet *outlet, int *mid, const char *topic,
		   const void *payload, size_t len,
		   const mosquitto_property *properties);
int outlet_subscribe(struct outlet *outlet, const char *filter, int qos);

/* New TLS files or password: connect anew. */
void outlet_reconnect(struct outlet *outlet);
/* Says goodbye and closes; user is not called any more. */
void outlet_stop(struct outlet *outlet);

#endif
