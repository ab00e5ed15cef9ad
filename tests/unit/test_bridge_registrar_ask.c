/* Messages of many commands to the gate: bounded in bytes and in number, and
 * split when an answer is too large. The connection and the gate are played. */
#include "store_case.h"

#include "bridge/core/batching.h"
#include "bridge/registrar/registrar_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH "subscriptions/acme/registries/plant-7/devices/d%03d"

struct mqtt_out {
	struct mqtt_out_user *user;
	char sent[16][16384];
	int count;
	size_t max; /* bytes that the broker accepts, 0: any */
	bool full;  /* it takes nothing now */
};

void mqtt_out_join(struct mqtt_out *mqtt, struct mqtt_out_user *user)
{
	mqtt->user = user;
}

int mqtt_out_subscribe(struct mqtt_out *mqtt, const char *filter, int qos,
		       bool needed)
{
	(void)needed;
	(void)mqtt;
	(void)filter;
	(void)qos;
	return MOSQ_ERR_SUCCESS;
}

int mqtt_out_publish(struct mqtt_out *mqtt, int *mid, const char *topic,
		     const void *payload, size_t len,
		     const mosquitto_property *properties)
{
	(void)mid;
	(void)properties;
	assert_string_equal(topic, "$CONTROL/ztp/v1");
	if (mqtt->full)
		return MOSQ_ERR_NOMEM;
	if (mqtt->max > 0 && len > mqtt->max)
		return MOSQ_ERR_OVERSIZE_PACKET;
	assert_true(mqtt->count < 16 && len < sizeof(mqtt->sent[0]));
	memcpy(mqtt->sent[mqtt->count], payload, len);
	mqtt->sent[mqtt->count++][len] = '\0';
	return MOSQ_ERR_SUCCESS;
}

struct ask_case {
	struct store_case *store;
	struct config config;
	struct log log;
	struct core core;
	struct mqtt_out mqtt;
	struct registrar *g;
};

static char command_topic[] = "{device_path}/commands";
static char group[] = "g";

static int setup(void **state)
{
	struct ask_case *c = calloc(1, sizeof(*c));
	void *store = NULL;

	assert_non_null(c);
	store_case_setup(&store);
	c->store = store;
	c->config.mqtt.command_topic = command_topic;
	c->config.kafka.group = group;
	log_init(&c->log, open("/dev/null", O_WRONLY | O_CLOEXEC),
		 LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	c->core = (struct core){.config = &c->config, .log = &c->log};
	c->core.now = 1000;
	assert_int_equal(registrar_new(&c->g, &c->core, c->store->store,
				       &c->mqtt, &c->store->error),
			 0);
	registrar_join(c->g);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct ask_case *c = *state;
	void *store = c->store;

	registrar_free(c->g);
	log_end(&c->log);
	store_case_teardown(&store);
	free(c);
	return 0;
}

/* --- steps */

static void wait_for_devices(struct ask_case *c, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		struct store_request r = store_case_request(i);

		snprintf(r.id, sizeof(r.id), "r-%03d", i);
		snprintf(r.path, sizeof(r.path), PATH, i);
		r.state = ZTP_STATE_REGISTERED;
		r.owed.what = ZTP_OWED_WAIT_DEVICE;
		assert_int_equal(store_request_add(c->store->store, &r,
						   &c->store->error),
				 0);
	}
}

static void hear(struct ask_case *c, const char *text, size_t len)
{
	c->mqtt.user->message(c->mqtt.user->arg, "$CONTROL/ztp/v1/response",
			      text, len);
}

/* Connects to a gate that accepts so many commands in a message (0: it is of
 * an older version). */
