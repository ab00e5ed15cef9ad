/* What paho is told of the broker's address. */
#include "bridge/mqtt/mqtt_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <MQTTAsync.h>
#include <stdio.h>

static char told[512];

/* Nothing more is to be seen of a client. */
int __wrap_MQTTAsync_createWithOptions(MQTTAsync *client, const char *url,
				       const char *id, int persistence,
				       void *context,
				       MQTTAsync_createOptions *options);
int __wrap_MQTTAsync_createWithOptions(MQTTAsync *client, const char *url,
				       const char *id, int persistence,
				       void *context,
				       MQTTAsync_createOptions *options)
{
	(void)client;
	(void)id;
	(void)persistence;
	(void)context;
	(void)options;
	snprintf(told, sizeof(told), "%s", url);
	return MQTTASYNC_FAILURE;
}

/* With brackets it would not find an IPv6 address in a certificate. */
static void an_address_is_told_as_a_certificate_has_it(void **state)
{
	static const struct {
		const char *host;
		int port;
		bool secure;
		const char *url;
	} rows[] = {
		{"broker.example", 1883, false, "tcp://broker.example:1883"},
		{"broker.example", 8883, true, "ssl://broker.example:8883"},
		{"192.0.2.1", 8883, true, "ssl://192.0.2.1:8883"},
		{"2001:db8::1", 8883, true, "ssl://2001:db8::1:8883"},
		{"::1", 1, false, "tcp://::1:1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config config = {
			.mqtt = {.host = (char *)(uintptr_t)rows[i].host,
				 .client_id = (char *)(uintptr_t) "unit",
				 .port = rows[i].port,
				 .secure = rows[i].secure,
				 .version = 5}};
		struct core core = {.config = &config};
		struct mqtt_link *mqtt_link = NULL;
		struct ztp_error error;

		assert_int_equal(
			mqtt_link_new(&mqtt_link, &core, NULL, -1, -1, &error),
			ZTP_ERR_INTERNAL);
		assert_null(mqtt_link);
		assert_string_equal(told, rows[i].url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_told_as_a_certificate_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
