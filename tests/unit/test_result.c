/* ztp.results: the table of outcomes, the record, its id. */
#include "ztp/result.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"

#define PATH "subscriptions/a/registries/b/devices/c"

static void the_table(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *status, *type;
	} lines[] = {
		{"onboarded", 200, "OK", "io.ztp.provisioning.onboarded.v1"},
		{"rejected", 200, "OK", "io.ztp.provisioning.rejected.v1"},
		{"conflict", 409, "ALREADY_EXISTS",
		 "io.ztp.provisioning.conflict.v1"},
		{"expired", 504, "DEADLINE_EXCEEDED",
		 "io.ztp.provisioning.expired.v1"},
		{"undeliverable", 503, "UNAVAILABLE",
		 "io.ztp.provisioning.undeliverable.v1"},
		{"failed", 500, "INTERNAL", "io.ztp.provisioning.failed.v1"},
		{"withdrawn", 409, "ABORTED",
		 "io.ztp.provisioning.withdrawn.v1"},
		{"unknown_request", 404, "NOT_FOUND",
		 "io.ztp.provisioning.unknown_request.v1"},
		{"mismatch", 400, "INVALID_ARGUMENT",
		 "io.ztp.provisioning.mismatch.v1"},
		{"invalid", 400, "INVALID_ARGUMENT",
		 "io.ztp.provisioning.invalid.v1"},
		{"duplicate", 200, "OK", "io.ztp.provisioning.duplicate.v1"},
		{"applied", 200, "OK", "io.ztp.provisioning.applied.v1"},
		{"apply_failed", 500, "INTERNAL",
		 "io.ztp.provisioning.apply_failed.v1"},
		{"already_decided", 409, "FAILED_PRECONDITION",
		 "io.ztp.provisioning.already_decided.v1"},
	};
	char type[ZTP_RESULT_TYPE_MAX];

	(void)state;
	assert_int_equal(sizeof(lines) / sizeof(*lines), ZTP_OUTCOME_COUNT);
	for (int i = 0; i < ZTP_OUTCOME_COUNT; i++) {
		enum ztp_outcome outcome = (enum ztp_outcome)i;

		assert_string_equal(ztp_outcome_name(outcome), lines[i].name);
		assert_int_equal(ztp_outcome_code(outcome), lines[i].code);
		assert_string_equal(ztp_outcome_status(outcome),
				    lines[i].status);
		ztp_result_type(type, outcome);
		assert_string_equal(type, lines[i].type);
	}
	assert_string_equal(ztp_outcome_name(ZTP_OUTCOME_COUNT), "unknown");
}

static void how_it_was_delivered(void **state)
{
	(void)state;
	assert_string_equal(ztp_delivery_name(ZTP_DELIVERY_NONE), "");
	assert_string_equal(ztp_delivery_name(ZTP_DELIVERY_BROKER), "broker");
	assert_string_equal(ztp_delivery_name(ZTP_DELIVERY_SUBSCRIBER),
			    "subscriber");
	assert_string_equal(ztp_delivery_name(ZTP_DELIVERY_DEVICE), "device");
	assert_string_equal(ztp_delivery_name(ZTP_DELIVERY_COUNT), "");
}

static void record_is(const struct ztp_result *result, const char *want)
{
	char *json;

	assert_int_equal(ztp_result_build(&json, result, NULL), 0);
	assert_string_equal(json, want);
	free(json);
}

static void the_whole_record(void **state)
{
	const struct ztp_result result = {
		.request_id = "r-1",
		.path = PATH,
		.outcome = ZTP_OUTCOME_ONBOARDED,
		.message = "said \"yes\"",
		.decision = {"ztp.decisions", 2, INT64_MAX},
		.delivered_at = 1500,
		.delivery = ZTP_DELIVERY_SUBSCRIBER,
		.at = 1501,
	};

	(void)state;
	record_is(&result,
		  "{\"request_id\":\"r-1\",\"device_path\":\"" PATH "\","
		  "\"outcome\":\"onboarded\",\"code\":200,\"status\":\"OK\","
		  "\"message\":\"said \\\"yes\\\"\",\"decision\":{\"topic\":"
		  "\"ztp.decisions\",\"partition\":2,"
		  "\"offset\":9223372036854775807},"
		  "\"delivered_at\":\"1970-01-01T00:00:01.500Z\","
		  "\"delivery\":\"subscriber\","
		  "\"at\":\"1970-01-01T00:00:01.501Z\"}");
}

