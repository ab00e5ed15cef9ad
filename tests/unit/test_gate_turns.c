/* A message with very many commands is executed in turns, in between all others
 * are served, and its one answer says of each command what has become of it.
 * gate_broker.c plays the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/control_queue.h"
#include "gate_commands.h"
#include "gate_disk.h"
#include "gate_fixture.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define IDS   1000
#define TURN  20000 /* us */
#define PAIRS 400

/* Replaces the C library's. */
int fdatasync(int fd)
{
	return gate_disk_sync(fd);
}

static int64_t pace; /* us that a look at the thread's time adds to it */

int64_t __real_ztp_clock_thread_us(void);
int64_t __wrap_ztp_clock_thread_us(void);

/* Two looks for each command: what it takes is the test's to say. */
int64_t __wrap_ztp_clock_thread_us(void)
{
	static int64_t now;

	if (pace == 0)
		return __real_ztp_clock_thread_us();
	now += pace;
	return now;
}

static int begin(void **state)
{
	int rc = gate_setup(state);

	gate_tick();
	gate_broker.settle = NULL;
	pace = 5000; /* four commands a turn */
	return rc;
}

static int end(void **state)
{
	pace = 0;
	gate_disk_set(false, 0);
	gate_broker.settle = gate_settle;
	return gate_teardown(state);
}

static size_t answers(void)
{
	return gate_published_count(ZTP_MQTT_RESPONSE, NULL);
}

/* A message of `count` commands; the first ones are called name0, name1 … */
static void ask(struct gate_fixture *f, const char *name, int count)
{
	struct gate_commands m;
	char *json;

	gate_commands_begin(&m);
	for (int i = 0; i < count; i++)
		gate_commands_add(&m,
				  "{\"command\":\"createRegistry\","
				  "\"registry\":\"a/%s%d\"}",
				  name, i);
	json = gate_commands_end(&m);
	gate_control(f->op, json);
	free(json);
}

static bool exists(struct gate_fixture *f, const char *name)
{
	struct ztp_gate *gate = f->gate;

	return ztp_registries_find(gate->registries, name, strlen(name));
}

static void turn(struct gate_fixture *f)
{
	struct ztp_gate *gate = f->gate;

	gate_tick();
	ztp_gate_commit(gate);
	ztp_db_wait(gate->db);
	ztp_outbox_tick(gate);
}

static void a_turn_has_some(void **state)
{
	struct gate_fixture *f = *state;
	const struct ztp_gate *gate = f->gate;
	size_t before = answers();

	ask(f, "x", 10);
	assert_true(exists(f, "a/x2"));
	assert_false(exists(f, "a/x4"));
	/* others are served meanwhile, and other messages wait */
	ask(f, "y", 1);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_false(exists(f, "a/y0"));
	turn(f);
	assert_int_equal(answers(), before);
	while (gate->commands.first)
		turn(f);
	assert_true(exists(f, "a/x9"));
	assert_true(exists(f, "a/y0"));
	assert_int_equal(answers(), before + 2);
	assert_non_null(strstr(gate_published(ZTP_MQTT_RESPONSE, NULL),
			       "a/y0")); /* in their order */
}

/* One message is small and the next one larger than what may wait. */
static void too_much_is_put_off(void **state)
{
	struct gate_fixture *f = *state;
	const struct ztp_gate *gate = f->gate;
	size_t before = answers();
	char *text = malloc((1 << 20) + 1);

	assert_non_null(text);
	memset(text, ' ', 1 << 20);
	text[1 << 20] = '\0';
	ask(f, "x", 10);
	for (int i = 0; i < 6; i++)
		gate_control(f->op, text);
	free(text);
	assert_true(gate->commands.bytes <= 4 << 20);
	for (int i = 0; i < 10; i++)
		turn(f);
	assert_null(gate->commands.first);
	assert_int_equal(answers(), before + 7);
	assert_int_equal(
		gate_published_count(ZTP_MQTT_RESPONSE, "too many commands"),
		3);
}

static cJSON *last_answer(void)
{
	cJSON *tree = cJSON_Parse(gate_published(ZTP_MQTT_RESPONSE, NULL));

	assert_non_null(tree);
	return tree;
}

/* What an earlier turn was answered OK for is lost before the answer is made;
 * what is durable by then is not. */
