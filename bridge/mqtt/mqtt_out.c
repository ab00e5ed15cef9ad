#include "bridge/mqtt/mqtt_out.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define RETRY_FIRST_MS 250
#define RETRY_MAX_MS   30000
#define CONNECT_MS     10000 /* from connect() to CONNACK */
#define TICK_MS	       1000  /* libmosquitto's keepalive counts in seconds */
#define SILENT_MS      20000 /* data sent but not acknowledged by TCP */
#define TAKEN_OVER_MS  30000
#define TAKEN_OVER     0x8e /* MQTT 5 section 3.14.2.1 */

struct mqtt_out {
	struct core *core;
	struct mqtt_out_user *users;
	struct mosquitto *mosq; /* NULL: not connected */
	bool up, taken_over;
	bool acked;  /* the broker has acknowledged something */
	bool broken; /* a write failed; the next turn drops it */
	int64_t up_since, next_connect, connect_by, next_tick, backoff;
	int connack; /* code of the last CONNACK, -1: none came */
	enum refusal refusal;
	struct log_limit refusals[REFUSAL_KINDS];
};

/* --- libmosquitto's callbacks: run in the loop thread, inside mqtt_out_turn */

static void on_connect(struct mosquitto *mosq, void *arg, int rc, int flags,
		       const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;
	uint16_t maximum = 0;
	const struct mqtt_out_user *user;
	int window = MQTT_OUT_WINDOW_MAX;

	(void)mosq;
	(void)flags;
	o->connack = rc;
	if (rc != 0)
		return; /* the broker closes, which is logged then */
	if (mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
					  &maximum, false) &&
	    maximum > 0 && maximum < window)
		window = maximum;
	o->up = true;
	o->up_since = o->core->now;
	o->refusal = REFUSAL_OTHER;
	log_info(o->core->log, "mqtt_connected", LOG_STR("connection", "out"),
		 LOG_STR("url", o->core->config->mqtt.url),
		 LOG_INT("window", window));
	for (user = o->users; user; user = user->next)
		user->up(user->arg, window);
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
	o->acked = true;
	for (user = o->users; user; user = user->next)
		if (user->puback(user->arg, mid, rc))
			return;
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
		if (user->message(user->arg, message->topic, message->payload,
				  (size_t)message->payloadlen))
			return;
}

/* --- the connection */

/* From 2.0.12 on, libmosquitto does not recognise a 3.1.1 broker's CONNACK: it
 * lacks MQTT 5's properties and is therefore malformed. */
static enum refusal refusal_now(const struct mqtt_out *o, int rc)
{
	if (o->connack > 0)
		return refusal_of(o->connack);
	if (rc == MOSQ_ERR_MALFORMED_PACKET &&
	    o->core->config->mqtt.version == 5)
		return REFUSAL_VERSION;
	return rc == MOSQ_ERR_CONN_LOST ? REFUSAL_CLOSED : REFUSAL_OTHER;
}

