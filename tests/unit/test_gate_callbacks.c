/* The plugin's callbacks, with the broker's part played by gate_broker.c. */
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
#include "gate_broker.h"
#include "ztp/codec.h"

#define DIRECT "subscriptions/acme/registries/direct/devices/"
#define CUSTOM "subscriptions/acme/registries/custom/devices/"
#define OP     "bridge"

struct fixture {
	char folder[64], db[96];
	EVP_PKEY *ca_key, *keys[2];
	X509 *ca, *leaves[2];
	char *texts[2]; /* base64 DER */
	char fingerprints[2][ZTP_SHA256_HEX];
	void *gate;
	struct mosquitto *op;
};

static int64_t now_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

static int load(struct fixture *f)
{
	struct mosquitto_opt options[] = {
		{(char *)"registry_db", f->db},
		{(char *)"operators", (char *)OP},
	};

	return mosquitto_plugin_init(NULL, &f->gate, options, 2);
}

static void unload(struct fixture *f)
{
	assert_int_equal(mosquitto_plugin_cleanup(f->gate, NULL, 0), 0);
	f->gate = NULL;
}

static int setup_group(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->ca_key = certs_key("ec:P-256");
	f->ca = certs_make(&(struct certs_spec){
		.key = f->ca_key,
		.subject = "/CN=registry-ca",
		.not_before_ms = now_ms() - CERTS_DAY_MS,
		.not_after_ms = now_ms() + CERTS_DAY_MS,
		.extensions =
			(const char *const[]){"basicConstraints",
					      "critical,CA:TRUE", "keyUsage",
					      "critical,keyCertSign", NULL},
	});
	for (int i = 0; i < 2; i++) {
		uint8_t digest[ZTP_SHA256_LEN], *der;
		size_t len;

		f->keys[i] = certs_key("ec:P-256");
		f->leaves[i] = certs_make(&(struct certs_spec){
			.key = f->keys[i],
			.issuer = f->ca,
			.issuer_key = f->ca_key,
			.not_before_ms = now_ms() - CERTS_DAY_MS,
			.not_after_ms = now_ms() + CERTS_DAY_MS,
		});
		f->texts[i] = certs_base64(f->leaves[i]);
		der = certs_der(f->leaves[i], &len);
		ztp_sha256(digest, der, len);
		ztp_hex_encode(f->fingerprints[i], digest, sizeof(digest));
		free(der);
	}
	*state = f;
	return 0;
}

static int teardown_group(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		EVP_PKEY_free(f->keys[i]);
		X509_free(f->leaves[i]);
		free(f->texts[i]);
	}
	EVP_PKEY_free(f->ca_key);
	X509_free(f->ca);
	free(f);
	return 0;
}

/* Sends members of one command; returns the response's text. */
static const char *command(struct fixture *f, const char *members)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), "{\"commands\":[{%s}]}", members);
	gate_control(f->op, text);
	return gate_published("$CONTROL/ztp/v1/response", NULL);
}

static void ok(struct fixture *f, const char *members)
{
	const char *answer = command(f, members);

	if (!strstr(answer, "\"code\":\"OK\""))
		fail_msg("%s: %s", members, answer);
}

static void says(struct fixture *f, const char *members, const char *code)
{
	const char *answer = command(f, members);

	if (!strstr(answer, code))
		fail_msg("%s: %s", members, answer);
}

/* PEM as a JSON string. */
static void add_ca(struct fixture *f, const char *registry)
{
	char *pem = certs_pem(f->ca), *lines = certs_lines(pem, "\\n");
	char members[3072];

	(void)snprintf(members, sizeof(members),
		       "\"command\":\"addRegistryCa\",\"registry\":\"%s\","
		       "\"pem\":\"%s\"",
		       registry, lines);
	ok(f, members);
	free(lines);
	free(pem);
}

