/*
 * bridge/mqtt/intake.h - pending events (and the gate's audit) from MQTT into the
 * journal.
 *
 * paho's receiving thread calls messageArrived under paho's process-wide
 * mutex and sends the PUBACK when it returns, whatever it returns. So the
 * callback checks the event, appends it to the journal and returns: it waits
 * for nothing but, for 2 ms, more events (bridge/mqtt/pace.h), does not publish, and
 * does not touch the store. An event that the journal cannot take ends the
 * process (exit 1), because returning would acknowledge it.
 *
 * The session is persistent; this connection is the only one that reads the
 * pending topic. Back-pressure is to leave the broker with the session kept.
 */
#ifndef BRIDGE_MQTT_INTAKE_H
#define BRIDGE_MQTT_INTAKE_H

#include "bridge/core/core.h"
#include "bridge/mqtt/refusal.h"

struct intake;
struct journal;

/* wake_fd is written when there is news of the connection; work_fd (both are
 * eventfds) or timer_fd goes off when the journal has an entry. */
int intake_new(struct intake **intake, struct core *core,
	       struct journal *journal, int wake_fd, int work_fd, int timer_fd,
	       struct ztp_error *error);
/* Disconnects, and waits a short while for it. */
void intake_free(struct intake *intake);

/* Loop thread: connects, subscribes, notices what has happened. */
void intake_collect(struct intake *intake);
/* The steady time at which collect wants to run again, 0: none. */
int64_t intake_next(const struct intake *intake);

/* Leave the broker, or come back to it. why is for the log. */
void intake_pause(struct intake *intake, const char *why);
void intake_resume(struct intake *intake);
bool intake_paused(const struct intake *intake);
/* Connected and subscribed. */
bool intake_connected(const struct intake *intake);
/* While it is not connected: what the last refusal said. */
enum refusal intake_refusal(const struct intake *intake);
/* New TLS files or password: connect anew. */
void intake_reconnect(struct intake *intake);

#endif
