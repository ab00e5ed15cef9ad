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

/* Digests are stored on disk and in ztp.state: SHA-256 of verdict, kind, SHA-256
 * of the data and content type, as another program has computed it. */
static void a_digest_stays_what_it_is(void **state)
{
	static const struct {
		const char *rest, *digest, *written; /* NULL: the same */
	} lines[] = {
		{"\"decision\":\"approve\",\"payload\":{\"b\": 1,\"a\":[true]},"
		 "\"content_type\":\"application/json\"",
		 "e9052807f4526c243d6a8234a7a3d67c5afc89003836bc307419f3db45824"
		 "4"
		 "dc",
		 "211d1222db612dd4b26f6d91ce1f871d0ce2a7973b3bea4b1ff8113176252"
		 "8"
		 "ef"},
		{"\"decision\":\"approve\",\"payload_base64\":\"AAEC\"",
		 "791ba898f24bb68e2a6157bb6a97414a7c400d9c6e10a2879e672e843bdb6"
		 "a"
		 "e6",
		 NULL},
		{"\"isApprove\":true,\"customOnboardData\":\"d\"",
		 "5c298e4f1fdaad7f8c6d2aca3ce90f612fff0197e407ac0e4b017c01b1f1b"
		 "a"
		 "67",
		 NULL},
		{"\"decision\":\"approve\"",
		 "220d5754bcd62226bde0a767e8ab54034e9e5010049c5a261d71980cca9ce"
		 "9"
		 "1f",
		 NULL},
		{"\"decision\":\"reject\"",
		 "14dd5847a98eb2157fd10e1e5e99477c0e5c1ab336b9062bc7dc655c4155f"
		 "0"
		 "83",
		 NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *text = exact_print("{" HEAD ",%s}", lines[i].rest);
		uint8_t digest[ZTP_SHA256_LEN];
		struct ztp_decision decision;
		char hex[ZTP_SHA256_HEX];

		take(&decision, text);
		ztp_decision_digest(digest, &decision);
		ztp_hex_encode(hex, digest, sizeof(digest));
		assert_string_equal(hex, lines[i].digest);
		ztp_decision_digest_written(digest, &decision);
		ztp_hex_encode(hex, digest, sizeof(digest));
		assert_string_equal(hex, lines[i].written ? lines[i].written
							  : lines[i].digest);
		ztp_decision_clear(&decision);
		free(text);
	}
}

static void verdicts_have_names(void **state)
{
	(void)state;
	assert_string_equal(ztp_verdict_name(ZTP_APPROVE), "approve");
	assert_string_equal(ztp_verdict_name(ZTP_REJECT), "reject");
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
		cmocka_unit_test(a_digest_stays_what_it_is),
		cmocka_unit_test(verdicts_have_names),
		cmocka_unit_test(the_same_payload_in_other_words),
		cmocka_unit_test(a_rejection_has_no_payload),
		cmocka_unit_test(a_rejection_is_cut),
		cmocka_unit_test(whose_it_is_is_read_first),
		cmocka_unit_test(remarks_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
