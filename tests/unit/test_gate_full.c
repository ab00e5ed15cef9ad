/* A disk that takes no more writes. Known devices notice nothing, new ones are
 * refused, and what it costs the broker's thread does not grow with what the gate
 * knows. gate_broker.c plays the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_full.h"
#include "gate_rows.h"

#define REGISTRIES 400
#define COMMANDS   "\"command\":\"getRegistry\",\"registry\":\"acme/custom\""

static struct mosquitto *known(struct gate_fixture *f, const char *path)
{
	struct mosquitto *device = gate_first(f, path, 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_disconnect(device);
	return gate_unused(f, path, 0);
}

/* Whose write is lost is nothing to a device that has written nothing. */
static void known_devices_stay(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = known(f, DIRECT "a");
	struct mosquitto *new;

	gate_fill_disk(f);
	gate_let_it_rest();
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	new = gate_first(f, CUSTOM "b", 1);
	assert_int_equal(gate_connect(new), MOSQ_ERR_AUTH);
	gate_tick();
	gate_tick();
	assert_false(device->kicked);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	assert_non_null(gate_published(GATE_AUDIT, "\"connected\""));
	assert_null(gate_published("ztp/v1/pending", CUSTOM "b"));
}

/* The same for those that the thread has not written yet. */
static void known_devices_stay_at_once(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = known(f, DIRECT "a");
	struct mosquitto *held = gate_first(f, CUSTOM "h", 0);
	struct mosquitto *new = gate_first(f, CUSTOM "b", 1);

	assert_int_equal(gate_connect(held), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_disconnect(held);
	held = gate_first(f, CUSTOM "h", 0);
	gate_set_full(true);
	assert_int_equal(gate_connect(new), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(held), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_tick();
	assert_true(new->kicked);
	assert_false(device->kicked);
	assert_false(held->kicked);
	assert_true(gate_can(held, MOSQ_ACL_SUBSCRIBE, CUSTOM "h/commands"));
}

static void what_was_counted_is_taken_back(void **state)
{
	struct gate_fixture *f = *state;

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 1)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_fill_disk(f);
	for (int i = 0; i < 3; i++) {
		gate_refuses(f, CUSTOM "b", DIRECT "b", 0);
		gate_says(f, COMMANDS, "\"pending\":1");
		assert_int_equal(gate_registry(f, "direct")->counts.devices, 0);
	}
	gate_set_full(false);
	gate_let_it_rest();
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_says(f, COMMANDS, "\"pending\":2");
	assert_non_null(gate_published("ztp/v1/pending", CUSTOM "b"));
}

/* Between two tries new devices are refused, and nothing is lost again. */
static void it_is_not_tried_each_time(void **state)
{
	struct gate_fixture *f = *state;
	const struct ztp_gate *gate = f->gate;
	int64_t start = ztp_clock_boot();
	uint64_t losses;
	int refused = 0;
	char path[96];

	gate_fill_disk(f);
	losses = gate->losses;
	for (int i = 0; i < 60; i++) {
		(void)snprintf(path, sizeof(path), CUSTOM "n%d", i);
		refused += gate_connect(gate_first(f, path, i % 2)) != 0;
		gate_tick();
	}
	assert_true(refused > 0);
	assert_in_range(gate->losses - losses, 0,
			1 + (ztp_clock_boot() - start) / ZTP_REST_MIN_MS);
	assert_non_null(gate_published(GATE_AUDIT, "unavailable"));
}

/* The least of some times that the thread takes to lose a new device. */
static int64_t cost_of_a_loss(struct gate_fixture *f)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		struct mosquitto *device = gate_first(f, CUSTOM "lost", 1);
		int64_t us;

		gate_let_it_rest();
		us = ztp_clock_thread_us();
		assert_int_equal(gate_connect(device), MOSQ_ERR_AUTH);
		gate_tick();
		us = ztp_clock_thread_us() - us;
		least = us < least ? us : least;
	}
	return least;
}

static void many_registries_cost_no_more(void **state)
{
	struct gate_fixture *f = *state;
	char *pem = certs_pem(f->ca), *lines = certs_lines(pem, "\\n");
	int64_t few, many;

	gate_fill_disk(f);
	few = cost_of_a_loss(f);
	gate_set_full(false);
	gate_let_it_rest();
	for (int i = 0; i < REGISTRIES; i++) {
		char members[3072];

		(void)snprintf(members, sizeof(members),
			       "\"command\":\"createRegistry\",\"registry\":"
			       "\"many/r%d\"",
			       i);
		gate_ok(f, members);
		(void)snprintf(members, sizeof(members),
			       "\"command\":\"addRegistryCa\",\"registry\":"
			       "\"many/r%d\",\"pem\":\"%s\"",
			       i, lines);
		gate_ok(f, members);
	}
	gate_fill_disk(f);
	many = cost_of_a_loss(f);
	assert_in_range(many, 0, 4 * few);
	free(lines);
	free(pem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(known_devices_stay,
						gate_full_begin, gate_full_end),
		cmocka_unit_test_setup_teardown(known_devices_stay_at_once,
						gate_full_begin, gate_full_end),
		cmocka_unit_test_setup_teardown(what_was_counted_is_taken_back,
						gate_full_begin, gate_full_end),
		cmocka_unit_test_setup_teardown(it_is_not_tried_each_time,
						gate_full_begin, gate_full_end),
		cmocka_unit_test_setup_teardown(many_registries_cost_no_more,
						gate_full_begin, gate_full_end),
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
