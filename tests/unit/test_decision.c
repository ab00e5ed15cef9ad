/* Decisions in every spelling and wrapping, and each rule that refuses. */
#include "ztp/decision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"

#define PATH  "subscriptions/acme/registries/plant-7/devices/pump-42"
#define HEAD  "\"request_id\":\"0192f3a1-x\",\"device_path\":\"" PATH "\""
#define OK    "{" HEAD ",\"decision\":\"approve\""
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define HEX64 "9f00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEE"
#define HEADER(name, value)                                                    \
	{                                                                      \
		name,                                                          \
		{                                                              \
			value, sizeof(value) - 1                               \
		}                                                              \
	}
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct ztp_header binary[] = {
	HEADER("ce_specversion", "1.0"),
	HEADER("ce_id", "1"),
	HEADER("ce_source", "/customer"),
	HEADER("ce_type", "x"),
	HEADER("content-type", "application/json"),
};
static const struct ztp_header structured[] = {
	HEADER("content-type", "application/cloudevents+json"),
};

static int parse_with(struct ztp_decision *decision, const char *text,
		      const struct ztp_header *headers, size_t count)
{
	size_t n = strlen(text);
	char *copy = exact_copy(text, n);
	struct ztp_error error = {.code = ZTP_OK};
	int rc = ztp_decision_parse(decision, copy, n, headers, count, &error);

	assert_int_equal(rc, error.code);
	free(copy);
	return rc;
}

static void refused_with(const char *text, const struct ztp_header *headers,
			 size_t count, int want)
{
	struct ztp_decision decision;
	int rc = parse_with(&decision, text, headers, count);

	exact_code(text, rc, want);
	if (!rc)
		ztp_decision_clear(&decision);
}

static void take(struct ztp_decision *decision, const char *text)
{
	exact_code(text, parse_with(decision, text, NULL, 0), 0);
}

static void payload_is(const struct ztp_decision *decision,
		       enum ztp_payload_kind kind, const char *want)
{
	assert_int_equal(decision->payload.kind, kind);
	assert_int_equal(decision->payload.len, strlen(want));
	assert_memory_equal(decision->payload.data, want, strlen(want));
}

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
	take(&decision, OK ",\"payload_base64\":\"\"}");
	payload_is(&decision, ZTP_PAYLOAD_BYTES, "");
	assert_non_null(decision.payload.data);
	ztp_decision_clear(&decision);
}

