#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/key.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct ztp_key *from_pkey(EVP_PKEY *pkey)
{
	size_t len;
	uint8_t *spki = certs_spki(pkey, &len);
	struct ztp_key *key;

	assert_int_equal(ztp_key_from_spki(&key, spki, len, NULL), 0);
	free(spki);
	return key;
}

static void check_jws(EVP_PKEY *pkey, const char *text, const char *signature)
{
	struct ztp_key *key = from_pkey(pkey);
	uint8_t bytes[512];
	long len = ztp_base64url_decode(bytes, sizeof bytes, signature,
					strlen(signature));

	assert_true(len > 0);
	assert_true(
		ztp_key_verify(key, text, strlen(text), bytes, (size_t)len));
	assert_false(ztp_key_verify(key, text, strlen(text) - 1, bytes,
				    (size_t)len));
	bytes[len - 1] ^= 1;
	assert_false(
		ztp_key_verify(key, text, strlen(text), bytes, (size_t)len));
	ztp_key_free(key);
	EVP_PKEY_free(pkey);
}

#define RFC7515_CLAIMS                                                         \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl" \
	"LmNvbS9pc19yb290Ijp0cnVlfQ"

static void rfc7515_a2_rs256(void **state)
{
	(void)state;
	check_jws(certs_jwk_rsa(
			  "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W2"
			  "6mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SF"
			  "d2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7"
			  "OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo"
			  "7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT"
			  "6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM"
			  "Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ"),
		  "eyJhbGciOiJSUzI1NiJ9." RFC7515_CLAIMS,
		  "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5R"
		  "Zmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
		  "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB"
		  "MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt"
		  "FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"
		  "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
}

static void rfc7515_a3_es256(void **state)
{
	(void)state;
	check_jws(certs_jwk_p256("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
				 "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
		  "eyJhbGciOiJFUzI1NiJ9." RFC7515_CLAIMS,
		  "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8I"
		  "SlSApmWQxfKTUJqPP3-Kg6NU1Q");
}

static void every_accepted_key_verifies(void **state)
{
	static const struct {
		const char *kind;
		enum ztp_key_algorithm algorithm;
		int bits;
	} kinds[] = {{"rsa:2048", ZTP_KEY_RSA, 2048},
		     {"rsa:3072", ZTP_KEY_RSA, 3072},
		     {"rsa:4096", ZTP_KEY_RSA, 4096},
		     {"ec:P-256", ZTP_KEY_EC, 256},
		     {"ec:P-384", ZTP_KEY_EC, 384}};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		EVP_PKEY *pkey = certs_key(kinds[i].kind);
		struct ztp_key *key = from_pkey(pkey), *other;
		char *pem = certs_spki_pem(pkey);
		size_t len, spki_len;
		uint8_t *signature = certs_signature(pkey, "abc", 3, &len);
		uint8_t *spki = certs_spki(pkey, &spki_len);

		assert_int_equal(ztp_key_algorithm(key), kinds[i].algorithm);
		assert_int_equal(ztp_key_bits(key), kinds[i].bits);
		assert_int_equal(ztp_key_spki(key).n, spki_len);
		assert_memory_equal(ztp_key_spki(key).p, spki, spki_len);
		assert_int_equal(
			ztp_key_from_pem(&other, pem, strlen(pem), NULL), 0);
		assert_true(ztp_key_verify(other, "abc", 3, signature, len));
		assert_true(ztp_key_verify(key, "abc", 3, signature, len));
		assert_false(ztp_key_verify(key, "abd", 3, signature, len));
		assert_false(ztp_key_verify(key, "", 0, signature, len));
		ztp_key_free(key);
		ztp_key_free(other);
		EVP_PKEY_free(pkey);
		free(pem);
		free(signature);
		free(spki);
	}
	ztp_key_free(NULL);
}

/* A signature of any other length is refused, one in DER above all. */
static void refuses_signatures_of_another_length(void **state)
{
	static const char *const kinds[] = {"rsa:2048", "ec:P-256", "ec:P-384"};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		EVP_PKEY *pkey = certs_key(kinds[i]);
		struct ztp_key *key = from_pkey(pkey);
		size_t len;
		uint8_t *signature = certs_signature(pkey, "abc", 3, &len);
		uint8_t *longer = malloc(len + 1);

		for (size_t n = 0; n < len; n++) {
			uint8_t *copy = certs_exact(signature, n);

			assert_false(ztp_key_verify(key, "abc", 3, copy, n));
			free(copy);
		}
		memcpy(longer, signature, len);
		longer[len] = 0;
		assert_false(ztp_key_verify(key, "abc", 3, longer, len + 1));
		memcpy(longer + 1, signature, len);
		longer[0] = 0;
		assert_false(ztp_key_verify(key, "abc", 3, longer, len + 1));
		free(longer);
		free(signature);
		ztp_key_free(key);
		EVP_PKEY_free(pkey);
	}
}

static void refuses_a_der_signature(void **state)
{
	EVP_PKEY *pkey = certs_key("ec:P-256");
	struct ztp_key *key = from_pkey(pkey);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[128];
	size_t len = sizeof der;

	(void)state;
	assert_int_equal(
		EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pkey), 1);
	assert_int_equal(
		EVP_DigestSign(context, der, &len, (const uint8_t *)"abc", 3),
		1);
	assert_false(ztp_key_verify(key, "abc", 3, der, len));
	EVP_MD_CTX_free(context);
	ztp_key_free(key);
	EVP_PKEY_free(pkey);
}

/* r and s must be in 1..n-1. (r, n-s) is as valid as (r, s), but r+n is not
 * r. */
