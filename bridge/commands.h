/*
 * bridge/commands.h - commands to devices, over the bridge's second MQTT
 * connection "{client_id}-out". Loop thread only.
 *
 * This connection is libmosquitto's and not paho's, for one reason: paho's
 * MQTTAsync (1.3.12) does not tell anybody the reason code of a PUBACK that
 * succeeded, and 0x10, "no matching subscribers", is one of those. It has no
 * thread of its own: the loop reads and writes its socket.
 *
 * At most the broker's Receive Maximum of publishes is unacknowledged. Who is
 * next is asked of the store: what was never tried before first, then what is
 * due again, earliest first, at mqtt.retry_rate.
 */
#ifndef BRIDGE_COMMANDS_H
#define BRIDGE_COMMANDS_H

#include "bridge/bridge.h"

int commands_new(struct commands **commands, struct bridge *b,
		 struct ztp_error *error);
void commands_free(struct commands *commands);

/* The socket to wait for, or -1; *events as for epoll. */
int commands_fd(const struct commands *commands, uint32_t *events);
/* The steady time at which commands_collect wants to run again, 0: never. */
int64_t commands_next(const struct commands *commands);
/* The steady time at which something is to be published next, 0: nothing. */
int64_t commands_due(const struct commands *commands);
bool commands_connected(const struct commands *commands);

/* The loop's turn; see bridge.h. collect also connects and keeps alive. */
void commands_collect(struct commands *commands);
int commands_apply(struct commands *commands, struct ztp_error *error);
void commands_settle(struct commands *commands);
/* Publishes what is owed. *more: there is more, and room for it. */
void commands_pump(struct commands *commands);

/* For the registrar: publishes text on a control topic, QoS 1. False when
 * there is no connection. */
bool commands_control(struct commands *commands, const char *topic,
		      const char *text);

/* Says goodbye and closes. */
void commands_stop(struct commands *commands);
/* Publishes that wait for their PUBACK. */
int commands_in_flight(const struct commands *commands);
/* New TLS files or password: connect anew. */
void commands_reconnect(struct commands *commands);

#endif
