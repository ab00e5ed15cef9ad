/*
 * tests/unit/cert_case.h - shared by the certificate tests: a fixture with keys
 * that take long to make, and functions that check one certificate.
 */
#ifndef ZTP_TESTS_CERT_CASE_H
#define ZTP_TESTS_CERT_CASE_H

#include "certs.h"
#include "ztp/cert.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
	EVP_PKEY *rsa, *p256;
	X509 *leaf; /* v1, RSA, as the manuals' recipe makes it */
};

int cert_case_setup(void **state);
int cert_case_teardown(void **state);

/* Reads a copy whose end ASan guards. Returns 0 or the error. */
int cert_case_text(const char *text);
int cert_case_der(const uint8_t *der, size_t len);
int cert_case_x509(X509 *x509);

/* The same for a certificate that is then freed, and for one that is made
 * first. */
int cert_case_freed(X509 *x509);
int cert_case_spec(struct certs_spec spec);

/* Fails the test unless the certificate is accepted; free *cert with
 * ztp_cert_clear. */
void cert_case_good(struct ztp_cert *cert, X509 *x509);

/* Reads the DER after replacing the old_len bytes at `at` with others. */
void cert_case_splice(X509 *x509, size_t at, size_t old_len, const void *bytes,
		      size_t bytes_len, int expected);

#endif
