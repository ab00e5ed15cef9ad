/* The first connection: events by paho, from a session that stays. */
#include <MQTTAsync.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/sim/contract/contract.h"

#define CLIENT	"contract-in"
#define TOPIC	"ztp/v1/pending"
#define WAIT_MS 30000
#define ROOM	64

/* Told by paho's threads. */
struct in {
	MQTTAsync client;
	_Atomic int connected, failed, lost, subscribed, count;
	char payloads[ROOM];
	bool dups[ROOM];
};

static int on_message(void *arg, char *topic, int len, MQTTAsync_message *m)
{
	struct in *in = arg;
	int n = atomic_load(&in->count);

	(void)len;
	CHECK_SAME(strcmp(topic, TOPIC), 0);
	CHECK(n < ROOM);
	in->payloads[n] = *(char *)m->payload;
	in->dups[n] = m->dup != 0;
	MQTTAsync_freeMessage(&m);
	MQTTAsync_free(topic);
	atomic_store(&in->count, n + 1);
	return 1;
}

static void on_lost(void *arg, char *cause)
{
	(void)cause;
	atomic_fetch_add(&((struct in *)arg)->lost, 1);
}

static void on_disconnected(void *arg, MQTTProperties *properties,
			    enum MQTTReasonCodes code)
{
	(void)properties;
	(void)code;
	atomic_fetch_add(&((struct in *)arg)->lost, 1);
}

static void on_connect(void *arg, MQTTAsync_successData5 *data)
{
	(void)data;
	atomic_fetch_add(&((struct in *)arg)->connected, 1);
}

static void on_failure(void *arg, MQTTAsync_failureData5 *data)
{
	(void)data;
	atomic_fetch_add(&((struct in *)arg)->failed, 1);
}

static void on_subscribe(void *arg, MQTTAsync_successData5 *data)
{
	(void)data;
	atomic_fetch_add(&((struct in *)arg)->subscribed, 1);
}

/* --- */

struct until {
	_Atomic int *value;
	int least;
};

static bool reached(void *arg)
{
	const struct until *until = arg;

	return atomic_load(until->value) >= until->least;
}

static bool wait_for(_Atomic int *value, int least, int ms)
{
	struct until until = {value, least};

	return contract_wait(reached, &until, ms);
}

static void try_to_connect(struct in *in)
{
	MQTTAsync_connectOptions o = MQTTAsync_connectOptions_initializer5;
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTProperty expiry = {
		.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
		.value.integer4 = UINT32_MAX,
	};

	o.cleanstart = 0;
	o.onSuccess5 = on_connect;
	o.onFailure5 = on_failure;
	o.context = in;
	o.keepAliveInterval = 60;
	o.connectTimeout = 10;
	CHECK_SAME(MQTTProperties_add(&properties, &expiry), 0);
	o.connectProperties = &properties;
	CHECK_SAME(MQTTAsync_connect(in->client, &o), MQTTASYNC_SUCCESS);
	MQTTProperties_free(&properties);
}

/* A broker that was killed is there again soon. */
static void connect_in(struct in *in)
{
	int before = atomic_load(&in->connected), failed, tries;

	for (tries = 0; tries < 100; tries++) {
		failed = atomic_load(&in->failed);
		try_to_connect(in);
		while (atomic_load(&in->connected) == before &&
		       atomic_load(&in->failed) == failed)
			contract_sleep(5);
		if (atomic_load(&in->connected) > before)
			return;
		contract_sleep(100);
	}
	CHECK(!"connected in time");
}

static void subscribe(struct in *in)
{
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
	int before = atomic_load(&in->subscribed), qos = 1;
	char *filter = (char *)(uintptr_t)TOPIC;

	o.context = in;
	o.onSuccess5 = on_subscribe;
	CHECK_SAME(MQTTAsync_subscribeMany(in->client, 1, &filter, &qos, &o),
		   MQTTASYNC_SUCCESS);
	CHECK(wait_for(&in->subscribed, before + 1, WAIT_MS));
}