/* A payload of n bytes with an opening and a closing piece around it. */
static char *sized(const char *before, size_t n, const char *after)
{
	char *text = malloc(strlen(before) + n + strlen(after) + 1), *p;

	assert_non_null(text);
	p = stpcpy(text, before);
	memset(p, 'A', n);
	(void)stpcpy(p + n, after);
	return text;
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
	{"{" HEAD ",\"decision\":\"\"}", ZTP_ERR_VALUE},
	{"{" HEAD ",\"decision\":true}", ZTP_ERR_TYPE},
	{"{" HEAD ",\"decision\":[\"approve\"]}", ZTP_ERR_TYPE},
	{"{" HEAD ",\"Decision\":\"approve\"}", ZTP_ERR_MISSING},
	{OK ",\"isApprove\":true}", ZTP_ERR_VALUE},
	{OK ",\"isApprove\":false}", ZTP_ERR_VALUE},
	/* who is meant */
	{"{\"request_id\":\"a b\",\"device_path\":\"" PATH
	 "\",\"decision\":\"approve\"}",
	 ZTP_ERR_VALUE},
	{"{\"request_id\":\"\",\"device_path\":\"" PATH
	 "\",\"decision\":\"approve\"}",
	 ZTP_ERR_VALUE},
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
	{OK ",\"fingerprint_sha256\":\"\"}", ZTP_ERR_VALUE},
	{OK ",\"fingerprint_sha256\":\"" HEX64 "00\"}", ZTP_ERR_VALUE},
	{OK ",\"fingerprint_sha256\":\"x" HEX64 "\"}", ZTP_ERR_VALUE},
	{OK ",\"fingerprint_sha256\":1}", ZTP_ERR_TYPE},
	/* the payload */
	{OK ",\"payload\":1,\"payload_base64\":\"AAEC\"}", ZTP_ERR_VALUE},
	{OK ",\"payload\":false,\"payload_base64\":\"\"}", ZTP_ERR_VALUE},
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

	take(&decision, "{\"request_id\":\"r\",\"isApprove\":true,"
			"\"customOnboardData\":\"\"}");
	payload_is(&decision, ZTP_PAYLOAD_TEXT, "");
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

/* --- CloudEvents */

#define EVENT(rest)                                                            \
	"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/c\","             \
	"\"type\":\"t\"" rest "}"

static void cloudevent_binary(void **state)
{
	struct ztp_decision decision;

	(void)state;
	exact_code("native", parse_with(&decision, OK "}", binary, 5), 0);
	assert_string_equal(decision.path, PATH);
	ztp_decision_clear(&decision);
	exact_code("omnicore",
		   parse_with(&decision,
			      "{\"request_id\":\"r\",\"isApprove\":true}",
			      binary, 5),
		   0);
	ztp_decision_clear(&decision);
}

static void cloudevent_binary_refusals(void **state)
{
	static const struct ztp_header versions[][4] = {
		{HEADER("ce_specversion", "0.3"), HEADER("ce_id", "1"),
		 HEADER("ce_source", "c"), HEADER("ce_type", "t")},
		{HEADER("ce_specversion", "1.0.1"), HEADER("ce_id", "1"),
		 HEADER("ce_source", "c"), HEADER("ce_type", "t")},
		{HEADER("ce_specversion", ""), HEADER("ce_id", "1"),
		 HEADER("ce_source", "c"), HEADER("ce_type", "t")},
		{HEADER("ce_specversion", "1.0"), HEADER("ce_id", ""),
		 HEADER("ce_source", "c"), HEADER("ce_type", "t")},
		{HEADER("ce_specversion", "1.0"), HEADER("ce_id", "1"),
		 HEADER("ce_source", ""), HEADER("ce_type", "t")},
		{HEADER("ce_specversion", "1.0"), HEADER("ce_id", "1"),
		 HEADER("ce_source", "c"), HEADER("ce_type", "")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++)
		refused_with(OK "}", versions[i], 4, ZTP_ERR_CLOUDEVENT);
	for (size_t n = 1; n < 4; n++)
		refused_with(OK "}", binary, n, ZTP_ERR_CLOUDEVENT);
	/* without ce_specversion it is no CloudEvent at all */
	refused_with(OK "}", binary + 1, 3, 0);
}

static void cloudevent_structured(void **state)
{
	static const char *const types[] = {
		"application/cloudevents+json",
		"application/cloudevents+json; charset=utf-8",
		"Application/CloudEvents+JSON;charset=UTF-8",
	};
	struct ztp_decision decision;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct ztp_header header = {"content-type",
					    {types[i], strlen(types[i])}};

		exact_code(types[i],
			   parse_with(&decision,
				      EVENT(",\"subject\":\"x\",\"data\": " OK
					    ",\"payload\":{\"n\":12345678901"
					    "2345678901234567890}}"),
				      &header, 1),
			   0);
		assert_string_equal(decision.request_id, "0192f3a1-x");
		payload_is(&decision, ZTP_PAYLOAD_JSON,
			   "{\"n\":123456789012345678901234567890}");
		ztp_decision_clear(&decision);
	}
}

static void cloudevent_structured_base64(void **state)
{
	/* {"request_id":"r","isApprove":true,"customOnboardData":"d"} */
	static const char text[] = EVENT(
		",\"data\":null,\"data_base64\":\"eyJyZXF1ZXN0X2lkIjoiciIsImlz"
		"QXBwcm92ZSI6dHJ1ZSwiY3VzdG9tT25ib2FyZERhdGEiOiJkIn0=\"");
	struct ztp_decision decision;

	(void)state;
	exact_code(text, parse_with(&decision, text, structured, 1), 0);
	assert_string_equal(decision.request_id, "r");
	payload_is(&decision, ZTP_PAYLOAD_TEXT, "d");
	ztp_decision_clear(&decision);
}

static void cloudevent_structured_refusals(void **state)
{
	static const struct {
		const char *text;
		int want;
	} lines[] = {
		{OK "}", ZTP_ERR_CLOUDEVENT},
		{"[]", ZTP_ERR_CLOUDEVENT},
		{"{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"c\","
		 "\"type\":\"t\",\"data\":{}}",
		 ZTP_ERR_CLOUDEVENT},
		{"{\"specversion\":1.0,\"id\":\"1\",\"source\":\"c\","
		 "\"type\":\"t\",\"data\":{}}",
		 ZTP_ERR_CLOUDEVENT},
		{"{\"specversion\":\"1.0\",\"source\":\"c\",\"type\":\"t\"}",
		 ZTP_ERR_CLOUDEVENT},
		{"{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"c\","
		 "\"type\":\"t\"}",
		 ZTP_ERR_CLOUDEVENT},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}",
		 ZTP_ERR_CLOUDEVENT},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"c\"}",
		 ZTP_ERR_CLOUDEVENT},
		{EVENT(""), ZTP_ERR_EMPTY},
		{EVENT(",\"data\":null"), ZTP_ERR_EMPTY},
		{EVENT(",\"data\":\"x\""), ZTP_ERR_TYPE},
		{EVENT(",\"data\":[]"), ZTP_ERR_TYPE},
		{EVENT(",\"data\":{}"), ZTP_ERR_MISSING},
		{EVENT(",\"data\":" OK "},\"data_base64\":\"e30=\""),
		 ZTP_ERR_CLOUDEVENT},
		{EVENT(",\"data_base64\":\"e30\""), ZTP_ERR_BASE64},
		{EVENT(",\"data_base64\":1"), ZTP_ERR_TYPE},
		{EVENT(",\"data_base64\":\"\""), ZTP_ERR_EMPTY},
		{EVENT(",\"data_base64\":\"MDA3\""), ZTP_ERR_JSON},
		{EVENT(",\"data_base64\":\"W10=\""), ZTP_ERR_TYPE},
		/* {"a":1,"a":2} */
		{EVENT(",\"data_base64\":\"eyJhIjoxLCJhIjoyfQ==\""),
		 ZTP_ERR_DUPLICATE_KEY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		refused_with(lines[i].text, structured, 1, lines[i].want);
}