static void what_is_not_there_is_left_out(void **state)
{
	struct ztp_result result = {
		.request_id = "r-1",
		.outcome = ZTP_OUTCOME_UNKNOWN_REQUEST,
		.message = "",
		.decision = {"d", 0, 0},
	};

	(void)state;
	record_is(&result,
		  "{\"request_id\":\"r-1\",\"outcome\":\"unknown_request\","
		  "\"code\":404,\"status\":\"NOT_FOUND\",\"message\":\"\","
		  "\"decision\":{\"topic\":\"d\",\"partition\":0,"
		  "\"offset\":0},\"at\":\"1970-01-01T00:00:00.000Z\"}");
	result.path = "";
	result.decision.topic = NULL;
	result.outcome = ZTP_OUTCOME_EXPIRED;
	record_is(&result,
		  "{\"request_id\":\"r-1\",\"outcome\":\"expired\","
		  "\"code\":504,\"status\":\"DEADLINE_EXCEEDED\","
		  "\"message\":\"\",\"at\":\"1970-01-01T00:00:00.000Z\"}");
}

static void an_id_follows_from_request_outcome_and_position(void **state)
{
	static const struct ztp_result different[] = {
		{.request_id = "a", .outcome = ZTP_OUTCOME_EXPIRED},
		{.request_id = "b", .outcome = ZTP_OUTCOME_EXPIRED},
		{.request_id = "a", .outcome = ZTP_OUTCOME_CONFLICT},
		{.request_id = "a",
		 .outcome = ZTP_OUTCOME_EXPIRED,
		 .decision = {"d", 0, 0}},
		{.request_id = "a",
		 .outcome = ZTP_OUTCOME_EXPIRED,
		 .decision = {"d", 1, 0}},
		{.request_id = "a",
		 .outcome = ZTP_OUTCOME_EXPIRED,
		 .decision = {"d", 0, 1}},
		{.request_id = "a",
		 .outcome = ZTP_OUTCOME_EXPIRED,
		 .decision = {"e", 0, 0}},
		{.request_id = "a",
		 .outcome = ZTP_OUTCOME_EXPIRED,
		 .decision = {"d", 1, 11}},
		{.request_id = "a",
		 .outcome = ZTP_OUTCOME_EXPIRED,
		 .decision = {"d", 11, 1}},
	};
	char ids[sizeof(different) / sizeof(*different)][33];

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		struct ztp_result again = different[i];
		char id[33];

		ztp_result_id(ids[i], &different[i]);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
		assert_int_equal(ids[i][32], '\0');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
		/* written again after a crash, later and with another
		 * message */
		again.at = 99;
		again.delivered_at = 98;
		again.message = "again";
		again.path = PATH;
		ztp_result_id(id, &again);
		assert_string_equal(id, ids[i]);
	}
}

/* A record that a later version writes again must have the same one. As another
 * program has computed them. */
static void an_id_stays_what_it_is(void **state)
{
	struct ztp_result result = {.request_id = "r",
				    .outcome = ZTP_OUTCOME_EXPIRED};
	char id[33];

	(void)state;
	ztp_result_id(id, &result);
	assert_string_equal(id, "1e934e1ea675e523796d7a9a8dfb3c49");
	result.outcome = ZTP_OUTCOME_ONBOARDED;
	result.decision = (struct ztp_position){"d", 1, 2};
	ztp_result_id(id, &result);
	assert_string_equal(id, "5d17bdee7d39492bb0501e3d2763a11b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table),
		cmocka_unit_test(how_it_was_delivered),
		cmocka_unit_test(the_whole_record),
		cmocka_unit_test(what_is_not_there_is_left_out),
		cmocka_unit_test(
			an_id_follows_from_request_outcome_and_position),
		cmocka_unit_test(an_id_stays_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