static void r_and_s_are_in_range(void **state)
{
	EVP_PKEY *pkey = certs_key("ec:P-256");
	struct ztp_key *key = from_pkey(pkey);
	size_t len;
	uint8_t *good = certs_signature(pkey, "abc", 3, &len), bad[64];
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	const BIGNUM *order = EC_GROUP_get0_order(group);
	BIGNUM *s = BN_bin2bn(good + 32, 32, NULL);

	(void)state;
	memcpy(bad, good, 64);
	assert_int_equal(BN_sub(s, order, s), 1);
	assert_int_equal(BN_bn2binpad(s, bad + 32, 32), 32);
	assert_true(ztp_key_verify(key, "abc", 3, bad, 64));
	assert_int_equal(BN_bn2binpad(order, bad + 32, 32), 32);
	assert_false(ztp_key_verify(key, "abc", 3, bad, 64));
	memset(bad + 32, 0xff, 32);
	assert_false(ztp_key_verify(key, "abc", 3, bad, 64));
	memset(bad + 32, 0, 32);
	assert_false(ztp_key_verify(key, "abc", 3, bad, 64));
	memset(bad, 0, 64);
	assert_false(ztp_key_verify(key, "abc", 3, bad, 64));
	memcpy(bad + 32, good + 32, 32);
	assert_false(ztp_key_verify(key, "abc", 3, bad, 64));
	assert_int_equal(BN_bn2binpad(order, bad, 32), 32);
	assert_false(ztp_key_verify(key, "abc", 3, bad, 64));
	BN_free(s);
	EC_GROUP_free(group);
	free(good);
	ztp_key_free(key);
	EVP_PKEY_free(pkey);
}

static void refuses_pss_for_rs256(void **state)
{
	EVP_PKEY *pkey = certs_key("rsa:2048");
	struct ztp_key *key = from_pkey(pkey);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_context;
	uint8_t signature[256];
	size_t len = sizeof signature;

	(void)state;
	assert_int_equal(EVP_DigestSignInit(context, &pkey_context,
					    EVP_sha256(), NULL, pkey),
			 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_context,
						      RSA_PKCS1_PSS_PADDING),
			 1);
	assert_int_equal(EVP_DigestSign(context, signature, &len,
					(const uint8_t *)"abc", 3),
			 1);
	assert_false(ztp_key_verify(key, "abc", 3, signature, len));
	EVP_MD_CTX_free(context);
	ztp_key_free(key);
	EVP_PKEY_free(pkey);
}

static void refuses_other_keys(void **state)
{
	static const char *const kinds[] = {"rsa:1024", "ec:P-224", "ec:P-521",
					    "ED25519"};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		EVP_PKEY *pkey = certs_key(kinds[i]);
		size_t len;
		uint8_t *spki = certs_spki(pkey, &len);
		struct ztp_key *key;

		assert_int_equal(ztp_key_from_spki(&key, spki, len, NULL),
				 ZTP_ERR_CERT_KEY);
		assert_null(key);
		free(spki);
		EVP_PKEY_free(pkey);
	}
}

static void refuses_a_point_off_the_curve(void **state)
{
	EVP_PKEY *pkey = certs_key("ec:P-256");
	size_t len;
	uint8_t *spki = certs_spki(pkey, &len);
	struct ztp_key *key;

	(void)state;
	spki[len - 1] ^= 1;
	assert_int_equal(ztp_key_from_spki(&key, spki, len, NULL),
			 ZTP_ERR_CERT_KEY);
	free(spki);
	EVP_PKEY_free(pkey);
}

static void hostile_bytes(void **state)
{
	EVP_PKEY *pkeys[2] = {certs_key("rsa:2048"), certs_key("ec:P-256")};
	struct ztp_key *key;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		size_t len;
		uint8_t *spki = certs_spki(pkeys[k], &len);

		for (size_t n = 0; n < len; n++) {
			uint8_t *copy = certs_exact(spki, n);

			assert_true(ztp_key_from_spki(&key, copy, n, NULL) < 0);
			assert_null(key);
			free(copy);
		}
		for (size_t i = 0; i < len; i++) {
			spki[i] ^= 0x41;
			if (ztp_key_from_spki(&key, spki, len, NULL) == 0)
				ztp_key_free(key);
			spki[i] ^= 0x41;
		}
		free(spki);
		EVP_PKEY_free(pkeys[k]);
	}
}

static void refuses_pem_that_is_none(void **state)
{
	EVP_PKEY *pkey = certs_key("ec:P-256");
	char *pem = certs_spki_pem(pkey);
	struct ztp_key *key;

	(void)state;
	for (size_t n = 0; n < strlen(pem) - 1; n++) {
		char *copy = certs_exact(pem, n);

		assert_true(ztp_key_from_pem(&key, copy, n, NULL) < 0);
		free(copy);
	}
	/* bare base64 is for certificates only */
	pem[strlen(pem) - strlen("\n-----END PUBLIC KEY-----\n")] = '\0';
	pem += strlen("-----BEGIN PUBLIC KEY-----\n");
	assert_true(ztp_key_from_pem(&key, pem, strlen(pem), NULL) < 0);
	free(pem - strlen("-----BEGIN PUBLIC KEY-----\n"));
	EVP_PKEY_free(pkey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7515_a2_rs256),
		cmocka_unit_test(rfc7515_a3_es256),
		cmocka_unit_test(every_accepted_key_verifies),
		cmocka_unit_test(refuses_signatures_of_another_length),
		cmocka_unit_test(refuses_a_der_signature),
		cmocka_unit_test(r_and_s_are_in_range),
		cmocka_unit_test(refuses_pss_for_rs256),
		cmocka_unit_test(refuses_other_keys),
		cmocka_unit_test(refuses_a_point_off_the_curve),
		cmocka_unit_test(hostile_bytes),
		cmocka_unit_test(refuses_pem_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
