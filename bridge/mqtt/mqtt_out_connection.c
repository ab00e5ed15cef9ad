#include "bridge/mqtt/mqtt_out_internal.h"

#include <stdio.h>

#include "bridge/mqtt/mosq_open.h"

#define ASK_MS	   2000 /* for the answers to what a user asks first */
#define TAKEN_OVER 0x8e /* MQTT 5 section 3.14.2.1 */
#define REFUSED	   0x80 /* the least of a broker's reasons to disconnect */
#define AWAY_3	   3	/* CONNACK: server unavailable, MQTT 3.1.1 */
#define AWAY_5	   0x88 /* and MQTT 5 */

/* --- up */

void mqtt_out_go_up(struct mqtt_out *o)
{
	const struct mqtt_out_user *user;

	o->up = true;
	o->ask_by = 0;
	log_info(o->core->log, "mqtt_connected", LOG_STR("connection", o->name),
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
		.packet_size = o->core->config->mqtt.max_command,
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
	name_worked(o->host);
	o->refusal = REFUSAL_OTHER;
	reconnect_up(&o->reconnect, o->core->now);
	if (is_asking(o))
		o->ask_by = o->core->now + ASK_MS;
	else
		mqtt_out_go_up(o);
}

static void on_disconnect(struct mosquitto *mosq, void *arg, int rc,
			  const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;

	(void)mosq;
	(void)properties;
	/* libmosquitto may call once more, for the socket that it has closed. */
	if (rc >= REFUSED)
		o->said = rc;
}

static void on_publish(struct mosquitto *mosq, void *arg, int mid, int rc,
		       const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;
	const struct mqtt_out_user *user;

	(void)mosq;
	(void)properties;
	o->heard++;
	unacked_remove(&o->unacked, mid, o->core->now);
	reconnect_served(&o->reconnect);
	for (user = o->users; user; user = user->next)
		if (user->puback && user->puback(user->arg, mid, rc))
			return;
}

static void on_suback(struct mosquitto *mosq, void *arg, int mid, int count,
		      const int *granted, const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;
	const struct mqtt_out_user *user;

	(void)mosq;
	(void)properties;
	if (count < 1 || !subscriptions_suback(&o->subscriptions, mid, *granted,
					       &o->granted, o->core))
		return;
	for (user = o->users; user; user = user->next)
		if (user->granted)
			user->granted(user->arg);
}

static void on_message(struct mosquitto *mosq, void *arg,
		       const struct mosquitto_message *message,
		       const mosquitto_property *properties)
{
	struct mqtt_out *o = arg;
	const struct mqtt_out_user *user;

	(void)mosq;
	(void)properties;
	o->heard++;
	o->heard_bytes += (size_t)message->payloadlen;
	if (message->retain)
		return;
	for (user = o->users; user; user = user->next)
		if (user->message &&
		    user->message(user->arg, message->topic,
				  message->payload ? message->payload : "",
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

/* And here whether the certificate is accepted; why not is for the log. */
static int on_verify(X509_STORE_CTX *store, void *arg)
{
	struct mqtt_out *o = arg;
	const struct config_mqtt *mqtt = &o->core->config->mqtt;
	const struct ztp_tls_wish wish = {.host = mqtt->host,
					  .ca_file = mqtt->tls.ca_file};

	o->tls_refusal = REFUSAL_TLS;
	return ztp_tls_why(o->tls_why, store, &wish);
}

/* What the broker says is said to the library in other words, if at all: in TLS
 * 1.3 the bridge's certificate is judged after the handshake. */
static void on_info(const SSL *ssl, int where, int value)
{
	struct mqtt_out *o = SSL_get_app_data(ssl);

	if (where & SSL_CB_HANDSHAKE_DONE)
		o->tls_up = true;
	if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT ||
	    value >> 8 != SSL3_AL_FATAL)
		return;
	value &= 0xff;
	o->tls_refusal = refusal_of_alert(value);
	/* OpenSSL 3.0 has no words for this one. */
	snprintf(o->tls_why, sizeof(o->tls_why), "the broker says: %s (%d)",
		 value == TLS13_AD_CERTIFICATE_REQUIRED
			 ? "certificate required"
			 : SSL_alert_desc_string_long(value),
		 value);
}

/* --- down */

/* From 2.0.12 on, libmosquitto does not recognise a 3.1.1 broker's CONNACK: it
 * lacks MQTT 5's properties and is therefore malformed. */
static enum refusal refusal_now(const struct mqtt_out *o, int rc)
{
	if (o->connack > 0)
		return refusal_of(o->connack);
	if (rc == MOSQ_ERR_EAI)
		return REFUSAL_NAME;
	if (*o->tls_why)
		return o->tls_refusal;
	if (o->core->config->mqtt.secure && !o->tls_up &&
	    (o->accepted || rc == MOSQ_ERR_TLS))
		return REFUSAL_HANDSHAKE;
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
	if (o->connack > 0)
		return o->connack ==
		       (o->core->config->mqtt.version == 5 ? AWAY_5 : AWAY_3);
	if (o->accepted)
		return o->worked && rc != MOSQ_ERR_TLS && !*o->tls_why;
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
	else if (*o->tls_why)
		why = o->tls_why;
	o->refusal = refusal_now(o, rc);
	refusal_log(o->core, o->refusals, o->name, o->refusal, code,
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
	bool told = o->said == TAKEN_OVER;
	bool busy = unacked_since(&o->unacked) != 0 ||
		    subscriptions_since(&o->subscriptions) != 0 || !o->up ||
		    o->said != 0;

	if (!why)
		why = o->said ? mosquitto_reason_string(o->said)
			      : mosquitto_strerror(rc);
	log_warn(o->core->log, "mqtt_lost", LOG_STR("connection", o->name),
		 LOG_STR("url", o->core->config->mqtt.url),
		 LOG_INT("reason_code", o->said), LOG_STR("error", why),
		 LOG_STR("hint", hint_of(o, rc)));
	core_lost(o->core);
	if (!reconnect_lost(&o->reconnect, o->core->now, told, busy))
		return;
	o->refusal = refusal_log_taken_over(o->core, o->name, o->id, told);
}

static void tell_down(struct mqtt_out *o, bool was_up)
{
	const struct mqtt_out_user *user;

	for (user = o->users; user; user = user->next)
		if (user->down && (was_up || user->ask))
			user->down(user->arg);
}

void mqtt_out_drop(struct mqtt_out *o, int rc, const char *why)
{
	bool was_linked = o->linked, was_up = o->up;

	if (was_linked)
		on_lost(o, rc, why);
	else if (rc != MOSQ_ERR_SUCCESS) /* else it is given up on purpose */
		on_refused(o, rc, why);
	mosquitto_destroy(o->mosq);
	o->mosq = NULL;
	o->linked = o->up = o->broken = false;
	o->said = 0;
	if (was_linked)
		tell_down(o, was_up);
	unacked_reset(&o->unacked, 0);
	subscriptions_reset(&o->subscriptions, false);
}

/* --- */

static int open_address(struct mqtt_out *o)
{
	const struct mosq_callbacks callbacks = {
		.connect = on_connect,
		.disconnect = on_disconnect,
		.publish = on_publish,
		.subscribe = on_suback,
		.message = on_message,
		.verify = on_verify,
		.info = on_info,
		.password = on_password,
		.arg = o,
	};
	int rc;

	name_tell_here(o->host);
	rc = mosq_open(&o->mosq, o->core, o->id, &callbacks);
	name_done(o->host);
	return rc;
}

/* libmosquitto has the words for its own log only. The files may have been
 * replaced since the start. */
static void blame_files(struct mqtt_out *o)
{
	struct ztp_error why = {0};

	if (core_files_usable(o->core, &why))
		return;
	o->tls_refusal = REFUSAL_TLS_FILES;
	snprintf(o->tls_why, sizeof(o->tls_why), "%s", why.message);
}

/* The kernel may know at once that nobody is there: of "localhost", ::1 often
 * comes first, and the broker has 127.0.0.1 only. */
static void open_connection(struct mqtt_out *o)
{
	int rc = open_address(o);

	while (rc == MOSQ_ERR_ERRNO && name_another(o->host)) {
		mosquitto_destroy(o->mosq);
		o->mosq = NULL;
		rc = open_address(o);
	}
	o->connect_since = o->core->now;
	o->next_tick = o->core->now + MQTT_OUT_ACCEPT_MS;
	if (rc == MOSQ_ERR_TLS || rc == MOSQ_ERR_INVAL)
		blame_files(o);
	if (rc != 0)
		mqtt_out_drop(o, rc, NULL);
}

void mqtt_out_connect(struct mqtt_out *o)
{
	enum name_state state = name_look_up(o->host);

	if (state == NAME_WAITS)
		return;
	o->connack = -1;
	o->tls_why[0] = '\0';
	o->accepted = o->tls_up = false;
	if (state == NAME_FOUND)
		open_connection(o);
	else
		mqtt_out_drop(o, MOSQ_ERR_EAI, name_error(o->host));
}
