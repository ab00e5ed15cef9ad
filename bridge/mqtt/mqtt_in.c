#include "bridge/mqtt/mqtt_in.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "bridge/mqtt/receive.h"
#include "ztp/gate_protocol.h"

#define RETRY_FIRST_MS 250
#define RETRY_MAX_MS   30000
#define TAKEN_OVER_MS  30000
#define CONNECT_S      10
#define STUCK_MS       20000 /* paho has not reported the result of a connect */
#define TAKEN_OVER     0x8e  /* MQTT 5 section 3.14.2.1 */

/* What paho's threads post to the loop; a later state replaces an
 * earlier one. */
enum link_state {
	LINK_NONE,
	LINK_CONNECTED,
	LINK_SUBSCRIBED,
	LINK_REFUSED, /* connect or subscribe failed */
	LINK_LOST,
};

enum phase { PHASE_DOWN, PHASE_CONNECTING, PHASE_SUBSCRIBING, PHASE_UP };

struct mqtt_in {
	struct core *core;
	MQTTAsync client;
	int wake_fd;

	pthread_mutex_t lock; /* guards the state */
	enum link_state state;
	int reason_code;
	char reason[128];
	_Atomic bool taken_over;

	struct receiver receiver; /* the receiving thread's */

	/* The loop's. */
	enum phase phase;
	bool paused;
	int64_t next, backoff;
	enum refusal refusal; /* of the last CONNECT */
	struct log_limit refusals[REFUSAL_KINDS];
};

