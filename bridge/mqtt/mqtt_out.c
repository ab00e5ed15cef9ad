#include "bridge/mqtt/mqtt_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bridge/mqtt/granted.h"
#include "bridge/mqtt/mosq_open.h"
#include "bridge/mqtt/reconnect.h"
#include "bridge/mqtt/refusal.h"
#include "bridge/mqtt/subscriptions.h"
#include "bridge/mqtt/unacked.h"
#include "ztp/command.h"

#define ACCEPT_MS   1500  /* from connect() until TCP is connected */
#define CONNACK_MS  10000 /* from connect() to CONNACK */
#define ASK_MS	    2000  /* for the answers to what a user asks first */
#define TICK_MS	    1000  /* libmosquitto's keepalive counts in seconds */
#define LATE_MS	    30000 /* a PUBACK or SUBACK */
#define SLOW_US	    250000
#define TAKEN_OVER  0x8e /* MQTT 5 section 3.14.2.1 */
#define AWAY_3	    3	 /* CONNACK: server unavailable, MQTT 3.1.1 */
#define AWAY_5	    0x88 /* and MQTT 5 */
#define COMMAND_MAX (120 * 1024)

struct mqtt_out {
	struct core *core;
	struct mqtt_out_user *users;
	struct mosquitto *mosq; /* NULL: not connected */
	/* CONNACK has come; the users have been told. */
	bool linked, up;
	bool accepted;	 /* by TCP */
	bool worked;	 /* was linked once with this configuration */
	bool taken_over; /* the broker said so */
	bool slow;	 /* the name was looked up slowly, which blocks */
	bool broken;	 /* a write failed; the next turn drops it */
	int window;
	int64_t connect_since, ask_by, next_tick;
	int connack; /* code of the last CONNACK, -1: none came */
	struct reconnect reconnect;
	enum refusal refusal;
	struct log_limit refusals[REFUSAL_KINDS];
	struct granted granted;
	struct subscriptions subscriptions;
	struct unacked unacked;
};

/* --- up */

static void go_up(struct mqtt_out *o)
{
	const struct mqtt_out_user *user;

	o->up = true;
	o->ask_by = 0;
	log_info(o->core->log, "mqtt_connected", LOG_STR("connection", "out"),
		 LOG_STR("url", o->core->config->mqtt.url),
		 LOG_INT("window", o->window));
	for (user = o->users; user; user = user->next)
		if (user->up)
			user->up(user->arg, o->window);
}

/* A user that has questions to the broker asks them before the others publish
 * anything, because the broker may end the connection for them. */
static bool is_asking(struct mqtt_out *o)
{
	const struct mqtt_out_user *user;
	bool asking = false;

	for (user = o->users; user; user = user->next)
		if (user->ask && user->ask(user->arg))
			asking = true;
	return asking;
}

void mqtt_out_asked(struct mqtt_out *o)
{
	if (o->linked && !o->up)
		go_up(o);
}

/* --- libmosquitto's callbacks: run in the loop thread, inside mqtt_out_turn */

static void read_connack(struct connack *given,
			 const mosquitto_property *properties)
{
	uint32_t four;
	uint16_t two;
	uint8_t one;

	if (mosquitto_property_read_byte(properties, MQTT_PROP_MAXIMUM_QOS,
					 &one, false))
		given->maximum_qos = one;
	if (mosquitto_property_read_int16(
		    properties, MQTT_PROP_SERVER_KEEP_ALIVE, &two, false) &&
	    two > 0)
		given->keepalive = two;
	if (mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
					  &two, false) &&
	    two > 0)
		given->receive_maximum = two;
	if (mosquitto_property_read_int32(
		    properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &four, false))
		given->packet_size = four;
	if (mosquitto_property_read_byte(
		    properties, MQTT_PROP_WILDCARD_SUB_AVAILABLE, &one, false))
		given->no_wildcards = one == 0;
}

static void on_connect(struct mosquitto *mosq, void *arg, int rc, int flags,
		       const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;
	struct connack given = CONNACK_NOTHING;
	struct connack asked = {
		.maximum_qos = 1,
		.session_expiry = -1,
		.keepalive = o->core->config->mqtt.keepalive_ms / 1000,
		.receive_maximum = MQTT_OUT_WINDOW_MAX,
		.packet_size = COMMAND_MAX,
	};

	(void)mosq;
	(void)flags;
	o->connack = rc;
	if (rc != 0)
		return; /* the broker closes, which is logged then */
	read_connack(&given, properties);
	granted_connack(&o->granted, o->core, &asked, &given);
	o->window = MQTT_OUT_WINDOW_MAX;
	if (given.receive_maximum > 0 && given.receive_maximum < o->window)
		o->window = (int)given.receive_maximum;
	unacked_reset(&o->unacked, o->window);
	subscriptions_reset(&o->subscriptions, given.no_wildcards);
	o->linked = o->worked = true;
	o->refusal = REFUSAL_OTHER;
	reconnect_up(&o->reconnect, o->core->now);
	if (is_asking(o))
		o->ask_by = o->core->now + ASK_MS;
	else
		go_up(o);
}

