#include "bridge/mqtt/mqtt_link.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/mqtt/receive.h"

#define CONNECT_S  10
#define TAKEN_OVER 0x8e /* MQTT 5 section 3.14.2.1 */

struct mqtt_link {
	struct core *core;
	MQTTAsync client;
	int wake_fd;
	bool closing;		  /* paho has been asked to disconnect */
	struct receiver receiver; /* the receiving thread's */

	pthread_mutex_t lock; /* guards the news */
	struct mqtt_link_news news;
};

static void post_news(struct mqtt_link *link, const struct mqtt_link_news *news)
{
	uint64_t one = 1;
	bool taken_over;

	pthread_mutex_lock(&link->lock);
	taken_over = link->news.taken_over || news->taken_over;
	link->news = *news;
	link->news.taken_over = taken_over;
	pthread_mutex_unlock(&link->lock);
	if (write(link->wake_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full, so the loop is awake */
}

static void post(struct mqtt_link *link, enum mqtt_link_state state, int code,
		 const char *why)
{
	struct mqtt_link_news news = {
		.state = state,
		.code = code,
		.taken_over = state == LINK_LOST && code == TAKEN_OVER,
	};

	snprintf(news.why, sizeof(news.why), "%s", why ? why : "");
	post_news(link, &news);
}

void mqtt_link_take(struct mqtt_link *link, struct mqtt_link_news *news)
{
	pthread_mutex_lock(&link->lock);
	*news = link->news;
	link->news = (struct mqtt_link_news){.state = LINK_NONE};
	pthread_mutex_unlock(&link->lock);
}

/* --- messages: paho's receiving thread */

static int on_message(void *arg, char *topic, int topic_len,
		      MQTTAsync_message *message)
{
	struct mqtt_link *link = arg;
	/* A length of 0 means that the topic ends with a NUL; otherwise it
	 * contains one. */
	size_t n = topic_len > 0 ? (size_t)topic_len : strlen(topic);
	size_t len = message->payloadlen > 0 ? (size_t)message->payloadlen : 0;

	if (message->retained)
		log_warn(link->core->log, "retained_ignored",
			 LOG_STRN("topic", topic, n));
	else
		receive_message(&link->receiver, topic, message->payload, len);
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
	(void)properties;
	post(arg, LINK_LOST, (int)code, MQTTReasonCode_toString(code));
}

/* -1 if it is not there. */
static int64_t property(MQTTProperties *list, enum MQTTPropertyCodes code)
{
	if (!MQTTProperties_hasProperty(list, code))
		return -1;
	/* paho returns an unsigned number of four bytes as an int. */
	return (int64_t)MQTTProperties_getNumericValue(list, code) & UINT32_MAX;
}

static void on_connect5(void *arg, MQTTAsync_successData5 *data)
{
	struct mqtt_link_news news = {.state = LINK_CONNECTED,
				      .connack = CONNACK_NOTHING};

	if (data) {
		MQTTProperties *list = &data->properties;

		news.connack.session_expiry = property(
			list, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL);
		news.connack.keepalive =
			property(list, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE);
		news.connack.session_present =
			data->alt.connect.sessionPresent != 0;
	}
	post_news(arg, &news);
}

static void on_connect(void *arg, MQTTAsync_successData *data)
{
	struct mqtt_link_news news = {.state = LINK_CONNECTED,
				      .connack = CONNACK_NOTHING};

	news.connack.session_present =
		data && data->alt.connect.sessionPresent != 0;
	post_news(arg, &news);
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

/* The code of a success is the granted QoS. */
static void on_subscribe5(void *arg, MQTTAsync_successData5 *data)
{
	post(arg, LINK_SUBSCRIBED, (int)data->reasonCode, NULL);
}

static void on_subscribe(void *arg, MQTTAsync_successData *data)
{
	post(arg, LINK_SUBSCRIBED, data->alt.qos & 0xff, NULL);
}

static void on_unsubscribe5(void *arg, MQTTAsync_successData5 *data)
{
	(void)data;
	post(arg, LINK_UNSUBSCRIBED, 0, NULL);
}

static void on_unsubscribe(void *arg, MQTTAsync_successData *data)
{
	(void)data;
	post(arg, LINK_UNSUBSCRIBED, 0, NULL);
}

/* --- the connection: the loop */

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

int mqtt_link_connect(struct mqtt_link *link, int keepalive_s)
{
	const struct config_mqtt *mqtt = &link->core->config->mqtt;
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
	o->context = link;
	o->keepAliveInterval = keepalive_s;
	o->connectTimeout = CONNECT_S;
	if (*mqtt->username)
		o->username = mqtt->username;
	if (*mqtt->password)
		o->password = mqtt->password;
	if (mqtt->secure) {
		set_tls(&ssl, &mqtt->tls);
		o->ssl = &ssl;
	}
	link->closing = false;
	rc = MQTTAsync_connect(link->client, o);
	MQTTProperties_free(&properties);
	return rc;
}

int mqtt_link_subscribe(struct mqtt_link *link, const char *filter, int qos)
{
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
	char *topic = (char *)(uintptr_t)filter;

	o.context = link;
	if (link->core->config->mqtt.version == 5) {
		o.onSuccess5 = on_subscribe5;
		o.onFailure5 = on_failure5;
		o.subscribeOptions.retainHandling = 2; /* no retained ones */
	} else {
		o.onSuccess = on_subscribe;
		o.onFailure = on_failure;
	}
	return MQTTAsync_subscribeMany(link->client, 1, &topic, &qos, &o);
}

int mqtt_link_unsubscribe(struct mqtt_link *link, const char *filter)
{
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;

	o.context = link;
	if (link->core->config->mqtt.version == 5) {
		o.onSuccess5 = on_unsubscribe5;
		o.onFailure5 = on_failure5;
	} else {
		o.onSuccess = on_unsubscribe;
		o.onFailure = on_failure;
	}
	return MQTTAsync_unsubscribe(link->client, filter, &o);
}

/* Asked twice, paho would disconnect the next connection, too. */
void mqtt_link_disconnect(struct mqtt_link *link)
{
	MQTTAsync_disconnectOptions o = MQTTAsync_disconnectOptions_initializer;
	MQTTAsync_disconnectOptions o5 =
		MQTTAsync_disconnectOptions_initializer5;

	if (link->closing)
		return;
	o.timeout = o5.timeout = 100; /* ms, for messages in flight */
	link->closing =
		MQTTAsync_disconnect(link->client,
				     link->core->config->mqtt.version == 5
					     ? &o5
					     : &o) == MQTTASYNC_SUCCESS;
}

bool mqtt_link_is_open(const struct mqtt_link *link)
{
	return MQTTAsync_isConnected(link->client) != 0;
}

int mqtt_link_new(struct mqtt_link **out, struct core *core,
		  struct journal *journal, int wake_fd, int work_fd,
		  struct ztp_error *error)
{
	const struct config_mqtt *mqtt = &core->config->mqtt;
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
	struct mqtt_link *link = calloc(1, sizeof(*link));
	char url[512];
	int rc;

	if (!link)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	link->core = core;
	link->wake_fd = wake_fd;
	link->receiver = (struct receiver){.core = core,
					   .journal = journal,
					   .coalesce = {.work_fd = work_fd}};
	pthread_mutex_init(&link->lock, NULL);
	/* By default paho traces every function call into memory, which takes
	 * a third of its time per message. */
	MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
	options.MQTTVersion =
		mqtt->version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	/* An IPv6 address without brackets: with them, paho looks for "[" and the
	 * address in the broker's certificate. It takes what is behind the last
	 * colon for the port. */
	snprintf(url, sizeof(url), "%s://%s:%d", mqtt->secure ? "ssl" : "tcp",
		 mqtt->host, mqtt->port);
	rc = MQTTAsync_createWithOptions(&link->client, url, mqtt->client_id,
					 MQTTCLIENT_PERSISTENCE_NONE, NULL,
					 &options);
	if (rc == MQTTASYNC_SUCCESS)
		rc = MQTTAsync_setCallbacks(link->client, link, on_lost,
					    on_message, NULL);
	if (rc == MQTTASYNC_SUCCESS && mqtt->version == 5)
		rc = MQTTAsync_setDisconnected(link->client, link,
					       on_disconnected);
	if (rc != MQTTASYNC_SUCCESS) {
		mqtt_link_free(link);
		return ztp_fail(error, ZTP_ERR_INTERNAL, "MQTT client: %s",
				MQTTAsync_strerror(rc));
	}
	*out = link;
	return 0;
}

void mqtt_link_free(struct mqtt_link *link)
{
	if (!link)
		return;
	if (link->client) {
		if (mqtt_link_is_open(link))
			mqtt_link_disconnect(link);
		MQTTAsync_destroy(&link->client);
	}
	pthread_mutex_destroy(&link->lock);
	receive_clear(&link->receiver);
	free(link);
}
