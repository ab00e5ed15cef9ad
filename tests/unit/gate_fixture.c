#include "gate_fixture.h"

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

static int64_t now_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

int gate_load(struct gate_fixture *f)
{
	struct mosquitto_opt options[] = {
		{(char *)"registry_db", f->db},
		{(char *)"operators", (char *)OP},
		{(char *)"command_topic", (char *)f->command_topic},
	};

	return f->entry->init(NULL, &f->gate, options,
			      f->command_topic ? 3 : 2);
}

void gate_unload(struct gate_fixture *f)
{
	assert_int_equal(f->entry->cleanup(f->gate, NULL, 0), 0);
	f->gate = NULL;
}

int gate_setup_group(void **state, const struct gate_entry *entry)
{
	struct gate_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->entry = entry;
	gate_broker.settle = entry->settle;
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

int gate_teardown_group(void **state)
{
	struct gate_fixture *f = *state;

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

const char *gate_command(struct gate_fixture *f, const char *members)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), "{\"commands\":[{%s}]}", members);
	gate_control(f->op, text);
	return gate_published("$CONTROL/ztp/v1/response", NULL);
}

void gate_ok(struct gate_fixture *f, const char *members)
{
	const char *answer = gate_command(f, members);

	if (!strstr(answer, "\"code\":\"OK\""))
		fail_msg("%s: %s", members, answer);
}

void gate_says(struct gate_fixture *f, const char *members, const char *code)
{
	const char *answer = gate_command(f, members);

	if (!strstr(answer, code))
		fail_msg("%s: %s", members, answer);
}

void gate_says_ca(struct gate_fixture *f, const char *command,
		  const char *registry, const char *code)
{
	char *pem = certs_pem(f->ca), *lines = certs_lines(pem, "\\n");
	char members[3072];

	(void)snprintf(members, sizeof(members),
		       "\"command\":\"%s\",\"registry\":\"%s\",\"pem\":\"%s\"",
		       command, registry, lines);
	gate_says(f, members, code);
	free(lines);
	free(pem);
}

void gate_add_ca(struct gate_fixture *f, const char *registry)
{
	gate_says_ca(f, "addRegistryCa", registry, "\"code\":\"OK\"");
}

int gate_setup(void **state)
{
	struct gate_fixture *f = *state;

	memcpy(f->folder, "/tmp/ztp-gate-XXXXXX", 21);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->db, sizeof(f->db), "%s/gate.db", f->folder);
	assert_int_equal(gate_load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	assert_int_equal(gate_connect(f->op), MOSQ_ERR_PLUGIN_DEFER);
	gate_ok(f,
		"\"command\":\"createRegistry\",\"registry\":\"acme/direct\","
		"\"onboarding\":\"direct\"");
	gate_ok(f,
		"\"command\":\"createRegistry\",\"registry\":\"acme/custom\"");
	gate_add_ca(f, "acme/direct");
	gate_add_ca(f, "acme/custom");
	return 0;
}

int gate_teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct gate_fixture *f = *state;
	char path[128];

	if (f->gate)
		gate_unload(f);
	gate_broker_reset();
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->db, ends[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	return 0;
}

char *gate_proof(struct gate_fixture *f, int who, int64_t lifetime_s)
{
	char claims[128];
	long long now = (long long)time(NULL);

	(void)snprintf(claims, sizeof(claims), "{\"iat\":%lld,\"exp\":%lld}",
		       now, now + (long long)lifetime_s);
	return certs_jwt(f->keys[who], "{\"alg\":\"ES256\"}", claims);
}

struct mosquitto *gate_first(struct gate_fixture *f, const char *path, int who)
{
	char *jwt = gate_proof(f, who, 3600);
	struct mosquitto *client = gate_client(path, f->texts[who], jwt, 5);

	free(jwt);
	return client;
}

struct mosquitto *gate_unused(struct gate_fixture *f, const char *path, int who)
{
	char *jwt = gate_proof(f, who, 3600);
	struct mosquitto *client = gate_client(path, "unused", jwt, 5);

	free(jwt);
	return client;
}

void gate_create(struct gate_fixture *f, const char *path, int who,
		 const char *request, const char *expect)
{
	char members[1024];

	(void)snprintf(members, sizeof(members),
		       "\"command\":\"createDevice\",\"device_path\":\"%s\","
		       "\"fingerprint_sha256\":\"%s\",\"request_id\":\"%s\"",
		       path, f->fingerprints[who], request);
	gate_says(f, members, expect);
}

void gate_reject(struct gate_fixture *f, const char *path,
		 const char *fingerprint, int seconds, const char *expect)
{
	char members[1024];

	(void)snprintf(members, sizeof(members),
		       "\"command\":\"rejectDevice\",\"device_path\":\"%s\","
		       "\"fingerprint_sha256\":\"%s\",\"retry_after_s\":%d",
		       path, fingerprint, seconds);
	gate_says(f, members, expect);
}

bool gate_can(struct mosquitto *client, int access, const char *topic)
{
	return gate_acl(client, access, topic, false) == MOSQ_ERR_SUCCESS;
}

int64_t gate_number(struct gate_fixture *f, const char *sql)
{
	struct ztp_gate *gate = f->gate;
	sqlite3_stmt *stmt = ztp_db_use(gate->db, sql, NULL);
	int64_t value;

	assert_non_null(stmt);
	value = ztp_db_count(gate->db, stmt, NULL);
	assert_true(value >= 0);
	return value;
}
