/* Leaves of one shape are judged alike, so the signature decides about the next
 * one. Whatever a rule of OpenSSL's depends on makes another shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/chain.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
	EVP_PKEY *ca_key, *other_key, *keys[2];
	X509 *ca_x509, *other_x509;
	struct ztp_ca *cas[2];
};

static struct ztp_ca *parse_ca(X509 *x509)
{
	char *pem = certs_pem(x509);
	struct ztp_ca *ca;

	assert_int_equal(ztp_ca_parse(&ca, pem, strlen(pem), NULL), 0);
	free(pem);
	return ca;
}

static int setup(void **state)
{
	static struct fixture f;

	f.ca_key = certs_key("rsa:2048");
	f.other_key = certs_key("ec:P-384");
	f.keys[0] = certs_key("ec:P-256");
	f.keys[1] = certs_key("ec:P-256");
	f.ca_x509 = certs_ca(f.ca_key, "/CN=registry-ca");
	f.other_x509 = certs_ca(f.other_key, "/CN=other-ca");
	f.cas[0] = parse_ca(f.ca_x509);
	f.cas[1] = parse_ca(f.other_x509);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	EVP_PKEY_free(f->ca_key);
	EVP_PKEY_free(f->other_key);
	EVP_PKEY_free(f->keys[0]);
	EVP_PKEY_free(f->keys[1]);
	X509_free(f->ca_x509);
	X509_free(f->other_x509);
	ztp_ca_free(f->cas[0]);
	ztp_ca_free(f->cas[1]);
	return 0;
}

/* Frees x509. Free with ztp_cert_clear. */
static struct ztp_cert read_cert(X509 *x509)
{
	struct ztp_cert cert;
	size_t len;
	uint8_t *der = certs_der(x509, &len);

	assert_int_equal(ztp_cert_parse_der(&cert, der, len, NULL), 0);
	free(der);
	X509_free(x509);
	return cert;
}

static struct ztp_cert leaf_of(struct fixture *f, struct certs_spec spec)
{
	if (!spec.key)
		spec.key = f->keys[0];
	if (!spec.issuer) {
		spec.issuer = f->ca_x509;
		spec.issuer_key = f->ca_key;
	}
	return read_cert(certs_make(&spec));
}

static bool one_shape(const struct ztp_cert *a, const struct ztp_cert *b)
{
	uint8_t shapes[2][ZTP_SHA256_LEN];

	assert_true(ztp_chain_shape(shapes[0], a));
	assert_true(ztp_chain_shape(shapes[1], b));
	return memcmp(shapes[0], shapes[1], ZTP_SHA256_LEN) == 0;
}

static const char *const factory[] = {"basicConstraints",
				      "critical,CA:FALSE",
				      "keyUsage",
				      "critical,digitalSignature",
				      "extendedKeyUsage",
				      "clientAuth",
				      "subjectKeyIdentifier",
				      "hash",
				      "authorityKeyIdentifier",
				      "DER:30:03:80:01:05",
				      "subjectAltName",
				      "DNS:pump-1.example",
				      NULL};
#define FACTORY_NAMES 11 /* the value of subjectAltName */

static void what_a_factory_varies(void **state)
{
	const char *next[sizeof(factory) / sizeof(factory[0])];
	struct fixture *f = *state;
	struct ztp_cert a =
		leaf_of(f, (struct certs_spec){.subject = "/CN=pump-1",
					       .extensions = factory});
	struct ztp_cert b;

	memcpy(next, factory, sizeof(next));
	next[FACTORY_NAMES] = "DNS:pump-2.example,URI:urn:a";
	b = leaf_of(f, (struct certs_spec){.key = f->keys[1],
					   .subject = "/O=works/CN=pump-2",
					   .not_before_ms = CERTS_NOW - 5000,
					   .not_after_ms = CERTS_NOW + 5000,
					   .extensions = next});
	assert_true(one_shape(&a, &b));
	assert_int_equal(ztp_chain_check(&a, f->cas, 2, CERTS_NOW, NULL, NULL),
			 0);
	assert_true(ztp_chain_signed(&b, f->cas, 2, 0, CERTS_NOW));
	ztp_cert_clear(&a);
	ztp_cert_clear(&b);
}

/* One thing is different in each. */
static void what_makes_another_shape(void **state)
{
	static const char *const lists[][5] = {
		{"extendedKeyUsage", "clientAuth"},
		{"extendedKeyUsage", "clientAuth,serverAuth"},
		{"extendedKeyUsage", "critical,clientAuth"},
		{"keyUsage", "digitalSignature"},
		{"keyUsage", "digitalSignature,keyAgreement"},
		{"subjectKeyIdentifier", "hash"},
		{"subjectAltName", "DNS:a.example"},
		{"subjectAltName", "critical,DNS:a.example"},
		{"basicConstraints", "CA:FALSE"},
		{"basicConstraints", "critical,CA:FALSE"},
		{"basicConstraints", "critical,CA:FALSE", "keyUsage",
		 "digitalSignature"},
		{"keyUsage", "digitalSignature", "basicConstraints",
		 "critical,CA:FALSE"},
		{"authorityKeyIdentifier", "DER:30:03:80:01:05"},
		{"authorityKeyIdentifier", "DER:30:03:80:01:06"},
		{"certificatePolicies", "DER:30:07:30:05:06:03:2a:03:04"},
	};
	struct fixture *f = *state;
	EVP_PKEY *p384 = certs_key("ec:P-384"), *rsa = certs_key("rsa:2048"),
		 *longer = certs_key("rsa:3072");
	struct certs_spec others[] = {
		{0},
		{.version = 3},
		{.subject = "/"},
		{.digest = EVP_sha384()},
		{.key = p384},
		{.key = rsa},
		{.key = longer},
		{.issuer = f->other_x509, .issuer_key = f->other_key},
	};
	struct ztp_cert certs[COUNT(lists) + COUNT(others)];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(lists); i++)
		certs[n++] =
			leaf_of(f, (struct certs_spec){.extensions = lists[i]});
	for (size_t i = 0; i < COUNT(others); i++)
		certs[n++] = leaf_of(f, others[i]);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (one_shape(&certs[i], &certs[j]))
				fail_msg("%zu and %zu", j, i);
	for (size_t i = 0; i < n; i++)
		ztp_cert_clear(&certs[i]);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(longer);
}