static void a_loss_in_between(void **state)
{
	struct gate_fixture *f = *state;
	const struct ztp_gate *gate = f->gate;
	const cJSON *list, *one;
	cJSON *tree;
	int ok = 0, i = 0;
	char name[32];

	ask(f, "x", 12);
	turn(f); /* durable */
	gate_disk_set(false, ENOSPC);
	turn(f);
	while (gate->commands.first)
		turn(f);
	tree = last_answer();
	list = cJSON_GetObjectItem(tree, ZTP_M_RESPONSES);
	assert_int_equal(cJSON_GetArraySize(list), 12);
	cJSON_ArrayForEach (one, list) {
		bool said = strcmp(ztp_tree_text(one, ZTP_M_CODE), "OK") == 0;

		(void)snprintf(name, sizeof(name), "a/x%d", i++);
		assert_int_equal(said, exists(f, name));
		ok += said;
	}
	assert_in_range(ok, 1, 11);
	cJSON_Delete(tree);
}

/* A sweep that a command has begun ends before the message does. */
static void a_sweep_ends_in_between(void **state)
{
	struct gate_fixture *f = *state;

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	turn(f);
	((struct ztp_gate *)f->gate)->sweeps.spent = 1
						     << 20; /* it has to wait */
	gate_control(f->op,
		     "{\"commands\":[{\"command\":\"deleteRegistry\","
		     "\"registry\":\"acme/custom\"},{\"command\":\"getInfo\"},"
		     "{\"command\":\"getInfo\"},{\"command\":\"getInfo\"},"
		     "{\"command\":\"getInfo\"},{\"command\":\"getInfo\"},"
		     "{\"command\":\"getInfo\"},{\"command\":\"getInfo\"},"
		     "{\"command\":\"getInfo\"},{\"command\":\"getInfo\"},"
		     "{\"command\":\"getInfo\"},{\"command\":\"getInfo\"}]}");
	for (int i = 0; i < 10; i++)
		turn(f);
	assert_int_equal(gate_published_count(ZTP_MQTT_RESPONSE,
					      "\"ended\":1,\"sessions\":1"),
			 1);
}

/* Others of its message are lost while it waits for its sweep; the sweep's own
 * response is not. */
static void a_loss_while_it_waits(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;
	const cJSON *list;
	cJSON *tree;

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	turn(f);
	gate->sweeps.spent = 1 << 20; /* it has to wait */
	pace = 10000;		      /* a command a turn */
	gate_control(f->op, "{\"commands\":[{\"command\":\"deleteRegistry\","
			    "\"registry\":\"acme/custom\"},{\"command\":"
			    "\"createRegistry\",\"registry\":\"a/x\"}]}");
	gate->sweeps.next = INT64_MAX;
	assert_non_null(gate->commands.first);
	ztp_gate_commit(gate);
	ztp_db_wait(gate->db);
	while (gate->commands.first)
		ztp_control_tick(gate);
	gate_disk_set(false, ENOSPC);
	turn(f);
	turn(f);
	assert_false(exists(f, "a/x"));
	assert_int_equal(gate_published_count(ZTP_MQTT_RESPONSE, "ended"), 0);
	gate->sweeps.next = 0;
	for (int i = 0; i < 10; i++)
		turn(f);
	assert_int_equal(gate_published_count(ZTP_MQTT_RESPONSE,
					      "\"ended\":1,\"sessions\":1"),
			 1);
	tree = last_answer();
	list = cJSON_GetObjectItem(tree, ZTP_M_RESPONSES);
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(
		ztp_tree_text(cJSON_GetArrayItem(list, 0), ZTP_M_CODE), "OK");
	assert_string_equal(
		ztp_tree_text(cJSON_GetArrayItem(list, 1), ZTP_M_CODE),
		"UNAVAILABLE");
	cJSON_Delete(tree);
}

/* The broker ends while commands wait. */
static void the_end_in_between(void **state)
{
	struct gate_fixture *f = *state;

	ask(f, "x", 10);
	gate_unload(f);
	assert_int_equal(gate_load(f), 0);
	assert_true(exists(f, "a/x2"));
}

static void play(struct gate_fixture *f, const char *json)
{
	struct ztp_gate *gate = f->gate;
	int64_t us = ztp_clock_thread_us();

	gate_control(f->op, json);
	us = ztp_clock_thread_us() - us;
	assert_in_range(us, 0, 5 * TURN);
	for (int turns = 0; gate->commands.first; turns++) {
		us = ztp_clock_thread_us();
		ztp_control_tick(gate);
		us = ztp_clock_thread_us() - us;
		assert_in_range(us, 0, 5 * TURN);
		assert_true(turns < 1000);
	}
}

