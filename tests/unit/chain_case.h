/*
 * tests/unit/chain_case.h - two CAs, and verdicts on leaves.
 */
#ifndef ZTP_TESTS_CHAIN_CASE_H
#define ZTP_TESTS_CHAIN_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/chain.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
	EVP_PKEY *ca_key, *other_key, *leaf_key;
	X509 *ca_x509, *other_x509;
	struct ztp_ca *cas[2]; /* "registry-ca", "other-ca" */
};

static inline int parse_ca(struct ztp_ca **ca, X509 *x509)
{
	char *pem = certs_pem(x509);
	int rc = ztp_ca_parse(ca, pem, strlen(pem), NULL);

	free(pem);
	return rc;
}

static inline int setup(void **state)
{
	static struct fixture fixture;

	fixture.ca_key = certs_key("rsa:2048");
	fixture.other_key = certs_key("ec:P-384");
	fixture.leaf_key = certs_key("ec:P-256");
	fixture.ca_x509 = certs_ca(fixture.ca_key, "/CN=registry-ca");
	fixture.other_x509 = certs_ca(fixture.other_key, "/CN=other-ca");
	assert_int_equal(parse_ca(&fixture.cas[0], fixture.ca_x509), 0);
	assert_int_equal(parse_ca(&fixture.cas[1], fixture.other_x509), 0);
	*state = &fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	EVP_PKEY_free(fixture->ca_key);
	EVP_PKEY_free(fixture->other_key);
	EVP_PKEY_free(fixture->leaf_key);
	X509_free(fixture->ca_x509);
	X509_free(fixture->other_x509);
	ztp_ca_free(fixture->cas[0]);
	ztp_ca_free(fixture->cas[1]);
	ztp_ca_free(NULL);
	return 0;
}

/* Checks a leaf and frees it. */
static inline int verdict(X509 *x509, struct ztp_ca *const *cas, size_t count,
			  int64_t now_ms, size_t *issuer)
{
	struct ztp_cert leaf;
	struct ztp_error error;
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	int rc = ztp_cert_parse_der(&leaf, der, len, &error);

	free(der);
	X509_free(x509);
	if (rc)
		return rc;
	rc = ztp_chain_check(&leaf, cas, count, now_ms, issuer, &error);
	ztp_cert_clear(&leaf);
	return rc;
}

static inline X509 *leaf_of(struct fixture *fixture, X509 *issuer,
			    EVP_PKEY *signer, const char *const *extensions)
{
	return certs_make(&(struct certs_spec){.key = fixture->leaf_key,
					       .issuer = issuer,
					       .issuer_key = signer,
					       .extensions = extensions});
}

static inline int leaf_verdict(struct fixture *fixture,
			       const char *const *extensions)
{
	return verdict(
		leaf_of(fixture, fixture->ca_x509, fixture->ca_key, extensions),
		fixture->cas, 2, CERTS_NOW, NULL);
}

/* A CA signed by another one; free with X509_free. */
static inline X509 *intermediate_of(struct fixture *fixture, EVP_PKEY *key)
{
	static const char *const extensions[] = {
		"basicConstraints", "critical,CA:TRUE,pathlen:0", "keyUsage",
		"critical,keyCertSign", NULL};

	return certs_make(&(struct certs_spec){.key = key,
					       .subject = "/CN=intermediate",
					       .issuer = fixture->ca_x509,
					       .issuer_key = fixture->ca_key,
					       .extensions = extensions});
}

#endif
