#include "bridge/mqtt/mqtt_out_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "bridge/mqtt/mosq_open.h"

#define CONNACK_MS    10000 /* from connect() to CONNACK */
#define LEASE_LOOK_MS 10    /* until there is one, of several bridges */
#define LATE_MS	      30000 /* a PUBACK or SUBACK */
#define TICK_MS	      1000  /* libmosquitto's keepalive counts in seconds */
#define HEARD_MAX     32    /* packets, then the turn goes on */
#define HEARD_BYTES   (128 * 1024) /* likewise: reading JSON takes its time */

static bool is_late(const struct mqtt_out *o, int64_t since, int64_t ms)
{
	return since != 0 && o->core->now - since >= ms;
}

/* NULL, or why the connection is to be given up: the broker has not answered
 * in time. */
static const char *overdue(const struct mqtt_out *o)
{
	if (!o->linked && !o->accepted &&
	    is_late(o, o->connect_since, MQTT_OUT_ACCEPT_MS))
		return "nobody answers";
	if (!o->linked && is_late(o, o->connect_since, CONNACK_MS))
		return "no CONNACK in time";
	if (is_late(o, subscriptions_since(&o->subscriptions), LATE_MS))
		return "no SUBACK in time";
	if (!is_late(o, unacked_since(&o->unacked), LATE_MS))
		return NULL;
	log_warn(o->core->log, "mqtt_puback_late",
		 LOG_INT("in_flight", o->unacked.in_flight));
	return "no PUBACK in time";
}

void mqtt_out_asked(struct mqtt_out *o)
{
	if (o->linked && !o->up)
		mqtt_out_go_up(o);
}

/* libmosquitto reads as many packets at a time as messages are in flight, often
 * one, and a turn for each packet would cost more than what is in it. So it
 * reads until it hears nothing more. The socket does not block: a read in vain
 * costs one recv(). */
static int read_packets(struct mqtt_out *o)
{
	unsigned before, first = o->heard;
	int rc;

	o->heard_bytes = 0;
	do {
		before = o->heard;
		rc = mosquitto_loop_read(o->mosq, 1);
	} while (rc == MOSQ_ERR_SUCCESS && o->heard != before &&
		 o->heard - first < HEARD_MAX && o->heard_bytes < HEARD_BYTES);
	return rc;
}

/* Without a lease nothing goes out that has not yet, and that goes before whatever
 * libmosquitto writes of its own: a PUBACK for what it reads, or a DISCONNECT. */
static bool may_write(const struct mqtt_out *o)
{
	return !o->core->no_lease ||
	       (o->linked && !mosquitto_want_write(o->mosq));
}

void mqtt_out_turn(struct mqtt_out *o)
{
	int64_t now = o->core->now;
	const char *late;
	int rc;

	if (!o->mosq) {
		if (now < o->reconnect.retry.at || o->core->stopping)
			return;
		if (core_may_connect(o->core)) {
			mqtt_out_connect(o);
			return;
		}
		name_forget(o->host);
		o->reconnect.retry.at = now + LEASE_LOOK_MS;
		return;
	}
	if (o->broken) {
		mqtt_out_drop(o, MOSQ_ERR_CONN_LOST, "write failed");
		return;
	}
	if (!may_write(o)) {
		o->next_tick = now + LEASE_LOOK_MS;
		return;
	}
	if (!o->linked)
		o->accepted = o->accepted || mosq_is_accepted(o->mosq);
	rc = read_packets(o);
	if (rc == MOSQ_ERR_SUCCESS && mosquitto_want_write(o->mosq))
		rc = mosquitto_loop_write(o->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && now >= o->next_tick) {
		rc = mosquitto_loop_misc(o->mosq);
		o->next_tick = now + TICK_MS;
	}
	if (rc != MOSQ_ERR_SUCCESS) {
		/* Perhaps it was accepted and reset since the last look: nobody
		 * who is not there does that. */
		o->accepted = o->accepted || rc == MOSQ_ERR_CONN_LOST;
		mqtt_out_drop(o, rc, NULL);
		return;
	}
	late = overdue(o);
	if (late) {
		mqtt_out_drop(o, MOSQ_ERR_CONN_LOST, late);
		return;
	}
	subscriptions_turn(&o->subscriptions, o->mosq, o->core);
	if (o->ask_by != 0 && now >= o->ask_by)
		mqtt_out_asked(o);
}

void mqtt_out_flush(struct mqtt_out *o)
{
	if (o->mosq && !o->broken && mosquitto_want_write(o->mosq) &&
	    mosquitto_loop_write(o->mosq, 1) != MOSQ_ERR_SUCCESS)
		o->broken = true;
}

int64_t mqtt_out_next(const struct mqtt_out *o)
{
	if (o->broken)
		return o->core->now;
	if (!o->mosq && o->core->stopping)
		return 0; /* no reconnect while stopping */
	return o->mosq ? o->next_tick
		       : name_next(o->host, o->reconnect.retry.at);
}