static void other_content_types_are_no_cloudevent(void **state)
{
	static const char *const types[] = {
		"application/json",
		"application/cloudevents+jsonx",
		"application/cloudevents",
		"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct ztp_header header = {"content-type",
					    {types[i], strlen(types[i])}};

		refused_with(OK "}", &header, 1, 0);
	}
}

static void traceparent_is_kept_if_valid(void **state)
{
	static const struct ztp_header good[] = {HEADER("traceparent", TRACE)};
	static const struct ztp_header bad[] = {
		HEADER("traceparent", TRACE "0")};
	static const struct ztp_header attribute[] = {
		HEADER("ce_traceparent", TRACE)};
	struct ztp_decision decision;

	(void)state;
	assert_int_equal(parse_with(&decision, OK "}", good, 1), 0);
	assert_string_equal(decision.traceparent, TRACE);
	ztp_decision_clear(&decision);
	assert_int_equal(parse_with(&decision, OK "}", bad, 1), 0);
	assert_string_equal(decision.traceparent, "");
	ztp_decision_clear(&decision);
	assert_int_equal(parse_with(&decision, OK "}", attribute, 1), 0);
	assert_string_equal(decision.traceparent, TRACE);
	ztp_decision_clear(&decision);
}

static void every_prefix_is_refused(void **state)
{
	static const char native[] =
		OK ",\"fingerprint_sha256\":\"" HEX64
		   "\",\"payload\":{\"a\":[1.5,\"\\ud83d\\ude00\"]},"
		   "\"content_type\":\"a/b\",\"metadata\":{\"k\":\"v\"}}";
	static const char event[] = EVENT(",\"data\":" OK "}");
	struct ztp_decision decision;

	(void)state;
	for (size_t n = 0; n < sizeof(native) - 1; n++) {
		char *copy = exact_copy(native, n);

		assert_true(ztp_decision_parse(&decision, copy, n, NULL, 0,
					       NULL) < 0);
		free(copy);
	}
	for (size_t n = 0; n < sizeof(event) - 1; n++) {
		char *copy = exact_copy(event, n);

		assert_true(ztp_decision_parse(&decision, copy, n, structured,
					       1, NULL) < 0);
		free(copy);
	}
	refused_with(native, NULL, 0, 0);
	refused_with(event, structured, 1, 0);
}