static void leave(struct in *in)
{
	MQTTAsync_disconnectOptions o =
		MQTTAsync_disconnectOptions_initializer5;

	o.timeout = 100;
	CHECK_SAME(MQTTAsync_disconnect(in->client, &o), MQTTASYNC_SUCCESS);
	contract_sleep(500); /* the broker has heard of it */
}

static void begin(struct in *in, int max_queued)
{
	MQTTAsync_createOptions o = MQTTAsync_createOptions_initializer5;

	memset(in, 0, sizeof(*in));
	CHECK_SAME(MQTTAsync_createWithOptions(
			   &in->client, stage_mqtt(max_queued, 5), CLIENT,
			   MQTTCLIENT_PERSISTENCE_NONE, NULL, &o),
		   0);
	CHECK_SAME(MQTTAsync_setCallbacks(in->client, in, on_lost, on_message,
					  NULL),
		   0);
	CHECK_SAME(MQTTAsync_setDisconnected(in->client, in, on_disconnected),
		   0);
	connect_in(in);
	subscribe(in);
}

static void publish(const char *letters)
{
	for (; *letters; letters++) {
		char payload[2] = {*letters, '\0'};

		CHECK(stage_publish(TOPIC, payload, 1));
	}
}

/* These and no others have come. */
static void expect(struct in *in, const char *letters)
{
	int n = (int)strlen(letters);

	CHECK(wait_for(&in->count, n, WAIT_MS));
	CHECK(!wait_for(&in->count, n + 1, 700));
	CHECK_SAME(strncmp(in->payloads, letters, (size_t)n), 0);
}

/* --- */

/* They come as soon as it is connected: its subscription is the session's. */
static void session_keeps_what_came(void)
{
	struct in in;

	begin(&in, 0);
	leave(&in);
	publish("abc");
	connect_in(&in);
	expect(&in, "abc");
	CHECK(!in.dups[0] && !in.dups[2]);
}

static void unacknowledged_comes_again(void)
{
	struct in in;

	begin(&in, 0);
	stage_lose_acks(true);
	publish("a");
	expect(&in, "a");
	stage_cut(true);
	CHECK(wait_for(&in.lost, 1, WAIT_MS));
	stage_lose_acks(false);
	connect_in(&in);
	expect(&in, "aa");
	CHECK(!in.dups[0] && in.dups[1]);
}

static void twenty_are_in_flight(void)
{
	struct in in;

	begin(&in, 0);
	stage_lose_acks(true);
	publish("abcdefghijklmnopqrstuvwxyz");
	expect(&in, "abcdefghijklmnopqrst");
}

/* What is dropped was acknowledged like the others. */
static void queue_drops_beyond_its_bound(void)
{
	struct in in;

	begin(&in, 10);
	leave(&in);
	publish("abcdefghijklmnopqrstuvwxyz");
	connect_in(&in);
	expect(&in, "abcdefghij");
}

static void another_client_takes_over(void)
{
	struct in in;

	begin(&in, 0);
	stage_take_over(CLIENT);
	CHECK(wait_for(&in.lost, 1, WAIT_MS));
	connect_in(&in);
}

/* Messages, sessions and subscriptions. */
static void killed_broker_forgets(void)
{
	struct in in;

	begin(&in, 0);
	leave(&in);
	publish("a");
	stage_kill_broker();
	connect_in(&in);
	(void)stage_publish(TOPIC, "b", 1);
	expect(&in, "");
	subscribe(&in);
	publish("c");
	expect(&in, "c");
}

const struct assertion mqtt_in_assertions[] = {
	{"session_keeps_what_came", session_keeps_what_came},
	{"unacknowledged_comes_again", unacknowledged_comes_again},
	{"twenty_are_in_flight", twenty_are_in_flight},
	{"queue_drops_beyond_its_bound", queue_drops_beyond_its_bound},
	{"another_client_takes_over", another_client_takes_over},
	{"killed_broker_forgets", killed_broker_forgets},
	{NULL, NULL},
};