static void on_disconnect(struct mosquitto *mosq, void *arg, int rc,
			  const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;

	(void)mosq;
	(void)properties;
	o->taken_over = rc == TAKEN_OVER;
}

static void on_publish(struct mosquitto *mosq, void *arg, int mid, int rc,
		       const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;
	const struct mqtt_out_user *user;

	(void)mosq;
	(void)properties;
	unacked_remove(&o->unacked, mid, o->core->now);
	for (user = o->users; user; user = user->next)
		if (user->puback && user->puback(user->arg, mid, rc))
			return;
}

static void on_suback(struct mosquitto *mosq, void *arg, int mid, int count,
		      const int *granted, const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;

	(void)mosq;
	(void)properties;
	if (count > 0)
		subscriptions_suback(&o->subscriptions, mid, *granted,
				     &o->granted, o->core);
}

static void on_message(struct mosquitto *mosq, void *arg,
		       const struct mosquitto_message *message,
		       const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;
	const struct mqtt_out_user *user;

	(void)mosq;
	(void)properties;
	if (message->retain || message->payloadlen <= 0)
		return;
	for (user = o->users; user; user = user->next)
		if (user->message &&
		    user->message(user->arg, message->topic, message->payload,
				  (size_t)message->payloadlen))
			return;
}

/* OpenSSL asks here for the key file's password. */
static int on_password(char *buf, int size, int rwflag, void *arg)
{
	const struct mqtt_out *o = mosquitto_userdata(arg);
	const char *password = o->core->config->mqtt.tls.key_password;

	(void)rwflag;
	return snprintf(buf, (size_t)size, "%s", password);
}

/* --- down */

/* From 2.0.12 on, libmosquitto does not recognise a 3.1.1 broker's CONNACK: it
 * lacks MQTT 5's properties and is therefore malformed. */
static enum refusal refusal_now(const struct mqtt_out *o, int rc)
{
	if (o->connack > 0)
		return refusal_of(o->connack);
	if (rc == MOSQ_ERR_MALFORMED_PACKET &&
	    o->core->config->mqtt.version == 5)
		return REFUSAL_VERSION;
	return rc == MOSQ_ERR_CONN_LOST && o->accepted ? REFUSAL_CLOSED
						       : REFUSAL_OTHER;
}

/* Is nobody there who could refuse? A proxy whose broker is away accepts and
 * closes, and so do brokers that refuse: it is the first if CONNECT has worked
 * before. */
static bool is_away(const struct mqtt_out *o, int rc)
{
	if (o->slow)
		return false; /* so that it seldom blocks */
	if (o->connack > 0)
		return o->connack ==
		       (o->core->config->mqtt.version == 5 ? AWAY_5 : AWAY_3);
	if (o->accepted)
		return o->worked && rc != MOSQ_ERR_TLS;
	return rc == MOSQ_ERR_ERRNO || rc == MOSQ_ERR_EAI ||
	       rc == MOSQ_ERR_CONN_LOST || rc == MOSQ_ERR_CONN_REFUSED;
}

static void on_refused(struct mqtt_out *o, int rc, const char *why)
{
	int code = o->connack > 0 ? o->connack : rc;

	if (o->connack > 0)
		why = o->core->config->mqtt.version == 5
			      ? mosquitto_reason_string(code)
			      : mosquitto_connack_string(code);
	o->refusal = refusal_now(o, rc);
	refusal_log(o->core, o->refusals, "out", o->refusal, code,
		    why ? why : mosquitto_strerror(rc));
	if (is_away(o, rc))
		reconnect_away(&o->reconnect, o->core->now);
	else
		reconnect_refused(&o->reconnect, o->core->now);
}

/* From 2.0.12 on, libmosquitto closes the connection when a PUBACK has a code
 * that MQTT 5 does not define, whether it means success or not. */
static const char *hint_of(const struct mqtt_out *o, int rc)
{
	if (rc != MOSQ_ERR_PROTOCOL || o->core->config->mqtt.version != 5)
		return NULL;
	return "the broker violates the MQTT 5 standard: "
	       "try mqtt.version: 3.1.1";
}

static void on_lost(struct mqtt_out *o, int rc, const char *why)
{
	bool busy = unacked_since(&o->unacked) != 0 ||
		    subscriptions_since(&o->subscriptions) != 0 || !o->up;
	char id[512];

	log_warn(o->core->log, "mqtt_lost", LOG_STR("connection", "out"),
		 LOG_STR("error", why ? why : mosquitto_strerror(rc)),
		 LOG_STR("hint", hint_of(o, rc)));
	if (!reconnect_lost(&o->reconnect, o->core->now, o->taken_over, busy))
		return;
	o->refusal = REFUSAL_TAKEN_OVER;
	snprintf(id, sizeof(id), "%s-out", o->core->config->mqtt.client_id);
	refusal_log_taken_over(o->core, "out", id);
}

