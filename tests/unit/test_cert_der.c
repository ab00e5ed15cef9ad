/* Certificates: strict PEM, base64 and DER, and hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert_case.h"

static const uint8_t oid_sha256_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
					 0x0d, 0x01, 0x01, 0x0b};

static void refuses_anything_around_the_certificate(void **state)
{
	struct fixture *fixture = *state;
	char *pem = certs_pem(fixture->leaf), *base64, *text;
	static const char *const formats[] = {"%s%s", "x%s", "%sx",
					      "%s-",  "-%s", "%s#"};

	base64 = certs_base64(fixture->leaf);
	for (size_t i = 0; i < COUNT(formats); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		assert_true(asprintf(&text, formats[i], pem, pem) > 0);
		assert_int_equal(cert_case_text(text), ZTP_ERR_CERT);
		free(text);
		assert_true(asprintf(&text, formats[i], base64, base64) > 0);
		assert_int_equal(cert_case_text(text), ZTP_ERR_CERT);
		free(text);
#pragma GCC diagnostic pop
	}
	free(pem);
	free(base64);
}

static void refuses_other_labels(void **state)
{
	static const char *const labels[] = {
		"X509 CERTIFICATE", "TRUSTED CERTIFICATE",
		"CERTIFICATE REQUEST", "certificate", ""};
	struct fixture *fixture = *state;
	char *base64 = certs_base64(fixture->leaf), *text;

	for (size_t i = 0; i < COUNT(labels); i++) {
		assert_true(asprintf(&text,
				     "-----BEGIN %s-----\n%s\n-----END "
				     "%s-----\n",
				     labels[i], base64, labels[i]) > 0);
		assert_int_equal(cert_case_text(text), ZTP_ERR_CERT);
		free(text);
	}
	free(base64);
}

static void refuses_base64_that_is_not_canonical(void **state)
{
	struct fixture *fixture = *state;
	size_t len;
	uint8_t *der = certs_der(fixture->leaf, &len);
	char *text = certs_base64(fixture->leaf);
	char *end = text + strlen(text);

	if (end[-1] != '=') {
		/* no unused bits: change the alphabet instead */
		char *plus = strpbrk(text, "+/");

		assert_non_null(plus);
		*plus = *plus == '+' ? '-' : '_';
	} else {
		end[-1] = '\0';
	}
	assert_int_equal(cert_case_text(text), ZTP_ERR_CERT);
	free(text);
	free(der);
}

static void refuses_nothing_and_too_much(void **state)
{
	struct fixture *fixture = *state;
	char *pem = certs_pem(fixture->leaf);
	size_t len = strlen(pem);
	char *text = malloc(ZTP_CERT_TEXT_MAX + 2);
	struct ztp_cert cert;

	memcpy(text, pem, len);
	memset(text + len, '\n', ZTP_CERT_TEXT_MAX + 2 - len);
	assert_int_equal(cert_case_text(""), ZTP_ERR_EMPTY);
	assert_int_equal(cert_case_text(" \n"), ZTP_ERR_CERT);
	assert_int_equal(ztp_cert_parse(&cert, text, ZTP_CERT_TEXT_MAX, NULL),
			 0);
	ztp_cert_clear(&cert);
	assert_int_equal(
		ztp_cert_parse(&cert, text, ZTP_CERT_TEXT_MAX + 1, NULL),
		ZTP_ERR_TOO_LARGE);
	assert_int_equal(ztp_cert_parse_der(&cert, text, 0, NULL),
			 ZTP_ERR_EMPTY);
	free(text);
	free(pem);
}

static void refuses_a_nul_in_the_text(void **state)
{
	struct fixture *fixture = *state;
	char *pem = certs_pem(fixture->leaf);
	struct ztp_cert cert;
	size_t len = strlen(pem);

	assert_int_equal(ztp_cert_parse(&cert, pem, len + 1, NULL),
			 ZTP_ERR_CERT);
	pem[len / 2] = '\0';
	assert_int_equal(ztp_cert_parse(&cert, pem, len, NULL), ZTP_ERR_CERT);
	free(pem);
}

