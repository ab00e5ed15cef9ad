/* Certificates: what is accepted, and what is read from it. */
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

static void every_encoding(void **state)
{
	static const char *const newlines[] = {
		"\n", "\r\n", "", " ", "\\n", "\\r\\n", "\n\n", " \t",
	};
	struct fixture *fixture = *state;
	char *pem = certs_pem(fixture->leaf);
	char *base64 = certs_base64(fixture->leaf);

	for (size_t i = 0; i < COUNT(newlines); i++) {
		char *text = certs_lines(pem, newlines[i]);

		if (cert_case_text(text) != 0)
			fail_msg("newline %zu", i);
		free(text);
	}
	assert_int_equal(cert_case_text(base64), 0);
	pem[strlen(pem) - 1] = '\0';
	assert_int_equal(cert_case_text(pem), 0);
	free(pem);
	free(base64);
}

static void fields_of_the_v1_leaf(void **state)
{
	struct fixture *fixture = *state;
	struct ztp_cert cert;
	uint8_t digest[32];
	unsigned len;
	size_t spki_len;
	uint8_t *spki = certs_spki(fixture->rsa, &spki_len);

	cert_case_good(&cert, fixture->leaf);
	X509_digest(fixture->leaf, EVP_sha256(), digest, &len);
	assert_memory_equal(cert.fingerprint, digest, 32);
	assert_int_equal(cert.spki.n, spki_len);
	assert_memory_equal(cert.spki.p, spki, spki_len);
	ztp_sha256(digest, spki, spki_len);
	assert_memory_equal(cert.spki_sha256, digest, 32);
	assert_true(cert.spki.p > (char *)cert.der);
	assert_string_equal(cert.subject, "CN=unused-device");
	assert_string_equal(cert.issuer, "CN=unused-device");
	assert_string_equal(cert.serial, "14fd0a5b6c7d8e9f");
	assert_int_equal(cert.key_algorithm, ZTP_KEY_RSA);
	assert_int_equal(cert.key_bits, 2048);
	assert_int_equal(cert.not_before,
			 (CERTS_NOW - CERTS_DAY_MS) / 1000 * 1000);
	assert_int_equal(cert.not_after,
			 (CERTS_NOW + CERTS_DAY_MS) / 1000 * 1000);
	assert_false(cert.is_ca || cert.has_eku || cert.eku_client_auth);
	assert_int_equal(cert.san_count, 0);
	ztp_cert_clear(&cert);
	ztp_cert_clear(&cert);
	ztp_cert_clear(NULL);
	free(spki);
}

static void every_accepted_key(void **state)
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
		struct certs_spec spec = {.key = certs_key(kinds[i].kind)};
		X509 *x509 = certs_make(&spec);
		struct ztp_cert cert;

		cert_case_good(&cert, x509);
		assert_int_equal(cert.key_algorithm, kinds[i].algorithm);
		assert_int_equal(cert.key_bits, kinds[i].bits);
		ztp_cert_clear(&cert);
		X509_free(x509);
		EVP_PKEY_free(spec.key);
	}
}

static void every_accepted_digest(void **state)
{
	struct fixture *fixture = *state;
	const EVP_MD *digests[3] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
			cert_case_spec((struct certs_spec){
				.key = fixture->rsa, .digest = digests[i]}),
			0);
		assert_int_equal(
			cert_case_spec((struct certs_spec){
				.key = fixture->p256, .digest = digests[i]}),
			0);
	}
}

/* Signs with RSASSA-PSS. */
static int verdict_pss(EVP_PKEY *key, X509 *leaf, const EVP_MD *digest)
{
	X509 *x509 = X509_dup(leaf);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_context;

	assert_int_equal(
		EVP_DigestSignInit(context, &pkey_context, digest, NULL, key),
		1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_context,
						      RSA_PKCS1_PSS_PADDING),
			 1);
	assert_true(X509_sign_ctx(x509, context) > 0);
	EVP_MD_CTX_free(context);
	return cert_case_freed(x509);
}

static void pss_with_a_strong_digest_only(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(verdict_pss(fixture->rsa, fixture->leaf, EVP_sha256()),
			 0);
	assert_int_equal(verdict_pss(fixture->rsa, fixture->leaf, EVP_sha512()),
			 0);
	assert_int_equal(verdict_pss(fixture->rsa, fixture->leaf, EVP_sha1()),
			 ZTP_ERR_CERT_SIGNATURE);
}

