/*
 * tests/unit/cert_case.h - what the tests of certificates share: a fixture
 * with keys that are slow to make, and verdicts on one certificate each.
 */
#ifndef ZTP_TESTS_CERT_CASE_H
#define ZTP_TESTS_CERT_CASE_H

#include "certs.h"
#include "ztp/cert.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
	EVP_PKEY *rsa, *p256;
	X509 *leaf; /* v1, RSA, as the recipe makes it */
};

int cert_case_setup(void **state);
int cert_case_teardown(void **state);

/* 0 or the error of reading a copy that ASan guards. */
int cert_case_text(const char *text);
int cert_case_der(const uint8_t *der, size_t len);
int cert_case_x509(X509 *x509);

/* The same for one that is freed, and one that is made first. */
int cert_case_freed(X509 *x509);
int cert_case_spec(struct certs_spec spec);

/* Fails the test unless it is read; end *cert with ztp_cert_clear. */
void cert_case_good(struct ztp_cert *cert, X509 *x509);

/* Reads the DER with the bytes at, at + old_len exchanged for others. */
void cert_case_splice(X509 *x509, size_t at, size_t old_len, const void *bytes,
		      size_t bytes_len, int expected);

#endif