static void refuses_trailing_bytes(void **state)
{
	struct fixture *fixture = *state;
	size_t len;
	uint8_t *der = certs_der(fixture->leaf, &len);
	uint8_t *more = malloc(len + 2);

	memcpy(more, der, len);
	more[len] = more[len + 1] = 0;
	assert_int_equal(cert_case_der(more, len + 1), ZTP_ERR_CERT);
	assert_int_equal(cert_case_der(more, len + 2), ZTP_ERR_CERT);
	assert_int_equal(cert_case_der(more, len), 0);
	free(more);
	free(der);
}

static void refuses_indefinite_length(void **state)
{
	struct fixture *fixture = *state;
	size_t len;
	uint8_t *der = certs_der(fixture->leaf, &len);
	uint8_t *out = malloc(len + 2);

	out[0] = 0x30;
	out[1] = 0x80;
	memcpy(out + 2, der + 4, len - 4);
	memset(out + len - 2, 0, 2);
	assert_int_equal(cert_case_der(out, len), ZTP_ERR_CERT);
	free(out);
	free(der);
}

static void refuses_non_minimal_length(void **state)
{
	struct fixture *fixture = *state;
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);
	uint8_t *out = malloc(len + 1);

	/* the length of the whole: 30 82 xx xx as 30 83 00 xx xx */
	out[0] = 0x30;
	out[1] = 0x83;
	out[2] = 0x00;
	memcpy(out + 3, der + 2, len - 2);
	assert_int_equal(cert_case_der(out, len + 1), ZTP_ERR_CERT);
	/* the length of a value deep inside, where OpenSSL keeps the bytes: the
	 * issuer's CN, 0c 0d as 0c 81 0d */
	at = certs_find(der, len, "\x0c\x0dunused-device", 15, 0);
	free(out);
	free(der);
	cert_case_splice(fixture->leaf, at, 15, "\x0c\x81\x0dunused-device", 16,
			 ZTP_ERR_CERT);
}

static void refuses_a_constructed_string(void **state)
{
	struct fixture *fixture = *state;
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);

	at = certs_find(der, len, "\x0c\x0dunused-device", 15, 0);
	free(der);
	cert_case_splice(fixture->leaf, at, 15,
			 "\x2c\x11\x0c\x06unused\x0c\x07-device", 19,
			 ZTP_ERR_CERT);
}

static void refuses_an_empty_serial(void **state)
{
	struct fixture *fixture = *state;
	static const uint8_t serial[] = {0x02, 0x08, 0x14, 0xfd, 0x0a,
					 0x5b, 0x6c, 0x7d, 0x8e, 0x9f};
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);
	uint8_t huge[3 + 65] = {0x02, 65, 0x01};

	at = certs_find(der, len, serial, sizeof serial, 0);
	free(der);
	cert_case_splice(fixture->leaf, at, sizeof serial, "\x02\x00", 2,
			 ZTP_ERR_CERT);
	/* not minimal */
	cert_case_splice(fixture->leaf, at, sizeof serial, "\x02\x02\x00\x01",
			 4, ZTP_ERR_CERT);
	/* beyond ZTP_SERIAL_MAX, and the longest that fits */
	cert_case_splice(fixture->leaf, at, sizeof serial, huge, 67,
			 ZTP_ERR_CERT);
	huge[1] = 64;
	cert_case_splice(fixture->leaf, at, sizeof serial, huge, 66, 0);
}

static void refuses_algorithms_that_differ(void **state)
{
	struct fixture *fixture = *state;
	size_t len, inner, outer;
	uint8_t *der = certs_der(fixture->leaf, &len);

	inner = certs_find(der, len, oid_sha256_rsa, 9, 0);
	outer = certs_find(der, len, oid_sha256_rsa, 9, 1);
	der[outer + 8] = 0x0c; /* sha384WithRSAEncryption */
	assert_int_equal(cert_case_der(der, len), ZTP_ERR_CERT);
	der[inner + 8] = 0x0c;
	assert_int_equal(cert_case_der(der, len), 0);
	der[outer + 8] = 0x0b;
	assert_int_equal(cert_case_der(der, len), ZTP_ERR_CERT);
	free(der);
	/* parameters NULL inside, absent outside */
	cert_case_splice(fixture->leaf, outer + 9, 2, "", 0, ZTP_ERR_CERT);
}

