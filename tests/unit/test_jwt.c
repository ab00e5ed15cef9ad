#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/jwt.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PUMP	     "subscriptions/acme/registries/plant-7/devices/pump-42"
#define AUDIENCE     "acme/plant-7"
#define NOW	     1767323045 /* CERTS_NOW in seconds */
#define RS256	     "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define ES256	     "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"
#define ES384	     "{\"alg\":\"ES384\",\"typ\":\"JWT\"}"
#define GOOD_TIMES   "\"iat\":1767323000,\"exp\":1767326600"
#define GOOD	     "{" GOOD_TIMES "}"

struct fixture {
	EVP_PKEY *pkeys[3];
	struct ztp_key *keys[3];
	struct ztp_path path;
	struct ztp_jwt_rules rules;
};

enum { RSA_KEY, P256, P384 };

static int setup(void **state)
{
	static struct fixture fixture;
	static const char *const kinds[] = {"rsa:2048", "ec:P-256", "ec:P-384"};

	for (int i = 0; i < 3; i++) {
		size_t len;
		uint8_t *spki;

		fixture.pkeys[i] = certs_key(kinds[i]);
		spki = certs_spki(fixture.pkeys[i], &len);
		assert_int_equal(
			ztp_key_from_spki(&fixture.keys[i], spki, len, NULL),
			0);
		free(spki);
	}
	assert_int_equal(
		ztp_path_parse(&fixture.path, PUMP, strlen(PUMP), NULL), 0);
	fixture.rules.path = &fixture.path;
	fixture.rules.now_ms = CERTS_NOW;
	fixture.rules.skew_ms = ZTP_JWT_SKEW_MS;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 3; i++) {
		EVP_PKEY_free(fixture->pkeys[i]);
		ztp_key_free(fixture->keys[i]);
	}
	return 0;
}

static int verify(struct fixture *fixture, int key, const char *jwt)
{
	size_t len = strlen(jwt);
	char *copy = certs_exact(jwt, len);
	int rc = ztp_jwt_verify(NULL, copy, len, fixture->keys[key],
				&fixture->rules, NULL);

	free(copy);
	return rc;
}

/* Verifies a JWT that is properly signed with the key. */
static int signed_verdict(struct fixture *fixture, int key, const char *header,
			  const char *claims)
{
	char *jwt = certs_jwt(fixture->pkeys[key], header, claims);
	int rc = verify(fixture, key, jwt);

	free(jwt);
	return rc;
}

static int header_verdict(struct fixture *fixture, const char *header)
{
	return signed_verdict(fixture, P256, header, GOOD);
}

static int claims_verdict(struct fixture *fixture, const char *claims)
{
	return signed_verdict(fixture, P256, ES256, claims);
}

static int times_verdict(struct fixture *fixture, long long iat, long long exp)
{
	char claims[128];

	snprintf(claims, sizeof claims, "{\"iat\":%lld,\"exp\":%lld}", iat,
		 exp);
	return claims_verdict(fixture, claims);
}

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
			 ZTP_ERR_PROOF);
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
				 ZTP_ERR_PROOF);
	}
	assert_int_equal(signed_verdict(fixture, RSA_KEY, ES256, GOOD),
			 ZTP_ERR_PROOF);
	assert_int_equal(signed_verdict(fixture, P384, ES256, GOOD),
			 ZTP_ERR_PROOF);
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

static void refuses_json_that_is_not_strict(void **state)
{
	static const char *const headers[] = {
		"",
		"[]",
		"\"ES256\"",
		"{\"alg\":\"ES256\"",
		"{\"alg\":\"ES256\"}x",
		"{\"alg\":\"none\",\"alg\":\"ES256\"}",
		"{\"alg\":\"ES256\",\"\\u0000\":1}",
		"{\"alg\":\"ES256\",\"x\":\"\xff\"}",
		"{\"alg\":\"ES256\",}",
	};
	static const char *const claims[] = {
		"",
		"[]",
		"null",
		"{" GOOD_TIMES "}x",
		"{" GOOD_TIMES ",\"iat\":1767323000}",
		"{" GOOD_TIMES ",\"sub\":\"a\\u0000\"}",
		"{" GOOD_TIMES ",}",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(headers); i++)
		assert_int_equal(header_verdict(fixture, headers[i]),
				 ZTP_ERR_PROOF);
	for (size_t i = 0; i < COUNT(claims); i++)
		assert_int_equal(claims_verdict(fixture, claims[i]),
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
			 ZTP_ERR_PROOF);
	assert_int_equal(times_verdict(fixture, NOW, NOW + 1), 0);
	assert_int_equal(times_verdict(fixture, NOW, NOW), ZTP_ERR_PROOF);
	assert_int_equal(times_verdict(fixture, NOW, NOW - 1), ZTP_ERR_PROOF);
}