/* --- the digest */

static void digest_of(uint8_t out[ZTP_SHA256_LEN], const char *rest)
{
	char *text = exact_print("{" HEAD ",%s}", rest);
	struct ztp_decision decision;

	take(&decision, text);
	ztp_decision_digest(out, &decision);
	ztp_decision_clear(&decision);
	free(text);
}

static void verdict_and_payload_make_the_digest(void **state)
{
	static const char *const different[] = {
		"\"decision\":\"approve\"",
		"\"decision\":\"reject\"",
		"\"decision\":\"approve\",\"payload\":{}",
		"\"decision\":\"reject\",\"payload\":{}",
		"\"decision\":\"approve\",\"payload\":{\"a\":1}",
		"\"decision\":\"approve\",\"payload\":null",
		"\"decision\":\"approve\",\"payload\":\"\"",
		"\"decision\":\"approve\",\"payload_base64\":\"\"",
		"\"decision\":\"approve\",\"payload_base64\":\"e30=\"",
		("\"decision\":\"approve\",\"payload\":{},\"content_type\":"
		 "\"a/b\""),
		("\"decision\":\"approve\",\"payload\":{},\"content_type\":"
		 "\"a/c\""),
	};
	uint8_t digests[COUNT(different)][ZTP_SHA256_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(different); i++) {
		digest_of(digests[i], different[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(digests[i], digests[j],
						ZTP_SHA256_LEN);
	}
}

static void remarks_do_not_count(void **state)
{
	uint8_t plain[ZTP_SHA256_LEN], remarked[ZTP_SHA256_LEN];

	(void)state;
	digest_of(plain, "\"decision\":\"approve\",\"payload\":[1]");
	digest_of(remarked,
		  "\"reason\":\"r\",\"message\":\"m\",\"decided_by\":\"d\","
		  "\"metadata\":{\"k\":\"v\"},\"x\":1,\"payload\":[1],"
		  "\"fingerprint_sha256\":\"" HEX64
		  "\",\"decision\":\"approve\"");
	assert_memory_equal(plain, remarked, ZTP_SHA256_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest),
		cmocka_unit_test(everything_given),
		cmocka_unit_test(null_counts_as_absent),
		cmocka_unit_test(payloads_as_they_were_written),
		cmocka_unit_test(payload_in_base64),
		cmocka_unit_test(payloads_up_to_64_kib),
		cmocka_unit_test(nothing_is_no_decision),
		cmocka_unit_test(each_rule_that_refuses),
		cmocka_unit_test(lengths),
		cmocka_unit_test(omnicore),
		cmocka_unit_test(omnicore_refusals),
		cmocka_unit_test(cloudevent_binary),
		cmocka_unit_test(cloudevent_binary_refusals),
		cmocka_unit_test(cloudevent_structured),
		cmocka_unit_test(cloudevent_structured_base64),
		cmocka_unit_test(cloudevent_structured_refusals),
		cmocka_unit_test(other_content_types_are_no_cloudevent),
		cmocka_unit_test(traceparent_is_kept_if_valid),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(verdict_and_payload_make_the_digest),
		cmocka_unit_test(remarks_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