static void connect_to(struct ask_case *c, int max_commands)
{
	char info[256], bounds[64] = "";

	if (max_commands > 0)
		snprintf(bounds, sizeof(bounds),
			 ",\"max_commands\":%d,\"max_bytes\":1048576",
			 max_commands);
	snprintf(info, sizeof(info),
		 "{\"responses\":[{\"command\":\"getInfo\",\"code\":\"OK\","
		 "\"correlationData\":\"g/"
		 "info:\",\"data\":{\"version\":\"1\",\"command_topic\":"
		 "\"{device_path}/commands\"%s}}]}",
		 bounds);
	c->mqtt.user->up(c->mqtt.user->arg, 20);
	hear(c, info, strlen(info));
	registrar_settle(c->g);
	c->g->next_info = INT64_MAX;
	c->mqtt.count = 0;
}

static int questions(const struct ask_case *c, int i)
{
	const char *at = c->mqtt.sent[i];
	int n = 0;

	assert_true(i < c->mqtt.count);
	while ((at = strstr(at, "getDevice")) != NULL) {
		at++;
		n++;
	}
	return n;
}

/* The gate answers every question that waits for an answer. */
static void answer(struct ask_case *c)
{
	char text[512];
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		if (c->g->ops[i].n == 0)
			continue;
		snprintf(text, sizeof(text),
			 "{\"responses\":[{\"command\":\"getDevice\",\"code\":"
			 "\"NOT_FOUND\",\"correlationData\":\"%s\"}]}",
			 c->g->ops[i].correlation);
		hear(c, text, strlen(text));
	}
	registrar_settle(c->g);
}

/* An answer that is larger than the bridge reads. */
static void answer_too_much(struct ask_case *c)
{
	size_t n = 1024 * 1024 + 1;
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, ' ', n);
	hear(c, text, n);
	free(text);
}

/* --- */

static void each_message_has_a_bound(void **state)
{
	struct ask_case *c = *state;
	int asked = 0, i;

	wait_for_devices(c, 100);
	connect_to(c, 1000);
	while (c->g->asking) {
		registrar_pump(c->g);
		answer(c);
	}
	for (i = 0; i < c->mqtt.count; i++) {
		assert_true(strlen(c->mqtt.sent[i]) <= 8192);
		assert_in_range(questions(c, i), 1, 32);
		asked += questions(c, i);
	}
	assert_int_equal(asked, 100);
	assert_in_range(c->mqtt.count, 4, 6);
}

static void an_older_gate_is_asked_one_by_one(void **state)
{
	struct ask_case *c = *state;
	int i;

	wait_for_devices(c, 5);
	connect_to(c, 0);
	for (i = 0; i < 6; i++)
		registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 5);
	assert_int_equal(questions(c, 0), 1);
	assert_false(c->g->asking);
}

static void the_gate_says_how_many(void **state)
{
	struct ask_case *c = *state;

	wait_for_devices(c, 10);
	connect_to(c, 7);
	registrar_pump(c->g);
	assert_int_equal(questions(c, 0), 7);
}

/* One of 40 devices has an answer that is too large: the others are asked
 * about all the same. */
static void one_device_does_not_block_the_others(void **state)
{
	struct ask_case *c = *state;
	bool answered[40] = {false};
	int i, n = 0, rounds = 0;

	wait_for_devices(c, 40);
	connect_to(c, 1000);
	while (c->g->asking || c->g->busy > 0) {
		bool poison = false;

		assert_true(++rounds < 100);
		registrar_pump(c->g);
		for (i = 0; i < REGISTRAR_WINDOW; i++)
			poison = poison || c->g->ops[i].n == 11;
		if (poison) {
			answer_too_much(c);
			c->mqtt.count = 0;
			continue;
		}
		for (i = 0; i < REGISTRAR_WINDOW; i++)
			if (c->g->ops[i].n != 0)
				answered[c->g->ops[i].n - 1] = true;
		answer(c);
		c->mqtt.count = 0;
	}
	for (i = 0; i < 40; i++)
		n += answered[i];
	assert_int_equal(n, 39);
	assert_false(answered[10]);
	/* It goes back to many at a time. */
	registrar_ask(c->g, 12);
	registrar_pump(c->g);
	answer(c);
	assert_int_equal(c->g->page, 32);
}

