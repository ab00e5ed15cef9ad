/* Decisions in CloudEvents, binary and structured, and the headers of their
 * records. */
#include "tests/unit/decision_case.h"

#include <stdio.h>

static const struct ztp_header structured[] = {
	HEADER("content-type", "application/cloudevents+json"),
};

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
	refused_with(
		OK "}",
		(const struct ztp_header[]){HEADER("CE_SpecVersion", "0.3")}, 1,
		ZTP_ERR_CLOUDEVENT);
	/* without ce_specversion it is not a CloudEvent */
	refused_with(OK "}", binary + 1, 3, 0);
}

static void cloudevent_structured(void **state)
{
	static const char *const types[] = {
		"application/cloudevents+json",
		"application/cloudevents+json; charset=utf-8",
		"Application/CloudEvents+JSON;charset=UTF-8",
		"application/cloudevents+json ;charset=utf-8",
		"application/cloudevents+json\t;charset=utf-8",
		" application/cloudevents+json ",
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

/* These types name something else, or the value is no event: it is read as it
 * stands, where nothing says whose it is. */
static void not_in_an_event(void **state)
{
	static const char *const types[] = {
		"application/cloudevents+jsonx",
		"application/cloudevents-batch+json", "application/cloudevents",
		"application/json"};
	static const char *const values[] = {
		"{\"data\":" OK "}}", "{\"specversion\":\"1.0\",\"id\":\"1\"}",
		"{\"specversion\":\"\",\"data\":" OK "}}"};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		for (size_t j = 0; j < COUNT(values); j++)
			refused_with(values[j],
				     &(struct ztp_header){
					     "content-type",
					     {types[i], strlen(types[i])}},
				     1, ZTP_ERR_MISSING);
}

static void cloudevent_structured_base64(void **state)
{
	/* {"request_id":"r","isApprove":true,"customOnboardData":"d"}, and the
	 * same behind a byte order mark */
	static const char *const texts[] = {
		EVENT(",\"data\":null,\"data_base64\":"
		      "\"eyJyZXF1ZXN0X2lkIjoiciIsI"
		      "mlzQXBwcm92ZSI6dHJ1ZSwiY3VzdG9tT25ib2FyZERhdGEiOiJkIn0="
		      "\""),
		EVENT(",\"data_base64\":\"77u/"
		      "eyJyZXF1ZXN0X2lkIjoiciIsImlzQXBwcm92ZSI6dHJ1ZS"
		      "wiY3VzdG9tT25ib2FyZERhdGEiOiJkIn0=\""),
	};
	struct ztp_decision decision;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		exact_code(texts[i],
			   parse_with(&decision, texts[i], structured, 1), 0);
		assert_string_equal(decision.request_id, "r");
		payload_is(&decision, ZTP_PAYLOAD_TEXT, "d");
		ztp_decision_clear(&decision);
	}
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

/* As Python's cloudevents, among others, writes it: application/json. */
static void cloudevent_without_its_content_type(void **state)
{
	static const struct ztp_header types[] = {
		HEADER("content-type", "application/json"),
		HEADER("Content-Type", "application/cloudevents+json"),
		HEADER("CONTENT-TYPE", "text/plain"),
		HEADER("other", "1"),
	};
	static const char *const events[] = {
		EVENT(",\"data\":" OK "}"),
		EVENT(",\"data\":" OK "},\"data_base64\":\"\""),
		/* {"request_id":"0192f3a1-x","isApprove":true} */
		EVENT(",\"data\":\"\",\"data_base64\":\"eyJyZXF1ZXN0X2lkIjoi"
		      "MDE5MmYzYTEteCIsImlzQXBwcm92ZSI6dHJ1ZX0=\""),
	};
	struct ztp_decision decision;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		for (size_t j = 0; j < COUNT(events); j++) {
			exact_code(
				events[j],
				parse_with(&decision, events[j], &types[i], 1),
				0);
			assert_string_equal(decision.request_id, "0192f3a1-x");
			ztp_decision_clear(&decision);
		}
	refused_with(EVENT(",\"data\":{}"), NULL, 0, ZTP_ERR_MISSING);
	refused_with(EVENT(""), NULL, 0, ZTP_ERR_MISSING);
	refused_with("{\"specversion\":\"0.3\",\"data\":" OK "}}", NULL, 0,
		     ZTP_ERR_CLOUDEVENT);
	refused_with("{\"specversion\":\"1.0\",\"data\":" OK "}}", NULL, 0,
		     ZTP_ERR_CLOUDEVENT);
	/* A verdict beside them: the members are not an event's. */
	refused_with(OK ",\"specversion\":\"0.3\",\"data\":1}", NULL, 0, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cloudevent_binary),
		cmocka_unit_test(cloudevent_binary_refusals),
		cmocka_unit_test(cloudevent_structured),
		cmocka_unit_test(not_in_an_event),
		cmocka_unit_test(cloudevent_structured_base64),
		cmocka_unit_test(cloudevent_structured_refusals),
		cmocka_unit_test(cloudevent_without_its_content_type),
		cmocka_unit_test(other_content_types_are_no_cloudevent),
		cmocka_unit_test(traceparent_is_kept_if_valid),
		cmocka_unit_test(every_prefix_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
