/* A session that the broker keeps, with its subscriptions: the bridge is told that
 * a device has subscribed to its command topic if it has, and not because it has
 * subscribed to something. gate_broker.c plays the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gate_fixture.h"

#define GET "\"command\":\"getDevice\",\"device_path\":\"" DIRECT "a\""

static size_t told(void)
{
	return gate_published_count("ztp/v1/subscribed", DIRECT "a");
}

/* Connects with as many subscriptions as the broker has kept. */
static struct mosquitto *comes(struct gate_fixture *f, int subscriptions)
{
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	device->clean_start = false;
	device->sub_count = subscriptions;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	return device;
}

static void subscribed_to_something_else(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = comes(f, 0);

	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/config"));
	gate_tick();
	gate_disconnect(device);
	for (int i = 0; i < 2; i++) {
		device = comes(f, 1);
		if (i == 0)
			gate_tick();
		gate_says(f, GET, "\"subscribed\":false");
		gate_disconnect(device);
	}
	/* and while it is still connected */
	device = comes(f, 1);
	device = comes(f, 1);
	gate_tick();
	gate_says(f, GET, "\"subscribed\":false");
	assert_int_equal(told(), 0);
	assert_null(gate_published(DIRECT "a/commands", NULL));
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	assert_int_equal(told(), 1);
}

static void subscribed_to_its_commands(void **state)
{
	static const char *const filters[] = {DIRECT "a/commands",
					      DIRECT "a/commands/#"};
	struct gate_fixture *f = *state;
	struct mosquitto *device = comes(f, 0);

	for (int i = 0; i < 2; i++) {
		size_t before;

		assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, filters[i]));
		gate_tick();
		before = told();
		device = comes(f, 1); /* takes over */
		gate_tick();
		assert_int_equal(told(), before + 1);
		gate_disconnect(device);
		device = comes(f, 1);
		gate_disconnect(device); /* before anybody looks */
		device = comes(f, 1);
		gate_tick();
		assert_int_equal(told(), before + 2);
		assert_true(gate_can(device, MOSQ_ACL_UNSUBSCRIBE, filters[i]));
		gate_disconnect(device);
		device = comes(f, 1);
		gate_tick();
		gate_says(f, GET, "\"subscribed\":false");
		assert_int_equal(told(), before + 2);
	}
}

/* In the turn in which it has come. */
static void unsubscribed_at_once(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = comes(f, 0);

	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	gate_disconnect(device);
	device = comes(f, 1);
	assert_true(
		gate_can(device, MOSQ_ACL_UNSUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	gate_says(f, GET, "\"subscribed\":false");
	assert_int_equal(told(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(subscribed_to_something_else,
						gate_setup, gate_teardown),
		cmocka_unit_test_setup_teardown(subscribed_to_its_commands,
						gate_setup, gate_teardown),
		cmocka_unit_test_setup_teardown(unsubscribed_at_once,
						gate_setup, gate_teardown),
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
