/* What is read of a rejection. */
#include "tests/unit/decision_case.h"

#include <stdio.h>

/* The device is told of it, whatever else the customer has written. */
static void a_rejection_is_read_for_what_it_says(void **state)
{
	static const char no[] = "{\"request_id\":\"r\",\"device_path\":\"" PATH
				 "\",\"decision\":\"reject\"";
	static const char *const more[] = {
		",\"content_type\":\"x\"}",   ",\"content_type\":1}",
		",\"metadata\":\"x\"}",	      ",\"metadata\":{\"k\":1}}",
		",\"payload_base64\":\"?\"}",
	};
	struct ztp_decision decision;
	char before[512], *text;

	(void)state;
	for (size_t i = 0; i < COUNT(more); i++) {
		(void)snprintf(before, sizeof(before), "%s%s", no, more[i]);
		take(&decision, before);
		assert_int_equal(decision.verdict, ZTP_REJECT);
		assert_string_equal(decision.payload.content_type, "");
		assert_null(decision.metadata);
		ztp_decision_clear(&decision);
	}
	(void)snprintf(before, sizeof(before), "%s,\"decided_by\":\"", no);
	text = sized(before, 3 * ZTP_REASON_MAX, "\"}");
	take(&decision, text);
	assert_int_equal(strlen(decision.decided_by), ZTP_REASON_MAX);
	ztp_decision_clear(&decision);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rejection_is_read_for_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
