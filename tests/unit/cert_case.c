#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert_case.h"

int cert_case_setup(void **state)
{
	static struct fixture fixture;
	struct certs_spec spec = {0};

	fixture.rsa = certs_key("rsa:2048");
	fixture.p256 = certs_key("ec:P-256");
	spec.key = fixture.rsa;
	fixture.leaf = certs_make(&spec);
	*state = &fixture;
	return 0;
}

int cert_case_teardown(void **state)
{
	struct fixture *fixture = *state;

	EVP_PKEY_free(fixture->rsa);
	EVP_PKEY_free(fixture->p256);
	X509_free(fixture->leaf);
	return 0;
}

int cert_case_text(const char *text)
{
	size_t len = strlen(text);
	char *copy = certs_exact(text, len);
	struct ztp_cert cert;
	int rc = ztp_cert_parse(&cert, copy, len, NULL);

	if (rc == 0)
		ztp_cert_clear(&cert);
	free(copy);
	return rc;
}

int cert_case_der(const uint8_t *der, size_t len)
{
	uint8_t *copy = certs_exact(der, len);
	struct ztp_cert cert;
	int rc = ztp_cert_parse_der(&cert, copy, len, NULL);

	if (rc == 0)
		ztp_cert_clear(&cert);
	free(copy);
	return rc;
}

int cert_case_x509(X509 *x509)
{
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	int rc = cert_case_der(der, len);

	free(der);
	return rc;
}

/* Checks a certificate and frees it. */
int cert_case_freed(X509 *x509)
{
	int rc = cert_case_x509(x509);

	X509_free(x509);
	return rc;
}

int cert_case_spec(struct certs_spec spec)
{
	return cert_case_freed(certs_make(&spec));
}

void cert_case_good(struct ztp_cert *cert, X509 *x509)
{
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	struct ztp_error error = {0};

	if (ztp_cert_parse_der(cert, der, len, &error) != 0)
		fail_msg("%s", error.message);
	free(der);
}

void cert_case_splice(X509 *x509, size_t at, size_t old_len, const void *bytes,
		      size_t bytes_len, int expected)
{
	size_t len, out_len;
	uint8_t *der = certs_der(x509, &len);
	uint8_t *out =
		certs_splice(der, len, at, old_len, bytes, bytes_len, &out_len);

	assert_int_equal(cert_case_der(out, out_len), expected);
	free(out);
	free(der);
}
