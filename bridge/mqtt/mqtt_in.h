/*
 * bridge/mqtt/mqtt_in.h - takes pending events (and the gate's audit records)
 * from MQTT into the journal.
 *
 * paho's receiving thread calls messageArrived while holding paho's
 * process-wide mutex, and sends the PUBACK when the callback returns, whatever
 * it returns. So the callback checks the event, appends it to the journal and
 * returns. It waits for nothing except, for 2 ms, more events
 * (bridge/mqtt/coalesce.h); it does not publish, and it does not touch the
 * store. An event that the journal cannot take ends the process (exit 1),
 * because returning would acknowledge it.
 *
 * The session is persistent, and this connection is the only one that reads
 * the pending topic. Back-pressure means disconnecting from the broker while
 * the session is kept.
 */
#ifndef BRIDGE_MQTT_MQTT_IN_H
#define BRIDGE_MQTT_MQTT_IN_H

#include "bridge/core/core.h"

struct mqtt_in;
struct mqtt_out;
struct journal;

/* filters: what the session is subscribed to, as mqtt_in_filters said last; ""
 * for nothing. wake_fd is written when the state of the connection has changed;
 * work_fd when the journal has an entry. Both are eventfds. */
int mqtt_in_new(struct mqtt_in **mqtt_in, struct core *core,
		struct journal *journal, const char *filters, int wake_fd,
		int work_fd, struct ztp_error *error);
/* Disconnects, and waits briefly for that to complete. */
void mqtt_in_free(struct mqtt_in *mqtt_in);

/* Connects as soon as mqtt_out does: that connection can tell whether the broker
 * is there, so only it looks often. Joins mqtt_out. */
void mqtt_in_follow(struct mqtt_in *mqtt_in, struct mqtt_out *mqtt_out);

/* Loop thread: connects, subscribes, and handles changes of state. */
void mqtt_in_collect(struct mqtt_in *mqtt_in);
/* The steady time at which collect wants to run again; 0: none. */
int64_t mqtt_in_next(const struct mqtt_in *mqtt_in);

/* What the session is, or is about to be, subscribed to: to be stored before
 * the first connection, which waits for it, and again once something is
 * unsubscribed. changed: until mqtt_in_filters_kept. The caller frees the text;
 * NULL: out of memory. */
char *mqtt_in_filters(const struct mqtt_in *mqtt_in);
bool mqtt_in_filters_changed(const struct mqtt_in *mqtt_in);
void mqtt_in_filters_kept(struct mqtt_in *mqtt_in);

/* An earlier process had a session at the broker: to be told before the first
 * connection, which looks whether it is there. unstored: this one has a session,
 * and the store has not noted that yet; until session_kept. */
void mqtt_in_had_session(struct mqtt_in *mqtt_in);
bool mqtt_in_session_unstored(const struct mqtt_in *mqtt_in);
void mqtt_in_session_kept(struct mqtt_in *mqtt_in);

/* Disconnects from the broker, or connects again. why is for the log. */
void mqtt_in_pause(struct mqtt_in *mqtt_in, const char *why);
void mqtt_in_resume(struct mqtt_in *mqtt_in);
bool mqtt_in_paused(const struct mqtt_in *mqtt_in);
/* Of several bridges: the lease is over, so another one may have the session. It
 * is connected again when core_may_connect says so. Called in every turn. */
void mqtt_in_lease_over(struct mqtt_in *mqtt_in);
/* Disconnects for good, before mqtt_in_free; nothing else may follow. */
void mqtt_in_stop(struct mqtt_in *mqtt_in);
/* Paused, and nothing comes any more. */
bool mqtt_in_closed(const struct mqtt_in *mqtt_in);
/* True when connected and subscribed. */
bool mqtt_in_connected(const struct mqtt_in *mqtt_in);
/* One line of text for /readyz: why it is not connected, or what the broker
 * does not grant. NULL: it is as it should be. */
const char *mqtt_in_problem(const struct mqtt_in *mqtt_in);
/* The gate says its audit records in arrays as well: those that come one by one
 * are given up, until the next connection, which may be to an older gate.
 * Called in every turn. */
void mqtt_in_audits_alone(struct mqtt_in *mqtt_in);
/* Connects again, with new TLS files or a new password. */
void mqtt_in_reconnect(struct mqtt_in *mqtt_in);
/* Until when it is left to another client with its client ID (steady ms), 0: it is
 * not; and leaves it until then, because the other connection is. */
int64_t mqtt_in_left_until(const struct mqtt_in *mqtt_in);
void mqtt_in_leave(struct mqtt_in *mqtt_in, int64_t until);

#endif