static void report_refused(struct mqtt_out *o, int rc, const char *why)
{
	int code = o->connack > 0 ? o->connack : rc;

	if (o->connack > 0)
		why = o->core->config->mqtt.version == 5
			      ? mosquitto_reason_string(code)
			      : mosquitto_connack_string(code);
	o->refusal = refusal_now(o, rc);
	refusal_log(o->core, o->refusals, "out", o->refusal, code,
		    why ? why : mosquitto_strerror(rc));
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

static void report_lost(const struct mqtt_out *o, int rc, const char *why)
{
	log_warn(o->core->log, "mqtt_lost", LOG_STR("connection", "out"),
		 LOG_STR("error", why ? why : mosquitto_strerror(rc)),
		 LOG_STR("hint", hint_of(o, rc)));
}

/* Closes the connection; why: NULL for the text of rc. */
static void drop(struct mqtt_out *o, int rc, const char *why)
{
	struct core *core = o->core;
	const struct mqtt_out_user *user;
	bool was_up = o->up;

	if (was_up)
		report_lost(o, rc, why);
	else
		report_refused(o, rc, why);
	/* A short-lived connection does not shorten the back-off, unless the
	 * broker has served us: then one command may have closed it, and the
	 * others need not wait. */
	if (was_up && (o->acked || core->now - o->up_since > o->backoff))
		o->backoff = RETRY_FIRST_MS;
	o->acked = false;
	mosquitto_destroy(o->mosq);
	o->mosq = NULL;
	o->up = o->broken = false;
	o->next_connect = core->now + o->backoff;
	o->backoff =
		o->backoff * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : o->backoff * 2;
	if (o->taken_over) {
		log_error(
			core->log, "mqtt_taken_over",
			LOG_STR("connection", "out"),
			LOG_STR("hint", "another client uses this client id"));
		o->next_connect += TAKEN_OVER_MS;
		o->taken_over = false;
	}
	for (user = o->users; was_up && user; user = user->next)
		user->down(user->arg);
}

/* OpenSSL asks here for the key file's password. */
static int on_password(char *buf, int size, int rwflag, void *arg)
{
	const struct mqtt_out *o = mosquitto_userdata(arg);
	const char *password = o->core->config->mqtt.tls.key_password;

	(void)rwflag;
	return snprintf(buf, (size_t)size, "%s", password);
}

static int set_options(struct mqtt_out *o)
{
	const struct config_mqtt *mqtt = &o->core->config->mqtt;
	const struct config_mqtt_tls *tls = &mqtt->tls;
	int version =
		mqtt->version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
	int rc = mosquitto_int_option(o->mosq, MOSQ_OPT_PROTOCOL_VERSION,
				      version);

	if (rc == 0)
		rc = mosquitto_int_option(o->mosq, MOSQ_OPT_SEND_MAXIMUM,
					  MQTT_OUT_WINDOW_MAX);
	if (rc == 0)
		rc = mosquitto_int_option(o->mosq, MOSQ_OPT_TCP_NODELAY, 1);
	if (rc == 0 && *mqtt->username)
		rc = mosquitto_username_pw_set(o->mosq, mqtt->username,
					       *mqtt->password ? mqtt->password
							       : NULL);
	if (rc != 0 || !mqtt->secure)
		return rc;
	if (!*tls->ca_file)
		rc = mosquitto_int_option(o->mosq, MOSQ_OPT_TLS_USE_OS_CERTS,
					  1);
	else
		rc = mosquitto_tls_set(o->mosq, tls->ca_file, NULL,
				       *tls->cert_file ? tls->cert_file : NULL,
				       *tls->key_file ? tls->key_file : NULL,
				       *tls->key_password ? on_password : NULL);
	return rc;
}

static void start_connect(struct mqtt_out *o)
{
	const struct config_mqtt *mqtt = &o->core->config->mqtt;
	char id[512];
	int rc, fd, ms = SILENT_MS;

	snprintf(id, sizeof(id), "%s-out", mqtt->client_id);
	o->mosq = mosquitto_new(id, true, o);
	if (!o->mosq) {
		o->next_connect = o->core->now + RETRY_MAX_MS;
		return;
	}
	mosquitto_connect_v5_callback_set(o->mosq, on_connect);
	mosquitto_disconnect_v5_callback_set(o->mosq, on_disconnect);
	mosquitto_publish_v5_callback_set(o->mosq, on_publish);
	mosquitto_message_v5_callback_set(o->mosq, on_message);
	o->connack = -1;
	o->connect_by = o->core->now + CONNECT_MS;
	o->next_tick = o->core->now + TICK_MS;
	rc = set_options(o);
	if (rc == 0)
		rc = mosquitto_connect_async(o->mosq, mqtt->host, mqtt->port,
					     (int)(mqtt->keepalive_ms / 1000));
	if (rc != 0) {
		drop(o, rc, NULL);
		return;
	}
	/* A peer that vanished is noticed by data that it does not
	 * acknowledge, long before the keepalive would notice it. */
	fd = mosquitto_socket(o->mosq);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
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
	o->backoff = RETRY_FIRST_MS;
	o->next_connect = core->now;
	*out = o;
	return 0;
}

void mqtt_out_join(struct mqtt_out *o, struct mqtt_out_user *user)
{
	struct mqtt_out_user **end = &o->users;

	while (*end)
		end = &(*end)->next;
	*end = user;
}

void mqtt_out_free(struct mqtt_out *o)
{
	if (!o)
		return;
	mosquitto_destroy(o->mosq);
	mosquitto_lib_cleanup();
	free(o);
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

int64_t mqtt_out_next(const struct mqtt_out *o)
{
	if (o->broken)
		return o->core->now;
	if (!o->mosq && o->core->stopping)
		return 0; /* no reconnect while stopping */
	return o->mosq ? o->next_tick : o->next_connect;
}

bool mqtt_out_connected(const struct mqtt_out *o)
{
	return o->up;
}

enum refusal mqtt_out_refusal(const struct mqtt_out *o)
{
	return o->refusal;
}

void mqtt_out_turn(struct mqtt_out *o)
{
	int64_t now = o->core->now;
	int rc;

	if (!o->mosq) {
		if (now >= o->next_connect && !o->core->stopping)
			start_connect(o);
		return;
	}
	if (o->broken) {
		drop(o, MOSQ_ERR_CONN_LOST, "write failed");
		return;
	}
	/* The socket does not block, so a needless read costs one recv(). */
	rc = mosquitto_loop_read(o->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && mosquitto_want_write(o->mosq))
		rc = mosquitto_loop_write(o->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && now >= o->next_tick) {
		rc = mosquitto_loop_misc(o->mosq);
		o->next_tick = now + TICK_MS;
	}
	if (rc != MOSQ_ERR_SUCCESS)
		drop(o, rc, NULL);
	else if (!o->up && now >= o->connect_by)
		drop(o, MOSQ_ERR_CONN_REFUSED, "no CONNACK in time");
}

void mqtt_out_flush(struct mqtt_out *o)
{
	if (o->mosq && !o->broken && mosquitto_want_write(o->mosq) &&
	    mosquitto_loop_write(o->mosq, 1) != MOSQ_ERR_SUCCESS)
		o->broken = true;
}

int mqtt_out_publish(struct mqtt_out *o, int *mid, const char *topic,
		     const void *payload, size_t len,
		     const mosquitto_property *properties)
{
	if (!o->up)
		return MOSQ_ERR_NO_CONN;
	return mosquitto_publish_v5(o->mosq, mid, topic, (int)len, payload, 1,
				    false, properties);
}

int mqtt_out_subscribe(struct mqtt_out *o, const char *filter, int qos)
{
	return o->up ? mosquitto_subscribe(o->mosq, NULL, filter, qos)
		     : MOSQ_ERR_NO_CONN;
}

void mqtt_out_reconnect(struct mqtt_out *o)
{
	if (o->mosq)
		drop(o, MOSQ_ERR_SUCCESS, "configuration reloaded");
	o->next_connect = o->core->now;
	o->backoff = RETRY_FIRST_MS;
}

void mqtt_out_stop(struct mqtt_out *o)
{
	if (!o->mosq)
		return;
	if (o->up) {
		mosquitto_disconnect(o->mosq);
		mosquitto_loop_write(o->mosq, 1);
	}
	mosquitto_destroy(o->mosq);
	o->mosq = NULL;
	o->up = false;
}
