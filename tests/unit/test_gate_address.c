/* What a client says of where it is. From 2.0.15 on the broker takes the
 * X-Forwarded-For of a WebSockets client for its address, and that is whatever the
 * client has written. gate_broker.c plays the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/json_tree.h"
#include "gate/address.h"
#include "gate_nonsense.h"
#include "gate_rows.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define RAW                                                                    \
	"\xff\xfe\xc3"                                                         \
	"7\x01\x7f"
#define SAID "???7??"

/* Whoever reads them reads all of an array or nothing of it. */
static const char *readable(const char *topic)
{
	const char *text = gate_published(topic, NULL);
	cJSON *tree = NULL;

	assert_non_null(text);
	assert_int_equal(
		ztp_tree_parse(&tree, text, strlen(text), ZTP_AUDITS_MAX, NULL),
		0);
	cJSON_Delete(tree);
	return text;
}

static void test_records_of_others_can_be_read(void **state)
{
	struct gate_fixture *f = *state;

	assert_int_equal(gate_connect(gate_first(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	nonsense(CUSTOM "b", 1, RAW);
	gate_tick();
	assert_non_null(strstr(readable(ZTP_MQTT_AUDITS), DIRECT "a"));
	assert_non_null(strstr(readable(ZTP_MQTT_AUDITS), SAID));
	assert_non_null(strstr(readable(ZTP_MQTT_AUDIT), SAID));
}

static void test_its_event_can_be_read(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, CUSTOM "a", 0);
	char address[2 * ZTP_ADDRESS_MAX + 1] = RAW;

	memset(address + sizeof(RAW) - 1, '7', ZTP_ADDRESS_MAX);
	device->address = address;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_non_null(strstr(readable(ZTP_MQTT_PENDING), SAID "777"));
}

/* What a gate of before has stored keeps nobody else from being offered. */
static void test_an_address_of_before(void **state)
{
	static const char spoil[] =
		"UPDATE candidates SET remote_addr = CAST(x'fffe' AS TEXT)";
	struct gate_fixture *f = *state;

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_change(f, spoil);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 1)),
			 MOSQ_ERR_SUCCESS);
	gate_unload(f);
	gate_broker_reset();
	assert_int_equal(gate_load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	gate_tick();
	assert_non_null(gate_published(ZTP_MQTT_PENDING, CUSTOM "a"));
	assert_non_null(gate_published(ZTP_MQTT_PENDING, CUSTOM "b"));
	gate_says(f, "\"command\":\"listPending\"", CUSTOM "b");
	gate_says(f,
		  "\"command\":\"deleteRegistry\",\"registry\":"
		  "\"acme/custom\"",
		  "\"ended\":2");
}

static void test_no_address(void **state)
{
	struct mosquitto *device = gate_client("x", "x", "x", 5);
	char text[ZTP_ADDRESS_MAX + 1];

	(void)state;
	device->address = NULL;
	ztp_address_of(text, device);
	assert_string_equal(text, "");
}

/* It is never counted for a client that did not say so itself. */
static void test_another_clients_address(void **state)
{
	static const char *const addresses[] = {"192.0.2.1", "2001:db8::1",
						"203.0.113.9, 10.0.0.1", ""};
	struct mosquitto *device = gate_client("x", "x", "x", 5);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct ztp_throttle_source tcp, web, again;

		device->websocket = false;
		ztp_address_source(&tcp, device, addresses[i]);
		device->websocket = true;
		ztp_address_source(&web, device, addresses[i]);
		ztp_address_source(&again, device, addresses[i]);
		assert_memory_not_equal(&tcp, &web, sizeof(tcp));
		assert_memory_equal(&web, &again, sizeof(web));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_records_of_others_can_be_read, gate_setup,
			gate_teardown),
		cmocka_unit_test_setup_teardown(test_its_event_can_be_read,
						gate_setup, gate_teardown),
		cmocka_unit_test_setup_teardown(test_an_address_of_before,
						gate_setup, gate_teardown),
		cmocka_unit_test_setup_teardown(test_no_address, gate_setup,
						gate_teardown),
		cmocka_unit_test_setup_teardown(test_another_clients_address,
						gate_setup, gate_teardown),
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
