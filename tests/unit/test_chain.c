/* Leaves that a CA has signed, and what is a CA. */
#include "chain_case.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v1_leaf_of_either_ca),
		cmocka_unit_test(v3_leaf_with_or_without_identifiers),
		cmocka_unit_test(two_cas_of_one_name),
		cmocka_unit_test(an_intermediate_listed_alone_is_an_anchor),
		cmocka_unit_test(a_v1_root_is_a_ca),
		cmocka_unit_test(ca_as_openssl_req_makes_it),
		cmocka_unit_test(other_signature_of_the_same),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
