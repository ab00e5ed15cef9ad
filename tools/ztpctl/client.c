/*
 * paho calls back from its own threads. A callback locks, notes what happened,
 * and signals; the caller's thread waits on the condition. It waits for one
 * operation at a time; `step` says how that went.
 */
#include "tools/ztpctl/client.h"
#include "tools/common/broker_address.h"
#include "tools/common/cli.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "base/random.h"
#include "tools/common/tls_probe.h"
#include "ztp/codec.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define TIMEOUT_MS   15000
#define LOOK_MS	     100 /* is it told to end? */
#define PROBE_MS     5000
#define MESSAGE_MAX  (64 * 1024 * 1024)
#define BAD_PASSWORD 0x86
#define UNAUTHORIZED 0x87

enum step { STEP_WAITING, STEP_DONE, STEP_FAILED };

struct message {
	struct message *next;
	char *topic, *text; /* owned */
};

struct ztp_client {
	MQTTAsync mqtt;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	enum step step;
	int reason; /* why a step failed: an MQTT 5 code, or paho's (negative) */
	bool lost;
	int64_t patience; /* ms, beyond TIMEOUT_MS */
	struct message *first, **last;
};

static void finish(struct ztp_client *client, enum step step, int reason)
{
	pthread_mutex_lock(&client->mutex);
	client->step = step;
	client->reason = reason;
	pthread_cond_signal(&client->cond);
	pthread_mutex_unlock(&client->mutex);
}

static void on_success(void *context, MQTTAsync_successData5 *data)
{
	int reason = data ? (int)data->reasonCode : 0;

	finish(context, reason >= 0x80 ? STEP_FAILED : STEP_DONE, reason);
}

static void on_failure(void *context, MQTTAsync_failureData5 *data)
{
	int reason = -1;

	if (data)
		reason = data->reasonCode > 0 ? (int)data->reasonCode
					      : data->code;
	finish(context, STEP_FAILED, reason);
}

static void on_lost(void *context, char *cause)
{
	struct ztp_client *client = context;

	(void)cause;
	pthread_mutex_lock(&client->mutex);
	client->lost = true;
	pthread_cond_signal(&client->cond);
	pthread_mutex_unlock(&client->mutex);
}

static void message_free(struct message *message)
{
	if (!message)
		return;
	free(message->topic);
	free(message->text);
	free(message);
}

static int on_message(void *context, char *topic, int topic_len,
		      MQTTAsync_message *arrived)
{
	struct ztp_client *client = context;
	struct message *message = calloc(1, sizeof(*message));

	(void)topic_len;
	if (message) {
		message->topic = strdup(topic);
		message->text =
			strndup(arrived->payload, (size_t)arrived->payloadlen);
	}
	MQTTAsync_freeMessage(&arrived);
	MQTTAsync_free(topic);
	if (!message || !message->topic || !message->text) {
		message_free(message);
		return 1; /* the caller will run into its deadline */
	}
	pthread_mutex_lock(&client->mutex);
	*client->last = message;
	client->last = &message->next;
	pthread_cond_signal(&client->cond);
	pthread_mutex_unlock(&client->mutex);
	return 1;
}

/* ---- waiting */

/* Locked. */
static void wait_for(struct ztp_client *client, int64_t ms)
{
	struct timespec at = ztp_clock_after(CLOCK_MONOTONIC, ms);

	(void)pthread_cond_timedwait(&client->cond, &client->mutex, &at);
}

/* A step after CONNECT: whoever is let in may lack a right. */
static const char *reason_text(int reason)
{
	if (reason == UNAUTHORIZED)
		return "this user may not: is it in plugin_opt_operators?";
	if (reason >= 0x80)
		return MQTTReasonCode_toString((enum MQTTReasonCodes)reason);
	return "no connection";
}

/* True: the step is done. Otherwise *reason is the broker's or paho's code, and
 * *why what there is to say without one. */
