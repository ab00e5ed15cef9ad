/* Decisions in every format, and each rule that refuses one. */
#include "tests/unit/decision_case.h"

#include <stdio.h>

/* --- native */

static void the_smallest(void **state)
{
	struct ztp_decision decision;

	(void)state;
	take(&decision, OK "}");
	assert_string_equal(decision.request_id, "0192f3a1-x");
	assert_string_equal(decision.path, PATH);
	assert_int_equal(decision.verdict, ZTP_APPROVE);
	assert_false(decision.has_fingerprint);
	assert_string_equal(decision.reason, "");
	assert_string_equal(decision.message, "");
	assert_string_equal(decision.decided_by, "");
	assert_string_equal(decision.traceparent, "");
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_NONE);
	assert_string_equal(decision.payload.content_type, "");
	ztp_decision_clear(&decision);
	take(&decision, "{" HEAD ",\"decision\":\"reject\"}");
	assert_int_equal(decision.verdict, ZTP_REJECT);
	ztp_decision_clear(&decision);
	ztp_decision_clear(&decision);
	ztp_decision_clear(NULL);
}

/* As PowerShell and .NET write it. */
static void behind_a_byte_order_mark(void **state)
{
	struct ztp_decision decision;

	(void)state;
	take(&decision, "\xef\xbb\xbf" OK "}");
	assert_string_equal(decision.request_id, "0192f3a1-x");
	ztp_decision_clear(&decision);
	exact_code("structured",
		   parse_with(&decision,
			      "\xef\xbb\xbf{\"specversion\":\"1.0\",\"id\":"
			      "\"1\",\"source\":\"c\",\"type\":\"t\","
			      "\"data\":" OK "}}",
			      NULL, 0),
		   0);
	ztp_decision_clear(&decision);
	assert_int_not_equal(parse_with(&decision,
					"\xef\xbb\xbf\xef\xbb\xbf" OK "}", NULL,
					0),
			     0);
	assert_int_not_equal(parse_with(&decision, "\xef\xbb\xbf", NULL, 0), 0);
}

static void everything_given(void **state)
{
	struct ztp_decision decision;

	(void)state;
	take(&decision,
	     OK ",\"fingerprint_sha256\":\"" HEX64 "\",\"reason\":\"in_stock\","
		"\"message\":\"line\\none \xc3\xa9\",\"decided_by\":\"ann\","
		"\"payload\":{\"wifi\":\"x\"},\"content_type\":"
		"\"application/json; charset=utf-8\",\"metadata\":{\"k\":\"v\"}"
		",\"something\":[1],\"customOnboardData\":5}");
	assert_true(decision.has_fingerprint);
	assert_int_equal(decision.fingerprint[0], 0x9f);
	assert_int_equal(decision.fingerprint[31], 0xee);
	assert_string_equal(decision.reason, "in_stock");
	assert_string_equal(decision.message, "line\none \xc3\xa9");
	assert_string_equal(decision.decided_by, "ann");
	assert_string_equal(decision.payload.content_type,
			    "application/json; charset=utf-8");
	payload_is(&decision, ZTP_PAYLOAD_JSON, "{\"wifi\":\"x\"}");
	ztp_decision_clear(&decision);
}

/* Metadata is normalised: the same content always gives the same text. */
static void metadata_is_written_anew(void **state)
{
	static const struct {
		const char *given, *stored;
	} lines[] = {
		{"{\"k\":\"v\"}", "{\"k\":\"v\"}"},
		{"{ \"\\u006b\" :\t\"\\/\\u0076\" ,\n\"\\n\":\"\\u00e9\" }",
		 "{\"k\":\"/v\",\"\\n\":\"\xc3\xa9\"}"},
		{"{\"\":\"\",\"\\\"\":\"\\u0001\\ud83d\\ude00\"}",
		 "{\"\":\"\",\"\\\"\":\"\\u0001\xf0\x9f\x98\x80\"}"},
		{" { } ", NULL},
	};
	struct ztp_decision decision;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *text =
			exact_print(OK ",\"metadata\":%s}", lines[i].given);

		take(&decision, text);
		if (lines[i].stored)
			assert_string_equal(decision.metadata, lines[i].stored);
		else
			assert_null(decision.metadata);
		ztp_decision_clear(&decision);
		free(text);
	}
}

