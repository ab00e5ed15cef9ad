#include "bridge/commands.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bridge/delivery.h"
#include "bridge/registrar.h"

#define WINDOW_MAX     256
#define RETRY_FIRST_MS 250
#define RETRY_MAX_MS   30000
#define CONNECT_MS     10000 /* from connect() to CONNACK */
#define TICK_MS	       1000  /* libmosquitto's keepalive looks at seconds */
#define TAKEN_OVER_MS  30000
#define TAKEN_OVER     0x8e /* MQTT 5 section 3.14.2.1 */
#define ANSWERS_MAX    64   /* of devices, in one turn; others are said again */

#define ANSWER_SUFFIX "/events/provisioning"
#define ANSWER_FILTER "subscriptions/+/registries/+/devices/+" ANSWER_SUFFIX

enum phase { PHASE_DOWN, PHASE_CONNECTING, PHASE_UP };

/* One publish on its way. It is busy until what became of it is in the store
 * (settle), so that nobody takes it up twice. */
struct slot {
	int64_t n; /* 0: free */
	int mid;
	bool done;
	enum delivery_fate fate;
	int reason_code;
};

/* What a device has said about its command (delivery_ack: device). */
struct answer {
	char path[ZTP_PATH_MAX + 1];
	struct ztp_applied applied;
};

struct commands {
	struct bridge *b;
	struct mosquitto *mosq;
	enum phase phase;
	int64_t next_connect, connect_by, next_tick, backoff;
	int64_t lost_since; /* for the log */
	struct slot slots[WINDOW_MAX];
	int busy, waiting; /* of the slots: taken; without PUBACK yet */
	int window;	   /* how many may wait */
	double tokens;	   /* retries that may go now */
	int64_t tokens_at;
	struct answer answers[ANSWERS_MAX];
	int answer_count;
	bool taken_over;
	bool starved; /* something is due, but for the retry rate */
};

/* --- libmosquitto's callbacks: all in the loop thread, inside collect */

static void on_connect(struct mosquitto *mosq, void *arg, int rc, int flags,
		       const mosquitto_property *properties)
{
	struct commands *c = arg;
	struct bridge *b = c->b;
	uint16_t maximum = 0;

	(void)mosq;
	(void)flags;
	if (rc != 0) {
		log_warn(b->log, "mqtt_refused", LOG_STR("connection", "out"),
			 LOG_INT("reason_code", rc));
		return;
	}
	c->window = WINDOW_MAX;
	if (mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
					  &maximum, false) &&
	    maximum > 0 && maximum < c->window)
		c->window = maximum;
	c->phase = PHASE_UP;
	c->backoff = RETRY_FIRST_MS;
	log_info(b->log, "mqtt_connected", LOG_STR("connection", "out"),
		 LOG_STR("url", b->config->mqtt.url),
		 LOG_INT("window", c->window));
	if (b->config->mqtt.delivery_ack == CONFIG_ACK_DEVICE &&
	    mosquitto_subscribe(mosq, NULL, ANSWER_FILTER, 1) != 0)
		log_warn(b->log, "mqtt_subscribe_failed",
			 LOG_STR("topic", ANSWER_FILTER));
	if (b->registrar)
		registrar_connected(b->registrar, mosq);
}

static void on_disconnect(struct mosquitto *mosq, void *arg, int rc,
			  const mosquitto_property *properties)
{
	struct commands *c = arg;

	(void)mosq;
	(void)properties;
	c->taken_over = rc == TAKEN_OVER;
}

static void on_publish(struct mosquitto *mosq, void *arg, int mid, int rc,
		       const mosquitto_property *properties)
{
	struct commands *c = arg;
	int i;

	(void)mosq;
	(void)properties;
	for (i = 0; i < WINDOW_MAX; i++) {
		struct slot *slot = &c->slots[i];

		if (slot->n == 0 || slot->done || slot->mid != mid)
			continue;
		slot->done = true;
		slot->reason_code = rc;
		slot->fate = rc == 0	  ? DELIVERY_TAKEN
			     : rc == 0x10 ? DELIVERY_NO_SUBSCRIBER
					  : DELIVERY_REFUSED;
		c->waiting--;
		return;
	}
	if (rc >= 0x80 && c->b->registrar)
		registrar_denied(c->b->registrar, rc);
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && strcmp(text + len - n, suffix) == 0;
}