static void a_broker_with_a_small_limit(void **state)
{
	struct ask_case *c = *state;
	int rounds = 0, asked = 0, i;

	wait_for_devices(c, 40);
	c->mqtt.max = 2000;
	connect_to(c, 1000);
	while (c->g->asking || c->g->busy > 0) {
		assert_true(++rounds < 200);
		registrar_pump(c->g);
		for (i = 0; i < c->mqtt.count; i++)
			asked += questions(c, i);
		c->mqtt.count = 0;
		answer(c);
	}
	assert_int_equal(asked, 40);
	/* One question alone is too large: it is not asked for ever. */
	c->mqtt.max = 10;
	registrar_ask(c->g, 40);
	for (rounds = 0; rounds < 20 && c->g->asking; rounds++)
		registrar_pump(c->g);
	assert_false(c->g->asking);
	assert_int_equal(c->g->busy, 0);
}

/* On MQTT 3.1.1 nothing but a lost connection tells. */
static void a_lost_connection_shortens_messages(void **state)
{
	struct ask_case *c = *state;
	size_t before, after;

	wait_for_devices(c, 40);
	connect_to(c, 1000);
	registrar_pump(c->g);
	before = strlen(c->mqtt.sent[0]);
	c->mqtt.user->down(c->mqtt.user->arg);
	assert_int_equal(c->g->busy, 0);
	connect_to(c, 1000);
	registrar_pump(c->g);
	after = strlen(c->mqtt.sent[0]);
	assert_true(after < before * 2 / 3);
	/* The answer says that it is not the size. */
	answer(c);
	registrar_pump(c->g);
	assert_true(strlen(c->mqtt.sent[c->mqtt.count - 1]) > after);
}

/* What was to be done for a device gets a result, and the question does not. */
static void what_was_lost_is_reported(void **state)
{
	struct ask_case *c = *state;
	struct store_request r = store_case_request(1);

	r.state = ZTP_STATE_APPROVED;
	r.owed.what = ZTP_OWED_REGISTER;
	r.owed.retry_at = 900;
	assert_int_equal(
		store_request_add(c->store->store, &r, &c->store->error), 0);
	connect_to(c, 1000);
	assert_true(registrar_send(c->g, &r));
	registrar_flush(c->g);
	c->mqtt.user->down(c->mqtt.user->arg);
	assert_true(registrar_busy(c->g, r.n));
	assert_true(c->g->ops[0].done && c->g->ops[0].lost);
	registrar_settle(c->g);
	assert_false(registrar_busy(c->g, r.n));
	/* Nor is a late answer waited for. */
	connect_to(c, 1000);
	assert_true(registrar_send(c->g, &r));
	registrar_flush(c->g);
	c->core.now += 5000;
	registrar_collect(c->g);
	assert_true(c->g->ops[0].done && c->g->ops[0].lost);
}

static void a_command_that_never_fits_is_answered(void **state)
{
	struct ask_case *c = *state;
	struct store_request r = store_case_request(1);

	r.state = ZTP_STATE_APPROVED;
	r.owed.what = ZTP_OWED_REGISTER;
	r.owed.retry_at = 900;
	assert_int_equal(
		store_request_add(c->store->store, &r, &c->store->error), 0);
	connect_to(c, 1000);
	c->mqtt.max = 10;
	assert_true(registrar_send(c->g, &r));
	registrar_flush(c->g);
	assert_true(c->g->ops[0].done);
	assert_false(c->g->ops[0].lost);
	assert_string_equal(c->g->ops[0].answer.code, "RESOURCE_EXHAUSTED");
}

/* --- commands about single devices */

static struct store_request approved(struct ask_case *c, int i)
{
	struct store_request r = store_case_request(i);

