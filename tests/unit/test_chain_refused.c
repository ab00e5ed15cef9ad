/* One test for each rule that refuses a leaf or a CA. */
#include "chain_case.h"

#include <time.h>
#include <unistd.h>

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
		cmocka_unit_test(refuses_without_a_ca),
		cmocka_unit_test(refuses_another_ca),
		cmocka_unit_test(refuses_a_changed_leaf),
		cmocka_unit_test(refuses_a_ca_as_a_leaf),
		cmocka_unit_test(refuses_a_leaf_with_a_cas_key),
		cmocka_unit_test(refuses_other_usages),
		cmocka_unit_test(refuses_at_the_wrong_time),
		cmocka_unit_test(refuses_a_ca_at_the_wrong_time),
		cmocka_unit_test(refuses_weak_signatures),
		cmocka_unit_test(name_constraints_are_obeyed),
		cmocka_unit_test(refuses_what_is_no_ca),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
