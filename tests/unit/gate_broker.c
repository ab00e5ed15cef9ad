#include "gate_broker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 512

struct mosquitto_plugin_id_t {
	int unused;
};

struct gate_broker gate_broker;

static struct mosquitto *clients[CLIENTS];
static size_t client_count;
static struct {
	MOSQ_FUNC_generic_callback callback;
	void *userdata;
} callbacks[MOSQ_EVT_CLIENT_OFFLINE + 1];

static char *copy(const char *text)
{
	char *out = text ? strdup(text) : NULL;

	if (text && !out)
		abort();
	return out;
}

static void free_message(struct gate_message *message)
{
	free(message->client_id);
	free(message->topic);
	free(message->payload);
	memset(message, 0, sizeof(*message));
}

static void free_client(struct mosquitto *client)
{
	free(client->id);
	free(client->username);
	free(client->password);
	free(client);
}

void gate_broker_reset(void)
{
	for (size_t i = 0; i < gate_broker.count; i++)
		free_message(&gate_broker.messages[i]);
	gate_broker.count = 0;
	gate_broker.log[0] = '\0';
	for (size_t i = 0; i < client_count; i++)
		free_client(clients[i]);
	client_count = 0;
}

struct mosquitto *gate_client(const char *id, const char *username,
			      const char *password, int version)
{
	struct mosquitto *client = calloc(1, sizeof(*client));

	if (!client || client_count == CLIENTS)
		abort();
	client->id = copy(id);
	client->username = copy(username);
	client->password = copy(password);
	client->address = version ? "192.0.2.1" : NULL;
	client->version = version;
	client->clean_start = true;
	clients[client_count++] = client;
	return client;
}

void gate_client_forget(struct mosquitto *client)
{
	for (size_t i = 0; i < client_count; i++)
		if (clients[i] == client)
			clients[i] = clients[--client_count];
	free_client(client);
}

void gate_client_swap(struct mosquitto *client, struct mosquitto *of)
{
	struct mosquitto was = *client;

	*client = *of;
	*of = was;
	of->online = false;
}

static int call(int event, void *data)
{
	if (!callbacks[event].callback)
		return MOSQ_ERR_PLUGIN_DEFER;
	return callbacks[event].callback(event, data,
					 callbacks[event].userdata);
}

int gate_auth(struct mosquitto *client)
{
	struct mosquitto_evt_basic_auth event = {
		.client = client,
		.username = client->username,
		.password = client->password,
	};

	return call(MOSQ_EVT_BASIC_AUTH, &event);
}

static void end_connection(struct mosquitto *client, bool kept)
{
	/* CLIENT_OFFLINE has the same structure. */
	struct mosquitto_evt_disconnect event = {.client = client};
	bool offline = kept && gate_broker.is_2_1;

	client->online = false;
	client->away = kept;
	if (client->id || !gate_broker.is_2_1)
		(void)call(offline ? MOSQ_EVT_CLIENT_OFFLINE
				   : MOSQ_EVT_DISCONNECT,
			   &event);
}

void gate_disconnect(struct mosquitto *client)
{
	end_connection(client, !client->clean_start);
}

void gate_refuse(struct mosquitto *client)
{
	char *id = client->id;

	if (!gate_broker.is_2_1)
		client->id = NULL; /* as 2.0.11 has done by then */
	end_connection(client, false);
	client->id = id;
}

int gate_connect(struct mosquitto *client)
{
	int rc = gate_auth(client);

	/* If the gate defers, the broker's own files let the client in. */
	if (rc != MOSQ_ERR_SUCCESS && rc != MOSQ_ERR_PLUGIN_DEFER) {
		gate_refuse(client);
		return rc;
	}
	for (size_t i = 0; i < client_count; i++)
		if (clients[i] != client &&
		    (clients[i]->online || clients[i]->away) &&
		    strcmp(clients[i]->id, client->id) == 0)
			end_connection(clients[i], false);
	client->online = true;
	return rc;
}

int gate_acl(struct mosquitto *client, int access, const char *topic,
	     bool retain)
{
	struct mosquitto_evt_acl_check event = {
		.client = client,
		.topic = topic,
		.access = access,
		.retain = retain,
	};

	return call(MOSQ_EVT_ACL_CHECK, &event);
}

int gate_write(struct mosquitto *client, const char *topic, uint32_t len)
{
	struct mosquitto_evt_acl_check event = {
		.client = client,
		.topic = topic,
		.access = MOSQ_ACL_WRITE,
		.payloadlen = len,
	};

	return call(MOSQ_EVT_ACL_CHECK, &event);
}

static void settle(void)
{
	if (gate_broker.settle)
		gate_broker.settle(callbacks[MOSQ_EVT_TICK].userdata);
}

void gate_control(struct mosquitto *client, const char *json)
{
	struct mosquitto_evt_control event = {
		.client = client,
		.topic = "$CONTROL/ztp/v1",
		.payload = json,
		.payloadlen = (uint32_t)strlen(json),
	};

	if (call(MOSQ_EVT_CONTROL, &event) != 0)
		abort(); /* would disconnect the caller */
	settle();
}