static void skew_of_ten_minutes(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(times_verdict(fixture, NOW + 600, NOW + 3600), 0);
	assert_int_equal(times_verdict(fixture, NOW + 601, NOW + 3600),
			 ZTP_ERR_PROOF);
	/* CERTS_NOW is 678 ms after NOW */
	assert_int_equal(times_verdict(fixture, NOW - 3600, NOW - 599), 0);
	assert_int_equal(times_verdict(fixture, NOW - 3600, NOW - 600),
			 ZTP_ERR_PROOF_EXPIRED);
	fixture->rules.skew_ms = 0;
	assert_int_equal(times_verdict(fixture, NOW, NOW + 1), 0);
	assert_int_equal(times_verdict(fixture, NOW - 9, NOW),
			 ZTP_ERR_PROOF_EXPIRED);
	assert_int_equal(times_verdict(fixture, NOW + 1, NOW + 9),
			 ZTP_ERR_PROOF);
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
		ZTP_ERR_PROOF);
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
			 ZTP_ERR_PROOF);
	assert_int_equal(
		claims_verdict(fixture, "{" GOOD_TIMES ",\"sub\":\"\"}"),
		ZTP_ERR_PROOF);
	assert_int_equal(
		claims_verdict(fixture, "{" GOOD_TIMES ",\"sub\":null}"),
		ZTP_ERR_PROOF);
	assert_int_equal(claims_verdict(fixture, "{" GOOD_TIMES ",\"sub\":7}"),
			 ZTP_ERR_PROOF);
}

static void refuses_another_keys_signature(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *other = certs_key("ec:P-256");
	char *jwt = certs_jwt(other, ES256, GOOD);

	assert_int_equal(verify(fixture, P256, jwt), ZTP_ERR_PROOF);
	free(jwt);
	EVP_PKEY_free(other);
}

/* Only the signature reveals a change in the signed text. */
static void refuses_claims_that_were_exchanged(void **state)
{
	struct fixture *fixture = *state;
	char *jwt = certs_jwt(fixture->pkeys[P256], ES256, GOOD);
	char *other = certs_jwt(fixture->pkeys[P256], ES256,
				"{\"iat\":1767323001,\"exp\":1767326600}");

	assert_int_equal(strlen(jwt), strlen(other));
	memcpy(strrchr(other, '.'), strrchr(jwt, '.'),
	       strlen(strrchr(jwt, '.')));
	assert_int_equal(verify(fixture, P256, other), ZTP_ERR_PROOF);
	free(jwt);
	free(other);
}

/* RFC 7515 appendix A.5 and RFC 7519 section 3.1 */
static void refuses_the_rfcs_unsecured_and_hmac_tokens(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		verify(fixture, P256,
		       "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMD"
		       "A4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
		       "cnVlfQ."),
		ZTP_ERR_PROOF);
	assert_int_equal(
		verify(fixture, P256,
		       "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2"
		       "UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
		       "LmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1"
		       "p1r_wW1gFWFOEjXk"),
		ZTP_ERR_PROOF);
}

static void refuses_other_shapes(void **state)
{
	struct fixture *fixture = *state;
	char *jwt = certs_jwt(fixture->pkeys[P256], ES256, GOOD);
	static const char *const formats[] = {"%s.", ".%s",  "%s=", "%s\n",
					      " %s", "%s.x", "%sAA"};
	char *text;

	assert_int_equal(verify(fixture, P256, ""), ZTP_ERR_PROOF);
	assert_int_equal(verify(fixture, P256, ".."), ZTP_ERR_PROOF);
	assert_int_equal(verify(fixture, P256, "a.b.c"), ZTP_ERR_PROOF);
	for (size_t i = 0; i < COUNT(formats); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		assert_true(asprintf(&text, formats[i], jwt) > 0);
#pragma GCC diagnostic pop
		assert_int_equal(verify(fixture, P256, text), ZTP_ERR_PROOF);
		free(text);
	}
	free(jwt);
}