static void every_prefix_is_refused(void **state)
{
	static const char *const extensions[] = {"subjectAltName",
						 "DNS:a.example,IP:192.0.2.1",
						 "basicConstraints",
						 "critical,CA:FALSE",
						 "extendedKeyUsage",
						 "clientAuth",
						 NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .extensions = extensions};
	X509 *x509 = certs_make(&spec);
	char *pem = certs_pem(x509), *copy;
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	struct ztp_cert cert;

	for (size_t n = 0; n < len; n++)
		assert_true(cert_case_der(der, n) < 0);
	for (size_t n = 0; n < strlen(pem) - 1; n++) {
		copy = certs_exact(pem, n);
		assert_true(ztp_cert_parse(&cert, copy, n, NULL) < 0);
		free(copy);
	}
	free(pem);
	free(der);
	X509_free(x509);
}

static bool text_is_safe(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

/* Whatever is accepted must be safe to pass on. */
static void any_byte_changed_is_survived(void **state)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff, 0x20};
	static const char *const plain[] = {"subjectAltName",
					    "DNS:a.example,URI:urn:x",
					    "keyUsage",
					    "digitalSignature",
					    "extendedKeyUsage",
					    "clientAuth",
					    NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256, .extensions = plain};
	X509 *x509 = certs_make(&spec);
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	struct ztp_cert cert;

	for (size_t i = 0; i < len * COUNT(masks); i++) {
		uint8_t mask = masks[i % COUNT(masks)];

		der[i / COUNT(masks)] ^= mask;
		if (ztp_cert_parse_der(&cert, der, len, NULL) == 0) {
			assert_true(text_is_safe(cert.subject));
			assert_true(text_is_safe(cert.issuer));
			for (size_t n = 0; n < cert.san_count; n++)
				assert_true(text_is_safe(cert.san[n]));
			ztp_cert_clear(&cert);
		}
		der[i / COUNT(masks)] ^= mask;
	}
	free(der);
	X509_free(x509);
}

static void deep_nesting_is_refused(void **state)
{
	uint8_t der[4096];
	size_t at = sizeof der;

	(void)state;
	/* SEQUENCE in SEQUENCE in ..., as deep as the bytes go */
	while (at >= 4) {
		size_t inner = sizeof der - at;

		if (inner > 255) {
			der[--at] = (uint8_t)inner;
			der[--at] = (uint8_t)(inner >> 8);
			der[--at] = 0x82;
		} else if (inner > 127) {
			der[--at] = (uint8_t)inner;
			der[--at] = 0x81;
		} else {
			der[--at] = (uint8_t)inner;
		}
		der[--at] = 0x30;
	}
	assert_int_equal(cert_case_der(der + at, sizeof der - at),
			 ZTP_ERR_CERT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_anything_around_the_certificate),
		cmocka_unit_test(refuses_other_labels),
		cmocka_unit_test(refuses_base64_that_is_not_canonical),
		cmocka_unit_test(refuses_nothing_and_too_much),
		cmocka_unit_test(refuses_a_nul_in_the_text),
		cmocka_unit_test(refuses_trailing_bytes),
		cmocka_unit_test(refuses_indefinite_length),
		cmocka_unit_test(refuses_non_minimal_length),
		cmocka_unit_test(refuses_a_constructed_string),
		cmocka_unit_test(refuses_an_empty_serial),
		cmocka_unit_test(refuses_algorithms_that_differ),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(any_byte_changed_is_survived),
		cmocka_unit_test(deep_nesting_is_refused),
	};

	return cmocka_run_group_tests(tests, cert_case_setup,
				      cert_case_teardown);
}