	snprintf(r.id, sizeof(r.id), "r-%03d", i);
	snprintf(r.path, sizeof(r.path), PATH, i);
	r.state = ZTP_STATE_APPROVED;
	r.owed.what = ZTP_OWED_REGISTER;
	r.owed.retry_at = 900;
	assert_int_equal(
		store_request_add(c->store->store, &r, &c->store->error), 0);
	return r;
}

static void start(struct ask_case *c, int from, int to)
{
	int i;

	for (i = from; i < to; i++) {
		struct store_request r = approved(c, i);

		assert_true(registrar_send(c->g, &r));
	}
}

static int creations(const struct ask_case *c)
{
	int i, n = 0;

	for (i = 0; i < c->mqtt.count; i++) {
		const char *at = c->mqtt.sent[i];

		while ((at = strstr(at, "createDevice")) != NULL) {
			at++;
			n++;
		}
	}
	return n;
}

static void commands_of_one_pump_share_messages(void **state)
{
	struct ask_case *c = *state;
	int i;

	connect_to(c, 1000);
	start(c, 0, 100);
	assert_true(registrar_flush(c->g));
	assert_int_equal(creations(c), 100);
	assert_in_range(c->mqtt.count, 4, 7);
	for (i = 0; i < c->mqtt.count; i++)
		assert_true(strlen(c->mqtt.sent[i]) <= 8192);
	assert_int_equal(registrar_in_flight(c->g), 100);
	answer(c);
	assert_int_equal(registrar_in_flight(c->g), 0);
	/* Nothing is sent twice. */
	i = c->mqtt.count;
	assert_true(registrar_flush(c->g));
	assert_int_equal(c->mqtt.count, i);
}

static void an_older_gate_gets_them_one_by_one(void **state)
{
	struct ask_case *c = *state;

	connect_to(c, 0);
	start(c, 0, 5);
	assert_true(registrar_flush(c->g));
	assert_int_equal(c->mqtt.count, 5);
	assert_int_equal(creations(c), 5);
}

/* One of ten has metadata that the broker does not take. */
static void too_large_a_command_does_not_stop_its_neighbours(void **state)
{
	struct ask_case *c = *state;
	struct op *op;
	int i;

	connect_to(c, 1000);
	start(c, 0, 10);
	op = &c->g->ops[4];
	assert_non_null(cJSON_AddStringToObject(
		cJSON_GetArrayItem(c->g->batch.message.list, 4), "much",
		"a text that makes this command larger than all the others of "
		"this message, and larger than what this broker accepts"));
	c->mqtt.max = 320;
	assert_true(registrar_flush(c->g));
	assert_int_equal(creations(c), 9);
	assert_int_equal(c->mqtt.count, 9);
	assert_true(op->done && !op->lost);
	assert_string_equal(op->answer.code, "RESOURCE_EXHAUSTED");
	for (i = 0; i < 10; i++)
		assert_true(i == 4 || !c->g->ops[i].done);
	assert_int_equal(registrar_next(c->g), c->core.now);
}

/* The connection takes none: they are owed as before. */
static void what_was_not_sent_is_not_in_flight(void **state)
{
	struct ask_case *c = *state;

	connect_to(c, 1000);
	start(c, 0, 3);
	c->mqtt.full = true;
	assert_false(registrar_flush(c->g));
	assert_int_equal(registrar_in_flight(c->g), 0);
}

static void acknowledgements_are_sent_in_parts(void **state)
{
	struct ask_case *c = *state;
	char id[ZTP_REQUEST_ID_MAX + 1];
	int i, rounds = 0;

	for (i = 0; i < 500; i++) {
		snprintf(id, sizeof(id), "%0100d", i);
		registrar_disposed(c->g, id);
	}
	connect_to(c, 1000);
	c->mqtt.max = 5000; /* the first try is too large */
	c->core.now += BATCHING_ACK_MS;
	while (c->g->acks.count > 0) {
		assert_true(++rounds < 50);
		registrar_pump(c->g);
		for (i = 0; i < c->mqtt.count; i++)
			assert_true(strlen(c->mqtt.sent[i]) <= 5000);
		c->mqtt.count = 0;
	}
	assert_in_range(rounds, 10, 40);
}

