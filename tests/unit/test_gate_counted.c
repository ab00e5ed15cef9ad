/* What the gate counts: certificates by their key and what the CA has signed,
 * whichever of the two possible signatures it carries; answers of devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#include <openssl/evp.h>

#include "gate_rows.h"

/* Replaces OpenSSL's, to count the verified proofs. */
static int proofs;

int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t sig_len,
		     const unsigned char *data, size_t len)
{
	int (*real)(EVP_MD_CTX *, const unsigned char *, size_t,
		    const unsigned char *, size_t);

	proofs++;
	*(void **)&real = dlsym(RTLD_NEXT, "EVP_DigestVerify");
	return real(ctx, sig, sig_len, data, len);
}

#define PER_CERTIFICATE 16
#define ANSWERS		20

struct twin {
	char *text; /* owned */
	char fingerprint[ZTP_SHA256_HEX];
};

/* The first leaf with the other signature. */
static struct twin make_twin(struct gate_fixture *f)
{
	X509 *x509 = certs_twin(f->leaves[0], f->ca_key);
	struct twin twin = {.text = certs_base64(x509)};
	uint8_t digest[ZTP_SHA256_LEN];
	size_t len;
	uint8_t *der = certs_der(x509, &len);

	ztp_sha256(digest, der, len);
	ztp_hex_encode(twin.fingerprint, digest, sizeof(digest));
	assert_string_not_equal(twin.text, f->texts[0]);
	free(der);
	X509_free(x509);
	return twin;
}

static struct mosquitto *first_with(struct gate_fixture *f, const char *path,
				    const char *text)
{
	char *jwt = gate_proof(f, 0, 3600);
	struct mosquitto *client = gate_client(path, text, jwt, 5);

	free(jwt);
	return client;
}

/* ---- certificates */

static void both_signatures_are_one_certificate(struct gate_fixture *f,
						const char *place)
{
	struct twin twin = make_twin(f);
	char path[128];

	for (int i = 0; i < PER_CERTIFICATE; i++) {
		(void)snprintf(path, sizeof(path), "%sd%d", place, i);
		assert_int_equal(
			gate_connect(first_with(
				f, path, i % 2 ? twin.text : f->texts[0])),
			MOSQ_ERR_SUCCESS);
	}
	(void)snprintf(path, sizeof(path), "%sone-more", place);
	assert_int_equal(gate_connect(first_with(f, path, twin.text)),
			 MOSQ_ERR_AUTH);
	assert_int_equal(gate_connect(first_with(f, path, f->texts[0])),
			 MOSQ_ERR_AUTH);
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/audit", "too_many"), 2);
	assert_int_equal(gate_connect(gate_first(f, path, 1)),
			 MOSQ_ERR_SUCCESS);
	free(twin.text);
}

static void test_candidates_of_a_certificate(void **state)
{
	both_signatures_are_one_certificate(*state, CUSTOM);
}

static void test_devices_of_a_certificate(void **state)
{
	both_signatures_are_one_certificate(*state, DIRECT);
}

static void test_a_rejection_is_of_the_certificate(void **state)
{
	struct gate_fixture *f = *state;
	struct twin twin = make_twin(f);

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_reject(f, CUSTOM "a", f->fingerprints[0], 60, "\"rejected\":true");
	gate_tick();
	assert_int_equal(gate_connect(first_with(f, CUSTOM "a", twin.text)),
			 MOSQ_ERR_AUTH);
	assert_non_null(gate_published("ztp/v1/audit", twin.fingerprint));
	assert_non_null(gate_published("ztp/v1/audit", "\"rejected\""));
	/* elsewhere, and for another certificate, nothing was rejected */
	assert_int_equal(gate_connect(first_with(f, CUSTOM "b", twin.text)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 1)),
			 MOSQ_ERR_SUCCESS);
	free(twin.text);
}

/* Both wait. The customer has rejected one, and nobody is asked about the other
 * any more. */
