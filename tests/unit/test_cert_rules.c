/* Certificates: one test for each rule that refuses a well-encoded
 * certificate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert_case.h"

static void refuses_an_extension_twice(void **state)
{
	static const char *const extensions[] = {"keyUsage",
						 "digitalSignature",
						 "subjectAltName",
						 "DNS:a.example",
						 "keyUsage",
						 "digitalSignature",
						 NULL};
	static const char *const unknown[] = {"1.2.3.4", "DER:0500", "1.2.3.4",
					      "DER:0500", NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .extensions = extensions};

	assert_int_equal(cert_case_spec(spec), ZTP_ERR_CERT);
	spec.extensions = unknown;
	assert_int_equal(cert_case_spec(spec), ZTP_ERR_CERT);
}

static void refuses_an_unknown_critical_extension(void **state)
{
	static const char *const critical[] = {"1.2.3.4", "critical,DER:0500",
					       NULL};
	static const char *const other[] = {"1.2.3.4", "DER:0500", NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256, .extensions = critical};

	assert_int_equal(cert_case_spec(spec), ZTP_ERR_CERT);
	spec.extensions = other;
	assert_int_equal(cert_case_spec(spec), 0);
}

static void refuses_defaults_that_are_written(void **state)
{
	static const char *const constraints[] = {"basicConstraints",
						  "DER:3003010100", NULL};
	static const char *const comment[] = {"1.2.3.4", "DER:0500", NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .extensions = constraints};
	X509 *x509;
	size_t len, at;
	uint8_t *der;

	assert_int_equal(cert_case_spec(spec), ZTP_ERR_CERT);
	spec.extensions = comment;
	x509 = certs_make(&spec);
	der = certs_der(x509, &len);
	at = certs_find(der, len, "\x06\x03\x2a\x03\x04", 5, 0);
	cert_case_splice(x509, at, 5, "\x06\x03\x2a\x03\x04\x01\x01\x00", 8,
			 ZTP_ERR_CERT);
	free(der);
	X509_free(x509);
	/* version v1, before the serial */
	der = certs_der(fixture->leaf, &len);
	at = certs_find(der, len, "\x02\x08\x14", 3, 0);
	free(der);
	cert_case_splice(
		fixture->leaf, at, 10,
		"\xa0\x03\x02\x01\x00\x02\x08\x14\xfd\x0a\x5b\x6c\x7d\x8e"
		"\x9f",
		15, ZTP_ERR_CERT);
}

