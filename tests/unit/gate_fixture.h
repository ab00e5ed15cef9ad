/*
 * tests/unit/gate_fixture.h - a gate in the broker of gate_broker.h, with two
 * registries (direct and custom) that trust the same CA, two of its leaves, and
 * an operator.
 */
#ifndef ZTP_TESTS_GATE_FIXTURE_H
#define ZTP_TESTS_GATE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "certs.h"
#include "gate/control_queue.h"
#include "gate/outbox.h"
#include "gate_broker.h"
#include "ztp/codec.h"

#define DIRECT "subscriptions/acme/registries/direct/devices/"
#define CUSTOM "subscriptions/acme/registries/custom/devices/"
#define OP     "bridge"

/* The plugin's entry points. They are pointers because this file is also linked
 * into tests without a gate. */
struct gate_entry {
	int (*init)(mosquitto_plugin_id_t *id, void **userdata,
		    struct mosquitto_opt *options, int count);
	int (*cleanup)(void *userdata, struct mosquitto_opt *options,
		       int count);
	void (*settle)(void *gate);
};

/* What the gate has written becomes durable, and what waited for it goes out.
 * For tests that are linked with a gate. */
static inline void gate_settle(void *userdata)
{
	struct ztp_gate *gate = userdata;

	if (gate) {
		while (gate->commands.first)
			ztp_control_tick(gate);
		ztp_gate_commit(gate);
		ztp_db_wait(gate->db);
		ztp_outbox_tick(gate);
	}
}

struct gate_fixture {
	char folder[64], db[96];
	EVP_PKEY *ca_key, *keys[2];
	X509 *ca, *leaves[2];
	char *texts[2]; /* base64 DER */
	char fingerprints[2][ZTP_SHA256_HEX];
	const struct gate_entry *entry;
	void *gate;
	const char *command_topic; /* NULL: the default */
	struct mosquitto *op;
};

int gate_setup_group(void **state, const struct gate_entry *entry);
/* The same for a test that is linked with the gate. */
static inline int gate_setup_plugin(void **state)
{
	static const struct gate_entry entry = {
		mosquitto_plugin_init, mosquitto_plugin_cleanup, gate_settle};

	return gate_setup_group(state, &entry);
}
int gate_teardown_group(void **state);
/* Runs the tests in a broker of either release. Returns how many failed. */
static inline int gate_run_both(const struct CMUnitTest *tests, size_t count)
{
	int failed = 0;

	for (int release = 0; release < 2; release++) {
		gate_broker.is_2_1 = release == 1;
		failed += _cmocka_run_group_tests(
			release ? "Mosquitto 2.1" : "Mosquitto 2.0", tests,
			count, gate_setup_plugin, gate_teardown_group);
	}
	return failed;
}
int gate_setup(void **state);
int gate_teardown(void **state);
int gate_load(struct gate_fixture *f);
void gate_unload(struct gate_fixture *f);

/* Sends a command with these members. Returns the text of the response. */
const char *gate_command(struct gate_fixture *f, const char *members);
void gate_ok(struct gate_fixture *f, const char *members);
void gate_says(struct gate_fixture *f, const char *members, const char *code);
/* A command on the fixture's CA: addRegistryCa or removeRegistryCa. */
void gate_says_ca(struct gate_fixture *f, const char *command,
		  const char *registry, const char *code);
void gate_add_ca(struct gate_fixture *f, const char *registry);
void gate_create(struct gate_fixture *f, const char *path, int who,
		 const char *request, const char *expect);
/* As the bridge rejects. seconds: the cool-down. */
void gate_reject(struct gate_fixture *f, const char *path,
		 const char *fingerprint, int seconds, const char *expect);

/* Clients with leaf number `who`, not connected yet. They belong to the broker,
 * a proof to the caller. */
char *gate_proof(struct gate_fixture *f, int who, int64_t lifetime_s);
struct mosquitto *gate_first(struct gate_fixture *f, const char *path, int who);
struct mosquitto *gate_unused(struct gate_fixture *f, const char *path,
			      int who);
bool gate_can(struct mosquitto *client, int access, const char *topic);

/* What the registry's database answers: the first column of the one row. */
int64_t gate_number(struct gate_fixture *f, const char *sql);

#endif