static void names_as_openssl_writes_them(void **state)
{
	static const char *const names[] = {
		"/C=DE/ST=Berlin/O=Acme, Inc./OU=a+b/CN=pump",
		"/CN=#hash",
		"/CN= space ",
		"/CN=a\\b\"c;d<e>f=g",
		"/CN=\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		"/CN=line\nand\ttab\x01\x7f",
		"/emailAddress=a@b.example/DC=example/UID=u",
		"/serialNumber=0042/title=x/GN=g/SN=s",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct certs_spec spec = {.key = fixture->p256,
					  .subject = names[i]};
		X509 *x509 = certs_make(&spec);
		BIO *bio = BIO_new(BIO_s_mem());
		struct ztp_cert cert;
		char *text;
		long len;

		cert_case_good(&cert, x509);
		X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0,
				   XN_FLAG_RFC2253);
		len = BIO_get_mem_data(bio, &text);
		assert_int_equal(strlen(cert.subject), len);
		assert_memory_equal(cert.subject, text, (size_t)len);
		assert_string_equal(cert.subject, cert.issuer);
		BIO_free(bio);
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

/* One more byte in front at each step moves the cut through every position of a
 * character that is written as \XX\XX\XX. */
static void long_names_are_cut_at_a_character(void **state)
{
	struct fixture *fixture = *state;
	char euros[50 * 3 + 1] = "", name[1024];

	for (int i = 0; i < 50; i++)
		memcpy(euros + 3 * i, "\xe2\x82\xac", 4);
	for (int pad = 1; pad < 12; pad++) {
		struct certs_spec spec = {.key = fixture->p256,
					  .subject = name};
		struct ztp_cert cert;
		X509 *x509;
		size_t len, prefix = strlen("OU=,CN=");

		snprintf(name, sizeof name, "/CN=%s/OU=%.*s%s", euros, pad,
			 "xxxxxxxxxxxx", euros);
		x509 = certs_make(&spec);
		cert_case_good(&cert, x509);
		len = strlen(cert.subject);
		assert_true(len <= ZTP_NAME_MAX && len > ZTP_NAME_MAX - 9);
		assert_int_equal((len - prefix - (size_t)pad) % 9, 0);
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

static void a_name_of_512_bytes_is_whole(void **state)
{
	struct fixture *fixture = *state;
	char name[1024];

	for (int extra = 0; extra < 2; extra++) {
		struct certs_spec spec = {.key = fixture->p256,
					  .subject = name};
		struct ztp_cert cert;
		char filler[65];
		size_t len = 0;
		X509 *x509;

		memset(filler, 'x', 64);
		filler[64] = '\0';
		for (int i = 0; i < 7; i++)
			len += (size_t)snprintf(name + len, sizeof name - len,
						"/OU=%s", filler);
		/* 7 * 67 + 7 commas = 476; "OU=" and 33 make 512 */
		snprintf(name + len, sizeof name - len, "/OU=%.*s", 33 + extra,
			 filler);
		x509 = certs_make(&spec);
		cert_case_good(&cert, x509);
		assert_int_equal(strlen(cert.subject), 512);
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

static void alternative_names_in_order(void **state)
{
	static const char *const extensions[] = {
		"subjectAltName",
		"email:a@b.example,DNS:pump.example,IP:192.0.2.7,"
		"URI:urn:dev:mac:0024befffe804ff1,IP:2001:db8::1,"
		"otherName:1.2.3;UTF8:ignored,RID:1.2.3,DNS:second.example",
		NULL};
	static const char *const expected[] = {
		"email:a@b.example", "DNS:pump.example",
		"IP:192.0.2.7",	     "URI:urn:dev:mac:0024befffe804ff1",
		"IP:2001:db8::1",    "DNS:second.example",
	};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .extensions = extensions};
	X509 *x509 = certs_make(&spec);
	struct ztp_cert cert;

	cert_case_good(&cert, x509);
	assert_int_equal(cert.san_count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(cert.san[i], expected[i]);
	ztp_cert_clear(&cert);
	X509_free(x509);
}

static void usage_is_read(void **state)
{
	static const struct {
		const char *name, *value;
		bool is_ca, has_eku, client_auth, has_usage, may_sign;
	} cases[] = {
#define T true
#define F false
		{"basicConstraints", "critical,CA:TRUE", T, F, F, F, F},
		{"basicConstraints", "CA:FALSE", F, F, F, F, F},
		{"keyUsage", "critical,keyCertSign", T, F, F, T, F},
		{"keyUsage", "digitalSignature", F, F, F, T, T},
		{"keyUsage", "digitalSignature,decipherOnly,keyAgreement", F, F,
		 F, T, T},
		{"keyUsage", "decipherOnly,keyAgreement", F, F, F, T, F},
		{"keyUsage", "nonRepudiation", F, F, F, T, F},
		{"extendedKeyUsage", "clientAuth", F, T, T, F, F},
		{"extendedKeyUsage", "serverAuth,clientAuth", F, T, T, F, F},
		{"extendedKeyUsage", "anyExtendedKeyUsage", F, T, T, F, F},
		{"extendedKeyUsage", "critical,serverAuth", F, T, F, F, F},
		{"nsComment", "nothing to us", F, F, F, F, F},
#undef T
#undef F
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *extensions[] = {cases[i].name, cases[i].value,
					    NULL};
		struct certs_spec spec = {.key = fixture->p256,
					  .extensions = extensions};
		X509 *x509 = certs_make(&spec);
		struct ztp_cert cert;

		cert_case_good(&cert, x509);
		assert_int_equal(cert.is_ca, cases[i].is_ca);
		assert_int_equal(cert.has_eku, cases[i].has_eku);
		assert_int_equal(cert.eku_client_auth, cases[i].client_auth);
		assert_int_equal(cert.has_key_usage, cases[i].has_usage);
		assert_int_equal(cert.may_sign, cases[i].may_sign);
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

/* A positive number as OpenSSL prints it; of any other the certificate's
 * bytes, in hex digits all the same (RFC 5280 4.1.2.2). */
static void serial_is_hex_digits(void **state)
{
	static const char *const serials[][2] = {
		{"0", "00"},
		{"1", "01"},
		{"ff", "ff"},
		{"0100", "0100"},
		{"-01", "ff"},
		{"-0a", "f6"},
		{"-80", "80"},
		{"-ff", "ff01"},
		{"-0100", "ff00"},
		{"-7fffffffffffffffffffffffffffffffffffffff",
		 "8000000000000000000000000000000000000001"},
		{"7fffffffffffffffffffffffffffffffffffffff",
		 "7fffffffffffffffffffffffffffffffffffffff"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(serials); i++) {
		X509 *x509 = X509_dup(fixture->leaf);
		BIGNUM *number = NULL;
		struct ztp_cert cert;

		assert_true(BN_hex2bn(&number, serials[i][0]) > 0);
		assert_non_null(BN_to_ASN1_INTEGER(
			number, X509_get_serialNumber(x509)));
		certs_sign(x509, fixture->rsa, EVP_sha256());
		cert_case_good(&cert, x509);
		assert_string_equal(cert.serial, serials[i][1]);
		assert_true(ztp_hex_lower(cert.serial, strlen(cert.serial)));
		ztp_cert_clear(&cert);
		BN_free(number);
		X509_free(x509);
	}
}

static void times_of_both_kinds(void **state)
{
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .not_before_ms = -631152000000, /* 1950 */
				  .not_after_ms = 253402300799000};
	X509 *x509 = certs_make(&spec);
	struct ztp_cert cert;

	cert_case_good(&cert, x509);
	assert_int_equal(cert.not_before, spec.not_before_ms);
	assert_int_equal(cert.not_after, spec.not_after_ms);
	ztp_cert_clear(&cert);
	X509_free(x509);
}

static void a_leaf_at_a_moment(void **state)
{
	struct fixture *fixture = *state;
	struct ztp_cert cert;
	int64_t from, to;

	cert_case_good(&cert, fixture->leaf);
	from = cert.not_before;
	to = cert.not_after;
	assert_int_equal(ztp_cert_check_leaf(&cert, CERTS_NOW, NULL), 0);
	assert_int_equal(ztp_cert_check_leaf(&cert, from, NULL), 0);
	assert_int_equal(ztp_cert_check_leaf(&cert, from - 1, NULL),
			 ZTP_ERR_CERT_NOT_YET);
	assert_int_equal(ztp_cert_check_leaf(&cert, to + 999, NULL), 0);
	assert_int_equal(ztp_cert_check_leaf(&cert, to + 1000, NULL),
			 ZTP_ERR_CERT_EXPIRED);
	cert.is_ca = true;
	assert_int_equal(ztp_cert_check_leaf(&cert, CERTS_NOW, NULL),
			 ZTP_ERR_CERT_IS_CA);
	cert.is_ca = false;
	cert.has_eku = true;
	assert_int_equal(ztp_cert_check_leaf(&cert, CERTS_NOW, NULL),
			 ZTP_ERR_CERT_USAGE);
	cert.eku_client_auth = true;
	assert_int_equal(ztp_cert_check_leaf(&cert, CERTS_NOW, NULL), 0);
	ztp_cert_clear(&cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_encoding),
		cmocka_unit_test(fields_of_the_v1_leaf),
		cmocka_unit_test(every_accepted_key),
		cmocka_unit_test(every_accepted_digest),
		cmocka_unit_test(pss_with_a_strong_digest_only),
		cmocka_unit_test(names_as_openssl_writes_them),
		cmocka_unit_test(long_names_are_cut_at_a_character),
		cmocka_unit_test(a_name_of_512_bytes_is_whole),
		cmocka_unit_test(alternative_names_in_order),
		cmocka_unit_test(usage_is_read),
		cmocka_unit_test(serial_is_hex_digits),
		cmocka_unit_test(times_of_both_kinds),
		cmocka_unit_test(a_leaf_at_a_moment),
	};

	return cmocka_run_group_tests(tests, cert_case_setup,
				      cert_case_teardown);
}
