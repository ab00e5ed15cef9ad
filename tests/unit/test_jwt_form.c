/* How a JWT is written, and whether its signature is the key's. */
#include "jwt_case.h"

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

static void refuses_another_keys_signature(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *other = certs_key("ec:P-256");
	char *jwt = certs_jwt(other, ES256, GOOD);

	assert_int_equal(verify(fixture, P256, jwt), ZTP_ERR_PROOF_KEY);
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
	assert_int_equal(verify(fixture, P256, other), ZTP_ERR_PROOF_KEY);
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
		ZTP_ERR_PROOF_ALGORITHM);
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

/* Firmware that forgets to unwrap OpenSSL's or mbed TLS's signature sends DER,
 * which is no wrong key. */
static void another_length_is_bad_form(void **state)
{
	struct fixture *fixture = *state;
	char *jwt = certs_jwt(fixture->pkeys[P256], ES256, GOOD);
	char longer[1024];
	struct ztp_jwt read;
	uint8_t *spki;
	size_t len;

	snprintf(longer, sizeof longer, "%sAAAA", jwt);
	assert_int_equal(verify(fixture, P256, longer), ZTP_ERR_PROOF);
	assert_int_equal(ztp_jwt_read(&read, longer, strlen(longer),
				      &fixture->rules, NULL),
			 0);
	spki = certs_spki(fixture->pkeys[P256], &len);
	assert_int_equal(ztp_jwt_fits(&read, spki, len, NULL), ZTP_ERR_PROOF);
	read.signature_len = 64;
	assert_int_equal(ztp_jwt_fits(&read, spki, len, NULL), 0);
	assert_int_equal(ztp_jwt_fits(&read, spki, len - 1, NULL),
			 ZTP_ERR_CERT);
	free(spki);
	spki = certs_spki(fixture->pkeys[P384], &len);
	assert_int_equal(ztp_jwt_fits(&read, spki, len, NULL),
			 ZTP_ERR_PROOF_ALGORITHM);
	free(spki);
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
			 ZTP_ERR_PROOF_ALGORITHM);
	assert_int_equal(error.code, ZTP_ERR_PROOF_ALGORITHM);
	assert_null(strstr(error.message, "MARKER"));
	assert_null(strstr(error.message, "eyJ"));
	free(jwt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_json_that_is_not_strict),
		cmocka_unit_test(refuses_another_keys_signature),
		cmocka_unit_test(refuses_claims_that_were_exchanged),
		cmocka_unit_test(refuses_the_rfcs_unsecured_and_hmac_tokens),
		cmocka_unit_test(refuses_other_shapes),
		cmocka_unit_test(refuses_a_second_spelling_of_the_signature),
		cmocka_unit_test(refuses_one_that_is_too_long),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(any_byte_changed_is_refused),
		cmocka_unit_test(another_length_is_bad_form),
		cmocka_unit_test(messages_hold_nothing_of_the_token),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