static void null_counts_as_absent(void **state)
{
	struct ztp_decision decision;

	(void)state;
	take(&decision,
	     OK ",\"fingerprint_sha256\":null,\"reason\":null,\"message\":null,"
		"\"decided_by\":null,\"payload_base64\":null,"
		"\"content_type\":null,\"metadata\":null,\"isApprove\":null}");
	assert_false(decision.has_fingerprint);
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_NONE);
	ztp_decision_clear(&decision);
	refused_with("{" HEAD ",\"decision\":null}", NULL, 0, ZTP_ERR_MISSING);
}

/* Go, among others, writes "" for a member that nobody has set. */
static void empty_string_counts_as_absent(void **state)
{
	struct ztp_decision decision;

	(void)state;
	take(&decision,
	     OK ",\"fingerprint_sha256\":\"\",\"reason\":\"\",\"message\":\"\","
		"\"decided_by\":\"\",\"payload_base64\":\"\","
		"\"content_type\":\"\",\"metadata\":\"\",\"isApprove\":\"\"}");
	assert_false(decision.has_fingerprint);
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_NONE);
	assert_null(decision.metadata);
	ztp_decision_clear(&decision);
	take(&decision, "{\"request_id\":\"r\",\"isApprove\":true,"
			"\"device_path\":\"\",\"customOnboardData\":\"\","
			"\"decision\":\"\"}");
	assert_string_equal(decision.path, "");
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_NONE);
	ztp_decision_clear(&decision);
	/* A payload may be any JSON, but here it is the other one. */
	take(&decision, OK ",\"payload_base64\":\"AAEC\",\"payload\":\"\"}");
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_BYTES);
	ztp_decision_clear(&decision);
	take(&decision, OK ",\"payload_base64\":\"\",\"payload\":false}");
	payload_is(&decision, ZTP_PAYLOAD_JSON, "false");
	ztp_decision_clear(&decision);
}

static void payloads_as_they_were_written(void **state)
{
	static const char *const texts[] = {
		"null",
		"true",
		"0",
		"\"\"",
		"\"a\\u0041\\/\"",
		"9007199254740993",
		"123456789012345678901234567890",
		"-0.10",
		"1E+2",
		"[ 1 ,2 ]",
		("{\"z\":1,\"a\":{\"n\":123456789012345678901234567890},\"m\":"
		 "1.000}"),
		("0.1000000000000000000000000000000000000000000000000000000000"
		 "0000000000000000000000000000000000000000000000000000000001"),
	};
	struct ztp_decision decision;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char *text = exact_print(OK ", \"payload\" : %s }", texts[i]);

		take(&decision, text);
		payload_is(&decision, ZTP_PAYLOAD_JSON, texts[i]);
		ztp_decision_clear(&decision);
		free(text);
	}
}

static void payload_in_base64(void **state)
{
	static const char zeros[] = "\0\1\2";
	struct ztp_decision decision;

	(void)state;
	take(&decision, OK ",\"payload_base64\":\"AAEC\",\"payload\":null}");
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_BYTES);
	assert_int_equal(decision.payload.len, 3);
	assert_memory_equal(decision.payload.data, zeros, 3);
	ztp_decision_clear(&decision);
}

static void payloads_up_to_64_kib(void **state)
{
	static const struct {
		const char *before;
		size_t n;
		const char *after;
		int want;
	} lines[] = {
		{OK ",\"payload\":\"", ZTP_PAYLOAD_MAX - 2, "\"}", 0},
		{OK ",\"payload\":\"", ZTP_PAYLOAD_MAX - 1, "\"}",
		 ZTP_ERR_TOO_LARGE},
		/* 4 characters are 3 bytes; 65536 = 3 * 21845 + 1 */
		{OK ",\"payload_base64\":\"", 4 * 21845, "AA==\"}", 0},
		{OK ",\"payload_base64\":\"", 4 * 21845, "AAA=\"}",
		 ZTP_ERR_TOO_LARGE},
		{"{\"request_id\":\"r\",\"isApprove\":true,"
		 "\"customOnboardData\":\"",
		 ZTP_PAYLOAD_MAX, "\"}", 0},
		{"{\"request_id\":\"r\",\"isApprove\":true,"
		 "\"customOnboardData\":\"",
		 ZTP_PAYLOAD_MAX + 1, "\"}", ZTP_ERR_TOO_LARGE},
		{OK ",\"unknown\":\"", ZTP_DECISION_MAX, "\"}",
		 ZTP_ERR_TOO_LARGE},
	};
	struct ztp_decision decision;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *text = sized(lines[i].before, lines[i].n, lines[i].after);
		int rc = parse_with(&decision, text, NULL, 0);

		exact_code(lines[i].before, rc, lines[i].want);
		if (!rc)
			ztp_decision_clear(&decision);
		free(text);
	}
}