static void refuses_extensions_that_cannot_be_read(void **state)
{
	static const char *const bad[][2] = {
		{"keyUsage", "DER:03020780"},	  /* valid, for contrast */
		{"keyUsage", "DER:030100"},	  /* no bit */
		{"keyUsage", "DER:03020080"},	  /* zeros at the end */
		{"keyUsage", "DER:0302078000"},	  /* trailing */
		{"keyUsage", "DER:0500"},	  /* not a BIT STRING */
		{"extendedKeyUsage", "DER:3000"}, /* empty */
		{"extendedKeyUsage", "DER:0500"},
		{"basicConstraints", "DER:3003010101"}, /* TRUE is FF */
		{"basicConstraints", "DER:30800000"},
		{"subjectAltName", "DER:3000"},
		{"subjectAltName", "DER:300382"},
		{"subjectAltName", "DER:3000"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *extensions[] = {bad[i][0], bad[i][1], NULL};

		assert_int_equal(cert_case_spec((struct certs_spec){
					 .key = fixture->p256,
					 .extensions = extensions}),
				 i == 0 ? 0 : ZTP_ERR_CERT);
	}
}

static void refuses_bad_alternative_names(void **state)
{
	static const char *const bad[] = {
		"DER:300582036100ff", /* DNS, not ASCII */
		"DER:3005820361002e", /* DNS with NUL */
		"DER:3005820361620a", /* DNS with a newline */
		"DER:30028200",	      /* DNS, empty */
		"DER:3004810261ff",   /* email */
		"DER:3004860261ff",   /* URI */
		"DER:30058703010203", /* IP of three bytes */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *extensions[] = {"subjectAltName", bad[i], NULL};

		assert_int_equal(cert_case_spec((struct certs_spec){
					 .key = fixture->p256,
					 .extensions = extensions}),
				 ZTP_ERR_CERT);
	}
}

static void refuses_too_many_alternative_names(void **state)
{
	struct fixture *fixture = *state;
	char text[2048];
	const char *extensions[] = {"subjectAltName", text, NULL};
	size_t len = 0;

	for (int i = 0; i < ZTP_SAN_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
					"%sDNS:n%d.example", i ? "," : "", i);
	assert_int_equal(
		cert_case_spec((struct certs_spec){.key = fixture->p256,
						   .extensions = extensions}),
		0);
	snprintf(text + len, sizeof text - len, ",DNS:more.example");
	assert_int_equal(
		cert_case_spec((struct certs_spec){.key = fixture->p256,
						   .extensions = extensions}),
		ZTP_ERR_CERT);
}

static void refuses_validity_backwards(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(cert_case_spec((struct certs_spec){
				 .key = fixture->p256,
				 .not_before_ms = CERTS_NOW,
				 .not_after_ms = CERTS_NOW - 1000}),
			 ZTP_ERR_CERT);
	assert_int_equal(
		cert_case_spec((struct certs_spec){.key = fixture->p256,
						   .not_before_ms = CERTS_NOW,
						   .not_after_ms = CERTS_NOW}),
		0);
}

static void refuses_times_of_another_shape(void **state)
{
	/* some as long as the UTCTime that they replace, some not */
	static const char *const bad[] = {
		"\x17\x0b"
		"2601010304Z",
		"\x17\x11"
		"260101030405+0000",
		"\x17\x0d"
		"261301030405Z",
		"\x17\x0d"
		"260230030405Z",
		"\x17\x0d"
		"260101240405Z",
		"\x17\x0d"
		"260101030460Z",
		"\x17\x0d"
		"2601010304 5Z",
		"\x17\x0d"
		"260101030405z",
		"\x18\x0d"
		"260101030405Z",
		"\x18\x11"
		"20260101030405.5Z",
		"\x18\x0e"
		"20260101030405",
		"\x17\x0f"
		"20260101030405Z",
	};
	struct fixture *fixture = *state;
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);

	at = certs_find(der, len, "\x17\x0d", 2, 0);
	free(der);
	for (size_t i = 0; i < COUNT(bad); i++)
		cert_case_splice(fixture->leaf, at, 15, bad[i], strlen(bad[i]),
				 ZTP_ERR_CERT);
	cert_case_splice(fixture->leaf, at, 15,
			 "\x18\x0f"
			 "20260101030405Z",
			 17, 0);
}

/* A name whose only value is these bytes in this string type */
static int verdict_name(EVP_PKEY *key, int type, const void *bytes, int len)
{
	struct certs_spec spec = {.key = key};
	X509 *x509 = certs_make(&spec);
	X509_NAME *name = X509_NAME_new();
	ASN1_STRING *value = ASN1_STRING_type_new(type);
	X509_NAME_ENTRY *entry = NULL;
	int rc;

	assert_int_equal(ASN1_STRING_set(value, bytes, len), 1);
	entry = X509_NAME_ENTRY_create_by_NID(NULL, NID_commonName, type, bytes,
					      len);
	assert_non_null(entry);
	X509_NAME_add_entry(name, entry, -1, 0);
	if (X509_set_subject_name(x509, name) == 1) {
		certs_sign(x509, key, EVP_sha256());
		rc = cert_case_x509(x509);
	} else {
		rc = ZTP_ERR_CERT; /* OpenSSL itself refuses to write it */
	}
	X509_NAME_ENTRY_free(entry);
	ASN1_STRING_free(value);
	X509_NAME_free(name);
	X509_free(x509);
	return rc;
}

