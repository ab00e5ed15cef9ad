/*
 * bridge/mqtt/mqtt_in.h - pending events (and the gate's audit) from MQTT into the
 * journal.
 *
 * paho's receiving thread calls messageArrived under paho's process-wide
 * mutex and sends the PUBACK when it returns, whatever it returns. So the
 * callback checks the event, appends it to the journal and returns: it waits
 * for nothing but, for 2 ms, more events (bridge/mqtt/coalesce.h), does not publish, and
 * does not touch the store. An event that the journal cannot take ends the
 * process (exit 1), because returning would acknowledge it.
 *
 * The session is persistent; this connection is the only one that reads the
 * pending topic. Back-pressure is to leave the broker with the session kept.
 */
#ifndef BRIDGE_MQTT_MQTT_IN_H
#define BRIDGE_MQTT_MQTT_IN_H

#include "bridge/core/core.h"
#include "bridge/mqtt/refusal.h"

struct mqtt_in;
struct journal;

/* wake_fd is written when there is state of the connection; work_fd (both are
 * eventfds) or timer_fd goes off when the journal has an entry. */
int mqtt_in_new(struct mqtt_in **mqtt_in, struct core *core,
		struct journal *journal, int wake_fd, int work_fd, int timer_fd,
		struct ztp_error *error);
/* Disconnects, and waits a short while for it. */
void mqtt_in_free(struct mqtt_in *mqtt_in);

/* Loop thread: connects, subscribes, notices what has happened. */
void mqtt_in_collect(struct mqtt_in *mqtt_in);
/* The steady time at which collect wants to run again, 0: none. */
int64_t mqtt_in_next(const struct mqtt_in *mqtt_in);

/* Leave the broker, or come back to it. why is for the log. */
void mqtt_in_pause(struct mqtt_in *mqtt_in, const char *why);
void mqtt_in_resume(struct mqtt_in *mqtt_in);
bool mqtt_in_paused(const struct mqtt_in *mqtt_in);
/* Connected and subscribed. */
bool mqtt_in_connected(const struct mqtt_in *mqtt_in);
/* While it is not connected: what the last refusal said. */
enum refusal mqtt_in_refusal(const struct mqtt_in *mqtt_in);
/* New TLS files or password: connect anew. */
void mqtt_in_reconnect(struct mqtt_in *mqtt_in);

#endif