static void nothing_is_no_decision(void **state)
{
	struct ztp_decision decision;

	(void)state;
	assert_int_equal(ztp_decision_parse(&decision, NULL, 0, NULL, 0, NULL),
			 ZTP_ERR_EMPTY);
	assert_int_equal(ztp_decision_parse(&decision, "", 0, NULL, 0, NULL),
			 ZTP_ERR_EMPTY);
	assert_int_equal(
		ztp_decision_parse(&decision, NULL, 0, binary, 5, NULL),
		ZTP_ERR_EMPTY);
}

static const struct {
	const char *text;
	int want;
} refusals[] = {
	{"[]", ZTP_ERR_TYPE},
	{"\"approve\"", ZTP_ERR_TYPE},
	{"null", ZTP_ERR_TYPE},
	{"approve", ZTP_ERR_JSON},
	{OK, ZTP_ERR_JSON},
	{OK "}}", ZTP_ERR_JSON},
	{OK ",\"decision\":\"approve\"}", ZTP_ERR_DUPLICATE_KEY},
	{OK ",\"decisio\\u006e\":\"reject\"}", ZTP_ERR_DUPLICATE_KEY},
	{OK ",\"message\":\"\\u0000\"}", ZTP_ERR_NUL},
	{OK ",\"message\":\"\xff\"}", ZTP_ERR_UTF8},
	{OK ",\"payload\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
	 ZTP_ERR_TOO_DEEP},
	/* required */
	{"{}", ZTP_ERR_MISSING},
	{"{" HEAD "}", ZTP_ERR_MISSING},
	{"{\"device_path\":\"" PATH "\",\"decision\":\"approve\"}",
	 ZTP_ERR_MISSING},
	{"{\"request_id\":\"r\",\"decision\":\"approve\"}", ZTP_ERR_MISSING},
	{"{\"request_id\":\"r\",\"device_path\":null,"
	 "\"decision\":\"approve\"}",
	 ZTP_ERR_MISSING},
	{"{\"request_id\":null,\"device_path\":\"" PATH
	 "\",\"decision\":\"approve\"}",
	 ZTP_ERR_MISSING},
	/* the verdict */
	{"{" HEAD ",\"decision\":\"Approve\"}", ZTP_ERR_VALUE},
	{"{" HEAD ",\"decision\":\"approved\"}", ZTP_ERR_VALUE},
	{"{" HEAD ",\"decision\":\" approve\"}", ZTP_ERR_VALUE},
	{"{" HEAD ",\"decision\":\"\"}", ZTP_ERR_MISSING},
	{"{" HEAD ",\"decision\":true}", ZTP_ERR_TYPE},
	{"{" HEAD ",\"decision\":[\"approve\"]}", ZTP_ERR_TYPE},
	{"{" HEAD ",\"Decision\":\"approve\"}", ZTP_ERR_MISSING},
	{OK ",\"isApprove\":true}", ZTP_ERR_VALUE},
	{OK ",\"isApprove\":false}", ZTP_ERR_VALUE},
	/* which device */
	{"{\"request_id\":\"a b\",\"device_path\":\"" PATH
	 "\",\"decision\":\"approve\"}",
	 ZTP_ERR_VALUE},
	{"{\"request_id\":\"\",\"device_path\":\"" PATH
	 "\",\"decision\":\"approve\"}",
	 ZTP_ERR_MISSING},
	{"{\"request_id\":\"r\",\"device_path\":\"\","
	 "\"decision\":\"approve\"}",
	 ZTP_ERR_MISSING},
	{"{\"request_id\":7,\"device_path\":\"" PATH
	 "\",\"decision\":\"approve\"}",
	 ZTP_ERR_TYPE},
	{"{\"request_id\":\"r\",\"device_path\":\"pump-42\","
	 "\"decision\":\"approve\"}",
	 ZTP_ERR_PATH},
	{"{\"request_id\":\"r\",\"device_path\":\"" PATH
	 "/#\",\"decision\":\"approve\"}",
	 ZTP_ERR_PATH},
	{"{\"request_id\":\"r\",\"device_path\":{},"
	 "\"decision\":\"approve\"}",
	 ZTP_ERR_TYPE},
	{OK ",\"fingerprint_sha256\":\"9f\"}", ZTP_ERR_VALUE},
	{OK ",\"fingerprint_sha256\":\"" HEX64 "00\"}", ZTP_ERR_VALUE},
	{OK ",\"fingerprint_sha256\":\"x" HEX64 "\"}", ZTP_ERR_VALUE},
	{OK ",\"fingerprint_sha256\":1}", ZTP_ERR_TYPE},
	/* the payload */
	{OK ",\"payload\":1,\"payload_base64\":\"AAEC\"}", ZTP_ERR_VALUE},
	{OK ",\"payload\":\"x\",\"payload_base64\":\"AAEC\"}", ZTP_ERR_VALUE},
	{OK ",\"payload_base64\":\"AAE\"}", ZTP_ERR_BASE64},
	{OK ",\"payload_base64\":\"AA EC\"}", ZTP_ERR_BASE64},
	{OK ",\"payload_base64\":\"AAE_\"}", ZTP_ERR_BASE64},
	{OK ",\"payload_base64\":\"AB==\"}", ZTP_ERR_BASE64},
	{OK ",\"payload_base64\":{}}", ZTP_ERR_TYPE},
	{OK ",\"content_type\":\"json\"}", ZTP_ERR_VALUE},
	{OK ",\"content_type\":\"a/\"}", ZTP_ERR_VALUE},
	{OK ",\"content_type\":\"/b\"}", ZTP_ERR_VALUE},
	{OK ",\"content_type\":\"a/b/c\"}", ZTP_ERR_VALUE},
	{OK ",\"content_type\":\"a/b\\r\\nx: y\"}", ZTP_ERR_VALUE},
	{OK ",\"content_type\":\"a/b; \\u007f\"}", ZTP_ERR_VALUE},
	{OK ",\"content_type\":\"a/b; \xc3\xa9\"}", ZTP_ERR_VALUE},
	{OK ",\"content_type\":1}", ZTP_ERR_TYPE},
	/* remarks */
	{OK ",\"reason\":1}", ZTP_ERR_TYPE},
	{OK ",\"reason\":\"a\\nb\"}", ZTP_ERR_VALUE},
	{OK ",\"decided_by\":\"a\\u007f\"}", ZTP_ERR_VALUE},
	{OK ",\"decided_by\":[]}", ZTP_ERR_TYPE},
	{OK ",\"message\":{}}", ZTP_ERR_TYPE},
	{OK ",\"metadata\":\"x\"}", ZTP_ERR_TYPE},
	{OK ",\"metadata\":[\"x\"]}", ZTP_ERR_TYPE},
	{OK ",\"metadata\":{\"k\":1}}", ZTP_ERR_TYPE},
	{OK ",\"metadata\":{\"k\":\"v\",\"l\":null}}", ZTP_ERR_TYPE},
};