/* 64 bytes leave 4 unused bits in the last digit, which must be zero. */
static void refuses_a_second_spelling_of_the_signature(void **state)
{
	struct fixture *fixture = *state;
	char *jwt = certs_jwt(fixture->pkeys[P256], ES256, GOOD);
	char *last = jwt + strlen(jwt) - 1;

	assert_non_null(strchr("AQgw", *last));
	(*last)++;
	assert_int_equal(verify(fixture, P256, jwt), ZTP_ERR_PROOF);
	free(jwt);
}

static void refuses_one_that_is_too_long(void **state)
{
	struct fixture *fixture = *state;
	char *claims = malloc(ZTP_JWT_MAX + 64);

	assert_non_null(claims);
	memset(claims, ' ', ZTP_JWT_MAX + 63);
	claims[ZTP_JWT_MAX / 4 * 3 - 80] = '\0';
	memcpy(claims, GOOD, strlen(GOOD));
	assert_int_equal(claims_verdict(fixture, claims), ZTP_ERR_PROOF);
	claims[ZTP_JWT_MAX / 4 * 3 - 100] = '\0';
	assert_int_equal(claims_verdict(fixture, claims), 0);
	free(claims);
}

static void every_prefix_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char *jwt = certs_jwt(fixture->pkeys[RSA_KEY], RS256, GOOD);

	for (size_t n = 0; n < strlen(jwt); n++) {
		char *copy = certs_exact(jwt, n);

		assert_int_equal(ztp_jwt_verify(NULL, copy, n,
						fixture->keys[RSA_KEY],
						&fixture->rules, NULL),
				 ZTP_ERR_PROOF);
		free(copy);
	}
	free(jwt);
}

static void any_byte_changed_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char *jwt = certs_jwt(fixture->pkeys[P256], ES256, GOOD);

	for (size_t i = 0; jwt[i]; i++) {
		for (int bit = 0; bit < 8; bit++) {
			jwt[i] ^= (char)(1 << bit);
			assert_true(verify(fixture, P256, jwt) < 0);
			jwt[i] ^= (char)(1 << bit);
		}
	}
	assert_int_equal(verify(fixture, P256, jwt), 0);
	free(jwt);
}

static void messages_hold_nothing_of_the_token(void **state)
{
	struct fixture *fixture = *state;
	struct ztp_error error;
	char *jwt = certs_jwt(fixture->pkeys[P256], "{\"alg\":\"MARKER\"}",
			      "{\"iat\":\"MARKER\"}");

	assert_int_equal(ztp_jwt_verify(NULL, jwt, strlen(jwt),
					fixture->keys[P256], &fixture->rules,
					&error),
			 ZTP_ERR_PROOF);
	assert_int_equal(error.code, ZTP_ERR_PROOF);
	assert_null(strstr(error.message, "MARKER"));
	assert_null(strstr(error.message, "eyJ"));
	free(jwt);
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
		cmocka_unit_test(refuses_json_that_is_not_strict),
		cmocka_unit_test(refuses_dates_that_are_no_integers),
		cmocka_unit_test(lifetime_is_at_most_a_day),
		cmocka_unit_test(skew_of_ten_minutes),
		cmocka_unit_test(not_before_is_obeyed),
		cmocka_unit_test(audience_where_one_is_set),
		cmocka_unit_test(subject_where_present),
		cmocka_unit_test(refuses_another_keys_signature),
		cmocka_unit_test(refuses_claims_that_were_exchanged),
		cmocka_unit_test(refuses_the_rfcs_unsecured_and_hmac_tokens),
		cmocka_unit_test(refuses_other_shapes),
		cmocka_unit_test(refuses_a_second_spelling_of_the_signature),
		cmocka_unit_test(refuses_one_that_is_too_long),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(any_byte_changed_is_refused),
		cmocka_unit_test(messages_hold_nothing_of_the_token),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
