/* What has been verified is not verified again, and what is remembered of it
 * does not outlive what made it true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gate/verified.h"
#include "gate_fixture.h"

#define HOUR_MS 3600000LL

/* Replaces OpenSSL's, to count the certificates that it decodes. */
static int decoded;

X509 *d2i_X509(X509 **out, const unsigned char **in, long len)
{
	X509 *(*real)(X509 **, const unsigned char **, long);

	decoded++;
	*(void **)&real = dlsym(RTLD_NEXT, "d2i_X509");
	return real(out, in, len);
}

static int connects(struct mosquitto *client)
{
	int rc = gate_connect(client);

	gate_tick();
	return rc;
}

static void test_a_factory_is_decoded_once(void **state)
{
	struct gate_fixture *f = *state;

	assert_int_equal(connects(gate_first(f, CUSTOM "a", 0)), 0);
	decoded = 0;
	/* the next certificate, the same one again, and at createDevice */
	assert_int_equal(connects(gate_first(f, CUSTOM "b", 1)), 0);
	assert_int_equal(connects(gate_first(f, CUSTOM "a", 0)), 0);
	gate_create(f, CUSTOM "a", 0, "r1", "\"code\":\"OK\"");
	gate_create(f, CUSTOM "b", 1, "r2", "\"code\":\"OK\"");
	assert_int_equal(decoded, 0);
}

static void test_not_without_its_ca(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *first = gate_first(f, CUSTOM "a", 0);
	char members[256], fingerprint[ZTP_SHA256_HEX];
	uint8_t digest[ZTP_SHA256_LEN];
	size_t len;
	uint8_t *der = certs_der(f->ca, &len);

	ztp_sha256(digest, der, len);
	ztp_hex_encode(fingerprint, digest, sizeof(digest));
	free(der);
	assert_int_equal(connects(first), 0);
	(void)snprintf(members, sizeof(members),
		       "\"command\":\"removeRegistryCa\",\"registry\":"
		       "\"acme/custom\",\"fingerprint_sha256\":\"%s\"",
		       fingerprint);
	gate_ok(f, members);
	gate_tick();
	assert_int_equal(connects(gate_first(f, CUSTOM "a", 0)), MOSQ_ERR_AUTH);
	assert_int_equal(connects(gate_first(f, CUSTOM "b", 1)), MOSQ_ERR_AUTH);
	/* it is another list of CAs as long as it is not listed */
	gate_add_ca(f, "acme/custom");
	assert_int_equal(connects(gate_first(f, CUSTOM "b", 1)), 0);
}

struct chain {
	struct ztp_recent *recent;
	struct ztp_registry registry;
	struct ztp_ca *cas[1];
	struct ztp_cert leaves[2];
};

static void read_leaf(struct ztp_cert *leaf, struct gate_fixture *f,
		      EVP_PKEY *key, int64_t not_after)
{
	X509 *x509 = certs_make(&(struct certs_spec){
		.key = key,
		.issuer = f->ca,
		.issuer_key = f->ca_key,
		.not_before_ms = CERTS_NOW - CERTS_DAY_MS,
		.not_after_ms = not_after,
	});
	size_t len;
	uint8_t *der = certs_der(x509, &len);

	assert_int_equal(ztp_cert_parse_der(leaf, der, len, NULL), 0);
	free(der);
	X509_free(x509);
}

/* A registry of one CA that is valid for ten days around now, and leaves for
 * nine and for one. */
static struct chain make_chain(struct gate_fixture *f)
{
	static const char *const extensions[] = {"basicConstraints",
						 "critical,CA:TRUE", NULL};
	X509 *x509 = certs_make(&(struct certs_spec){
		.key = f->ca_key,
		.subject = "/CN=registry-ca",
		.not_before_ms = CERTS_NOW - 5 * CERTS_DAY_MS,
		.not_after_ms = CERTS_NOW + 5 * CERTS_DAY_MS,
		.extensions = extensions,
	});
	char *pem = certs_pem(x509);
	struct chain chain = {.recent = ztp_recent_new(ZTP_VERIFIED_MS)};

