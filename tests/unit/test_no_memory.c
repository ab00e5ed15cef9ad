/* OpenSSL's allocations fail, one by one, or all from one on. Nothing is said of
 * a certificate, a key or a proof then: what is refused for good is remembered,
 * and a device with a good proof would be kept out. */
#include "chain_case.h"

#include <openssl/crypto.h>

#include "ztp/jwt.h"
#include "ztp/key.h"

#define CLAIMS "{\"iat\":1767323000,\"exp\":1767326600}"

static long fail_at, seen; /* 0: none fails */
static bool fail_on;	   /* and all that follow */

static bool fails(void)
{
	seen++;
	return seen == fail_at || (fail_on && fail_at > 0 && seen > fail_at);
}

static void *one_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : malloc(n);
}

static void *one_realloc(void *old, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : realloc(old, n);
}

static void one_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	free(block);
}

static void each_fails_so(int (*call)(void *arg), void *arg, bool all)
{
	long n;
	int rc;

	assert_int_equal(call(arg), 0); /* OpenSSL keeps some of it */
	for (n = 1;; n++) {
		seen = 0;
		fail_on = all;
		fail_at = n;
		rc = call(arg);
		fail_at = 0;
		if (seen < n)
			break;
		if (rc != 0 && rc != ZTP_ERR_NOMEM)
			fail_msg("allocation %ld%s: %s", n,
				 all ? " and all others" : "",
				 ztp_err_name((enum ztp_err)rc));
	}
	assert_true(n > 5);
}

/* Calls it with each of its allocations failing, alone and with all after it. It
 * succeeds, or says that there was no memory; and by itself it succeeds. */
static void each_fails(int (*call)(void *arg), void *arg)
{
	each_fails_so(call, arg, false);
	each_fails_so(call, arg, true);
}

/* --- what is called */

struct proof {
	struct ztp_key *key;
	char *jwt;
};

static int verify(void *arg)
{
	struct ztp_jwt_rules rules = {.now_ms = CERTS_NOW,
				      .skew_ms = ZTP_JWT_SKEW_MS};
	struct proof *proof = arg;

	return ztp_jwt_verify(NULL, proof->jwt, strlen(proof->jwt), proof->key,
			      &rules, NULL);
}

struct bytes {
	uint8_t *p;
	size_t n;
	char *pem; /* of its CA */
	struct fixture *fixture;
};

static int make_key(void *arg)
{
	const struct bytes *spki = arg;
	struct ztp_key *key = NULL;
	int rc = ztp_key_from_spki(&key, spki->p, spki->n, NULL);

	ztp_key_free(key);
	return rc;
}

static int check_with(const struct bytes *der, struct ztp_ca *const *cas)
{
	struct ztp_cert cert; /* read without OpenSSL's memory */
	int rc = ztp_cert_parse_der(&cert, der->p, der->n, NULL);

	if (rc == 0)
		rc = ztp_chain_check(&cert, cas, 1, CERTS_NOW, NULL, NULL);
	ztp_cert_clear(&cert);
	return rc;
}

static int read_certificate(void *arg)
{
	const struct bytes *der = arg;
	struct ztp_cert cert;
	int rc = ztp_cert_parse_der(&cert, der->p, der->n, NULL);

	if (rc == 0)
		ztp_cert_clear(&cert);
	return rc;
}

static int check_chain(void *arg)
{
	const struct bytes *der = arg;

	return check_with(der, der->fixture->cas);
}

/* One that has been read must be of use. */
static int read_ca(void *arg)
{
	const struct bytes *der = arg;
	struct ztp_ca *ca = NULL;
	int rc = ztp_ca_parse(&ca, der->pem, strlen(der->pem), NULL);

	fail_at = 0;
	if (rc == 0)
		assert_int_equal(check_with(der, &ca), 0);
	ztp_ca_free(ca);
	return rc;
}

/* --- */

static void a_proof(void **state)
{
	static const struct {
		const char *kind, *header;
	} lines[] = {{"rsa:2048", "{\"alg\":\"RS256\"}"},
		     {"ec:P-256", "{\"alg\":\"ES256\"}"},
		     {"ec:P-384", "{\"alg\":\"ES384\"}"}};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lines); i++) {
		EVP_PKEY *pkey = certs_key(lines[i].kind);
		struct bytes spki = {.p = NULL};
		struct proof proof = {.key = NULL};

		spki.p = certs_spki(pkey, &spki.n);
		each_fails(make_key, &spki);
		assert_int_equal(
			ztp_key_from_spki(&proof.key, spki.p, spki.n, NULL), 0);
		proof.jwt = certs_jwt(pkey, lines[i].header, CLAIMS);
		each_fails(verify, &proof);
		free(proof.jwt);
		free(spki.p);
		ztp_key_free(proof.key);
		EVP_PKEY_free(pkey);
	}
}

static void a_certificate(void **state)
{
	static const char *const alt[] = {
		"subjectAltName", "DNS:pump.example,URI:urn:x:y",
		"extendedKeyUsage", "clientAuth", NULL};
	struct fixture *fixture = *state;
	struct bytes der = {.fixture = fixture};
	X509 *leaf = leaf_of(fixture, fixture->ca_x509, fixture->ca_key, alt);

	der.pem = certs_pem(fixture->ca_x509);
	der.p = certs_der(leaf, &der.n);
	each_fails(check_chain, &der);
	each_fails(read_ca, &der);
	free(der.pem);
	free(der.p);
	X509_free(leaf);
}

/* A name of more than ASCII, and an alternative name with a structure. */
static void rare_names(void **state)
{
	static const char *const alt[] = {
		"subjectAltName",
		"DNS:pump.example,otherName:1.2.3.4;UTF8:x,RID:1.2.3", NULL};
	struct fixture *fixture = *state;
	struct bytes der = {.fixture = fixture};
	X509 *leaf =
		certs_make(&(struct certs_spec){.key = fixture->leaf_key,
						.subject = "/CN=Zo\xc3\xab",
						.issuer = fixture->ca_x509,
						.issuer_key = fixture->ca_key,
						.extensions = alt});

	der.p = certs_der(leaf, &der.n);
	each_fails(read_certificate, &der);
	free(der.p);
	X509_free(leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proof),
		cmocka_unit_test(a_certificate),
		cmocka_unit_test(rare_names),
	};

	if (CRYPTO_set_mem_functions(one_malloc, one_realloc, one_free) != 1)
		return 2;
	return cmocka_run_group_tests(tests, setup, teardown);
}
