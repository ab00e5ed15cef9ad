/* What makes two decisions the same, what a rejection is without, and whose an
 * invalid one is. */
#include "tests/unit/decision_case.h"

#include <stdio.h>

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
		"\"decision\":\"approve\",\"payload\":{\"a\":1}",
		"\"decision\":\"approve\",\"payload\":null",
		"\"decision\":\"approve\",\"payload\":\"\"",
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

/* How a serializer writes a payload does not count, only what it says. */
static void the_same_payload_in_other_words(void **state)
{
#define PAYLOAD "\"decision\":\"approve\",\"payload\":"
	static const char *const same[] = {
		PAYLOAD "{\"a\":\"x/\xc3\xa4\",\"b\":[1,{\"c\":2,\"d\":1.0}]}",
		PAYLOAD "{\"b\":[1,{\"d\":1.0,\"c\":2}],\"a\":\"x/\xc3\xa4\"}",
		PAYLOAD "{ \"a\" : \"x\\/\\u00E4\",\n"
			"\"\\u0062\":[ 1, {\"c\":2,\"d\":1.0} ] }",
	};
	static const char *const others[] = {
		PAYLOAD "{\"a\":\"x/\xc3\xa4\",\"b\":[1,{\"c\":2,\"d\":1}]}",
		PAYLOAD "{\"a\":\"x/\xc3\xa4\",\"b\":[{\"c\":2,\"d\":1.0},1]}",
		PAYLOAD "{\"a\":\"x/\xc3\xa4\"}",
	};
	uint8_t first[ZTP_SHA256_LEN], digest[ZTP_SHA256_LEN];

	(void)state;
	digest_of(first, same[0]);
	for (size_t i = 1; i < COUNT(same); i++) {
		digest_of(digest, same[i]);
		assert_memory_equal(first, digest, ZTP_SHA256_LEN);
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		digest_of(digest, others[i]);
		assert_memory_not_equal(first, digest, ZTP_SHA256_LEN);
	}
}

/* Its notice has none, so nothing about it can be wrong. */
static void a_rejection_has_no_payload(void **state)
{
	static const char *const same[] = {
		"\"decision\":\"reject\"",
		"\"decision\":\"reject\",\"payload\":{}",
		("\"decision\":\"reject\",\"payload\":1,\"payload_base64\":"
		 "\"?\""),
		"\"decision\":\"reject\",\"content_type\":\"a/b\"",
		"\"isApprove\":false,\"customOnboardData\":1",
	};
	uint8_t first[ZTP_SHA256_LEN], digest[ZTP_SHA256_LEN];

	(void)state;
	digest_of(first, same[0]);
	for (size_t i = 1; i < COUNT(same); i++) {
		digest_of(digest, same[i]);
		assert_memory_equal(first, digest, ZTP_SHA256_LEN);
	}
}

static void a_rejection_is_cut(void **state)
{
	char *text = exact_print("{" HEAD
				 ",\"decision\":\"reject\",\"reason\":\"%0*d"
				 "\",\"message\":\"%0*d\xc3\xa4\"}",
				 ZTP_REASON_MAX + 1, 7, ZTP_MESSAGE_MAX - 1, 8);
	struct ztp_decision decision;

	(void)state;
	take(&decision, text);
	assert_int_equal(strlen(decision.reason), ZTP_REASON_MAX);
	assert_int_equal(strlen(decision.message), ZTP_MESSAGE_MAX - 1);
	ztp_decision_clear(&decision);
	free(text);
}

/* What can be told of a decision that cannot be read. */
static void whose_it_is_is_read_first(void **state)
{
	struct ztp_decision decision;

	(void)state;
	assert_true(parse_with(&decision, "{" HEAD "}", NULL, 0) < 0);
	assert_string_equal(decision.request_id, "0192f3a1-x");
	assert_string_equal(decision.path, PATH);
	assert_true(parse_with(&decision, "{\"device_path\":\"" PATH "\"}",
			       NULL, 0) < 0);
	assert_string_equal(decision.path, "");
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
		cmocka_unit_test(verdict_and_payload_make_the_digest),
		cmocka_unit_test(the_same_payload_in_other_words),
		cmocka_unit_test(a_rejection_has_no_payload),
		cmocka_unit_test(a_rejection_is_cut),
		cmocka_unit_test(whose_it_is_is_read_first),
		cmocka_unit_test(remarks_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