int mqtt_out_fd(const struct mqtt_out *o, uint32_t *events)
{
	if (!o->mosq)
		return -1;
	*events = EPOLLIN;
	if (mosquitto_want_write(o->mosq))
		*events |= EPOLLOUT;
	return mosquitto_socket(o->mosq);
}

bool mqtt_out_connected(const struct mqtt_out *o)
{
	return o->up;
}

const char *mqtt_out_problem(const struct mqtt_out *o)
{
	const char *refused = refusal_text(o->refusal, &o->core->config->mqtt);

	if (o->linked)
		return granted_problem(&o->granted, o->subscriptions.filters,
				       o->subscriptions.count);
	if (name_is_unanswered(o->host))
		return NAME_UNANSWERED;
	return refused ? refused : MQTT_NOT_CONNECTED;
}

int mqtt_out_publish(struct mqtt_out *o, int *mid, const char *topic,
		     const void *payload, size_t len,
		     const mosquitto_property *properties)
{
	int rc, sent = 0;

	if (!o->linked)
		return MOSQ_ERR_NO_CONN;
	if (!unacked_has_room(&o->unacked))
		return MOSQ_ERR_NOMEM;
	rc = mosquitto_publish_v5(o->mosq, &sent, topic, (int)len, payload, 1,
				  false, properties);
	if (rc == MOSQ_ERR_SUCCESS)
		unacked_add(&o->unacked, sent, o->core->now);
	if (mid)
		*mid = sent;
	return rc;
}

int mqtt_out_subscribe(struct mqtt_out *o, const char *filter, int qos,
		       bool needed)
{
	if (!o->linked)
		return MOSQ_ERR_NO_CONN;
	return subscriptions_add(&o->subscriptions, o->mosq, filter, qos,
				 needed ? NEED_SUBSCRIPTION : NEED_NOTHING,
				 &o->granted, o->core);
}

int mqtt_out_try_subscribe(struct mqtt_out *o, const char *filter, int qos)
{
	return o->linked ? mosquitto_subscribe(o->mosq, NULL, filter, qos)
			 : MOSQ_ERR_NO_CONN;
}

/* --- */

void mqtt_out_reconnect(struct mqtt_out *o)
{
	if (o->mosq)
		mqtt_out_drop(o, MOSQ_ERR_SUCCESS, "configuration reloaded");
	o->worked = false;
	reconnect_plan(&o->reconnect, o->core->now);
}

int64_t mqtt_out_left_until(const struct mqtt_out *o)
{
	return reconnect_left_until(&o->reconnect, o->core->now);
}

void mqtt_out_leave(struct mqtt_out *o, int64_t until)
{
	if (o->mosq)
		mqtt_out_drop(o, MOSQ_ERR_SUCCESS, MQTT_OTHER_TAKEN_OVER);
	reconnect_leave(&o->reconnect, until);
}

void mqtt_out_stop(struct mqtt_out *o)
{
	name_forget(o->host);
	if (!o->mosq)
		return;
	if (o->linked && may_write(o)) {
		mosquitto_disconnect(o->mosq);
		mosquitto_loop_write(o->mosq, 1);
	}
	mosquitto_destroy(o->mosq);
	o->mosq = NULL;
	o->linked = o->up = false;
}

void mqtt_out_join(struct mqtt_out *o, struct mqtt_out_user *user)
{
	struct mqtt_out_user **end = &o->users;

	while (*end)
		end = &(*end)->next;
	*end = user;
}

int mqtt_out_new(struct mqtt_out **out, struct core *core,
		 struct ztp_error *error)
{
	return mqtt_out_new_as(out, core, "out", "", error);
}

int mqtt_out_new_as(struct mqtt_out **out, struct core *core, const char *name,
		    const char *instance, struct ztp_error *error)
{
	struct mqtt_out *o = calloc(1, sizeof(*o));

	if (!o)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
		free(o);
		return ztp_fail(error, ZTP_ERR_INTERNAL,
				"cannot initialise libmosquitto");
	}
	o->core = core;
	o->name = name;
	snprintf(o->id, sizeof(o->id), "%s-%s%s%s",
		 core->config->mqtt.client_id, name, *instance ? "-" : "",
		 instance);
	granted_init(&o->granted, name);
	reconnect_plan(&o->reconnect, core->now);
	if (name_new(&o->host, core, name, error) != 0) {
		mqtt_out_free(o);
		return ZTP_ERR_NOMEM;
	}
	*out = o;
	return 0;
}

void mqtt_out_free(struct mqtt_out *o)
{
	if (!o)
		return;
	mosquitto_destroy(o->mosq);
	mosquitto_lib_cleanup();
	name_free(o->host);
	free(o);
}