static void test_a_rejection_ends_the_twin(void **state)
{
	struct gate_fixture *f = *state;
	struct twin twin = make_twin(f);
	struct mosquitto *second;

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	second = first_with(f, CUSTOM "a", twin.text);
	assert_int_equal(gate_connect(second), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_reject(f, CUSTOM "a", f->fingerprints[0], 60, "\"rejected\":true");
	gate_tick();
	assert_true(second->kicked);
	assert_int_equal(gate_published_count("ztp/v1/withdrawn", NULL), 1);
	assert_non_null(gate_published("ztp/v1/withdrawn", twin.fingerprint));
	gate_reject(f, CUSTOM "a", twin.fingerprint, 60, "\"rejected\":false");
	free(twin.text);
}

/* ---- a database of version 1 */

static void test_an_older_database(void **state)
{
	struct gate_fixture *f = *state;

	assert_int_equal(gate_connect(gate_first(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 1)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_unload(f);
	gate_broker_reset();
	gate_make_older(f, 1);
	assert_int_equal(gate_load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	assert_int_equal(gate_connect(gate_unused(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_create(f, CUSTOM "a", 1, "r", "\"created\":true");
	for (int i = 2; i <= PER_CERTIFICATE; i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), DIRECT "d%d", i);
		assert_int_equal(gate_connect(gate_first(f, path, 0)),
				 MOSQ_ERR_SUCCESS);
	}
	assert_int_equal(gate_connect(gate_first(f, DIRECT "b", 0)),
			 MOSQ_ERR_AUTH);
}

/* ---- answers of a device */

#define ANSWER_TO(path) path "/events/provisioning"

static struct mosquitto *device_at(struct gate_fixture *f, const char *path)
{
	struct mosquitto *device = gate_first(f, path, 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	return device;
}

static void test_a_flood_of_answers(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *flood = device_at(f, DIRECT "a");
	struct mosquitto *neighbour = device_at(f, DIRECT "b");
	int passed = 0;

	for (int i = 0; i < 1000; i++)
		passed += gate_write(flood, ANSWER_TO(DIRECT "a"), 100) ==
			  MOSQ_ERR_SUCCESS;
	assert_in_range(passed, ANSWERS, ANSWERS + 5);
	assert_int_equal(gate_published_count("ztp/v1/audit", "slowed_down"),
			 1);
	assert_non_null(gate_published("ztp/v1/audit", "slowed_down"));
	/* a new connection is the same device */
	gate_disconnect(flood);
	assert_int_equal(gate_connect(flood = gate_unused(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_write(flood, ANSWER_TO(DIRECT "a"), 100),
			 MOSQ_ERR_ACL_DENIED);
	/* all that is not an answer goes on, and so do others */
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(gate_write(flood, DIRECT "a/events/x", 100000),
				 MOSQ_ERR_SUCCESS);
		assert_int_equal(
			gate_write(flood, ANSWER_TO(DIRECT "a") "/x", 100),
			MOSQ_ERR_SUCCESS);
	}
	assert_int_equal(gate_write(neighbour, ANSWER_TO(DIRECT "b"), 100),
			 MOSQ_ERR_SUCCESS);
}

/* The bridge says what is wrong with one that is a little too long. */
static void test_a_long_answer(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = device_at(f, DIRECT "a");

	assert_int_equal(gate_write(device, ANSWER_TO(DIRECT "a"), 32768),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_write(device, ANSWER_TO(DIRECT "a"), 32769),
			 MOSQ_ERR_ACL_DENIED);
	assert_non_null(gate_published("ztp/v1/audit", "too_large"));
}

/* ---- signatures */

/* The same bytes are verified once; what else must hold is checked each time. */
static void test_a_proof_is_verified_once(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *first = gate_first(f, CUSTOM "a", 0), *again;
	int before;

	assert_int_equal(gate_connect(first), MOSQ_ERR_SUCCESS);
	gate_tick();
	before = proofs;
	for (int i = 0; i < 3; i++) {
		again = gate_client(CUSTOM "a", f->texts[0], first->password,
				    5);
		assert_int_equal(gate_connect(again), MOSQ_ERR_SUCCESS);
	}
	assert_int_equal(proofs, before);
	/* not with another key */
	again = gate_client(CUSTOM "a", f->texts[1], first->password, 5);
	assert_int_equal(gate_connect(again), MOSQ_ERR_AUTH);
	assert_true(proofs > before);
	/* nor once its CA is gone */
	gate_ok(f, "\"command\":\"deleteRegistry\",\"registry\":"
		   "\"acme/custom\"");
	gate_ok(f, "\"command\":\"createRegistry\",\"registry\":"
		   "\"acme/custom\"");
	gate_tick();
	again = gate_client(CUSTOM "a", f->texts[0], first->password, 5);
	assert_int_equal(gate_connect(again), MOSQ_ERR_AUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, gate_teardown)
		T(test_candidates_of_a_certificate),
		T(test_devices_of_a_certificate),
		T(test_a_rejection_is_of_the_certificate),
		T(test_a_rejection_ends_the_twin),
		T(test_an_older_database),
		T(test_a_flood_of_answers),
		T(test_a_long_answer),
		T(test_a_proof_is_verified_once),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
