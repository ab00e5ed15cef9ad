/* What headers and claims say. */
#include "jwt_case.h"

static void each_algorithm_with_its_key(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(signed_verdict(fixture, RSA_KEY, RS256, GOOD), 0);
	assert_int_equal(signed_verdict(fixture, P256, ES256, GOOD), 0);
	assert_int_equal(signed_verdict(fixture, P384, ES384, GOOD), 0);
}

static void claims_are_handed_out(void **state)
{
	struct fixture *fixture = *state;
	struct ztp_jwt_claims claims = {1, 2};
	char *jwt = certs_jwt(fixture->pkeys[P256], ES256, GOOD);
	size_t len = strlen(jwt);

	assert_int_equal(ztp_jwt_verify(&claims, jwt, len, fixture->keys[P256],
					&fixture->rules, NULL),
			 0);
	assert_int_equal(claims.issued_ms, 1767323000000);
	assert_int_equal(claims.expires_ms, 1767326600000);
	/* a refusal leaves them alone */
	claims.issued_ms = 1;
	jwt[len - 3] = jwt[len - 3] == 'A' ? 'B' : 'A';
	assert_int_equal(ztp_jwt_verify(&claims, jwt, len, fixture->keys[P256],
					&fixture->rules, NULL),
			 ZTP_ERR_PROOF_KEY);
	assert_int_equal(claims.issued_ms, 1);
	free(jwt);
}

static void headers_that_are_accepted(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(header_verdict(fixture, "{\"alg\":\"ES256\"}"), 0);
	assert_int_equal(
		header_verdict(fixture, "{\"typ\":\"jwt\",\"alg\":\"ES256\"}"),
		0);
	assert_int_equal(header_verdict(fixture, "{\"alg\":\"ES256\","
						 "\"kid\":\"x\"}"),
			 0);
	assert_int_equal(header_verdict(fixture, " { \"alg\" : \"ES256\" }\n"),
			 0);
}

static void refuses_an_algorithm_that_is_not_the_keys(void **state)
{
	static const char *const algorithms[] = {
		"none",	 "None",  "",	   "HS256", "HS512", "RS256",
		"RS384", "PS256", "ES384", "ES512", "es256", "EdDSA"};
	struct fixture *fixture = *state;
	char header[64];

	for (size_t i = 0; i < COUNT(algorithms); i++) {
		snprintf(header, sizeof header, "{\"alg\":\"%s\"}",
			 algorithms[i]);
		assert_int_equal(header_verdict(fixture, header),
				 ZTP_ERR_PROOF_ALGORITHM);
	}
	assert_int_equal(signed_verdict(fixture, RSA_KEY, ES256, GOOD),
			 ZTP_ERR_PROOF_ALGORITHM);
	assert_int_equal(signed_verdict(fixture, P384, ES256, GOOD),
			 ZTP_ERR_PROOF_ALGORITHM);
	assert_int_equal(header_verdict(fixture, "{\"typ\":\"JWT\"}"),
			 ZTP_ERR_PROOF);
	assert_int_equal(header_verdict(fixture, "{\"alg\":256}"),
			 ZTP_ERR_PROOF);
	assert_int_equal(header_verdict(fixture, "{\"alg\":null}"),
			 ZTP_ERR_PROOF);
	assert_int_equal(header_verdict(fixture, "{\"ALG\":\"ES256\"}"),
			 ZTP_ERR_PROOF);
}

static void refuses_another_type(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"ES256\",\"typ\":\"JOSE\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT+x\"}",
		"{\"alg\":\"ES256\",\"typ\":\"\"}",
		"{\"alg\":\"ES256\",\"typ\":1}",
		"{\"alg\":\"ES256\",\"typ\":null}",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(headers); i++)
		assert_int_equal(header_verdict(fixture, headers[i]),
				 ZTP_ERR_PROOF);
}

static void refuses_any_crit(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}",
		"{\"alg\":\"ES256\",\"crit\":[]}",
		"{\"alg\":\"ES256\",\"crit\":null}",
		"{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(headers); i++)
		assert_int_equal(header_verdict(fixture, headers[i]),
				 ZTP_ERR_PROOF);
}

static void refuses_dates_that_are_no_integers(void **state)
{
	static const char *const claims[] = {
		"{}",
		"{\"iat\":1767323000}",
		"{\"exp\":1767326600}",
		"{\"iat\":null,\"exp\":1767326600}",
		"{\"iat\":\"1767323000\",\"exp\":1767326600}",
		"{\"iat\":1767323000.0,\"exp\":1767326600}",
		"{\"iat\":1767323000.5,\"exp\":1767326600}",
		"{\"iat\":1.767323e9,\"exp\":1767326600}",
		"{\"iat\":1767323000,\"exp\":true}",
		"{\"iat\":1767323000,\"exp\":[1767326600]}",
		"{\"iat\":-1767323000,\"exp\":1767326600}",
		"{\"iat\":1767323000,\"exp\":17673266000000000000000}",
		"{\"IAT\":1767323000,\"EXP\":1767326600}",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(claims); i++)
		assert_int_equal(claims_verdict(fixture, claims[i]),
				 ZTP_ERR_PROOF);
}

static void lifetime_is_at_most_a_day(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(times_verdict(fixture, NOW, NOW + 86400), 0);
	assert_int_equal(times_verdict(fixture, NOW, NOW + 86401),
			 ZTP_ERR_PROOF_LONG);
	assert_int_equal(times_verdict(fixture, NOW, NOW + 1), 0);
	assert_int_equal(times_verdict(fixture, NOW, NOW), ZTP_ERR_PROOF);
	assert_int_equal(times_verdict(fixture, NOW, NOW - 1), ZTP_ERR_PROOF);
}