static void on_answer(struct commands *c, const char *topic, const char *text,
		      size_t len)
{
	struct answer *answer = &c->answers[c->answer_count];
	size_t n = strlen(topic) - strlen(ANSWER_SUFFIX);
	struct ztp_path path;
	struct ztp_error why;
	int rc = ztp_path_parse(&path, topic, n, &why);

	if (rc == 0 && c->answer_count == ANSWERS_MAX)
		rc = ztp_fail(&why, ZTP_ERR_TOO_MANY, "too many at once");
	if (rc == 0)
		rc = ztp_applied_parse(&answer->applied, text, len, &why);
	if (rc != 0) {
		log_warn(c->b->log, "applied_refused", LOG_STR("topic", topic),
			 LOG_WHY(&why));
		return;
	}
	memcpy(answer->path, topic, n);
	answer->path[n] = '\0';
	c->answer_count++;
}

static void on_message(struct mosquitto *mosq, void *arg,
		       const struct mosquitto_message *message,
		       const mosquitto_property *properties)
{
	struct commands *c = arg;

	(void)mosq;
	(void)properties;
	if (message->retain || message->payloadlen <= 0)
		return;
	if (ends_with(message->topic, ANSWER_SUFFIX))
		on_answer(c, message->topic, message->payload,
			  (size_t)message->payloadlen);
	else if (c->b->registrar)
		registrar_message(c->b->registrar, message->topic,
				  message->payload,
				  (size_t)message->payloadlen);
}

/* --- the connection */

static void drop(struct commands *c, const char *why)
{
	struct bridge *b = c->b;
	int i;

	if (c->phase == PHASE_UP || b->now - c->lost_since > RETRY_MAX_MS) {
		log_warn(b->log, "mqtt_lost", LOG_STR("connection", "out"),
			 LOG_STR("error", why));
		c->lost_since = b->now;
	}
	mosquitto_destroy(c->mosq);
	c->mosq = NULL;
	c->phase = PHASE_DOWN;
	c->next_connect = b->now + c->backoff;
	c->backoff =
		c->backoff * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : c->backoff * 2;
	/* What was not acknowledged will be said again; what was, is still to
	 * be applied. */
	for (i = 0; i < WINDOW_MAX; i++) {
		if (c->slots[i].n == 0 || c->slots[i].done)
			continue;
		c->slots[i].n = 0;
		c->busy--;
		c->b->metrics.commands[METRIC_COMMAND_LOST]++;
	}
	c->waiting = 0;
	if (c->taken_over) {
		log_error(b->log, "mqtt_taken_over",
			  LOG_STR("connection", "out"),
			  LOG_STR("hint", "another client uses this id"));
		c->next_connect += TAKEN_OVER_MS;
		c->taken_over = false;
	}
	if (b->registrar)
		registrar_disconnected(b->registrar);
}

static int set_options(struct commands *c)
{
	const struct config_mqtt *mqtt = &c->b->config->mqtt;
	const struct config_mqtt_tls *tls = &mqtt->tls;
	int version =
		mqtt->version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
	int rc = mosquitto_int_option(c->mosq, MOSQ_OPT_PROTOCOL_VERSION,
				      version);

	if (rc == 0)
		rc = mosquitto_int_option(c->mosq, MOSQ_OPT_SEND_MAXIMUM,
					  WINDOW_MAX);
	if (rc == 0)
		rc = mosquitto_int_option(c->mosq, MOSQ_OPT_TCP_NODELAY, 1);
	if (rc == 0 && *mqtt->username)
		rc = mosquitto_username_pw_set(c->mosq, mqtt->username,
					       *mqtt->password ? mqtt->password
							       : NULL);
	if (rc != 0 || !mqtt->secure)
		return rc;
	if (!*tls->ca_file)
		rc = mosquitto_int_option(c->mosq, MOSQ_OPT_TLS_USE_OS_CERTS,
					  1);
	else
		rc = mosquitto_tls_set(c->mosq, tls->ca_file, NULL,
				       *tls->cert_file ? tls->cert_file : NULL,
				       *tls->key_file ? tls->key_file : NULL,
				       NULL);
	return rc;
}