static void what_has_none(void **state)
{
	static const char *const names[] = {"/CN=registry-ca",
					    "/CN=Registry-CA"};
	struct fixture *f = *state;
	uint8_t shape[ZTP_SHA256_LEN];

	for (size_t i = 0; i < COUNT(names); i++) {
		struct ztp_cert leaf =
			leaf_of(f, (struct certs_spec){.subject = names[i]});

		assert_false(ztp_chain_shape(shape, &leaf));
		ztp_cert_clear(&leaf);
	}
}

static bool by_signature(struct fixture *f, struct certs_spec spec,
			 size_t issuer, int64_t now_ms)
{
	struct ztp_cert leaf = leaf_of(f, spec);
	bool good = ztp_chain_signed(&leaf, f->cas, 2, issuer, now_ms);

	ztp_cert_clear(&leaf);
	return good;
}

static void all_else_is_checked(void **state)
{
	struct fixture *f = *state;
	const struct certs_spec ordinary = {0};
	const struct certs_spec of_other = {.issuer = f->other_x509,
					    .issuer_key = f->other_key};
	const struct certs_spec forged = {.issuer = f->ca_x509,
					  .issuer_key = f->other_key};
	const struct certs_spec cas_key = {.key = f->other_key};

	assert_true(by_signature(f, ordinary, 0, CERTS_NOW));
	assert_false(by_signature(f, ordinary, 1, CERTS_NOW));
	assert_true(by_signature(f, of_other, 1, CERTS_NOW));
	assert_false(by_signature(f, of_other, 0, CERTS_NOW));
	assert_false(by_signature(f, forged, 0, CERTS_NOW));
	assert_false(by_signature(f, cas_key, 0, CERTS_NOW));
	assert_false(
		by_signature(f, ordinary, 0, CERTS_NOW + 2 * CERTS_DAY_MS));
	assert_false(
		by_signature(f, ordinary, 0, CERTS_NOW - 2 * CERTS_DAY_MS));
}

static void a_changed_leaf(void **state)
{
	struct fixture *f = *state;
	struct ztp_cert good = leaf_of(f, (struct certs_spec){0}), changed;
	size_t at = certs_find(good.der, good.der_len, "unused-device", 13, 0);

	good.der[at] = 'U';
	assert_int_equal(
		ztp_cert_parse_der(&changed, good.der, good.der_len, NULL), 0);
	assert_true(one_shape(&good, &changed));
	assert_false(ztp_chain_signed(&changed, f->cas, 2, 0, CERTS_NOW));
	ztp_cert_clear(&changed);
	ztp_cert_clear(&good);
}

/* Signs a leaf with one name as an alternative name. */
static bool under(struct fixture *f, const char *const *ca_extensions,
		  int64_t ca_until_ms)
{
	static const char *const names[] = {"subjectAltName", "DNS:a.example",
					    NULL};
	X509 *root = certs_make(
		&(struct certs_spec){.key = f->other_key,
				     .subject = "/CN=narrow",
				     .not_before_ms = CERTS_NOW - 9000,
				     .not_after_ms = ca_until_ms,
				     .extensions = ca_extensions});
	struct ztp_cert leaf =
		leaf_of(f, (struct certs_spec){.issuer = root,
					       .issuer_key = f->other_key,
					       .extensions = names});
	struct ztp_ca *ca = parse_ca(root);
	bool good = ztp_chain_signed(&leaf, &ca, 1, 0, CERTS_NOW);

	ztp_cert_clear(&leaf);
	ztp_ca_free(ca);
	X509_free(root);
	return good;
}

static void the_ca_counts(void **state)
{
	static const char *const free_of_them[] = {"basicConstraints",
						   "critical,CA:TRUE", NULL};
	static const char *const constraints[] = {
		"basicConstraints", "critical,CA:TRUE", "nameConstraints",
		"critical,permitted;DNS:.good.example", NULL};
	struct fixture *f = *state;

	assert_true(under(f, free_of_them, CERTS_NOW + 5000));
	assert_false(under(f, free_of_them, CERTS_NOW - 5000));
	/* its names must be compared, by OpenSSL */
	assert_false(under(f, constraints, CERTS_NOW + 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_factory_varies),
		cmocka_unit_test(what_makes_another_shape),
		cmocka_unit_test(what_has_none),
		cmocka_unit_test(all_else_is_checked),
		cmocka_unit_test(a_changed_leaf),
		cmocka_unit_test(the_ca_counts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
