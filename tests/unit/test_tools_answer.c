/*
 * The bridge must understand what the reference customer writes, so every
 * format goes through ztp_decision_parse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/common/answer.h"

#define PATH "subscriptions/acme/registries/plant-7/devices/pump-42"
#define FP   "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define NOW  1767322985678LL

static const char request[] =
	"{\"request_id\":\"r-1\",\"device\":{\"path\":\"" PATH "\"},"
	"\"certificate\":{\"fingerprint_sha256\":\"" FP "\","
	"\"subject\":\"CN=unused-device\",\"issuer\":\"CN=registry-ca\","
	"\"not_before\":\"2026-01-01T00:00:00.000Z\","
	"\"not_after\":\"2026-02-01T00:00:00.000Z\","
	"\"public_key\":{\"algorithm\":\"RSA\",\"bits\":3072}},"
	"\"attempt\":1,\"new_member\":[1]}";

static void parse(struct ztp_ask *ask)
{
	assert_int_equal(ztp_ask_parse(ask, request, sizeof(request) - 1, NULL),
			 0);
}

static void reads_a_request(void **state)
{
	struct ztp_ask ask;

	(void)state;
	parse(&ask);
	assert_string_equal(ask.request_id, "r-1");
	assert_string_equal(ask.path, PATH);
	assert_memory_equal(ask.parts.device.p, "pump-42", 7);
	assert_string_equal(ask.fingerprint, FP);
	assert_string_equal(ask.subject, "CN=unused-device");
	assert_string_equal(ask.issuer, "CN=registry-ca");
	assert_string_equal(ask.key_algorithm, "RSA");
	assert_int_equal(ask.key_bits, 3072);
	assert_true(ask.has_validity);
	assert_int_equal(ask.not_after - ask.not_before, 31 * 86400000LL);
}

static void refuses_what_is_no_request(void **state)
{
	static const char *const bad[] = {
		"",
		"garbage",
		"[]",
		"{}",
		"{\"request_id\":\"a b\"}",
		"{\"request_id\":\"r\",\"device\":{\"path\":\"x\"}}",
		"{\"request_id\":\"r\",\"device\":{\"path\":\"" PATH "\"}}",
		"{\"request_id\":\"r\",\"device\":{\"path\":\"" PATH "\"},"
		"\"certificate\":{\"fingerprint_sha256\":\"9f\"}}",
		"{\"request_id\":\"r\",\"device\":{\"path\":\"" PATH "\"},"
		"\"certificate\":{\"fingerprint_sha256\":\"" FP "\","
		"\"public_key\":{\"bits\":\"2048\"}}}",
	};
	struct ztp_error error;
	struct ztp_ask ask;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error.message[0] = '\0';
		assert_int_not_equal(
			ztp_ask_parse(&ask, bad[i], strlen(bad[i]), &error), 0);
		assert_string_not_equal(error.message, "");
	}
	assert_int_equal(ztp_ask_parse(&ask, NULL, 0, NULL), ZTP_ERR_EMPTY);
}

static void round_trip(struct ztp_decision *decision,
		       enum ztp_answer_format format,
		       const struct ztp_answer *answer)
{
	struct ztp_answer_record record;
	struct ztp_error error = {.message = ""};
	struct ztp_ask ask;

	parse(&ask);
	assert_int_equal(
		ztp_answer_build(&record, format, &ask, answer, NOW, &error),
		0);
	if (ztp_decision_parse(decision, record.value, record.len,
			       record.headers, record.header_count, &error))
		fail_msg("%s: %s", record.value, error.message);
	assert_string_equal(decision->request_id, "r-1");
	assert_string_equal(decision->path, PATH);
	ztp_answer_clear(&record);
}

static void native_and_cloudevents_say_all(void **state)
{
	static const char json[] = "{\"n\": 12345678901234567890123}";
	static const enum ztp_answer_format formats[] = {
		ZTP_ANSWER_NATIVE, ZTP_ANSWER_CE_BINARY,
		ZTP_ANSWER_CE_STRUCTURED};
	struct ztp_attachment payload;
	struct ztp_answer answer = {
		.approve = true,
		.reason = "listed",
		.message = "say \"hi\"\n",
		.decided_by = "me",
		.payload = &payload,
	};
	struct ztp_decision decision;
	char hex[ZTP_SHA256_HEX];

	(void)state;
	assert_int_equal(
		ztp_attachment_set(&payload, json, sizeof(json) - 1, NULL), 0);
	assert_true(payload.json);
	for (size_t i = 0; i < 3; i++) {
		round_trip(&decision, formats[i], &answer);
		assert_int_equal(decision.verdict, ZTP_APPROVE);
		assert_true(decision.has_fingerprint);
		ztp_hex_encode(hex, decision.fingerprint, ZTP_SHA256_LEN);
		assert_string_equal(hex, FP);
		assert_string_equal(decision.reason, "listed");
		assert_string_equal(decision.message, "say \"hi\"\n");
		assert_string_equal(decision.decided_by, "me");
		assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_JSON);
		assert_int_equal(decision.payload.len, sizeof(json) - 1);
		assert_memory_equal(decision.payload.data, json,
				    sizeof(json) - 1);
		ztp_decision_clear(&decision);
	}
	ztp_attachment_clear(&payload);
}

static void bytes_travel_as_base64(void **state)
{
	static const char bytes[] = {0, 1, (char)0xff, '{'};
	struct ztp_attachment payload;
	struct ztp_answer answer = {.approve = true, .payload = &payload};
	struct ztp_decision decision;

	(void)state;
	assert_int_equal(
		ztp_attachment_set(&payload, bytes, sizeof(bytes), NULL), 0);
	assert_false(payload.json);
	assert_false(payload.text);
	assert_false(ztp_attachment_fits(&payload, ZTP_ANSWER_OMNICORE));
	memcpy(payload.content_type, "application/x-thing", 20);
	round_trip(&decision, ZTP_ANSWER_NATIVE, &answer);
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_BYTES);
	assert_int_equal(decision.payload.len, sizeof(bytes));
	assert_memory_equal(decision.payload.data, bytes, sizeof(bytes));
	assert_string_equal(decision.payload.content_type,
			    "application/x-thing");
	ztp_decision_clear(&decision);
	ztp_attachment_clear(&payload);
}

static void omnicore_carries_text(void **state)
{
	static const char text[] = "{\"a\":1} and \xc3\xa9 more";
	struct ztp_attachment payload;
	struct ztp_answer answer = {.approve = true, .payload = &payload};
	struct ztp_decision decision;

	(void)state;
	assert_int_equal(
		ztp_attachment_set(&payload, text, sizeof(text) - 1, NULL), 0);
	assert_true(payload.text);
	round_trip(&decision, ZTP_ANSWER_OMNICORE, &answer);
	assert_int_equal(decision.verdict, ZTP_APPROVE);
	assert_false(decision.has_fingerprint);
	assert_int_equal(decision.payload.kind, ZTP_PAYLOAD_TEXT);
	assert_int_equal(decision.payload.len, sizeof(text) - 1);
	assert_memory_equal(decision.payload.data, text, sizeof(text) - 1);
	ztp_decision_clear(&decision);
	ztp_attachment_clear(&payload);
}

static void same_verdict_same_id(void **state)
{
	struct ztp_answer yes = {.approve = true}, no = {.approve = false};
	struct ztp_answer_record a, b, c;
	struct ztp_ask ask;

	(void)state;
	parse(&ask);
	ztp_answer_build(&a, ZTP_ANSWER_CE_BINARY, &ask, &yes, NOW, NULL);
	ztp_answer_build(&b, ZTP_ANSWER_CE_BINARY, &ask, &yes, NOW + 5, NULL);
	ztp_answer_build(&c, ZTP_ANSWER_CE_BINARY, &ask, &no, NOW, NULL);
	assert_string_equal(a.id, b.id);
	assert_string_not_equal(a.id, c.id);
	ztp_answer_clear(&a);
	ztp_answer_clear(&b);
	ztp_answer_clear(&c);
}

static void limits(void **state)
{
	static const char deep[] = "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"; /* 16 */
	struct ztp_attachment payload;
	struct ztp_answer answer = {.approve = true, .payload = &payload};
	struct ztp_answer_record record;
	struct ztp_ask ask;
	char *large = calloc(1, ZTP_PAYLOAD_MAX + 1);

	(void)state;
	assert_non_null(large);
	assert_int_equal(
		ztp_attachment_set(&payload, large, ZTP_PAYLOAD_MAX + 1, NULL),
		ZTP_ERR_TOO_LARGE);
	assert_int_equal(
		ztp_attachment_set(&payload, large, ZTP_PAYLOAD_MAX, NULL), 0);
	ztp_attachment_clear(&payload);
	free(large);

	/* Valid by itself, but too deep inside a body: refused here, before it
	 * becomes a dead letter. */
	parse(&ask);
	assert_int_equal(
		ztp_attachment_set(&payload, deep, sizeof(deep) - 1, NULL), 0);
	assert_true(payload.json);
	assert_int_not_equal(ztp_answer_build(&record, ZTP_ANSWER_NATIVE, &ask,
					      &answer, NOW, NULL),
			     0);
	ztp_attachment_clear(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_request),
		cmocka_unit_test(refuses_what_is_no_request),
		cmocka_unit_test(native_and_cloudevents_say_all),
		cmocka_unit_test(bytes_travel_as_base64),
		cmocka_unit_test(omnicore_carries_text),
		cmocka_unit_test(same_verdict_same_id),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