static void each_rule_that_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++)
		refused_with(refusals[i].text, NULL, 0, refusals[i].want);
}

static void lengths(void **state)
{
	static const struct {
		const char *before;
		size_t max;
	} lines[] = {
		{OK ",\"reason\":\"", ZTP_REASON_MAX},
		{OK ",\"message\":\"", ZTP_MESSAGE_MAX},
		{OK ",\"decided_by\":\"", ZTP_REASON_MAX},
		{OK ",\"content_type\":\"a/", ZTP_CONTENT_TYPE_MAX - 2},
		{"{\"device_path\":\"" PATH "\",\"decision\":\"approve\","
		 "\"request_id\":\"",
		 ZTP_REQUEST_ID_MAX},
	};
	struct ztp_decision decision;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *fits = sized(lines[i].before, lines[i].max, "\"}");
		char *more = sized(lines[i].before, lines[i].max + 1, "\"}");

		take(&decision, fits);
		ztp_decision_clear(&decision);
		refused_with(more, NULL, 0, ZTP_ERR_TOO_LARGE);
		free(fits);
		free(more);
	}
}

/* --- OmniCore */

static void omnicore(void **state)
{
	struct ztp_decision decision;

	(void)state;
	take(&decision, "{\"request_id\":\"r\",\"isApprove\":true,"
			"\"customOnboardData\":\"{\\\"a\\\": \\u00e9}\"}");
	assert_int_equal(decision.verdict, ZTP_APPROVE);
	assert_string_equal(decision.path, "");
	payload_is(&decision, ZTP_PAYLOAD_TEXT, "{\"a\": \xc3\xa9}");
	ztp_decision_clear(&decision);

	take(&decision, "{" HEAD ",\"isApprove\":false,\"payload\":1,"
			"\"fingerprint_sha256\":\"" HEX64 "\","
			"\"customOnboardData\":null}");
	assert_int_equal(decision.verdict, ZTP_REJECT);
	assert_string_equal(decision.path, PATH);
	assert_true(decision.has_fingerprint);
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_NONE);
	ztp_decision_clear(&decision);
}