/* 9999-12-31T23:59:59Z is the last second that has a text. */
static void the_last_second(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(times_verdict(fixture, 253402300798, 253402300799),
			 ZTP_ERR_PROOF_EARLY);
	assert_int_equal(times_verdict(fixture, 253402300798, 253402300800),
			 ZTP_ERR_PROOF);
	assert_int_equal(times_verdict(fixture, NOW, 1000000000000),
			 ZTP_ERR_PROOF);
}

static void skew_of_ten_minutes(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(times_verdict(fixture, NOW + 600, NOW + 3600), 0);
	assert_int_equal(times_verdict(fixture, NOW + 601, NOW + 3600),
			 ZTP_ERR_PROOF_EARLY);
	/* CERTS_NOW is 678 ms after NOW */
	assert_int_equal(times_verdict(fixture, NOW - 3600, NOW - 599), 0);
	assert_int_equal(times_verdict(fixture, NOW - 3600, NOW - 600),
			 ZTP_ERR_PROOF_EXPIRED);
	fixture->rules.skew_ms = 0;
	assert_int_equal(times_verdict(fixture, NOW, NOW + 1), 0);
	assert_int_equal(times_verdict(fixture, NOW - 9, NOW),
			 ZTP_ERR_PROOF_EXPIRED);
	assert_int_equal(times_verdict(fixture, NOW + 1, NOW + 9),
			 ZTP_ERR_PROOF_EARLY);
	fixture->rules.skew_ms = ZTP_JWT_SKEW_MS;
}

/* RFC 7519 4.1.5 */
static void not_before_is_obeyed(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		claims_verdict(fixture, "{" GOOD_TIMES ",\"nbf\":1767323645}"),
		0);
	assert_int_equal(
		claims_verdict(fixture, "{" GOOD_TIMES ",\"nbf\":1767323646}"),
		ZTP_ERR_PROOF_EARLY);
	assert_int_equal(
		claims_verdict(fixture, "{" GOOD_TIMES ",\"nbf\":\"x\"}"),
		ZTP_ERR_PROOF);
}

static void audience_where_one_is_set(void **state)
{
	static const char *const good[] = {
		"\"" AUDIENCE "\"",
		"[\"" AUDIENCE "\"]",
		"[\"other\",\"" AUDIENCE "\"]",
		"[7,null,{}, \"\\u0061cme\\/plant-7\" ]",
		"\"\\u0061cme/plant-7\"",
	};
	static const char *const bad[] = {
		"\"other\"",
		"\"\"",
		"[]",
		"[\"other\"]",
		"null",
		"7",
		"{\"a\":\"" AUDIENCE "\"}",
		"\"" AUDIENCE "/\"",
		"\"ACME/plant-7\"",
		"[[\"" AUDIENCE "\"]]",
	};
	struct fixture *fixture = *state;
	char claims[128];

	fixture->rules.audience = AUDIENCE;
	for (size_t i = 0; i < COUNT(good); i++) {
		snprintf(claims, sizeof claims, "{" GOOD_TIMES ",\"aud\":%s}",
			 good[i]);
		assert_int_equal(claims_verdict(fixture, claims), 0);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(claims, sizeof claims, "{" GOOD_TIMES ",\"aud\":%s}",
			 bad[i]);
		assert_int_equal(claims_verdict(fixture, claims),
				 ZTP_ERR_PROOF_AUDIENCE);
	}
	assert_int_equal(claims_verdict(fixture, GOOD), ZTP_ERR_PROOF_AUDIENCE);
	fixture->rules.audience = NULL;
	assert_int_equal(
		claims_verdict(fixture, "{" GOOD_TIMES ",\"aud\":\"any\"}"), 0);
}

static void subject_where_present(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(claims_verdict(fixture, "{" GOOD_TIMES
						 ",\"sub\":\"" PUMP "\"}"),
			 0);
	assert_int_equal(claims_verdict(fixture, "{" GOOD_TIMES
						 ",\"sub\":\"" PUMP "x\"}"),
			 ZTP_ERR_PROOF_SUBJECT);
	assert_int_equal(
		claims_verdict(fixture, "{" GOOD_TIMES ",\"sub\":\"\"}"),
		ZTP_ERR_PROOF_SUBJECT);
	assert_int_equal(
		claims_verdict(fixture, "{" GOOD_TIMES ",\"sub\":null}"),
		ZTP_ERR_PROOF_SUBJECT);
	assert_int_equal(claims_verdict(fixture, "{" GOOD_TIMES ",\"sub\":7}"),
			 ZTP_ERR_PROOF_SUBJECT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_algorithm_with_its_key),
		cmocka_unit_test(claims_are_handed_out),
		cmocka_unit_test(headers_that_are_accepted),
		cmocka_unit_test(refuses_an_algorithm_that_is_not_the_keys),
		cmocka_unit_test(refuses_another_type),
		cmocka_unit_test(refuses_any_crit),
		cmocka_unit_test(refuses_dates_that_are_no_integers),
		cmocka_unit_test(lifetime_is_at_most_a_day),
		cmocka_unit_test(the_last_second),
		cmocka_unit_test(skew_of_ten_minutes),
		cmocka_unit_test(not_before_is_obeyed),
		cmocka_unit_test(audience_where_one_is_set),
		cmocka_unit_test(subject_where_present),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