static bool await_step(struct ztp_client *client, int *reason, const char **why)
{
	int64_t until = ztp_clock_boot() + TIMEOUT_MS;
	bool told = false;
	enum step step;

	pthread_mutex_lock(&client->mutex);
	while (client->step == STEP_WAITING && !client->lost &&
	       !(told = ztp_cli_stopped()) && ztp_clock_boot() < until)
		wait_for(client, LOOK_MS);
	step = client->step;
	*reason = client->reason;
	*why = NULL;
	if (step == STEP_WAITING)
		*why = client->lost ? "the broker closed the connection"
		       : told	    ? "interrupted"
				    : "no answer in time";
	pthread_mutex_unlock(&client->mutex);
	return step == STEP_DONE;
}

static int wait_step(struct ztp_client *client, const char *what,
		     struct ztp_error *error)
{
	const char *why;
	int reason;

	if (await_step(client, &reason, &why))
		return 0;
	return ztp_fail(error, ZTP_ERR_IO, "%s: %s", what,
			why ? why : reason_text(reason));
}

/* CONNECT failed: a refusal has a code, of all else paho knows nothing. */
static int wait_connect(struct ztp_client *client,
			const struct ztp_client_options *options,
			struct ztp_error *error)
{
	char found[ZTP_TLS_WHY_MAX] = "";
	const char *why;
	int reason;

	if (await_step(client, &reason, &why))
		return 0;
	if (!why && (reason == BAD_PASSWORD || reason == UNAUTHORIZED))
		why = options->username
			      ? "the broker refuses this username or its "
				"password"
			      : "the broker refuses clients without a username";
	else if (!why && reason >= 0x80)
		why = MQTTReasonCode_toString((enum MQTTReasonCodes)reason);
	if (!why)
		ztp_tls_probe(found, options->url, options->ca_file, PROBE_MS);
	if (!why)
		why = *found ? found : "no connection";
	return ztp_fail(error, ZTP_ERR_IO, "%.100s: %s", options->url, why);
}

/* Prepares a request whose acknowledgement wait_step waits for. */
static MQTTAsync_responseOptions begin_step(struct ztp_client *client)
{
	MQTTAsync_responseOptions options =
		MQTTAsync_responseOptions_initializer;

	options.onSuccess5 = on_success;
	options.onFailure5 = on_failure;
	options.context = client;
	pthread_mutex_lock(&client->mutex);
	client->step = STEP_WAITING;
	pthread_mutex_unlock(&client->mutex);
	return options;
}

int ztp_client_listen(struct ztp_client *client, const char *topic,
		      struct ztp_error *error)
{
	MQTTAsync_responseOptions options = begin_step(client);
	int rc = MQTTAsync_subscribe(client->mqtt, topic, 1, &options);

	if (rc != MQTTASYNC_SUCCESS)
		return ztp_fail(error, ZTP_ERR_IO, "subscribe: %s",
				MQTTAsync_strerror(rc));
	return wait_step(client, topic, error);
}

/* ---- connection */

static int connect_now(struct ztp_client *client,
		       const struct ztp_client_options *options,
		       struct ztp_error *error)
{
	MQTTAsync_connectOptions connect =
		MQTTAsync_connectOptions_initializer5;
	MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
	int rc;

	ssl.trustStore = options->ca_file;
	ssl.enableServerCertAuth = 1;
	ssl.verify = 1;
	connect.keepAliveInterval = 30;
	connect.connectTimeout = TIMEOUT_MS / 1000;
	connect.cleanstart = 1;
	connect.username = options->username;
	connect.password = options->password;
	connect.onSuccess5 = on_success;
	connect.onFailure5 = on_failure;
	connect.context = client;
	connect.ssl = &ssl; /* for mqtts:// */
	client->step = STEP_WAITING;
	rc = MQTTAsync_connect(client->mqtt, &connect);
	if (rc != MQTTASYNC_SUCCESS)
		return ztp_fail(error, ZTP_ERR_IO, "%s: %s", options->url,
				MQTTAsync_strerror(rc));
	return wait_connect(client, options, error);
}