static void omnicore_refusals(void **state)
{
	(void)state;
	refused_with("{\"isApprove\":true}", NULL, 0, ZTP_ERR_MISSING);
	refused_with("{\"request_id\":\"r\",\"isApprove\":\"true\"}", NULL, 0,
		     ZTP_ERR_TYPE);
	refused_with("{\"request_id\":\"r\",\"isApprove\":1}", NULL, 0,
		     ZTP_ERR_TYPE);
	refused_with("{\"request_id\":\"r\",\"isApprove\":null}", NULL, 0,
		     ZTP_ERR_MISSING);
	refused_with("{\"request_id\":\"r\",\"isApprove\":true,"
		     "\"customOnboardData\":{}}",
		     NULL, 0, ZTP_ERR_TYPE);
	refused_with("{\"request_id\":\"r\",\"isApprove\":true,"
		     "\"device_path\":\"x\"}",
		     NULL, 0, ZTP_ERR_PATH);
}

/* Sound JSON that is no decision: the caller can answer for its request. */
static void what_is_about_a_request_says_which(void **state)
{
#define WHO "\"request_id\":\"r-1\",\"device_path\":\"" PATH "\""
	static const char *const texts[] = {
		"{" WHO ",\"decision\":\"maybe\"}",
		"{\"specversion\":\"0.3\",\"data\":{" WHO "}}",
		"{\"specversion\":\"1.0\",\"data\":{" WHO "}}",
	};
	static char large[300 * 1024];
	struct ztp_decision decision;
	int n;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_true(ztp_decision_parse(&decision, texts[i],
					       strlen(texts[i]), NULL, 0,
					       NULL) < 0);
		assert_string_equal(decision.request_id, "r-1");
		assert_string_equal(decision.path, PATH);
	}
	n = snprintf(large, sizeof(large), "{" WHO ",\"pad\":\"");
	memset(large + n, 'x', sizeof(large) - (size_t)n - 2);
	memcpy(large + sizeof(large) - 2, "\"}", 2);
	assert_int_equal(ztp_decision_parse(&decision, large, sizeof(large),
					    NULL, 0, NULL),
			 ZTP_ERR_TOO_LARGE);
	assert_string_equal(decision.request_id, "r-1");
	assert_int_equal(ztp_decision_parse(&decision, large, sizeof(large) - 1,
					    NULL, 0, NULL),
			 ZTP_ERR_TOO_LARGE);
	assert_string_equal(decision.request_id, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest),
		cmocka_unit_test(behind_a_byte_order_mark),
		cmocka_unit_test(everything_given),
		cmocka_unit_test(metadata_is_written_anew),
		cmocka_unit_test(null_counts_as_absent),
		cmocka_unit_test(empty_string_counts_as_absent),
		cmocka_unit_test(payloads_as_they_were_written),
		cmocka_unit_test(payload_in_base64),
		cmocka_unit_test(payloads_up_to_64_kib),
		cmocka_unit_test(nothing_is_no_decision),
		cmocka_unit_test(each_rule_that_refuses),
		cmocka_unit_test(lengths),
		cmocka_unit_test(omnicore),
		cmocka_unit_test(omnicore_refusals),
		cmocka_unit_test(what_is_about_a_request_says_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
