/* Where a tool's broker is, and what paho is told of it. */
#include "tools/common/broker_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* With brackets paho would not find an IPv6 address in a certificate, and without
 * a port it would take the end of the address for one. */
static void paho_is_told_host_and_port(void **state)
{
	static const struct {
		const char *url, *told;
	} rows[] = {
		{"mqtt://broker.example", "tcp://broker.example:1883"},
		{"mqtts://broker.example", "ssl://broker.example:8883"},
		{"mqtt://broker.example:1", "tcp://broker.example:1"},
		{"mqtts://broker.example:65535/", "ssl://broker.example:65535"},
		{"mqtts://192.0.2.1:8883", "ssl://192.0.2.1:8883"},
		{"mqtts://[2001:db8::1]:8884", "ssl://2001:db8::1:8884"},
		{"mqtts://[2001:db8::1]", "ssl://2001:db8::1:8883"},
		{"mqtt://[::1]/", "tcp://::1:1883"},
	};
	char told[ZTP_BROKER_URL_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(ztp_broker_paho_url(told, rows[i].url));
		assert_string_equal(told, rows[i].told);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const urls[] = {
		"",	     "broker.example",	  "http://broker.example",
		"mqtt://",   "mqtt://[::1",	  "mqtt://:1883",
		"mqtt://[]", "mqtt://host:65536", "mqtt://host:",
	};
	char told[ZTP_BROKER_URL_LEN], longest[512] = "mqtt://";

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		assert_false(ztp_broker_paho_url(told, urls[i]));
	memset(longest + 7, 'a', ZTP_BROKER_HOST_LEN);
	assert_false(ztp_broker_paho_url(told, longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paho_is_told_host_and_port),
		cmocka_unit_test(what_is_no_address_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