static int create(struct ztp_client *client,
		  const struct ztp_client_options *options,
		  struct ztp_error *error)
{
	MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
	uint8_t random[8];
	char id[32] = "ztpctl-", url[ZTP_BROKER_URL_LEN];
	int rc = MQTTASYNC_BAD_PROTOCOL;

	ztp_random(random, sizeof(random));
	ztp_hex_encode(id + 7, random, sizeof(random));
	if (ztp_broker_paho_url(url, options->url))
		rc = MQTTAsync_createWithOptions(&client->mqtt, url, id,
						 MQTTCLIENT_PERSISTENCE_NONE,
						 NULL, &create);
	if (rc == MQTTASYNC_SUCCESS)
		rc = MQTTAsync_setCallbacks(client->mqtt, client, on_lost,
					    on_message, NULL);
	if (rc != MQTTASYNC_SUCCESS)
		return ztp_fail(error, ZTP_ERR_USAGE, "%s: %s", options->url,
				MQTTAsync_strerror(rc));
	return 0;
}

int ztp_client_open(struct ztp_client **out,
		    const struct ztp_client_options *options,
		    struct ztp_error *error)
{
	struct ztp_client *client = calloc(1, sizeof(*client));
	pthread_condattr_t attributes;
	int rc;

	*out = NULL;
	if (!client)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	client->last = &client->first;
	pthread_mutex_init(&client->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&client->cond, &attributes);
	pthread_condattr_destroy(&attributes);
	rc = create(client, options, error);
	if (rc == 0)
		rc = connect_now(client, options, error);
	if (rc == 0)
		rc = ztp_client_listen(client, ZTP_MQTT_RESPONSE, error);
	if (rc != 0) {
		ztp_client_close(client);
		return rc;
	}
	*out = client;
	return 0;
}

void ztp_client_close(struct ztp_client *client)
{
	struct message *message;

	if (!client)
		return;
	if (client->mqtt) {
		MQTTAsync_disconnectOptions options =
			MQTTAsync_disconnectOptions_initializer5;

		options.timeout = 100;
		(void)MQTTAsync_disconnect(client->mqtt, &options);
		MQTTAsync_destroy(&client->mqtt);
	}
	while ((message = client->first) != NULL) {
		client->first = message->next;
		message_free(message);
	}
	pthread_cond_destroy(&client->cond);
	pthread_mutex_destroy(&client->mutex);
	free(client);
}

/* ---- messages */

/* Called with the lock held. Takes the first message of a topic out of the
 * queue. */
static struct message *take(struct ztp_client *client, const char *topic)
{
	struct message **link = &client->first, *message;

	while ((message = *link) && strcmp(message->topic, topic) != 0)
		link = &message->next;
	if (message)
		*link = message->next;
	if (message && !*link)
		client->last = link;
	return message;
}

int ztp_client_next(struct ztp_client *client, const char *topic,
		    int64_t wait_ms, char **text, struct ztp_error *error)
{
	int64_t until = ztp_clock_boot() + wait_ms, left;
	struct message *message;
	bool lost;

	pthread_mutex_lock(&client->mutex);
	while (!(message = take(client, topic)) && !client->lost &&
	       (left = until - ztp_clock_boot()) > 0)
		wait_for(client, left);
	lost = client->lost;
	pthread_mutex_unlock(&client->mutex);
	if (!message)
		return lost ? ztp_fail(error, ZTP_ERR_IO,
				       "the broker closed the connection")
			    : 0;
	*text = message->text;
	message->text = NULL;
	message_free(message);
	return 1;
}

static int publish(struct ztp_client *client, const char *text,
		   struct ztp_error *error)
{
	MQTTAsync_responseOptions options = begin_step(client);
	int rc = MQTTAsync_send(client->mqtt, ZTP_MQTT_CONTROL,
				(int)strlen(text), text, 1, 0, &options);