/* By the real clock: many registries made and removed, many acknowledgements. */
static void what_was_expensive(void **state)
{
	struct gate_fixture *f = *state;
	struct gate_commands m;
	char *json;

	pace = 0;
	gate_commands_begin(&m);
	for (int i = 0; i < PAIRS; i++) {
		gate_commands_add(&m, "{\"command\":\"createRegistry\","
				      "\"registry\":\"a/b\"}");
		gate_commands_add(&m, "{\"command\":\"deleteRegistry\","
				      "\"registry\":\"a/b\"}");
	}
	json = gate_commands_end(&m);
	play(f, json);
	free(json);
	gate_commands_begin(&m);
	for (int i = 0; i < 30; i++) {
		gate_commands_add(&m, "{\"command\":\"ackPending\","
				      "\"request_ids\":[\"\"");
		for (int k = 1; k < IDS; k++)
			assert_true(fputs(",\"\"", m.out) >= 0);
		assert_true(fputs("]}", m.out) >= 0);
	}
	json = gate_commands_end(&m);
	play(f, json);
	free(json);
}

/* A registry whose description has some 2 KiB. */
static void make_a_long_one(struct gate_fixture *f)
{
	size_t before = answers();
	struct gate_commands m;
	char *json;

	gate_commands_begin(&m);
	gate_commands_add(&m, "{\"command\":\"createRegistry\","
			      "\"registry\":\"a/long\",\"audience\":\"");
	for (int i = 0; i < 1000; i++)
		assert_true(fputs("\\\\", m.out) >= 0);
	assert_true(fputs("\"}", m.out) >= 0);
	json = gate_commands_end(&m);
	gate_control(f->op, json);
	free(json);
	while (answers() == before)
		turn(f);
}

static void ask_for_all(struct gate_fixture *f)
{
	struct gate_commands m;
	char *json;

	make_a_long_one(f);
	pace = 0;
	gate_commands_begin(&m);
	for (int i = 0; i < 1000; i++)
		gate_commands_add(&m, "{\"command\":\"getRegistry\","
				      "\"registry\":\"a/long\"}");
	json = gate_commands_end(&m);
	gate_control(f->op, json);
	free(json);
}

/* A long answer is printed in turns, too, and those that follow wait for it. */
static void a_long_answer(void **state)
{
	struct gate_fixture *f = *state;
	const struct ztp_gate *gate = f->gate;
	const char *info = "{\"commands\":[{\"command\":\"getInfo\"}]}";
	size_t before = answers() + 1;
	int turns = 0;
	cJSON *tree;

	ask_for_all(f);
	gate_control(f->op, info);
	while (gate->commands.first)
		ztp_control_tick(f->gate);
	assert_int_equal(answers(), before);
	for (; answers() == before; turns++)
		gate_tick();
	assert_in_range(turns, 1, 3);
	gate_tick();
	assert_int_equal(answers(), before + 2);
	assert_null(gate->outbox.first);
	assert_non_null(
		strstr(gate_published(ZTP_MQTT_RESPONSE, NULL), "getInfo"));
	tree = cJSON_Parse(gate_published(ZTP_MQTT_RESPONSE, "getRegistry"));
	assert_int_equal(
		cJSON_GetArraySize(cJSON_GetObjectItem(tree, ZTP_M_RESPONSES)),
		1000);
	cJSON_Delete(tree);
}

/* The broker ends while it is printed. */
static void an_end_while_it_is_printed(void **state)
{
	struct gate_fixture *f = *state;
	const struct ztp_gate *gate = f->gate;
	ask_for_all(f);
	while (gate->commands.first)
		ztp_control_tick(f->gate);
	assert_non_null(gate->outbox.first);
	gate_unload(f);
	assert_int_equal(gate_load(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_turn_has_some, begin, end),
		cmocka_unit_test_setup_teardown(too_much_is_put_off, begin,
						end),
		cmocka_unit_test_setup_teardown(a_loss_in_between, begin, end),
		cmocka_unit_test_setup_teardown(a_sweep_ends_in_between, begin,
						end),
		cmocka_unit_test_setup_teardown(a_loss_while_it_waits, begin,
						end),
		cmocka_unit_test_setup_teardown(the_end_in_between, begin, end),
		cmocka_unit_test_setup_teardown(what_was_expensive, begin, end),
		cmocka_unit_test_setup_teardown(a_long_answer, begin, end),
		cmocka_unit_test_setup_teardown(an_end_while_it_is_printed,
						begin, end),
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
