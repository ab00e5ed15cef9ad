/*
 * The connection. MQTT 5 with a session that outlives it, so that an approval
 * is kept for a device that is away. The broker holds a new device (it may
 * subscribe to its command topic and do nothing else) or refuses it until it
 * has been approved; both look alike from here: connect, subscribe, wait, and
 * when that ends without an answer, again after a pause that grows.
 *
 * paho calls back from a thread of its own; what it says goes into struct
 * session under the lock, and this thread wakes up.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <MQTTAsync.h>

#include "tools/common/cli.h"
#include "tools/device/device.h"
#include "ztp/json.h"

#define CONNECT_S      10
#define PAUSE_FIRST_MS 1000
#define PAUSE_MAX_MS   10000
#define SESSION_S      (7 * 24 * 3600)
#define MESSAGE_MAX    (1024 * 1024)

enum link { LINK_TRYING, LINK_UP, LINK_LISTENING, LINK_DOWN, LINK_REFUSED };

struct session {
	const struct device *device;
	MQTTAsync client;
	char *topic;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum link link;
	bool answered;
	enum verdict verdict;
};

static void set_link(struct session *session, enum link link)
{
	pthread_mutex_lock(&session->lock);
	session->link = link;
	pthread_cond_signal(&session->changed);
	pthread_mutex_unlock(&session->lock);
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	set_link(context, LINK_UP);
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	set_link(context, LINK_LISTENING);
}

static void on_failed(void *context, MQTTAsync_failureData5 *data)
{
	/* paho puts CONNACK's reason into code, where its own are negative,
	 * and SUBACK's into reasonCode. */
	int reason = data->code >= 0x80 ? data->code : (int)data->reasonCode;
	bool refused = reason >= 0x80;

	if (refused)
		ztp_cli_warn(PROGRAM, "refused: 0x%02x", (unsigned)reason);
	else
		ztp_cli_warn(PROGRAM, "not connected: %s",
			     data->message ? data->message : "no reason told");
	set_link(context, refused ? LINK_REFUSED : LINK_DOWN);
}

static void on_lost(void *context, char *cause)
{
	(void)cause;
	ztp_cli_warn(PROGRAM, "connection lost");
	set_link(context, LINK_DOWN);
}

/* The envelope's status, or the user property that comes with either format.
 * The caller frees it. */
static char *status_of(const MQTTAsync_message *message)
{
	char *status = NULL;
	cJSON *tree = NULL;

	for (int i = 0; !status && i < message->properties.count; i++) {
		const MQTTProperty *p = &message->properties.array[i];

		if (p->identifier == MQTTPROPERTY_CODE_USER_PROPERTY &&
		    p->value.data.len == 6 &&
		    memcmp(p->value.data.data, "status", 6) == 0)
			status = strndup(p->value.value.data,
					 (size_t)p->value.value.len);
	}
	if (!status &&
	    ztp_json_parse(&tree, message->payload, (size_t)message->payloadlen,
			   MESSAGE_MAX, NULL) == 0) {
		const char *text = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(tree, "status"));
		status = text ? strdup(text) : NULL;
	}
	cJSON_Delete(tree);
	return status;
}

static bool keep(const char *file, const MQTTAsync_message *message)
{
	size_t len = (size_t)message->payloadlen;
	FILE *stream = fopen(file, "wbe");
	bool ok = stream && fwrite(message->payload, 1, len, stream) == len;

	if (stream && fclose(stream) != 0)
		ok = false;
	if (!ok)
		ztp_cli_warn(PROGRAM, "%s cannot be written", file);
	return ok;
}

static int on_message(void *context, char *topic, int topic_len,
		      MQTTAsync_message *message)
{
	struct session *session = context;
	char *status = status_of(message);
	bool approved = status && strcmp(status, "approved") == 0;
	bool rejected = status && strcmp(status, "rejected") == 0;
	bool kept = true;

	(void)topic_len;
	fwrite(message->payload, 1, (size_t)message->payloadlen, stdout);
	putchar('\n');
	fflush(stdout);
	if ((approved || rejected) && session->device->out)
		kept = keep(session->device->out, message);
	pthread_mutex_lock(&session->lock);
	if (approved || rejected) {
		session->answered = true;
		session->verdict = !kept      ? VERDICT_FAILED
				   : approved ? VERDICT_APPROVED
					      : VERDICT_REJECTED;
		pthread_cond_signal(&session->changed);
	}
	pthread_mutex_unlock(&session->lock);
	free(status);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

/* Until the link is no longer `while_link`, an answer, the deadline (ms) or a
 * signal; what the link is then. */
static enum link wait_while(struct session *session, enum link while_link,
			    int64_t deadline, bool *stopped)
{
	struct timespec until;
	enum link link;

	pthread_mutex_lock(&session->lock);
	while (session->link == while_link && !session->answered &&
	       ztp_cli_now() < deadline && !(*stopped = ztp_cli_stopped())) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 100000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&session->changed, &session->lock,
				       &until);
	}
	link = session->link;
	pthread_mutex_unlock(&session->lock);
	return link;
}