static void post(struct mqtt_in *in, enum link_state state, int code,
		 const char *why)
{
	uint64_t one = 1;

	pthread_mutex_lock(&in->lock);
	in->state = state;
	in->reason_code = code;
	snprintf(in->reason, sizeof(in->reason), "%s", why ? why : "");
	pthread_mutex_unlock(&in->lock);
	if (write(in->wake_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full, so the loop is awake */
}

/* --- messages: paho's receiving thread */

static int on_message(void *arg, char *topic, int topic_len,
		      MQTTAsync_message *message)
{
	struct mqtt_in *in = arg;
	/* A length of 0 means that the topic ends with a NUL; otherwise it
	 * contains one. */
	size_t n = topic_len > 0 ? (size_t)topic_len : strlen(topic);
	size_t len = message->payloadlen > 0 ? (size_t)message->payloadlen : 0;

	if (message->retained)
		log_warn(in->core->log, "retained_ignored",
			 LOG_STRN("topic", topic, n));
	else
		receive_message(&in->receiver, topic, message->payload, len);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

/* --- the connection: paho's threads */

static void on_lost(void *arg, char *cause)
{
	post(arg, LINK_LOST, 0, cause ? cause : "connection lost");
}

static void on_disconnected(void *arg, MQTTProperties *properties,
			    enum MQTTReasonCodes code)
{
	struct mqtt_in *in = arg;

	(void)properties;
	if ((int)code == TAKEN_OVER)
		atomic_store(&in->taken_over, true);
	post(in, LINK_LOST, (int)code, MQTTReasonCode_toString(code));
}

static void on_connect5(void *arg, MQTTAsync_successData5 *data)
{
	(void)data;
	post(arg, LINK_CONNECTED, 0, NULL);
}

static void on_connect(void *arg, MQTTAsync_successData *data)
{
	(void)data;
	post(arg, LINK_CONNECTED, 0, NULL);
}

static void on_failure5(void *arg, MQTTAsync_failureData5 *data)
{
	int code = data ? (int)data->reasonCode : 0;

	if (code == 0 && data)
		code = data->code;
	post(arg, LINK_REFUSED, code,
	     data && data->message ? data->message : NULL);
}

static void on_failure(void *arg, MQTTAsync_failureData *data)
{
	post(arg, LINK_REFUSED, data ? data->code : 0,
	     data && data->message ? data->message : NULL);
}

static void on_subscribe5(void *arg, MQTTAsync_successData5 *data)
{
	int i, n = data->alt.sub.reasonCodeCount;
	int worst = (int)data->reasonCode;

	for (i = 0; i < n && n > 1; i++)
		if ((int)data->alt.sub.reasonCodes[i] > worst)
			worst = (int)data->alt.sub.reasonCodes[i];
	post(arg, worst >= 0x80 ? LINK_REFUSED : LINK_SUBSCRIBED, worst,
	     worst >= 0x80 ? "subscription refused" : NULL);
}

static void on_subscribe(void *arg, MQTTAsync_successData *data)
{
	(void)data;
	post(arg, LINK_SUBSCRIBED, 0, NULL);
}

/* --- the connection: the loop */

static void retry_later(struct mqtt_in *in)
{
	uint32_t random;
	int64_t delay = in->backoff;

	ztp_random(&random, sizeof(random));
	in->backoff =
		in->backoff * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : in->backoff * 2;
	delay += (int64_t)(random % ((uint32_t)delay / 2 + 1));
	if (atomic_exchange(&in->taken_over, false)) {
		log_error(
			in->core->log, "mqtt_taken_over",
			LOG_STR("client_id", in->core->config->mqtt.client_id),
			LOG_STR("hint", "another client uses this client id"));
		if (delay < TAKEN_OVER_MS)
			delay += TAKEN_OVER_MS;
	}
	in->phase = PHASE_DOWN;
	in->next = in->core->now + delay;
}

static void set_tls(MQTTAsync_SSLOptions *ssl,
		    const struct config_mqtt_tls *tls)
{
	ssl->enableServerCertAuth = 1;
	ssl->verify = 1;
	if (*tls->ca_file)
		ssl->trustStore = tls->ca_file;
	if (*tls->cert_file)
		ssl->keyStore = tls->cert_file;
	if (*tls->key_file)
		ssl->privateKey = tls->key_file;
	if (*tls->key_password)
		ssl->privateKeyPassword = tls->key_password;
}

static void connect_now(struct mqtt_in *in)
{
	const struct config_mqtt *mqtt = &in->core->config->mqtt;
	MQTTAsync_connectOptions three = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions five = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_connectOptions *o = mqtt->version == 5 ? &five : &three;
	MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTProperty expiry = {
		.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
		.value.integer4 = UINT32_MAX, /* never; section 3.1.2.11.2 */
	};
	int rc;

	if (mqtt->version == 5) {
		o->cleanstart = 0;
		o->onSuccess5 = on_connect5;
		o->onFailure5 = on_failure5;
		if (MQTTProperties_add(&properties, &expiry) == 0)
			o->connectProperties = &properties;
	} else {
		o->MQTTVersion = MQTTVERSION_3_1_1;
		o->cleansession = 0;
		o->onSuccess = on_connect;
		o->onFailure = on_failure;
	}
	o->context = in;
	o->keepAliveInterval = (int)(mqtt->keepalive_ms / 1000);
	o->connectTimeout = CONNECT_S;
	if (*mqtt->username)
		o->username = mqtt->username;
	if (*mqtt->password)
		o->password = mqtt->password;
	if (mqtt->secure) {
		set_tls(&ssl, &mqtt->tls);
		o->ssl = &ssl;
	}
	in->phase = PHASE_CONNECTING;
	in->next = in->core->now + STUCK_MS;
	rc = MQTTAsync_connect(in->client, o);
	MQTTProperties_free(&properties);
	if (rc == MQTTASYNC_SUCCESS)
		return;
	log_warn(in->core->log, "mqtt_refused", LOG_STR("connection", "in"),
		 LOG_INT("code", rc), LOG_STR("error", MQTTAsync_strerror(rc)));
	retry_later(in);
}

static void subscribe(struct mqtt_in *in)
{
	const struct config_mqtt *mqtt = &in->core->config->mqtt;
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
	MQTTSubscribe_options no_retained[2];
	char *filters[2];
	int qos[2] = {1, 1};
	int n = 0, i, rc;

	filters[n++] = mqtt->pending_topic;
	if (mqtt->registrar == CONFIG_REGISTRAR_GATE)
		filters[n++] = (char *)(uintptr_t)ZTP_MQTT_AUDIT;
	for (i = 0; i < n; i++) {
		no_retained[i] = (MQTTSubscribe_options)
			MQTTSubscribe_options_initializer;
		no_retained[i].retainHandling = 2;
	}
	o.context = in;
	if (mqtt->version == 5) {
		o.onSuccess5 = on_subscribe5;
		o.onFailure5 = on_failure5;
		o.subscribeOptions = no_retained[0];
		o.subscribeOptionsList = no_retained;
		o.subscribeOptionsCount = n;
	} else {
		o.onSuccess = on_subscribe;
		o.onFailure = on_failure;
	}
	in->phase = PHASE_SUBSCRIBING;
	in->next = in->core->now + STUCK_MS;
	rc = MQTTAsync_subscribeMany(in->client, n, filters, qos, &o);
	if (rc != MQTTASYNC_SUCCESS)
		post(in, LINK_REFUSED, rc, MQTTAsync_strerror(rc));
}

static void disconnect(struct mqtt_in *in)
{
	MQTTAsync_disconnectOptions o = MQTTAsync_disconnectOptions_initializer;
	MQTTAsync_disconnectOptions o5 =
		MQTTAsync_disconnectOptions_initializer5;

	o.timeout = o5.timeout = 100; /* ms, for messages in flight */
	MQTTAsync_disconnect(in->client,
			     in->core->config->mqtt.version == 5 ? &o5 : &o);
	in->phase = PHASE_DOWN;
}

static void on_state(struct mqtt_in *in, enum link_state state, int code,
		     const char *reason)
{
	struct log *log = in->core->log;

	switch (state) {
	case LINK_CONNECTED:
		if (in->paused)
			disconnect(in);
		else
			subscribe(in);
		break;
	case LINK_SUBSCRIBED:
		in->phase = PHASE_UP;
		in->backoff = RETRY_FIRST_MS;
		in->next = 0;
		in->refusal = REFUSAL_OTHER;
		log_info(
			log, "mqtt_connected", LOG_STR("connection", "in"),
			LOG_STR("url", in->core->config->mqtt.url),
			LOG_STR("topic", in->core->config->mqtt.pending_topic));
		break;
	case LINK_REFUSED:
		/* Without a CONNACK, paho reports a closed connection and an
		 * unreachable address alike; mqtt_out, which connects to the
		 * same address, can tell them apart. */
		in->refusal = in->phase == PHASE_CONNECTING ? refusal_of(code)
							    : REFUSAL_OTHER;
		refusal_log(in->core, in->refusals, "in", in->refusal, code,
			    reason);
		if (in->phase == PHASE_SUBSCRIBING)
			disconnect(in);
		retry_later(in);
		break;
	case LINK_LOST:
		if (in->phase == PHASE_DOWN)
			break; /* we disconnected ourselves */
		log_warn(log, "mqtt_lost", LOG_STR("connection", "in"),
			 LOG_INT("reason_code", code),
			 LOG_STR("error", reason));
		retry_later(in);
		break;
	case LINK_NONE:
		break;
	}
}

void mqtt_in_collect(struct mqtt_in *in)
{
	enum link_state state;
	char reason[sizeof(in->reason)];
	int code;

	pthread_mutex_lock(&in->lock);
	state = in->state;
	code = in->reason_code;
	memcpy(reason, in->reason, sizeof(reason));
	in->state = LINK_NONE;
	pthread_mutex_unlock(&in->lock);
	on_state(in, state, code, reason);
	if (in->paused || in->core->stopping || in->next == 0 ||
	    in->core->now < in->next)
		return;
	if (in->phase != PHASE_DOWN) {
		log_warn(in->core->log, "mqtt_stuck",
			 LOG_STR("connection", "in"));
		disconnect(in);
		retry_later(in);
		return;
	}
	connect_now(in);
}

int64_t mqtt_in_next(const struct mqtt_in *in)
{
	return in->paused ? 0 : in->next;
}

void mqtt_in_pause(struct mqtt_in *in, const char *why)
{
	if (in->paused)
		return;
	log_warn(in->core->log, "intake_paused", LOG_STR("reason", why));
	in->paused = true;
	if (in->phase != PHASE_DOWN)
		disconnect(in);
}

void mqtt_in_resume(struct mqtt_in *in)
{
	if (!in->paused)
		return;
	log_info(in->core->log, "intake_resumed");
	in->paused = false;
	in->backoff = RETRY_FIRST_MS;
	in->phase = PHASE_DOWN;
	in->next = in->core->now + 1;
}

bool mqtt_in_paused(const struct mqtt_in *in)
{
	return in->paused;
}

bool mqtt_in_connected(const struct mqtt_in *in)
{
	return in->phase == PHASE_UP;
}

enum refusal mqtt_in_refusal(const struct mqtt_in *in)
{
	return in->refusal;
}

void mqtt_in_reconnect(struct mqtt_in *in)
{
	if (in->paused)
		return;
	disconnect(in);
	in->backoff = RETRY_FIRST_MS;
	in->next = in->core->now + 1;
}

int mqtt_in_new(struct mqtt_in **out, struct core *core,
		struct journal *journal, int wake_fd, int work_fd,
		struct ztp_error *error)
{
	const struct config_mqtt *mqtt = &core->config->mqtt;
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
	struct mqtt_in *in = calloc(1, sizeof(*in));
	bool six = strchr(mqtt->host, ':') != NULL;
	char url[512];
	int rc;

	if (!in)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	in->core = core;
	in->wake_fd = wake_fd;
	in->receiver = (struct receiver){.core = core,
					 .journal = journal,
					 .coalesce = {.work_fd = work_fd}};
	in->backoff = RETRY_FIRST_MS;
	in->next = core->now;
	pthread_mutex_init(&in->lock, NULL);
	/* By default paho traces every function call into memory, which takes
	 * a third of its time per message. */
	MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
	options.MQTTVersion =
		mqtt->version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	snprintf(url, sizeof(url), "%s://%s%s%s:%d",
		 mqtt->secure ? "ssl" : "tcp", six ? "[" : "", mqtt->host,
		 six ? "]" : "", mqtt->port);
	rc = MQTTAsync_createWithOptions(&in->client, url, mqtt->client_id,
					 MQTTCLIENT_PERSISTENCE_NONE, NULL,
					 &options);
	if (rc == MQTTASYNC_SUCCESS)
		rc = MQTTAsync_setCallbacks(in->client, in, on_lost, on_message,
					    NULL);
	if (rc == MQTTASYNC_SUCCESS && mqtt->version == 5)
		rc = MQTTAsync_setDisconnected(in->client, in, on_disconnected);
	if (rc != MQTTASYNC_SUCCESS) {
		mqtt_in_free(in);
		return ztp_fail(error, ZTP_ERR_INTERNAL, "MQTT client: %s",
				MQTTAsync_strerror(rc));
	}
	*out = in;
	return 0;
}

void mqtt_in_free(struct mqtt_in *in)
{
	if (!in)
		return;
	if (in->client) {
		if (MQTTAsync_isConnected(in->client))
			disconnect(in);
		MQTTAsync_destroy(&in->client);
	}
	pthread_mutex_destroy(&in->lock);
	receive_clear(&in->receiver);
	free(in);
}