static void refuses_a_nul_in_a_name(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *key = fixture->p256;

	assert_int_equal(verdict_name(key, V_ASN1_UTF8STRING, "a\0b", 3),
			 ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_PRINTABLESTRING, "a\0b", 3),
			 ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_IA5STRING, "\0", 1),
			 ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_T61STRING, "a\0", 2),
			 ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_BMPSTRING, "\0a\0\0\0b", 6),
			 ZTP_ERR_CERT);
	assert_int_equal(
		verdict_name(key, V_ASN1_UNIVERSALSTRING, "\0\0\0a\0\0\0\0", 8),
		ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_BMPSTRING, "\0a\0b", 4), 0);
	assert_int_equal(verdict_name(key, V_ASN1_UTF8STRING, "ab", 2), 0);
}

static void refuses_bad_text_in_a_name(void **state)
{
	struct fixture *fixture = *state;
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{"\x0c\x02\xc3\x28", 4},	 /* not UTF-8 */
		{"\x0c\x03\xed\xa0\x80", 5},	 /* a surrogate */
		{"\x1e\x03\0a\0", 5},		 /* half a character */
		{"\x1e\x02\xd8\x00", 4},	 /* half a pair */
		{"\x16\x01\xff", 3},		 /* IA5 is ASCII */
		{"\x13\x01\xe4", 3},		 /* so is PrintableString */
		{"\x1c\x04\x00\x11\x00\x00", 6}, /* beyond U+10FFFF */
	};

	at = certs_find(der, len, "\x0c\x0dunused-device", 15, 1);
	free(der);
	for (size_t i = 0; i < COUNT(bad); i++)
		cert_case_splice(fixture->leaf, at, 15, bad[i].bytes,
				 bad[i].len, ZTP_ERR_CERT);
	cert_case_splice(fixture->leaf, at, 15, "\x0c\x02\xc3\xa4", 4, 0);
}

static void refuses_an_empty_issuer(void **state)
{
	struct fixture *fixture = *state;
	X509 *x509 = X509_dup(fixture->leaf);
	X509_NAME *empty = X509_NAME_new();

	assert_int_equal(X509_set_issuer_name(x509, empty), 1);
	certs_sign(x509, fixture->rsa, EVP_sha256());
	assert_int_equal(cert_case_freed(x509), ZTP_ERR_CERT);
	/* an empty subject is allowed */
	x509 = X509_dup(fixture->leaf);
	assert_int_equal(X509_set_subject_name(x509, empty), 1);
	certs_sign(x509, fixture->rsa, EVP_sha256());
	assert_int_equal(cert_case_freed(x509), 0);
	X509_NAME_free(empty);
}

/* The version is removed from the signed certificate, because OpenSSL 3.5 signs
 * a certificate with extensions only as version 3. */
static void refuses_extensions_in_v1(void **state)
{
	static const char *const extensions[] = {"keyUsage", "digitalSignature",
						 NULL};
	static const char v3[] = "\xa0\x03\x02\x01\x02";
	struct fixture *fixture = *state;
	X509 *x509 = certs_make(&(struct certs_spec){.key = fixture->p256,
						     .extensions = extensions});
	size_t len, at;
	uint8_t *der = certs_der(x509, &len);

	at = certs_find(der, len, v3, 5, 0);
	free(der);
	cert_case_splice(x509, at, 5, v3, 5, 0);
	cert_case_splice(x509, at, 5, "", 0, ZTP_ERR_CERT);
	X509_free(x509);
	assert_int_equal(cert_case_spec((struct certs_spec){
				 .key = fixture->p256, .version = 4}),
			 ZTP_ERR_CERT);
}

static void refuses_weak_signatures(void **state)
{
	struct fixture *fixture = *state;
	const EVP_MD *weak[3] = {EVP_md5(), EVP_sha1(), EVP_sha224()};

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
			cert_case_spec((struct certs_spec){.key = fixture->rsa,
							   .digest = weak[i]}),
			ZTP_ERR_CERT_SIGNATURE);
	assert_int_equal(cert_case_spec((struct certs_spec){
				 .key = fixture->p256, .digest = EVP_sha1()}),
			 ZTP_ERR_CERT_SIGNATURE);
}