static void start(struct commands *c)
{
	const struct config_mqtt *mqtt = &c->b->config->mqtt;
	char id[512];
	int rc, fd, ms = 20000;

	snprintf(id, sizeof(id), "%s-out", mqtt->client_id);
	c->mosq = mosquitto_new(id, true, c);
	if (!c->mosq) {
		c->next_connect = c->b->now + RETRY_MAX_MS;
		return;
	}
	mosquitto_connect_v5_callback_set(c->mosq, on_connect);
	mosquitto_disconnect_v5_callback_set(c->mosq, on_disconnect);
	mosquitto_publish_v5_callback_set(c->mosq, on_publish);
	mosquitto_message_v5_callback_set(c->mosq, on_message);
	c->phase = PHASE_CONNECTING;
	c->connect_by = c->b->now + CONNECT_MS;
	c->next_tick = c->b->now + TICK_MS;
	rc = set_options(c);
	if (rc == 0)
		rc = mosquitto_connect_async(c->mosq, mqtt->host, mqtt->port,
					     (int)(mqtt->keepalive_ms / 1000));
	if (rc != 0) {
		drop(c, mosquitto_strerror(rc));
		return;
	}
	/* A peer that is gone without a word is noticed by what it does not
	 * acknowledge, not first by the keepalive. */
	fd = mosquitto_socket(c->mosq);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

int commands_new(struct commands **out, struct bridge *b,
		 struct ztp_error *error)
{
	struct commands *c = calloc(1, sizeof(*c));

	if (!c)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
		free(c);
		return ztp_fail(error, ZTP_ERR_INTERNAL, "libmosquitto");
	}
	c->b = b;
	c->backoff = RETRY_FIRST_MS;
	c->next_connect = b->now;
	c->lost_since = b->now;
	*out = c;
	return 0;
}

void commands_free(struct commands *c)
{
	if (!c)
		return;
	mosquitto_destroy(c->mosq);
	mosquitto_lib_cleanup();
	free(c);
}

int commands_fd(const struct commands *c, uint32_t *events)
{
	if (!c->mosq)
		return -1;
	*events = EPOLLIN;
	if (mosquitto_want_write(c->mosq))
		*events |= EPOLLOUT;
	return mosquitto_socket(c->mosq);
}

int64_t commands_next(const struct commands *c)
{
	return c->mosq ? c->next_tick : c->next_connect;
}

bool commands_connected(const struct commands *c)
{
	return c->phase == PHASE_UP;
}

int commands_in_flight(const struct commands *c)
{
	return c->busy;
}

void commands_collect(struct commands *c)
{
	int64_t now = c->b->now;
	int rc = MOSQ_ERR_SUCCESS;

	if (!c->mosq) {
		if (now >= c->next_connect && !c->b->stopping)
			start(c);
		return;
	}
	/* The socket does not block: reading without need costs a recv(). */
	rc = mosquitto_loop_read(c->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && mosquitto_want_write(c->mosq))
		rc = mosquitto_loop_write(c->mosq, 1);
	if (rc == MOSQ_ERR_SUCCESS && now >= c->next_tick) {
		rc = mosquitto_loop_misc(c->mosq);
		c->next_tick = now + TICK_MS;
	}
	if (rc == MOSQ_ERR_SUCCESS && c->phase == PHASE_CONNECTING &&
	    now >= c->connect_by)
		rc = MOSQ_ERR_CONN_LOST;
	if (rc != MOSQ_ERR_SUCCESS)
		drop(c, mosquitto_strerror(rc));
}

int commands_apply(struct commands *c, struct ztp_error *error)
{
	int i, rc = 0;

	for (i = 0; i < c->answer_count && rc == 0; i++)
		rc = delivery_applied(c->b, c->answers[i].path,
				      &c->answers[i].applied, error);
	if (c->busy == c->waiting)
		return rc;
	for (i = 0; i < WINDOW_MAX && rc == 0; i++)
		if (c->slots[i].n != 0 && c->slots[i].done)
			rc = delivery_done(c->b, c->slots[i].n,
					   c->slots[i].fate,
					   c->slots[i].reason_code, error);
	return rc;
}

void commands_settle(struct commands *c)
{
	int i;

	c->answer_count = 0;
	if (c->busy == c->waiting)
		return;
	for (i = 0; i < WINDOW_MAX; i++) {
		if (c->slots[i].n == 0 || !c->slots[i].done)
			continue;
		c->slots[i].n = 0;
		c->busy--;
	}
}

/* --- publishing */

