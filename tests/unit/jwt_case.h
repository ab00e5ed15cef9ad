/*
 * tests/unit/jwt_case.h - keys, and verdicts on JWTs that they have signed.
 */
#ifndef ZTP_TESTS_JWT_CASE_H
#define ZTP_TESTS_JWT_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/jwt.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PUMP	     "subscriptions/acme/registries/plant-7/devices/pump-42"
#define AUDIENCE     "acme/plant-7"
#define NOW	     1767323045 /* CERTS_NOW in seconds */
#define RS256	     "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define ES256	     "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"
#define ES384	     "{\"alg\":\"ES384\",\"typ\":\"JWT\"}"
#define GOOD_TIMES   "\"iat\":1767323000,\"exp\":1767326600"
#define GOOD	     "{" GOOD_TIMES "}"

struct fixture {
	EVP_PKEY *pkeys[3];
	struct ztp_key *keys[3];
	struct ztp_path path;
	struct ztp_jwt_rules rules;
};

enum { RSA_KEY, P256, P384 };

static inline int setup(void **state)
{
	static struct fixture fixture;
	static const char *const kinds[] = {"rsa:2048", "ec:P-256", "ec:P-384"};

	for (int i = 0; i < 3; i++) {
		size_t len;
		uint8_t *spki;

		fixture.pkeys[i] = certs_key(kinds[i]);
		spki = certs_spki(fixture.pkeys[i], &len);
		assert_int_equal(
			ztp_key_from_spki(&fixture.keys[i], spki, len, NULL),
			0);
		free(spki);
	}
	assert_int_equal(
		ztp_path_parse(&fixture.path, PUMP, strlen(PUMP), NULL), 0);
	fixture.rules.path = &fixture.path;
	fixture.rules.now_ms = CERTS_NOW;
	fixture.rules.skew_ms = ZTP_JWT_SKEW_MS;
	*state = &fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 3; i++) {
		EVP_PKEY_free(fixture->pkeys[i]);
		ztp_key_free(fixture->keys[i]);
	}
	return 0;
}

static inline int verify(struct fixture *fixture, int key, const char *jwt)
{
	size_t len = strlen(jwt);
	char *copy = certs_exact(jwt, len);
	int rc = ztp_jwt_verify(NULL, copy, len, fixture->keys[key],
				&fixture->rules, NULL);

	free(copy);
	return rc;
}

/* Verifies a JWT that is properly signed with the key. */
static inline int signed_verdict(struct fixture *fixture, int key,
				 const char *header, const char *claims)
{
	char *jwt = certs_jwt(fixture->pkeys[key], header, claims);
	int rc = verify(fixture, key, jwt);

	free(jwt);
	return rc;
}

static inline int header_verdict(struct fixture *fixture, const char *header)
{
	return signed_verdict(fixture, P256, header, GOOD);
}

static inline int claims_verdict(struct fixture *fixture, const char *claims)
{
	return signed_verdict(fixture, P256, ES256, claims);
}

static inline int times_verdict(struct fixture *fixture, long long iat,
				long long exp)
{
	char claims[128];

	snprintf(claims, sizeof claims, "{\"iat\":%lld,\"exp\":%lld}", iat,
		 exp);
	return claims_verdict(fixture, claims);
}

#endif
