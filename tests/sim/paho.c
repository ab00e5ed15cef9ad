/*
 * MQTTAsync_*, played: callbacks come from the scheduler, as from paho's own
 * threads. As there, messages of a session come as soon as CONNACK has, before
 * its subscription is answered, and PUBACK goes out when messageArrived has
 * returned, whatever it returned. Properties and texts are the real library's.
 */
#include <MQTTAsync.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/sim.h"
#include "ztp/gate_protocol.h"

struct client {
	struct process *of;
	bool gone;
	void *context;
	MQTTAsync_connectionLost *lost;
	MQTTAsync_messageArrived *arrived;
	MQTTAsync_disconnected *disconnected;
	MQTTAsync_connectOptions options;
	MQTTAsync_responseOptions subscribing;
	bool connecting;
	int64_t conn;
	int lost_code;
};

#define CLIENTS 4

/* Those of each process that are not destroyed. */
static struct client *clients[PROCESSES_MAX][CLIENTS];

static struct client **place(const struct process *of, const struct client *c)
{
	struct client **all = clients[of->number];
	int i;

	for (i = 0; i < CLIENTS; i++)
		if (all[i] == c)
			return &all[i];
	abort();
}

static struct client *find(const struct process *of, int64_t conn)
{
	int i;

	for (i = 0; i < CLIENTS; i++) {
		struct client *c = clients[of->number][i];

		if (c && c->conn == conn)
			return c;
	}
	return NULL;
}

void paho_forget(void)
{
	memset(clients[sim.me->number], 0, sizeof(clients[0]));
}

int MQTTAsync_createWithOptions(MQTTAsync *handle, const char *url,
				const char *id, int persistence, void *context,
				MQTTAsync_createOptions *options)
{
	struct client *c;

	(void)url;
	(void)id;
	(void)persistence;
	(void)context;
	(void)options;
	sim_point();
	c = sim_alloc(sizeof(*c));
	c->of = sim.me;
	*place(c->of, NULL) = c;
	*handle = c;
	return MQTTASYNC_SUCCESS;
}

void MQTTAsync_setTraceLevel(enum MQTTASYNC_TRACE_LEVELS level)
{
	(void)level;
}

int MQTTAsync_setCallbacks(MQTTAsync handle, void *context,
			   MQTTAsync_connectionLost *lost,
			   MQTTAsync_messageArrived *arrived,
			   MQTTAsync_deliveryComplete *complete)
{
	struct client *c = handle;

	(void)complete;
	c->context = context;
	c->lost = lost;
	c->arrived = arrived;
	return MQTTASYNC_SUCCESS;
}

int MQTTAsync_setDisconnected(MQTTAsync handle, void *context,
			      MQTTAsync_disconnected *disconnected)
{
	(void)context;
	((struct client *)handle)->disconnected = disconnected;
	return MQTTASYNC_SUCCESS;
}

void MQTTAsync_destroy(MQTTAsync *handle)
{
	sim_point();
	((struct client *)*handle)->gone = true;
	*place(sim.me, *handle) = NULL;
	*handle = NULL;
}

int MQTTAsync_isConnected(MQTTAsync handle)
{
	return ((struct client *)handle)->conn != 0;
}

/* --- connecting */

static void refused(struct client *c)
{
	MQTTAsync_failureData five_less = {.code = -1, .message = "refused"};
	MQTTAsync_failureData5 five = MQTTAsync_failureData5_initializer;

	five.code = -1;
	five.message = "refused";
	if (c->options.onFailure5)
		c->options.onFailure5(c->options.context, &five);
	else
		c->options.onFailure(c->options.context, &five_less);
}

static void connected(void *arg, int64_t n)
{
	struct client *c = arg;
	MQTTAsync_successData5 five = MQTTAsync_successData5_initializer;
	MQTTAsync_successData five_less = {.token = 0};

	(void)n;
	if (c->gone || !c->connecting)
		return;
	c->connecting = false;
	c->conn = broker_in_connect(c->of);
	five.alt.connect.sessionPresent = broker_has_session();
	five_less.alt.connect.sessionPresent = broker_has_session();
	sim_input("connect in", c->conn, 0);
	if (c->conn == 0)
		refused(c);
	else if (c->options.onSuccess5)
		c->options.onSuccess5(c->options.context, &five);
	else
		c->options.onSuccess(c->options.context, &five_less);
}