void gate_tick(void)
{
	struct mosquitto_evt_tick event = {0};

	(void)call(MOSQ_EVT_TICK, &event);
	settle();
	if (gate_broker.settle)
		(void)call(MOSQ_EVT_TICK, &event);
	settle();
}

void gate_reload(void)
{
	struct mosquitto_evt_reload event = {0};
	int rc = call(MOSQ_EVT_RELOAD, &event);

	if (gate_broker.is_2_1 && rc != MOSQ_ERR_SUCCESS)
		abort(); /* the broker would exit as well */
	if (!gate_broker.is_2_1 && rc != MOSQ_ERR_PLUGIN_DEFER)
		abort(); /* would keep it from other plugins */
}

size_t gate_published_count(const char *topic, const char *needle)
{
	size_t count = 0;

	for (size_t i = 0; i < gate_broker.count; i++)
		if (strcmp(gate_broker.messages[i].topic, topic) == 0 &&
		    (!needle ||
		     strstr(gate_broker.messages[i].payload, needle)))
			count++;
	return count;
}

const char *gate_published(const char *topic, const char *needle)
{
	for (size_t i = gate_broker.count; i-- > 0;)
		if (strcmp(gate_broker.messages[i].topic, topic) == 0 &&
		    (!needle ||
		     strstr(gate_broker.messages[i].payload, needle)))
			return gate_broker.messages[i].payload;
	return NULL;
}

/* ---- what the broker exports; its headers' names are long
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

int mosquitto_callback_register(mosquitto_plugin_id_t *identifier, int event,
				MOSQ_FUNC_generic_callback callback,
				const void *event_data, void *userdata)
{
	(void)identifier;
	(void)event_data;
	if (event > (gate_broker.is_2_1 ? MOSQ_EVT_CLIENT_OFFLINE
					: MOSQ_EVT_DISCONNECT))
		return MOSQ_ERR_NOT_SUPPORTED;
	callbacks[event].callback = callback;
	callbacks[event].userdata = userdata;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_callback_unregister(mosquitto_plugin_id_t *identifier, int event,
				  MOSQ_FUNC_generic_callback callback,
				  const void *event_data)
{
	(void)identifier;
	(void)event_data;
	if (callbacks[event].callback != callback)
		return MOSQ_ERR_NOT_FOUND;
	callbacks[event].callback = NULL;
	return MOSQ_ERR_SUCCESS;
}

const char *mosquitto_client_id(const struct mosquitto *client)
{
	return client->id;
}

const char *mosquitto_client_username(const struct mosquitto *client)
{
	return client->username;
}

const char *mosquitto_client_address(const struct mosquitto *client)
{
	return client->address;
}

bool mosquitto_client_clean_session(const struct mosquitto *client)
{
	return client->clean_start;
}

int mosquitto_client_protocol(const struct mosquitto *client)
{
	return client->websocket ? mp_websockets : mp_mqtt;
}

int mosquitto_client_protocol_version(const struct mosquitto *client)
{
	return client->version;
}

int mosquitto_client_sub_count(const struct mosquitto *client)
{
	return client->sub_count;
}

int mosquitto_set_username(struct mosquitto *client, const char *username)
{
	char *name = copy(username);

	free(client->username); /* the event's too, as in the broker */
	client->username = name;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_kick_client_by_clientid(const char *id, bool with_will)
{
	for (size_t i = 0; i < client_count; i++) {
		struct mosquitto *client = clients[i];

		if (!client->id || strcmp(client->id, id) != 0 ||
		    (!client->online && !with_will))
			continue;
		client->kicked = true;
		if (client->online)
			gate_disconnect(client);
	}
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_broker_publish_copy(const char *client_id, const char *topic,
				  int len, const void *payload, int qos,
				  bool retain, mosquitto_property *properties)
{
	struct gate_message *message;

	(void)retain;
	(void)properties; /* none are made: see below */
	if (gate_broker.refused && strcmp(topic, gate_broker.refused) == 0)
		return MOSQ_ERR_NOMEM;
	if (gate_broker.count == GATE_MESSAGES)
		abort();
	message = &gate_broker.messages[gate_broker.count++];
	message->client_id = copy(client_id);
	message->topic = copy(topic);
	message->payload = strndup(payload, (size_t)len);
	message->qos = qos;
	return message->payload ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
}

int mosquitto_property_add_string(mosquitto_property **list, int id,
				  const char *value)
{
	(void)list;
	(void)id;
	(void)value;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_property_add_binary(mosquitto_property **list, int id,
				  const void *value, uint16_t len)
{
	(void)list;
	(void)id;
	(void)value;
	(void)len;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_property_add_string_pair(mosquitto_property **list, int id,
				       const char *name, const char *value)
{
	(void)list;
	(void)id;
	(void)name;
	(void)value;
	return MOSQ_ERR_SUCCESS;
}

void mosquitto_property_free_all(mosquitto_property **list)
{
	*list = NULL;
}

__attribute__((format(printf, 2, 3))) void
mosquitto_log_printf(int level, const char *format, ...)
{
	size_t used = strlen(gate_broker.log);
	va_list args;

	(void)level;
	va_start(args, format);
	(void)vsnprintf(gate_broker.log + used, sizeof(gate_broker.log) - used,
			format, args);
	va_end(args);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