static void tell_down(struct mqtt_out *o, bool was_up)
{
	const struct mqtt_out_user *user;
	int64_t sent_at;
	uint32_t at = 0;
	int mid;

	while ((mid = unacked_each(&o->unacked, &at, &sent_at)) != 0)
		for (user = o->users; user; user = user->next)
			if (user->lost &&
			    user->lost(user->arg, mid,
				       o->core->now - sent_at >= LATE_MS))
				break;
	for (user = o->users; user; user = user->next)
		if (user->down && (was_up || user->ask))
			user->down(user->arg);
}

/* Closes the connection; why: NULL for the text of rc. */
static void drop(struct mqtt_out *o, int rc, const char *why)
{
	bool was_linked = o->linked, was_up = o->up;

	if (was_linked)
		on_lost(o, rc, why);
	else
		on_refused(o, rc, why);
	mosquitto_destroy(o->mosq);
	o->mosq = NULL;
	o->linked = o->up = o->broken = o->taken_over = false;
	if (was_linked)
		tell_down(o, was_up);
	unacked_reset(&o->unacked, 0);
	subscriptions_reset(&o->subscriptions, false);
}

/* --- */

static void start_connect(struct mqtt_out *o)
{
	const struct mosq_callbacks callbacks = {
		.connect = on_connect,
		.disconnect = on_disconnect,
		.publish = on_publish,
		.subscribe = on_suback,
		.message = on_message,
		.password = on_password,
		.arg = o,
	};
	int64_t began = ztp_clock_us();
	int rc;

	o->connack = -1;
	o->accepted = false;
	o->connect_since = o->core->now;
	o->next_tick = o->core->now + TICK_MS;
	rc = mosq_open(&o->mosq, o->core, &callbacks);
	o->slow = ztp_clock_us() - began > SLOW_US;
	if (rc != 0)
		drop(o, rc, NULL);
}

static bool is_late(const struct mqtt_out *o, int64_t since, int64_t ms)
{
	return since != 0 && o->core->now - since >= ms;
}

/* NULL, or why the connection is to be given up: the broker has not answered
 * in time. */
static const char *overdue(const struct mqtt_out *o)
{
	if (!o->linked && !o->accepted &&
	    is_late(o, o->connect_since, ACCEPT_MS))
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

void mqtt_out_turn(struct mqtt_out *o)
{
	int64_t now = o->core->now;
	const char *late;
	int rc;

	if (!o->mosq) {
		if (now >= o->reconnect.retry.at && !o->core->stopping)
			start_connect(o);
		return;
	}
	if (o->broken) {
		drop(o, MOSQ_ERR_CONN_LOST, "write failed");
		return;
	}
	if (!o->linked)
		o->accepted = o->accepted || mosq_is_accepted(o->mosq);
	/* The socket does not block, so a needless read costs one recv(). */
	rc = mosquitto_loop_read(o->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && mosquitto_want_write(o->mosq))
		rc = mosquitto_loop_write(o->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && now >= o->next_tick) {
		rc = mosquitto_loop_misc(o->mosq);
		o->next_tick = now + TICK_MS;
	}
	if (rc != MOSQ_ERR_SUCCESS) {
		drop(o, rc, NULL);
		return;
	}
	late = overdue(o);
	if (late) {
		drop(o, MOSQ_ERR_CONN_LOST, late);
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
	return o->mosq ? o->next_tick : o->reconnect.retry.at;
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
	const char *refused =
		refusal_text(o->refusal, o->core->config->mqtt.version);

	if (o->linked)
		return granted_problem(&o->granted, o->subscriptions.filters,
				       o->subscriptions.count);
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

int mqtt_out_subscribe(struct mqtt_out *o, const char *filter, int qos)
{
	size_t len = strlen(filter), n = strlen(ZTP_APPLIED_SUFFIX);
	bool answers =
		len > n && strcmp(filter + len - n, ZTP_APPLIED_SUFFIX) == 0;
	bool needed = !answers ||
		      o->core->config->mqtt.delivery_ack == CONFIG_ACK_DEVICE;

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
		drop(o, MOSQ_ERR_SUCCESS, "configuration reloaded");
	o->worked = false;
	reconnect_plan(&o->reconnect, o->core->now);
}

void mqtt_out_stop(struct mqtt_out *o)
{
	if (!o->mosq)
		return;
	if (o->linked) {
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
	struct mqtt_out *o = calloc(1, sizeof(*o));

	if (!o)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
		free(o);
		return ztp_fail(error, ZTP_ERR_INTERNAL,
				"cannot initialise libmosquitto");
	}
	o->core = core;
	granted_init(&o->granted, "out");
	reconnect_plan(&o->reconnect, core->now);
	*out = o;
	return 0;
}

void mqtt_out_free(struct mqtt_out *o)
{
	if (!o)
		return;
	mosquitto_destroy(o->mosq);
	mosquitto_lib_cleanup();
	free(o);
}
