/* Who proves a key is not stopped by those who cannot, however busy they keep
 * the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate_nonsense.h"

/* The gate's clock. While the machine is busy, less than a fifth of the time may
 * be this thread's, and then nobody is ever slowed down; so where that is what a
 * test waits for, time passes only while the thread runs. */
static struct {
	bool own;
	int64_t boot, thread_us; /* when it began */
} clock_of_thread;

int64_t __real_ztp_clock_boot(void);
int64_t __wrap_ztp_clock_boot(void);

int64_t __wrap_ztp_clock_boot(void)
{
	if (!clock_of_thread.own)
		return __real_ztp_clock_boot();
	return clock_of_thread.boot +
	       (ztp_clock_thread_us() - clock_of_thread.thread_us) / 1000;
}

static void let_time_be_the_threads(bool own)
{
	clock_of_thread.boot = ztp_clock_boot();
	clock_of_thread.thread_us = ztp_clock_thread_us();
	clock_of_thread.own = own;
}

static int busy_setup(void **state)
{
	let_time_be_the_threads(true);
	return gate_setup(state);
}

static int busy_teardown(void **state)
{
	let_time_be_the_threads(false);
	return gate_teardown(state);
}

/* A JWT that is good but for its signature; each has another one. */
static char *forged(struct gate_fixture *f, int number)
{
	char *jwt = gate_proof(f, 1, 3600);
	char *signature = strrchr(jwt, '.') + 1;

	for (int i = 0; i < 6; i++, number /= 26)
		signature[i] = (char)('A' + number % 26);
	return jwt;
}

static void forge(struct gate_fixture *f, const char *path, int number,
		  const char *address)
{
	char *jwt = forged(f, number);

	assert_int_equal(refused(gate_client(path, "unused", jwt, 5), address),
			 MOSQ_ERR_AUTH);
	free(jwt);
}

static const char *last_code(void)
{
	return gate_broker.messages[gate_broker.count - 1].payload;
}

/* Forges proofs for a path until they are not even verified. An address that
 * ends in ':' is completed, each time in another way. */
static int forge_until_slowed_down(struct gate_fixture *f, const char *path,
				   const char *address)
{
	bool network = address[strlen(address) - 1] == ':';
	char from[64];

	for (int i = 0; i < 50000; i++) {
		if (network)
			(void)snprintf(from, sizeof(from), "%s%x", address, i);
		else
			(void)snprintf(from, sizeof(from), "%s", address);
		forge(f, path, i, from);
		if (gate_published("ztp/v1/audit", "slowed_down"))
			return i;
		if (i % 100 == 0)
			gate_tick();
	}
	fail_msg("never slowed down");
	return -1;
}

static void test_whoever_proves_a_key_is_not_stopped(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	int n;

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_disconnect(device);
	for (int i = 0; i < 2000; i++) {
		struct mosquitto *wrong =
			gate_client(DIRECT "a", "unused", "wrong", 5);

		nonsense(DIRECT "a", i, "192.0.2.1");
		nonsense("subscriptions/acme", i, "192.0.2.1");
		assert_int_equal(refused(wrong, "192.0.2.1"), MOSQ_ERR_AUTH);
	}
	assert_null(gate_published("ztp/v1/audit", "slowed_down"));
	n = forge_until_slowed_down(f, DIRECT "a", "192.0.2.9");
	for (int i = 0; i < 20; i++) {
		forge(f, DIRECT "a", n + i, "192.0.2.9");
		device = gate_unused(f, DIRECT "a", 0);
		assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
		gate_disconnect(device);
	}
}

static void test_a_new_device_is_not_stopped(void **state)
{
	struct gate_fixture *f = *state;
	int n;

	assert_int_equal(gate_connect(gate_first(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	n = forge_until_slowed_down(f, DIRECT "a", "192.0.2.9");
	for (int i = 0; i < 8; i++) { /* from the same address */
		char path[] = DIRECT "new-0";
		struct mosquitto *device;

		path[sizeof(path) - 2] = (char)('0' + i);
		forge(f, DIRECT "a", n + i, "192.0.2.9");
		device = gate_first(f, path, 0);
		device->address = "192.0.2.9";
		assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	}
}

static void test_one_ipv6_network_is_one_source(void **state)
{
	struct gate_fixture *f = *state;

	assert_int_equal(gate_connect(gate_first(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	(void)forge_until_slowed_down(f, DIRECT "a", "2001:db8:1:2:3::");
	/* the network next to it still has its turn */
	forge(f, DIRECT "a", 50002, "2001:db8:1:3::1");
	assert_non_null(strstr(last_code(), "wrong_key"));
	/* an IPv4 address on a dual-stack socket counts as IPv4 */
	nonsense(DIRECT "a", 1, "::ffff:192.0.2.77");
	assert_non_null(strstr(last_code(), "bad_proof"));
	assert_non_null(strstr(last_code(), "::ffff:192.0.2.77"));
}

/* The bridge is told of a device that subscribes again and again, though not
 * each time, and always of the last. */
static void subscribes_without_end(struct gate_fixture *f, const char *path)
{
	struct mosquitto *device = gate_first(f, path, 0);
	char topic[128];
	size_t told;

	(void)snprintf(topic, sizeof(topic), "%s/commands", path);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	for (int i = 0; i < 500; i++) {
		assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, topic));
		gate_tick();
	}
	told = gate_published_count("ztp/v1/subscribed", path);
	assert_in_range(told, 20, 40);
	for (int i = 0; i < 3; i++) {
		clock_of_thread.boot += 2000;
		gate_tick();
	}
	assert_int_equal(gate_published_count("ztp/v1/subscribed", path),
			 told + 1);
}

static void test_a_device_that_subscribes_without_end(void **state)
{
	subscribes_without_end(*state, DIRECT "a");
}

static void test_a_candidate_that_subscribes_without_end(void **state)
{
	subscribes_without_end(*state, CUSTOM "a");
	assert_in_range(gate_published_count(CUSTOM "a/commands", "pending"),
			20, 41);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, busy_setup, busy_teardown)
		T(test_whoever_proves_a_key_is_not_stopped),
		T(test_a_new_device_is_not_stopped),
		T(test_one_ipv6_network_is_one_source),
		T(test_a_device_that_subscribes_without_end),
		T(test_a_candidate_that_subscribes_without_end),
#undef T
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