static bool is_busy(const struct commands *c, int64_t n)
{
	int i;

	for (i = 0; i < WINDOW_MAX; i++)
		if (c->slots[i].n == n)
			return true;
	return false;
}

static struct slot *free_slot(struct commands *c)
{
	int i;

	for (i = 0; i < WINDOW_MAX; i++)
		if (c->slots[i].n == 0)
			return &c->slots[i];
	return NULL;
}

static int add_properties(mosquitto_property **list,
			  const struct store_request *r, const char *status,
			  const char *content_type, int64_t expiry_ms)
{
	uint32_t seconds = (uint32_t)((expiry_ms + 999) / 1000);
	int rc = 0;

	if (*content_type)
		rc = mosquitto_property_add_string(list, MQTT_PROP_CONTENT_TYPE,
						   content_type);
	if (rc == 0)
		rc = mosquitto_property_add_string_pair(
			list, MQTT_PROP_USER_PROPERTY, "request_id", r->id);
	if (rc == 0)
		rc = mosquitto_property_add_string_pair(
			list, MQTT_PROP_USER_PROPERTY, "status", status);
	if (rc == 0)
		rc = mosquitto_property_add_binary(
			list, MQTT_PROP_CORRELATION_DATA, r->id,
			(uint16_t)strlen(r->id));
	if (rc == 0)
		rc = mosquitto_property_add_int32(
			list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
			seconds > 0 ? seconds : 1);
	return rc;
}

static int send_command(struct commands *c, const struct store_request *r,
			const char *topic,
			const struct ztp_command_bytes *bytes,
			const char *status)
{
	struct slot *slot = free_slot(c);
	mosquitto_property *properties = NULL;
	int64_t expiry = r->due_at - c->b->now;
	int rc = 0;

	if (!slot)
		return MOSQ_ERR_OVERSIZE_PACKET;
	if (r->due_at == 0)
		expiry = c->b->config->onboarding.delivery_timeout_ms;
	if (c->b->config->mqtt.version == 5)
		rc = add_properties(&properties, r, status, bytes->content_type,
				    expiry);
	if (rc == 0)
		rc = mosquitto_publish_v5(c->mosq, &slot->mid, topic,
					  (int)bytes->len, bytes->data, 1,
					  false, properties);
	mosquitto_property_free_all(&properties);
	if (rc != 0)
		return rc;
	slot->n = r->n;
	slot->done = false;
	c->busy++;
	c->waiting++;
	return 0;
}

static const char *reason_of(const struct store_request *r,
			     const struct store_decision *d)
{
	if (r->state == ZTP_STATE_EXPIRED)
		return "expired";
	if (r->state == ZTP_STATE_CONFLICT)
		return "conflict";
	return d->reason;
}

/* Builds and publishes the command that r is owed. */
static int publish(struct commands *c, const struct store_request *r,
		   struct ztp_error *error)
{
	struct bridge *b = c->b;
	struct store_decision d;
	struct ztp_command_bytes bytes;
	char topic[ZTP_TOPIC_MAX + 1];
	struct ztp_path path;
	bool approved = r->todo == STORE_TODO_COMMAND;
	struct ztp_command command = {
		.request_id = r->id,
		.path = r->path,
		.status = approved ? "approved" : "rejected",
	};
	/* In raw format a rejection has nothing to be said with but the
	 * status among the properties. */
	int rc = store_decision_get(b->store, r->n, approved, &d, error);

	if (rc < 0)
		return rc;
	command.reason = reason_of(r, &d);
	command.message = d.message;
	command.payload = approved ? &d.payload : NULL;
	rc = ztp_path_parse(&path, r->path, strlen(r->path), error);
	if (rc == 0)
		rc = ztp_command_build(&bytes, b->config->mqtt.command_format,
				       &command, error);
	store_decision_clear(&d);
	if (rc != 0)
		return rc;
	ztp_topic_render(topic, b->config->mqtt.command_topic, &path);
	rc = send_command(c, r, topic, &bytes, command.status);
	ztp_command_clear(&bytes);
	if (rc == MOSQ_ERR_NO_CONN || rc == MOSQ_ERR_CONN_LOST)
		return 1;
	if (rc != 0)
		return ztp_fail(error, ZTP_ERR_VALUE, "cannot publish: %s",
				mosquitto_strerror(rc));
	return 0;
}

/* A command that cannot be said at all (larger than the broker takes) counts
 * as refused by it, and costs the others nothing. */