static int verdict_key(EVP_PKEY *key, EVP_PKEY *signer)
{
	int rc = cert_case_spec(
		(struct certs_spec){.key = key, .issuer_key = signer});

	EVP_PKEY_free(key);
	return rc;
}

static EVP_PKEY *rsa_with_exponent_3(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *three = BN_new();
	EVP_PKEY *key = NULL;

	BN_set_word(three, 3);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, three),
			 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	BN_free(three);
	EVP_PKEY_CTX_free(context);
	return key;
}

static void refuses_other_keys(void **state)
{
	struct fixture *fixture = *state;
	static const char *const kinds[] = {
		"rsa:1024",	"rsa:2047", "ec:P-224", "ec:P-521",
		"ec:secp256k1", "ED25519",  "X25519"};

	for (size_t i = 0; i < COUNT(kinds); i++)
		assert_int_equal(verdict_key(certs_key(kinds[i]), fixture->rsa),
				 ZTP_ERR_CERT_KEY);
	assert_int_equal(verdict_key(rsa_with_exponent_3(), fixture->rsa),
			 ZTP_ERR_CERT_KEY);
}

/* Replaces the key's bits, which start with the number of unused bits. */
static void check_key_bits(struct fixture *fixture, const uint8_t *bits,
			   size_t bits_len, int expected)
{
	struct certs_spec spec = {.key = fixture->p256};
	X509 *x509 = certs_make(&spec);
	size_t len, at;
	uint8_t *der = certs_der(x509, &len);
	uint8_t element[128] = {0x03, (uint8_t)bits_len};

	memcpy(element + 2, bits, bits_len);
	at = certs_find(der, len, "\x03\x42\x00\x04", 4, 0);
	free(der);
	cert_case_splice(x509, at, 0x44, element, bits_len + 2, expected);
	X509_free(x509);
}

static void refuses_points_of_another_shape(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bits[67] = {0, 0x04};

	check_key_bits(fixture, bits, 66, 0);
	check_key_bits(fixture, bits, 65, ZTP_ERR_CERT_KEY);
	check_key_bits(fixture, bits, 67, ZTP_ERR_CERT_KEY);
	check_key_bits(fixture, bits, 1, ZTP_ERR_CERT_KEY);
	check_key_bits(fixture, (const uint8_t[2]){0, 0}, 2, ZTP_ERR_CERT_KEY);
	bits[0] = 1; /* one bit unused */
	check_key_bits(fixture, bits, 66, ZTP_ERR_CERT_KEY);
	bits[0] = 0;
	bits[1] = 0x02;
	check_key_bits(fixture, bits, 34, 0);
	check_key_bits(fixture, bits, 66, ZTP_ERR_CERT_KEY);
	bits[1] = 0x06; /* hybrid */
	check_key_bits(fixture, bits, 66, ZTP_ERR_CERT_KEY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_an_extension_twice),
		cmocka_unit_test(refuses_an_unknown_critical_extension),
		cmocka_unit_test(refuses_defaults_that_are_written),
		cmocka_unit_test(refuses_extensions_that_cannot_be_read),
		cmocka_unit_test(refuses_bad_alternative_names),
		cmocka_unit_test(refuses_too_many_alternative_names),
		cmocka_unit_test(refuses_validity_backwards),
		cmocka_unit_test(refuses_times_of_another_shape),
		cmocka_unit_test(refuses_a_nul_in_a_name),
		cmocka_unit_test(refuses_bad_text_in_a_name),
		cmocka_unit_test(refuses_an_empty_issuer),
		cmocka_unit_test(refuses_extensions_in_v1),
		cmocka_unit_test(refuses_weak_signatures),
		cmocka_unit_test(refuses_other_keys),
		cmocka_unit_test(refuses_points_of_another_shape),
	};

	return cmocka_run_group_tests(tests, cert_case_setup,
				      cert_case_teardown);
}