static int setup(void **state)
{
	struct fixture *f = *state;

	memcpy(f->folder, "/tmp/ztp-gate-XXXXXX", 21);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->db, sizeof(f->db), "%s/gate.db", f->folder);
	assert_int_equal(load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	assert_int_equal(gate_connect(f->op), MOSQ_ERR_PLUGIN_DEFER);
	ok(f, "\"command\":\"createRegistry\",\"registry\":\"acme/direct\","
	      "\"onboarding\":\"direct\"");
	ok(f, "\"command\":\"createRegistry\",\"registry\":\"acme/custom\"");
	add_ca(f, "acme/direct");
	add_ca(f, "acme/custom");
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;
	char path[128];

	if (f->gate)
		unload(f);
	gate_broker_reset();
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->db, ends[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	return 0;
}

static char *proof(struct fixture *f, int who, int64_t lifetime_s)
{
	char claims[128];
	long long now = (long long)time(NULL);

	(void)snprintf(claims, sizeof(claims), "{\"iat\":%lld,\"exp\":%lld}",
		       now, now + (long long)lifetime_s);
	return certs_jwt(f->keys[who], "{\"alg\":\"ES256\"}", claims);
}

static struct mosquitto *first(struct fixture *f, const char *path, int who)
{
	char *jwt = proof(f, who, 3600);
	struct mosquitto *client = gate_client(path, f->texts[who], jwt, 5);

	free(jwt);
	return client;
}

static struct mosquitto *unused(struct fixture *f, const char *path, int who)
{
	char *jwt = proof(f, who, 3600);
	struct mosquitto *client = gate_client(path, "unused", jwt, 5);

	free(jwt);
	return client;
}

static void create(struct fixture *f, const char *path, int who,
		   const char *request, const char *expect)
{
	char members[1024];

	(void)snprintf(members, sizeof(members),
		       "\"command\":\"createDevice\",\"device_path\":\"%s\","
		       "\"fingerprint_sha256\":\"%s\",\"request_id\":\"%s\"",
		       path, f->fingerprints[who], request);
	says(f, members, expect);
}

static bool can(struct mosquitto *client, int access, const char *topic)
{
	return gate_acl(client, access, topic, false) == MOSQ_ERR_SUCCESS;
}

static void test_direct(void **state)
{
	struct fixture *f = *state;
	struct mosquitto *device = first(f, DIRECT "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_int_equal(strncmp(device->username, "ztp:", 4), 0);
	assert_true(can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	assert_non_null(gate_published(DIRECT "a/commands", "\"approved\""));
	assert_non_null(gate_published("ztp/v1/subscribed", DIRECT "a"));
	assert_non_null(gate_published("ztp/v1/audit", "\"created\""));
	gate_disconnect(device);
	assert_int_equal(gate_connect(unused(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(unused(f, DIRECT "a", 1)), MOSQ_ERR_AUTH);
	assert_int_equal(gate_connect(first(f, DIRECT "a", 1)), MOSQ_ERR_AUTH);
	assert_non_null(gate_published("ztp/v1/audit", "device_exists"));
}

static void test_custom_in_place(void **state)
{
	struct fixture *f = *state;
	struct mosquitto *device = first(f, CUSTOM "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_null(gate_published("ztp/v1/pending", NULL));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", f->texts[0]),
			 1);
	assert_null(strstr(gate_published("ztp/v1/pending", NULL), "eyJ"));
	assert_true(can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/commands"));
	assert_false(can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/config"));
	gate_tick();
	assert_non_null(gate_published(CUSTOM "a/commands", "\"pending\""));
	create(f, CUSTOM "a", 0, "r1", "\"created\":true");
	assert_false(device->kicked);
	assert_true(can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/config"));
	create(f, CUSTOM "a", 0, "r1", "\"created\":false");
	create(f, CUSTOM "a", 0, "r2", "ALREADY_EXISTS");
	create(f, CUSTOM "a", 1, "r1", "ALREADY_EXISTS");
	create(f, CUSTOM "b", 0, "r1", "FAILED_PRECONDITION");
}

static void test_squatter_ends_before_the_answer(void **state)
{
	struct fixture *f = *state;
	struct mosquitto *squatter = first(f, CUSTOM "a", 0);
	struct mosquitto *device;

	assert_int_equal(gate_connect(squatter), MOSQ_ERR_SUCCESS);
	assert_true(can(squatter, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/commands"));
	assert_int_equal(gate_connect(first(f, CUSTOM "a", 1)), MOSQ_ERR_AUTH);
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", NULL), 2);
	create(f, CUSTOM "a", 1, "r", "\"created\":true");
	assert_true(squatter->kicked);
	assert_false(can(squatter, MOSQ_ACL_READ, CUSTOM "a/commands"));
	/* what the broker has stored under the id was the squatter's */
	device = unused(f, CUSTOM "a", 1);
	device->clean_start = false;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_false(can(device, MOSQ_ACL_READ, CUSTOM "a/commands"));
	assert_true(can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/commands"));
	assert_true(can(device, MOSQ_ACL_READ, CUSTOM "a/commands"));
}

static void test_sighup(void **state)
{
	struct fixture *f = *state;
	struct mosquitto *live = first(f, DIRECT "a", 0);
	struct mosquitto *away = first(f, DIRECT "b", 0);
	size_t records;

	away->clean_start = false;
	assert_int_equal(gate_connect(live), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(away), MOSQ_ERR_SUCCESS);
	gate_disconnect(away);
	gate_tick();
	records = gate_published_count("ztp/v1/audit", NULL);
	gate_reload();
	assert_int_equal(gate_auth(live), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_auth(away), MOSQ_ERR_SUCCESS);
	gate_tick();
	/* without word of a reload, only the live one is known */
	assert_int_equal(gate_auth(live), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_published_count("ztp/v1/audit", NULL), records);
}

static void test_a_pointer_that_comes_back_is_nobody(void **state)
{
	struct fixture *f = *state;
	struct mosquitto *device = first(f, DIRECT "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_disconnect(device);
	/* the broker frees it and gives the memory to an impostor */
	free(device->password);
	device->password = strdup("x");
	assert_int_equal(gate_connect(device), MOSQ_ERR_AUTH);
	free(device->id);
	device->id = strdup("somebody");
	assert_int_equal(
		gate_acl(device, MOSQ_ACL_READ, DIRECT "a/commands", false),
		MOSQ_ERR_ACL_DENIED);
	assert_int_equal(gate_acl(device, MOSQ_ACL_READ, "elsewhere", false),
			 MOSQ_ERR_PLUGIN_DEFER);
	/* got in past the gate */
	free(device->id);
	device->id = strdup(DIRECT "zzz");
	assert_int_equal(gate_acl(device, MOSQ_ACL_WRITE, "elsewhere", false),
			 MOSQ_ERR_ACL_DENIED);
}

static void test_restored_sessions(void **state)
{
	struct fixture *f = *state;
	struct mosquitto *device = first(f, DIRECT "a", 0);
	struct mosquitto *restored;

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	restored = gate_client(DIRECT "a", device->username, NULL, 0);
	gate_disconnect(device);
	unload(f);
	assert_int_equal(load(f), 0);
	assert_int_equal(gate_auth(restored), MOSQ_ERR_SUCCESS);
	assert_true(can(restored, MOSQ_ACL_READ, DIRECT "a/commands"));
	assert_false(can(restored, MOSQ_ACL_READ, DIRECT "b/commands"));
	ok(f, "\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT "a\"");
	assert_false(can(restored, MOSQ_ACL_READ, DIRECT "a/commands"));
}

static void test_offered_until_acknowledged(void **state)
{
	struct fixture *f = *state;
	char id[64], members[256];
	const char *at;

	assert_int_equal(gate_connect(first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	at = strstr(gate_published("ztp/v1/pending", NULL), "request_id\":\"");
	(void)snprintf(id, sizeof(id), "%.36s", at + 13);
	/* a listener, then a restart */
	assert_true(can(f->op, MOSQ_ACL_SUBSCRIBE, "ztp/#"));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", id), 2);
	unload(f);
	assert_int_equal(load(f), 0);
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", id), 3);
	(void)snprintf(members, sizeof(members),
		       "\"command\":\"ackPending\",\"request_ids\":[\"%s\"]",
		       id);
	says(f, members, "\"acked\":1");
	says(f, members, "\"acked\":0");
	assert_true(can(f->op, MOSQ_ACL_SUBSCRIBE, "ztp/v1/pending"));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", id), 3);
	/* acknowledged is not decided */
	create(f, CUSTOM "a", 0, "r", "\"created\":true");
}

static void test_wills(void **state)
{
	struct fixture *f = *state;
	struct mosquitto *next;

	assert_true(can(f->op, MOSQ_ACL_WRITE, "$CONTROL/ztp/v1"));
	/* taken over: the will goes out between BASIC_AUTH and DISCONNECT */
	next = gate_client("op", OP, "secret", 5);
	assert_int_equal(gate_auth(next), MOSQ_ERR_PLUGIN_DEFER);
	assert_false(can(f->op, MOSQ_ACL_WRITE, "$CONTROL/ztp/v1"));
	gate_disconnect(f->op);
	assert_false(can(f->op, MOSQ_ACL_WRITE, "ztp/v1/pending"));
	assert_true(can(next, MOSQ_ACL_WRITE, "$CONTROL/ztp/v1"));
	/* refused: the old one goes on */
	f->op = gate_client("op", OP, "wrong", 5);
	assert_int_equal(gate_auth(f->op), MOSQ_ERR_PLUGIN_DEFER);
	free(f->op->id);
	f->op->id = NULL;
	gate_disconnect(f->op);
	assert_true(can(next, MOSQ_ACL_WRITE, "$CONTROL/ztp/v1"));
	assert_false(gate_acl(next, MOSQ_ACL_WRITE, "ztp/x", true) ==
		     MOSQ_ERR_SUCCESS);
}

static void test_bad_commands(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"commands\":1}",
		"{\"commands\":[1]}",
		"{\"commands\":[{}]}",
		"{\"commands\":[{\"command\":1}]}",
		"{\"commands\":[{\"command\":\"getDevice\"}]}",
		"{\"commands\":[{\"command\":\"getDevice\","
		"\"device_path\":\"x\"}]}",
		"{\"commands\":[{\"command\":\"createRegistry\","
		"\"registry\":\"a/b/c\"}]}",
		"{\"commands\":[{\"command\":\"listDevices\",\"limit\":0}]}",
		"{\"commands\":[{\"command\":\"ackPending\"}]}",
		"{\"commands\":[{\"command\":\"getInfo\","
		"\"correlationData\":7}]}",
	};
	struct fixture *f = *state;
	struct mosquitto *plain = gate_client("plain", "x", "y", 5);

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		gate_control(f->op, texts[i]);
		if (!strstr(gate_published("$CONTROL/ztp/v1/response", NULL),
			    "INVALID_ARGUMENT"))
			fail_msg("%s: %s", texts[i],
				 gate_published("$CONTROL/ztp/v1/response",
						NULL));
	}
	gate_control(plain, "{\"commands\":[{\"command\":\"getInfo\"}]}");
	assert_non_null(gate_published("$CONTROL/ztp/v1/response",
				       "PERMISSION_DENIED"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_direct),
		T(test_custom_in_place),
		T(test_squatter_ends_before_the_answer),
		T(test_sighup),
		T(test_a_pointer_that_comes_back_is_nobody),
		T(test_restored_sessions),
		T(test_offered_until_acknowledged),
		T(test_wills),
		T(test_bad_commands),
#undef T
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