static void refuse(struct commands *c, const struct store_request *r)
{
	struct slot *slot = free_slot(c);

	if (!slot)
		return;
	*slot = (struct slot){.n = r->n,
			      .done = true,
			      .fate = DELIVERY_REFUSED,
			      .reason_code = -1};
	c->busy++;
}

struct pumping {
	struct commands *c;
	bool fresh;
	int sent;
	struct ztp_error error;
};

static int pump_one(void *arg, struct store_request *r)
{
	struct pumping *p = arg;
	struct commands *c = p->c;
	int rc;

	if (is_busy(c, r->n) ||
	    (c->b->registrar && registrar_busy(c->b->registrar, r->n)))
		return 0;
	if (!p->fresh && c->tokens < 1) {
		c->starved = true;
		return 1;
	}
	if (registrar_takes(c->b->registrar, r)) {
		if (!registrar_send(c->b->registrar, r))
			return 0; /* others need not wait for the gate */
		rc = 0;
	} else {
		if (c->waiting >= c->window || !free_slot(c))
			return 1;
		rc = publish(c, r, &p->error);
		if (rc == ZTP_ERR_VALUE || rc == ZTP_ERR_TOO_LARGE ||
		    rc == ZTP_ERR_PATH) {
			log_warn(c->b->log, "command_impossible",
				 LOG_STR("request_id", r->id),
				 LOG_WHY(&p->error));
			refuse(c, r);
			rc = 0;
		}
	}
	if (rc == 0) {
		p->sent++;
		if (!p->fresh)
			c->tokens -= 1;
	}
	return rc;
}

static void refill(struct commands *c)
{
	double rate = (double)c->b->config->mqtt.retry_rate;
	double elapsed = (double)(c->b->now - c->tokens_at) / 1000.0;

	c->tokens += elapsed * rate;
	if (c->tokens > rate / 5 + 1)
		c->tokens = rate / 5 + 1; /* bursts of a fifth of a second */
	c->tokens_at = c->b->now;
}

void commands_pump(struct commands *c)
{
	struct pumping p = {.c = c, .fresh = true};
	int limit, rc;

	if (c->phase != PHASE_UP)
		return;
	refill(c);
	/* What is on its way still stands in the store as due: read past it. */
	limit = 2 * c->window + registrar_in_flight(c->b->registrar);
	rc = store_retry_each(c->b->store, true, c->b->now, limit, pump_one, &p,
			      &p.error);
	p.fresh = false;
	c->starved = false;
	if (rc >= 0 && c->waiting < c->window)
		rc = store_retry_each(c->b->store, false, c->b->now, limit,
				      pump_one, &p, &p.error);
	if (rc < 0)
		log_error(c->b->log, "command_failed", LOG_WHY(&p.error));
	if (mosquitto_want_write(c->mosq) &&
	    mosquitto_loop_write(c->mosq, 1) != MOSQ_ERR_SUCCESS)
		drop(c, "write failed");
}

/* What is due already is on its way, or waits for room or the gate: each of
 * those wakes the loop. What waits for the retry rate is the exception. */
int64_t commands_due(const struct commands *c)
{
	int64_t now = c->b->now;
	int64_t fresh = store_next_retry(c->b->store, true);
	int64_t later = store_next_retry(c->b->store, false);

	if (c->starved)
		return now + 1000 / c->b->config->mqtt.retry_rate + 1;
	if (fresh <= now)
		return later > now ? later : 0;
	return later > now && later < fresh ? later : fresh;
}

bool commands_control(struct commands *c, const char *topic, const char *text)
{
	if (c->phase != PHASE_UP)
		return false;
	return mosquitto_publish(c->mosq, NULL, topic, (int)strlen(text), text,
				 1, false) == MOSQ_ERR_SUCCESS;
}

void commands_stop(struct commands *c)
{
	if (!c->mosq)
		return;
	if (c->phase == PHASE_UP) {
		mosquitto_disconnect(c->mosq);
		mosquitto_loop_write(c->mosq, 1);
	}
	mosquitto_destroy(c->mosq);
	c->mosq = NULL;
	c->phase = PHASE_DOWN;
}

void commands_reconnect(struct commands *c)
{
	if (c->mosq)
		drop(c, "configuration reloaded");
	c->next_connect = c->b->now;
	c->backoff = RETRY_FIRST_MS;
}