/* Nothing waits for them, so they wait for each other, and no longer. */
static void acknowledgements_wait_for_each_other(void **state)
{
	struct ask_case *c = *state;
	int i;

	connect_to(c, 1000);
	for (i = 0; i < 10; i++) {
		registrar_disposed(c->g, "r-1");
		registrar_settle(c->g);
		registrar_pump(c->g);
		assert_int_equal(c->mqtt.count, 0);
		assert_int_equal(registrar_next(c->g), 1000 + BATCHING_ACK_MS);
		c->core.now++;
	}
	c->core.now = 1000 + BATCHING_ACK_MS;
	c->mqtt.full = true; /* it is not tried again and again */
	registrar_pump(c->g);
	assert_true(registrar_next(c->g) > c->core.now);
	c->mqtt.full = false;
	c->core.now += BATCHING_ACK_MS;
	registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 1);
	registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 1);
	/* A bridge that stops does not wait. */
	registrar_disposed(c->g, "r-2");
	registrar_settle(c->g);
	c->core.stopping = true;
	registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 2);
}

/* All operators' answers go to one topic. */
static void what_others_are_answered_is_not_ours(void **state)
{
	static const char *const whose[] = {"", "g", "g2/info:", "other/info:"};
	struct ask_case *c = *state;
	char text[256];

	connect_to(c, 0);
	assert_true(registrar_ready(c->g));
	for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
		snprintf(text, sizeof(text),
			 "{\"responses\":[{\"command\":\"getInfo\",\"code\":"
			 "\"PERMISSION_DENIED\",\"correlationData\":\"%s\"}]}",
			 whose[i]);
		hear(c, text, strlen(text));
		assert_true(registrar_ready(c->g));
	}
	snprintf(text, sizeof(text),
		 "{\"responses\":[{\"command\":\"getInfo\",\"code\":"
		 "\"PERMISSION_DENIED\",\"correlationData\":\"g/info:\"}]}");
	hear(c, text, strlen(text));
	assert_false(registrar_ready(c->g));
}

/* The gate takes correlationData of 256 bytes, and a group may have 255. */
static void a_long_group_has_a_short_mark(void **state)
{
	static char one[256], two[256];
	char a[CONTROL_CORRELATION], b[CONTROL_CORRELATION];
	struct ask_case *c = *state;

	memset(one, 'x', sizeof(one) - 1);
	memcpy(two, one, sizeof(two));
	two[200] = 'y';
	c->config.kafka.group = one;
	registrar_name(c->g);
	registrar_correlate(a, c->g, "create", "id");
	assert_true(registrar_is_ours(c->g, a));
	c->config.kafka.group = two;
	registrar_name(c->g);
	assert_false(registrar_is_ours(c->g, a));
	registrar_correlate(b, c->g, "create", "id");
	assert_string_not_equal(a, b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(each_message_has_a_bound),
		T(an_older_gate_is_asked_one_by_one),
		T(the_gate_says_how_many),
		T(one_device_does_not_block_the_others),
		T(a_broker_with_a_small_limit),
		T(a_lost_connection_shortens_messages),
		T(what_was_lost_is_reported),
		T(a_command_that_never_fits_is_answered),
		T(commands_of_one_pump_share_messages),
		T(an_older_gate_gets_them_one_by_one),
		T(too_large_a_command_does_not_stop_its_neighbours),
		T(what_was_not_sent_is_not_in_flight),
		T(acknowledgements_are_sent_in_parts),
		T(acknowledgements_wait_for_each_other),
		T(what_others_are_answered_is_not_ours),
		T(a_long_group_has_a_short_mark),
	};

	return cmocka_run_group_tests_name("bridge_registrar_ask", tests, NULL,
					   NULL);
}