/* A new JWT each time: the last one may have expired. */
static bool start_connect(struct session *session)
{
	const struct device *device = session->device;
	MQTTAsync_connectOptions how = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTProperty expiry = {
		.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
		.value.integer4 = SESSION_S,
	};
	char *jwt = proof_jwt(device);
	bool ok = jwt && MQTTProperties_add(&properties, &expiry) == 0;

	tls.trustStore = device->ca;
	tls.verify = 1;
	how.ssl = strncmp(device->url, "ssl:", 4) == 0 ? &tls : NULL;
	how.cleanstart = 0;
	how.connectTimeout = CONNECT_S;
	how.username = device->username;
	how.password = jwt;
	how.connectProperties = &properties;
	how.onSuccess5 = on_connected;
	how.onFailure5 = on_failed;
	how.context = session;
	set_link(session, LINK_TRYING);
	if (ok && MQTTAsync_connect(session->client, &how) != 0)
		ok = false;
	MQTTProperties_free(&properties);
	free(jwt);
	return ok;
}

static bool start_subscribe(struct session *session)
{
	MQTTAsync_responseOptions how = MQTTAsync_responseOptions_initializer;

	how.onSuccess5 = on_subscribed;
	how.onFailure5 = on_failed;
	how.context = session;
	return MQTTAsync_subscribe(session->client, session->topic, 1, &how) ==
	       0;
}

static void hang_up(struct session *session)
{
	MQTTAsync_disconnectOptions how =
		MQTTAsync_disconnectOptions_initializer5;

	how.timeout = 1000; /* ms, for the PUBACK of the answer */
	if (MQTTAsync_isConnected(session->client))
		MQTTAsync_disconnect(session->client, &how);
	for (int64_t until = ztp_cli_now() + 2000;
	     MQTTAsync_isConnected(session->client) && ztp_cli_now() < until;)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* One connection from CONNECT to its end. */
static bool one_try(struct session *session, int64_t deadline, bool *stopped)
{
	enum link link = LINK_DOWN;

	if (!start_connect(session))
		return false;
	link = wait_while(session, LINK_TRYING, deadline, stopped);
	if (session->device->unused &&
	    (link == LINK_UP || link == LINK_REFUSED)) {
		session->answered = true;
		session->verdict =
			link == LINK_UP ? VERDICT_APPROVED : VERDICT_REFUSED;
		return true;
	}
	if (link == LINK_UP && start_subscribe(session))
		link = wait_while(session, LINK_UP, deadline, stopped);
	if (link == LINK_LISTENING)
		wait_while(session, LINK_LISTENING, deadline, stopped);
	return true;
}

static bool has_answer(struct session *session)
{
	bool answered;

	pthread_mutex_lock(&session->lock);
	answered = session->answered;
	pthread_mutex_unlock(&session->lock);
	return answered;
}

static enum verdict until_answered(struct session *session)
{
	int64_t deadline = ztp_cli_now() + session->device->wait_s * 1000LL;
	int64_t pause = PAUSE_FIRST_MS, until;
	bool stopped = false;

	while (ztp_cli_now() < deadline) {
		if (!one_try(session, deadline, &stopped) || stopped)
			return VERDICT_FAILED;
		if (has_answer(session))
			return session->verdict;
		hang_up(session);
		until = ztp_cli_now() + pause;
		set_link(session, LINK_DOWN);
		wait_while(session, LINK_DOWN,
			   until < deadline ? until : deadline, &stopped);
		if (stopped)
			return VERDICT_FAILED;
		pause = 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
	}
	return VERDICT_NO_ANSWER;
}

enum verdict session_run(const struct device *device)
{
	MQTTAsync_createOptions how = MQTTAsync_createOptions_initializer5;
	struct session session = {
		.device = device,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	enum verdict verdict = VERDICT_FAILED;

	if (asprintf(&session.topic, "%s/commands", device->path) < 0)
		return VERDICT_FAILED;
	if (MQTTAsync_createWithOptions(
		    &session.client, device->url, device->path,
		    MQTTCLIENT_PERSISTENCE_NONE, NULL, &how) == 0) {
		if (MQTTAsync_setCallbacks(session.client, &session, on_lost,
					   on_message, NULL) == 0)
			verdict = until_answered(&session);
		hang_up(&session);
		MQTTAsync_destroy(&session.client);
	}
	free(session.topic);
	return verdict;
}
