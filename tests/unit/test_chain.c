#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "certs.h"
#include "ztp/chain.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
	EVP_PKEY *ca_key, *other_key, *leaf_key;
	X509 *ca_x509, *other_x509;
	struct ztp_ca *cas[2]; /* "registry-ca", "other-ca" */
};

static int parse_ca(struct ztp_ca **ca, X509 *x509)
{
	char *pem = certs_pem(x509);
	int rc = ztp_ca_parse(ca, pem, strlen(pem), NULL);

	free(pem);
	return rc;
}

static int setup(void **state)
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

static int teardown(void **state)
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
static int verdict(X509 *x509, struct ztp_ca *const *cas, size_t count,
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

static X509 *leaf_of(struct fixture *fixture, X509 *issuer, EVP_PKEY *signer,
		     const char *const *extensions)
{
	return certs_make(&(struct certs_spec){.key = fixture->leaf_key,
					       .issuer = issuer,
					       .issuer_key = signer,
					       .extensions = extensions});
}

static int leaf_verdict(struct fixture *fixture, const char *const *extensions)
{
	return verdict(
		leaf_of(fixture, fixture->ca_x509, fixture->ca_key, extensions),
		fixture->cas, 2, CERTS_NOW, NULL);
}

static void v1_leaf_of_either_ca(void **state)
{
	struct fixture *fixture = *state;
	size_t issuer = 9;

	assert_int_equal(verdict(leaf_of(fixture, fixture->ca_x509,
					 fixture->ca_key, NULL),
				 fixture->cas, 2, CERTS_NOW, &issuer),
			 0);
	assert_int_equal(issuer, 0);
	assert_int_equal(verdict(leaf_of(fixture, fixture->other_x509,
					 fixture->other_key, NULL),
				 fixture->cas, 2, CERTS_NOW, &issuer),
			 0);
	assert_int_equal(issuer, 1);
}

static void v3_leaf_with_or_without_identifiers(void **state)
{
	static const char *const plain[] = {"extendedKeyUsage", "clientAuth",
					    NULL};
	static const char *const full[] = {"basicConstraints",
					   "critical,CA:FALSE",
					   "keyUsage",
					   "critical,digitalSignature",
					   "extendedKeyUsage",
					   "clientAuth,serverAuth",
					   "subjectKeyIdentifier",
					   "hash",
					   NULL};
	static const char *const any[] = {"extendedKeyUsage",
					  "anyExtendedKeyUsage", NULL};
	static const char *const alt[] = {"subjectAltName", "DNS:pump.example",
					  NULL};
	struct fixture *fixture = *state;

	assert_int_equal(leaf_verdict(fixture, plain), 0);
	assert_int_equal(leaf_verdict(fixture, full), 0);
	assert_int_equal(leaf_verdict(fixture, any), 0);
	assert_int_equal(leaf_verdict(fixture, alt), 0);
}

static void two_cas_of_one_name(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *key = certs_key("ec:P-256");
	X509 *twin = certs_ca(key, "/CN=registry-ca");
	struct ztp_ca *cas[2] = {fixture->cas[0], NULL};
	size_t issuer = 9;

	assert_int_equal(parse_ca(&cas[1], twin), 0);
	assert_int_equal(verdict(leaf_of(fixture, twin, key, NULL), cas, 2,
				 CERTS_NOW, &issuer),
			 0);
	assert_int_equal(issuer, 1);
	assert_int_equal(verdict(leaf_of(fixture, twin, key, NULL), cas, 1,
				 CERTS_NOW, &issuer),
			 ZTP_ERR_UNTRUSTED);
	ztp_ca_free(cas[1]);
	X509_free(twin);
	EVP_PKEY_free(key);
}

/* A CA signed by another one; free with X509_free. */
static X509 *intermediate_of(struct fixture *fixture, EVP_PKEY *key)
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

static void an_intermediate_listed_alone_is_an_anchor(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *key = certs_key("ec:P-256");
	X509 *x509 = intermediate_of(fixture, key);
	struct ztp_ca *ca;

	assert_int_equal(parse_ca(&ca, x509), 0);
	assert_int_equal(verdict(leaf_of(fixture, x509, key, NULL), &ca, 1,
				 CERTS_NOW, NULL),
			 0);
	/* and a CA above it does not make what it signed trusted */
	assert_int_equal(verdict(leaf_of(fixture, x509, key, NULL),
				 fixture->cas, 2, CERTS_NOW, NULL),
			 ZTP_ERR_UNTRUSTED);
	ztp_ca_free(ca);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void a_v1_root_is_a_ca(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *key = certs_key("ec:P-256");
	X509 *root = certs_make(
		&(struct certs_spec){.key = key, .subject = "/CN=old-root"});
	struct ztp_ca *ca;

	assert_int_equal(parse_ca(&ca, root), 0);
	assert_string_equal(ztp_ca_cert(ca)->subject, "CN=old-root");
	assert_int_equal(verdict(leaf_of(fixture, root, key, NULL), &ca, 1,
				 CERTS_NOW, NULL),
			 0);
	/* but it is no leaf, although nothing in it says so */
	assert_int_equal(verdict(X509_dup(root), &ca, 1, CERTS_NOW, NULL),
			 ZTP_ERR_CERT_IS_CA);
	ztp_ca_free(ca);
	X509_free(root);
	EVP_PKEY_free(key);
}

static void ca_as_openssl_req_makes_it(void **state)
{
	static const char *const extensions[] = {"subjectKeyIdentifier", "hash",
						 "basicConstraints", "CA:TRUE",
						 NULL};
	struct fixture *fixture = *state;
	X509 *root = certs_make(&(struct certs_spec){.key = fixture->other_key,
						     .subject = "/CN=req-ca",
						     .extensions = extensions});
	struct ztp_ca *ca;

	assert_int_equal(parse_ca(&ca, root), 0);
	assert_int_equal(
		verdict(leaf_of(fixture, root, fixture->other_key, NULL), &ca,
			1, CERTS_NOW, NULL),
		0);
	ztp_ca_free(ca);
	X509_free(root);
}

/* --- one test for each rule that refuses */

static void refuses_without_a_ca(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(verdict(leaf_of(fixture, fixture->ca_x509,
					 fixture->ca_key, NULL),
				 NULL, 0, CERTS_NOW, NULL),
			 ZTP_ERR_UNTRUSTED);
}

static void refuses_another_ca(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(verdict(leaf_of(fixture, fixture->ca_x509,
					 fixture->ca_key, NULL),
				 fixture->cas + 1, 1, CERTS_NOW, NULL),
			 ZTP_ERR_UNTRUSTED);
	/* right name, wrong key */
	assert_int_equal(verdict(leaf_of(fixture, fixture->ca_x509,
					 fixture->other_key, NULL),
				 fixture->cas, 2, CERTS_NOW, NULL),
			 ZTP_ERR_UNTRUSTED);
	/* self-signed */
	assert_int_equal(verdict(leaf_of(fixture, NULL, NULL, NULL),
				 fixture->cas, 2, CERTS_NOW, NULL),
			 ZTP_ERR_UNTRUSTED);
}

static void refuses_a_changed_leaf(void **state)
{
	struct fixture *fixture = *state;
	X509 *x509 = leaf_of(fixture, fixture->ca_x509, fixture->ca_key, NULL);
	size_t len, at;
	uint8_t *der = certs_der(x509, &len);
	struct ztp_cert leaf;

	at = certs_find(der, len, "unused-device", 13, 0);
	der[at] = 'U';
	assert_int_equal(ztp_cert_parse_der(&leaf, der, len, NULL), 0);
	assert_int_equal(
		ztp_chain_check(&leaf, fixture->cas, 2, CERTS_NOW, NULL, NULL),
		ZTP_ERR_UNTRUSTED);
	ztp_cert_clear(&leaf);
	free(der);
	X509_free(x509);
}

static void refuses_a_ca_as_a_leaf(void **state)
{
	static const char *const signs[] = {"keyUsage", "keyCertSign", NULL};
	struct fixture *fixture = *state;
	EVP_PKEY *key = certs_key("ec:P-256");

	assert_int_equal(verdict(intermediate_of(fixture, key), fixture->cas, 2,
				 CERTS_NOW, NULL),
			 ZTP_ERR_CERT_IS_CA);
	assert_int_equal(verdict(X509_dup(fixture->ca_x509), fixture->cas, 2,
				 CERTS_NOW, NULL),
			 ZTP_ERR_CERT_IS_CA);
	assert_int_equal(leaf_verdict(fixture, signs), ZTP_ERR_CERT_IS_CA);
	EVP_PKEY_free(key);
}

static void refuses_a_leaf_with_a_cas_key(void **state)
{
	struct fixture *fixture = *state;
	X509 *x509 = certs_make(
		&(struct certs_spec){.key = fixture->ca_key,
				     .issuer = fixture->other_x509,
				     .issuer_key = fixture->other_key});

	assert_int_equal(verdict(x509, fixture->cas, 2, CERTS_NOW, NULL),
			 ZTP_ERR_CERT_IS_CA);
}

static void read_cert(struct ztp_cert *cert, X509 *x509)
{
	size_t len;
	uint8_t *der = certs_der(x509, &len);

	assert_int_equal(ztp_cert_parse_der(cert, der, len, NULL), 0);
	free(der);
}

static bool same(const uint8_t a[ZTP_SHA256_LEN],
		 const uint8_t b[ZTP_SHA256_LEN])
{
	return memcmp(a, b, ZTP_SHA256_LEN) == 0;
}

/* Both signatures are the CA's, so it is one certificate, whatever its
 * fingerprint. */
static void other_signature_of_the_same(void **state)
{
	struct fixture *fixture = *state;
	X509 *leaf =
		leaf_of(fixture, fixture->other_x509, fixture->other_key, NULL);
	X509 *twin = certs_twin(leaf, fixture->other_key);
	X509 *next = X509_dup(leaf);
	X509 *rsa = leaf_of(fixture, fixture->ca_x509, fixture->ca_key, NULL);
	struct ztp_cert certs[4];

	assert_int_equal(
		ASN1_INTEGER_set_uint64(X509_get_serialNumber(next), 2), 1);
	certs_sign(next, fixture->other_key, EVP_sha256());
	read_cert(&certs[0], leaf);
	read_cert(&certs[1], twin);
	read_cert(&certs[2], next);
	read_cert(&certs[3], rsa);
	assert_false(same(certs[0].fingerprint, certs[1].fingerprint));
	assert_true(same(certs[0].identity, certs[1].identity));
	assert_false(same(certs[0].identity, certs[2].identity));
	assert_true(same(certs[3].identity, certs[3].fingerprint));
	for (size_t i = 0; i < COUNT(certs); i++)
		ztp_cert_clear(&certs[i]);
	X509_free(rsa);
	X509_free(next);
	assert_int_equal(verdict(twin, fixture->cas, 2, CERTS_NOW, NULL), 0);
	assert_int_equal(verdict(leaf, fixture->cas, 2, CERTS_NOW, NULL), 0);
}

static void refuses_other_usages(void **state)
{
	static const char *const server[] = {"extendedKeyUsage", "serverAuth",
					     NULL};
	static const char *const cipher[] = {"keyUsage", "keyEncipherment",
					     NULL};
	static const char *const cipher_any[] = {"keyUsage", "keyEncipherment",
						 "extendedKeyUsage",
						 "anyExtendedKeyUsage", NULL};
	/* RFC 5280 4.2.1.3: none of these is for signatures of data. */
	static const char *const others[] = {
		"keyAgreement",
		"critical,keyAgreement",
		"nonRepudiation",
		"cRLSign",
		"dataEncipherment,keyAgreement,decipherOnly",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(others); i++) {
		const char *usage[] = {"keyUsage", others[i],
				       "extendedKeyUsage", "clientAuth", NULL};

		assert_int_equal(leaf_verdict(fixture, usage),
				 ZTP_ERR_CERT_USAGE);
	}
	assert_int_equal(leaf_verdict(fixture, server), ZTP_ERR_CERT_USAGE);
	assert_int_equal(leaf_verdict(fixture, cipher), ZTP_ERR_CERT_USAGE);
	assert_int_equal(leaf_verdict(fixture, cipher_any), ZTP_ERR_CERT_USAGE);
}

static void refuses_at_the_wrong_time(void **state)
{
	struct fixture *fixture = *state;
	X509 *x509 = leaf_of(fixture, fixture->ca_x509, fixture->ca_key, NULL);

	assert_int_equal(verdict(X509_dup(x509), fixture->cas, 2,
				 CERTS_NOW + 2 * CERTS_DAY_MS, NULL),
			 ZTP_ERR_CERT_EXPIRED);
	assert_int_equal(verdict(X509_dup(x509), fixture->cas, 2,
				 CERTS_NOW - 2 * CERTS_DAY_MS, NULL),
			 ZTP_ERR_CERT_NOT_YET);
	assert_int_equal(verdict(x509, fixture->cas, 2, CERTS_NOW, NULL), 0);
}

static int verdict_ca_times(struct fixture *fixture, int64_t from, int64_t to)
{
	static const char *const extensions[] = {"basicConstraints",
						 "critical,CA:TRUE", NULL};
	X509 *root = certs_make(&(struct certs_spec){.key = fixture->other_key,
						     .subject = "/CN=timed",
						     .not_before_ms = from,
						     .not_after_ms = to,
						     .extensions = extensions});
	struct ztp_ca *ca;
	int rc;

	assert_int_equal(parse_ca(&ca, root), 0);
	rc = verdict(leaf_of(fixture, root, fixture->other_key, NULL), &ca, 1,
		     CERTS_NOW, NULL);
	ztp_ca_free(ca);
	X509_free(root);
	return rc;
}

static void refuses_a_ca_at_the_wrong_time(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		verdict_ca_times(fixture, CERTS_NOW - 5000, CERTS_NOW + 5000),
		0);
	assert_int_equal(
		verdict_ca_times(fixture, CERTS_NOW - 9000, CERTS_NOW - 5000),
		ZTP_ERR_UNTRUSTED);
	assert_int_equal(
		verdict_ca_times(fixture, CERTS_NOW + 5000, CERTS_NOW + 9000),
		ZTP_ERR_UNTRUSTED);
}

static void refuses_weak_signatures(void **state)
{
	struct fixture *fixture = *state;
	const EVP_MD *weak[2] = {EVP_md5(), EVP_sha1()};

	for (size_t i = 0; i < 2; i++) {
		X509 *x509 = leaf_of(fixture, fixture->ca_x509, fixture->ca_key,
				     NULL);

		certs_sign(x509, fixture->ca_key, weak[i]);
		assert_int_equal(
			verdict(x509, fixture->cas, 2, CERTS_NOW, NULL),
			ZTP_ERR_CERT_SIGNATURE);
	}
}

static void name_constraints_are_obeyed(void **state)
{
	static const char *const ca_extensions[] = {
		"basicConstraints", "critical,CA:TRUE", "nameConstraints",
		"critical,permitted;DNS:.good.example", NULL};
	static const char *const good[] = {"subjectAltName",
					   "DNS:a.good.example", NULL};
	static const char *const bad[] = {"subjectAltName", "DNS:a.example",
					  NULL};
	struct fixture *fixture = *state;
	X509 *root =
		certs_make(&(struct certs_spec){.key = fixture->other_key,
						.subject = "/CN=narrow",
						.extensions = ca_extensions});
	struct ztp_ca *ca;

	assert_int_equal(parse_ca(&ca, root), 0);
	assert_int_equal(
		verdict(leaf_of(fixture, root, fixture->other_key, good), &ca,
			1, CERTS_NOW, NULL),
		0);
	assert_int_equal(
		verdict(leaf_of(fixture, root, fixture->other_key, bad), &ca, 1,
			CERTS_NOW, NULL),
		ZTP_ERR_UNTRUSTED);
	ztp_ca_free(ca);
	X509_free(root);
}

static void refuses_what_is_no_ca(void **state)
{
	static const char *const leaf[] = {"basicConstraints", "CA:FALSE",
					   NULL};
	static const char *const usage_only[] = {"keyUsage", "keyCertSign",
						 NULL};
	static const char *const no_sign[] = {"basicConstraints",
					      "critical,CA:TRUE", "keyUsage",
					      "digitalSignature", NULL};
	struct fixture *fixture = *state;
	const char *const *const cases[] = {leaf, usage_only, no_sign};
	struct ztp_ca *ca;
	X509 *x509;

	for (size_t i = 0; i < COUNT(cases); i++) {
		x509 = leaf_of(fixture, NULL, NULL, cases[i]);
		assert_int_equal(parse_ca(&ca, x509), ZTP_ERR_CERT_USAGE);
		assert_null(ca);
		X509_free(x509);
	}
	/* v1, but not self-signed; and v1 that only claims to be */
	x509 = leaf_of(fixture, fixture->ca_x509, fixture->ca_key, NULL);
	assert_int_equal(parse_ca(&ca, x509), ZTP_ERR_CERT_USAGE);
	X509_free(x509);
	x509 = leaf_of(fixture, NULL, fixture->ca_key, NULL);
	assert_int_equal(parse_ca(&ca, x509), ZTP_ERR_CERT_USAGE);
	X509_free(x509);
	assert_int_equal(ztp_ca_parse(&ca, "x", 1, NULL), ZTP_ERR_CERT);
	assert_null(ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v1_leaf_of_either_ca),
		cmocka_unit_test(v3_leaf_with_or_without_identifiers),
		cmocka_unit_test(two_cas_of_one_name),
		cmocka_unit_test(an_intermediate_listed_alone_is_an_anchor),
		cmocka_unit_test(a_v1_root_is_a_ca),
		cmocka_unit_test(ca_as_openssl_req_makes_it),
		cmocka_unit_test(refuses_without_a_ca),
		cmocka_unit_test(refuses_another_ca),
		cmocka_unit_test(refuses_a_changed_leaf),
		cmocka_unit_test(refuses_a_ca_as_a_leaf),
		cmocka_unit_test(refuses_a_leaf_with_a_cas_key),
		cmocka_unit_test(other_signature_of_the_same),
		cmocka_unit_test(refuses_other_usages),
		cmocka_unit_test(refuses_at_the_wrong_time),
		cmocka_unit_test(refuses_a_ca_at_the_wrong_time),
		cmocka_unit_test(refuses_weak_signatures),
		cmocka_unit_test(name_constraints_are_obeyed),
		cmocka_unit_test(refuses_what_is_no_ca),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