	assert_int_equal(ztp_ca_parse(&chain.cas[0], pem, strlen(pem), NULL),
			 0);
	X509_free(x509);
	free(pem);
	read_leaf(&chain.leaves[0], f, f->keys[0],
		  CERTS_NOW + 9 * CERTS_DAY_MS);
	read_leaf(&chain.leaves[1], f, f->keys[1], CERTS_NOW + CERTS_DAY_MS);
	return chain;
}

static void free_chain(struct chain *chain)
{
	ztp_recent_free(chain->recent);
	ztp_ca_free(chain->cas[0]);
	ztp_cert_clear(&chain->leaves[0]);
	ztp_cert_clear(&chain->leaves[1]);
}

/* 0 or why leaf `which` is refused at that wall clock, so long after the first
 * was verified. */
static int check(struct chain *chain, int which, int64_t wall, int64_t after)
{
	size_t issuer = 9;
	int rc;

	chain->registry.cas = chain->cas;
	chain->registry.ca_count = 1;
	rc = ztp_verified_chain(chain->recent, &chain->leaves[which],
				&chain->registry, wall, 1000 + after, &issuer,
				NULL);
	assert_true(rc != 0 || issuer == 0);
	return rc;
}

/* The wall clock may be set meanwhile. */
static void test_validity_is_judged_each_time(void **state)
{
	struct chain chain = make_chain(*state);
	const int64_t days = CERTS_DAY_MS;

	assert_int_equal(check(&chain, 0, CERTS_NOW, 0), 0);
	assert_int_equal(check(&chain, 1, CERTS_NOW, 1), 0);
	decoded = 0;
	for (int which = 0; which < 2; which++) {
		assert_int_equal(check(&chain, which, CERTS_NOW, 2), 0);
		assert_int_equal(check(&chain, which, CERTS_NOW - 2 * days, 3),
				 ZTP_ERR_CERT_NOT_YET);
	}
	assert_int_equal(decoded, 0);
	assert_int_equal(check(&chain, 1, CERTS_NOW + 2 * days, 4),
			 ZTP_ERR_CERT_EXPIRED);
	assert_int_equal(check(&chain, 0, CERTS_NOW + 2 * days, 4), 0);
	/* the CA is no longer valid */
	assert_int_equal(check(&chain, 0, CERTS_NOW + 6 * days, 5),
			 ZTP_ERR_UNTRUSTED);
	free_chain(&chain);
}

/* Whole again after an hour, the first of the shape. */
static void test_it_is_forgotten(void **state)
{
	struct chain chain = make_chain(*state);

	assert_int_equal(check(&chain, 0, CERTS_NOW, 0), 0);
	decoded = 0;
	assert_int_equal(check(&chain, 0, CERTS_NOW, HOUR_MS - 1), 0);
	assert_int_equal(check(&chain, 1, CERTS_NOW, HOUR_MS - 1), 0);
	assert_int_equal(decoded, 0);
	assert_int_equal(check(&chain, 0, CERTS_NOW, HOUR_MS), 0);
	assert_int_equal(decoded, 1);
	free_chain(&chain);
}

/* However many there are, the table does not grow, and the shape stays for as
 * long as it is used: it is noted with each whole check. */
static void test_many_others(void **state)
{
	struct chain chain = make_chain(*state);
	uint8_t other[ZTP_SHA256_LEN];

	assert_int_equal(check(&chain, 0, CERTS_NOW, 0), 0);
	for (uint32_t i = 0; i < 4 * ZTP_RECENT_MAX; i++) {
		ztp_sha256(other, &i, sizeof(i));
		ztp_recent_note(chain.recent, other, 2000);
	}
	decoded = 0;
	assert_int_equal(check(&chain, 0, CERTS_NOW, 2000), 0);
	assert_int_equal(decoded, 1);
	assert_int_equal(check(&chain, 1, CERTS_NOW, 2000), 0);
	assert_int_equal(decoded, 1);
	free_chain(&chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, gate_teardown)
		T(test_a_factory_is_decoded_once),
		T(test_not_without_its_ca),
		T(test_validity_is_judged_each_time),
		T(test_it_is_forgotten),
		T(test_many_others),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