int MQTTAsync_connect(MQTTAsync handle, const MQTTAsync_connectOptions *options)
{
	struct client *c = handle;

	sim_point();
	world_spoken();
	c->options = *options;
	c->connecting = true;
	sim_at_life(3 * broker_latency(), connected, c, 0);
	return MQTTASYNC_SUCCESS;
}

static void subscribed(void *arg, int64_t conn)
{
	struct client *c = arg;
	MQTTAsync_successData5 data = MQTTAsync_successData5_initializer;
	MQTTAsync_successData three = {.alt.qos = 1};

	if (c->gone || c->conn != conn)
		return;
	broker_in_subscribe(conn);
	sim_input("subscribed in", conn, 0);
	data.reasonCode = MQTTREASONCODE_GRANTED_QOS_1;
	if (c->subscribing.onSuccess5)
		c->subscribing.onSuccess5(c->subscribing.context, &data);
	else
		c->subscribing.onSuccess(c->subscribing.context, &three);
}

int MQTTAsync_subscribeMany(MQTTAsync handle, int count, char *const *topics,
			    const int *qos, MQTTAsync_responseOptions *options)
{
	struct client *c = handle;

	(void)count;
	(void)topics;
	(void)qos;
	sim_point();
	if (c->conn == 0)
		return MQTTASYNC_DISCONNECTED;
	c->subscribing = *options;
	sim_at_life(2 * broker_latency(), subscribed, c, c->conn);
	return MQTTASYNC_SUCCESS;
}

static void unsubscribed(void *arg, int64_t conn)
{
	struct client *c = arg;
	MQTTAsync_successData5 data = MQTTAsync_successData5_initializer;
	MQTTAsync_successData three = {.token = 0};

	if (c->gone || c->conn != conn)
		return;
	sim_input("unsubscribed in", conn, 0);
	if (c->subscribing.onSuccess5)
		c->subscribing.onSuccess5(c->subscribing.context, &data);
	else
		c->subscribing.onSuccess(c->subscribing.context, &three);
}

/* The plan's configuration never changes, so there is nothing to end but what a
 * newer gate says otherwise. */
int MQTTAsync_unsubscribe(MQTTAsync handle, const char *topic,
			  MQTTAsync_responseOptions *options)
{
	struct client *c = handle;

	sim_point();
	if (strcmp(topic, ZTP_MQTT_AUDIT) != 0 || sim.plan.gate_commands == 0)
		sim_find("%s is unsubscribed", topic);
	if (c->conn == 0)
		return MQTTASYNC_DISCONNECTED;
	c->subscribing = *options;
	sim_at_life(2 * broker_latency(), unsubscribed, c, c->conn);
	return MQTTASYNC_SUCCESS;
}

int MQTTAsync_disconnect(MQTTAsync handle,
			 const MQTTAsync_disconnectOptions *options)
{
	struct client *c = handle;

	(void)options;
	sim_point();
	c->connecting = false;
	if (c->conn == 0)
		return MQTTASYNC_DISCONNECTED;
	broker_in_leave(c->conn);
	c->conn = 0;
	return MQTTASYNC_SUCCESS;
}

/* --- from the broker */

static void tell_lost(void *arg, int64_t conn)
{
	struct client *c = arg;

	(void)conn;
	if (c->gone)
		return;
	if (c->lost_code != 0 && c->disconnected)
		c->disconnected(c->context, NULL,
				(enum MQTTReasonCodes)c->lost_code);
	else
		c->lost(c->context, NULL);
}

void paho_lost(struct process *of, int64_t conn, int code)
{
	struct client *c = find(of, conn);

	if (!c)
		return;
	c->conn = 0;
	c->lost_code = code;
	sim_at_of(of, sim_delay(SIM_MS, SIM_S), tell_lost, c, conn);
}

void paho_deliver(int64_t conn, struct publish *publish)
{
	MQTTAsync_message *message;
	char *topic = strdup(publish->topic);
	struct client *c = find(sim.me, conn);

	if (!c) {
		free(topic);
		return;
	}
	message = calloc(1, sizeof(*message));
	if (!message || !topic)
		abort();
	message->payloadlen = (int)publish->len;
	message->payload = publish->payload;
	message->qos = 1;
	message->dup = publish->dup;
	sim_input("event", publish->tag, publish->dup);
	(void)c->arrived(c->context, topic, 0, message);
	broker_in_puback(conn, publish);
}

void MQTTAsync_freeMessage(MQTTAsync_message **message)
{
	free(*message);
	*message = NULL;
}

void MQTTAsync_free(void *p)
{
	free(p);
}