	if (rc != MQTTASYNC_SUCCESS)
		return ztp_fail(error, ZTP_ERR_IO, "publish: %s",
				MQTTAsync_strerror(rc));
	return wait_step(client, ZTP_MQTT_CONTROL, error);
}

/* Takes the responses whose correlation begins with this out of a message,
 * which may contain others'. Returns how many. */
static int pick(const char *text, const char *correlation, cJSON *responses)
{
	cJSON *tree = NULL, *all, *one, *next;
	int count = 0;

	if (ztp_tree_parse(&tree, text, strlen(text), MESSAGE_MAX, NULL) != 0)
		return 0;
	all = cJSON_GetObjectItemCaseSensitive(tree, ZTP_M_RESPONSES);
	for (one = all ? all->child : NULL; one; one = next) {
		next = one->next;
		if (strncmp(ztp_tree_text(one, ZTP_M_CORRELATION), correlation,
			    strlen(correlation)) != 0)
			continue;
		cJSON_AddItemToArray(responses,
				     cJSON_DetachItemViaPointer(all, one));
		count++;
	}
	cJSON_Delete(tree);
	return count;
}

static int wait_responses(struct ztp_client *client, const char *correlation,
			  cJSON *responses, int count, struct ztp_error *error)
{
	int64_t deadline = ztp_clock_boot() + TIMEOUT_MS + client->patience;

	while (count > 0) {
		int64_t left = deadline - ztp_clock_boot();
		char *text = NULL;
		int rc = ztp_client_next(client, ZTP_MQTT_RESPONSE,
					 left > 0 ? left : 0, &text, error);

		if (rc == 0)
			return ztp_fail(error, ZTP_ERR_IO,
					"the gate did not answer: is it "
					"loaded in this broker?");
		if (rc < 0)
			return rc;
		if (text)
			count -= pick(text, correlation, responses);
		free(text);
	}
	return 0;
}

/* Gives each command a correlation that begins with the same random text. */
static void correlate(cJSON *commands, char correlation[33])
{
	uint8_t random[16];
	char text[48];
	cJSON *one;
	int i = 0;

	ztp_random(random, sizeof(random));
	ztp_hex_encode(correlation, random, sizeof(random));
	cJSON_ArrayForEach (one, commands) {
		snprintf(text, sizeof(text), "%s-%d", correlation, i++);
		ztp_tree_put_text(one, ZTP_M_CORRELATION, text);
	}
}

void ztp_client_be_patient(struct ztp_client *client, int64_t ms)
{
	client->patience = ms;
}

int ztp_client_ask_all(struct ztp_client *client, cJSON *commands,
		       cJSON **responses, struct ztp_error *error)
{
	cJSON *message = cJSON_CreateObject();
	int count = cJSON_GetArraySize(commands);
	char correlation[33];
	char *text;
	int rc;

	*responses = cJSON_CreateArray();
	correlate(commands, correlation);
	cJSON_AddItemToObject(message, ZTP_M_COMMANDS, commands);
	text = cJSON_PrintUnformatted(message);
	cJSON_Delete(message);
	if (text && *responses)
		rc = publish(client, text, error);
	else
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (rc == 0)
		rc = wait_responses(client, correlation, *responses, count,
				    error);
	cJSON_free(text);
	if (rc != 0) {
		cJSON_Delete(*responses);
		*responses = NULL;
	}
	return rc;
}

int ztp_client_ask(struct ztp_client *client, const char *command, cJSON *in,
		   cJSON **response, struct ztp_error *error)
{
	cJSON *commands = cJSON_CreateArray(), *responses = NULL;
	int rc;

	*response = NULL;
	cJSON_AddStringToObject(in, ZTP_M_COMMAND, command);
	cJSON_AddItemToArray(commands, in);
	rc = ztp_client_ask_all(client, commands, &responses, error);
	if (rc == 0)
		*response = cJSON_DetachItemFromArray(responses, 0);
	cJSON_Delete(responses);
	return rc;
}
