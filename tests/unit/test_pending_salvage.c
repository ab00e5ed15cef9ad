/* What may be shown of a refused pending event. */
#include "ztp/pending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"

#define PATH	     "subscriptions/acme/registries/plant-7/devices/pump-42"
#define OTHER	     "subscriptions/acme/registries/plant-7/devices/pump-43"
#define DEVICE	     "\"device_path\":\"" PATH "\""
#define SECRET	     "s3cr3t-marker"
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void salvage_is(const char *text, const char *want,
		       const char *want_path)
{
	char *copy = exact_copy(text, strlen(text));
	const char *id = strstr(want, "\"request_id\":\"r-1\"") ? "r-1" : "";
	struct ztp_salvaged salvaged;

	memset(&salvaged, 'x', sizeof(salvaged));
	assert_int_equal(ztp_pending_salvage(&salvaged, copy, strlen(text)), 0);
	assert_string_equal(salvaged.json ? salvaged.json : "", want);
	assert_string_equal(salvaged.path, want_path);
	assert_string_equal(salvaged.request_id, id);
	ztp_salvaged_clear(&salvaged);
	assert_null(salvaged.json);
	free(copy);
}

static void salvage_takes_what_is_well_formed(void **state)
{
	(void)state;
	salvage_is("{\"received_at\":\"2026-01-02T03:04:05.678Z\",\"attempt\":"
		   "2," DEVICE ",\"request_id\":\"r-1\",\"certificate\":"
		   "\"" SECRET "\",\"username\":\"" SECRET "\",\"password\":"
		   "\"" SECRET "\",\"jwt\":\"" SECRET "\",\"remote_addr\":"
		   "\"" SECRET "\",\"traceparent\":\"" SECRET
		   "\",\"other\":{\"" SECRET "\":1}}",
		   "{\"request_id\":\"r-1\",\"device_path\":\"" PATH
		   "\",\"attempt\":2,"
		   "\"received_at\":\"2026-01-02T03:04:05.678Z\"}",
		   PATH);
	salvage_is("{\"request_id\":\"\\u0072-1\"}", "{\"request_id\":\"r-1\"}",
		   "");
	salvage_is("{\"attempt\":1e15}", "{\"attempt\":1000000000000000}", "");
	salvage_is("{\"client_id\":\"" PATH "\"}",
		   "{\"device_path\":\"" PATH "\"}", PATH);
	salvage_is("{" DEVICE ",\"client_id\":\"" OTHER "\"}",
		   "{\"device_path\":\"" PATH "\"}", PATH);
}

static void salvage_leaves_out_what_is_not(void **state)
{
	static const char *const members[] = {
		"\"request_id\":\"" SECRET " x\"",
		"\"request_id\":[\"" SECRET "\"]",
		"\"device_path\":\"subscriptions/a/registries/b/devices/"
		"#" SECRET "\"",
		"\"device_path\":7",
		"\"attempt\":\"" SECRET "\"",
		"\"attempt\":1.5",
		"\"attempt\":123456789012345678901234567890",
		"\"received_at\":\"" SECRET "\"",
		"\"received_at\":1767323045678",
		"\"received_at\":\"2026-01-02T03:04:05."
		"1234567890123456789012345678901234567890Z\"",
		"\"request_id\":null,\"device_path\":null,\"attempt\":null,"
		"\"received_at\":null",
		"\"Request_id\":\"r\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		char *alone = exact_print("{%s}", members[i]);

		salvage_is(alone, "", "");
		free(alone);
	}
	salvage_is("{\"request_id\":\"a b\",\"attempt\":-3}",
		   "{\"attempt\":-3}", "");
}

static void salvage_of_no_json_is_empty(void **state)
{
	(void)state;
	salvage_is("", "", "");
	salvage_is(SECRET, "", "");
	salvage_is("[]", "", "");
	salvage_is("\"" PATH "\"", "", "");
	salvage_is("{" DEVICE ",\"password\":\"" SECRET "\"", "", "");
	salvage_is("{" DEVICE "," DEVICE "}", "", "");
	salvage_is("{" DEVICE ",\"x\":\"\xff\"}", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(salvage_takes_what_is_well_formed),
		cmocka_unit_test(salvage_leaves_out_what_is_not),
		cmocka_unit_test(salvage_of_no_json_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
