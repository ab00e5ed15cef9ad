/* What a hostile device, another registry's customer or a careless operator
 * might try. Each of these worked once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/acl.h"
#include "gate_nonsense.h"

#define EVIL "subscriptions/evil/registries/custom/devices/"

static void add_registry(struct gate_fixture *f, const char *name,
			 const char *mode)
{
	char members[256];

	(void)snprintf(members, sizeof(members),
		       "\"command\":\"createRegistry\",\"registry\":\"%s\","
		       "\"onboarding\":\"%s\"",
		       name, mode);
	gate_ok(f, members);
	gate_add_ca(f, name);
}

static int setup_shared(void **state)
{
	struct gate_fixture *f = *state;

	f->command_topic = "/devices/{device}/commands";
	gate_setup(state);
	add_registry(f, "evil/custom", "custom");
	return 0;
}

static int teardown(void **state)
{
	struct gate_fixture *f = *state;

	f->command_topic = NULL;
	return gate_teardown(state);
}

static bool reads(struct mosquitto *client, const char *topic)
{
	return gate_can(client, MOSQ_ACL_SUBSCRIBE, topic) ||
	       gate_can(client, MOSQ_ACL_READ, topic);
}

/* ---- two paths with the same command topic */

static void test_a_device_keeps_its_topic(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	struct mosquitto *other = gate_first(f, EVIL "a", 1);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_true(reads(device, "/devices/a/commands"));
	assert_int_equal(gate_connect(other), MOSQ_ERR_AUTH);
	assert_false(reads(other, "/devices/a/commands"));
	gate_tick();
	assert_non_null(gate_published("ztp/v1/audit", "topic_in_use"));
	assert_null(gate_published("ztp/v1/pending", NULL));
	/* the first one has it, also after a restart */
	gate_unload(f);
	assert_int_equal(gate_load(f), 0);
	assert_int_equal(gate_connect(gate_first(f, EVIL "a", 1)),
			 MOSQ_ERR_AUTH);
	/* free again */
	gate_ok(f,
		"\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT "a\"");
	assert_int_equal(gate_connect(gate_first(f, EVIL "a", 1)),
			 MOSQ_ERR_SUCCESS);
}

static void test_a_squatter_on_anothers_topic(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *evil = gate_first(f, EVIL "b", 0);
	struct mosquitto *again;

	evil->clean_start = false;
	assert_int_equal(gate_connect(evil), MOSQ_ERR_SUCCESS);
	assert_true(reads(evil, "/devices/b/commands"));
	/* two candidates do not read one topic, but both are announced */
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 1)),
			 MOSQ_ERR_AUTH);
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", NULL), 2);
	gate_create(f, CUSTOM "b", 1, "r1", "\"created\":true");
	assert_true(evil->kicked);
	assert_false(reads(evil, "/devices/b/commands"));
	gate_create(f, EVIL "b", 0, "r2", "ALREADY_EXISTS");
	again = gate_first(f, EVIL "b", 0);
	again->clean_start = false;
	assert_int_equal(gate_connect(again), MOSQ_ERR_AUTH);
	assert_int_equal(gate_connect(gate_unused(f, CUSTOM "b", 1)),
			 MOSQ_ERR_SUCCESS);
}

static void test_a_squatter_that_is_away(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *evil = gate_first(f, EVIL "c", 0);
	struct mosquitto *device = gate_first(f, DIRECT "c", 1);

	evil->clean_start = false;
	assert_int_equal(gate_connect(evil), MOSQ_ERR_SUCCESS);
	assert_true(reads(evil, "/devices/c/commands"));
	gate_disconnect(evil);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	/* nothing is queued for it */
	assert_false(gate_can(evil, MOSQ_ACL_READ, "/devices/c/commands"));
	assert_true(reads(device, "/devices/c/commands"));
}

/* A device called `subscriptions` would read all others' events, one called
 * `v1` the gate's own topics. */
static void test_a_template_that_reaches_others_does_not_start(void **state)
{
	static const char *const bad[] = {"{device}", "{subscription}/{device}",
					  "ztp/{device}",
					  "{device_path}/{device}"};
	struct gate_fixture *f = *state;

	gate_unload(f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		gate_broker.log[0] = '\0';
		f->command_topic = bad[i];
		assert_int_not_equal(gate_load(f), 0);
		assert_non_null(strstr(gate_broker.log,
				       "plugin_opt_command_topic topic"));
	}
	f->gate = NULL;
}

/* ---- audit */

static void test_what_changes_something_is_always_told(void **state)
{
	struct gate_fixture *f = *state;

	for (int i = 0; i < 400; i++)
		nonsense(DIRECT "a", i, "192.0.2.1");
	assert_int_equal(gate_connect(gate_first(f, DIRECT "x", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "x", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_non_null(gate_published("ztp/v1/audit", "\"created\""));
	assert_non_null(gate_published("ztp/v1/audit", "\"held\""));
}

static void test_refusals_do_not_crowd_out_the_accepted(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_disconnect(device);
	for (int i = 0; i < 400; i++)
		nonsense(DIRECT "a", i, "192.0.2.1");
	assert_int_equal(gate_connect(gate_unused(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_non_null(gate_published("ztp/v1/audit", "\"connected\""));
}

/* From as many addresses as there are. */
static void test_audit_is_bounded(void **state)
{
	static char addresses[2000][32];
	size_t told;

	(void)state;
	for (int i = 0; i < 2000; i++)
		(void)snprintf(addresses[i], sizeof(addresses[i]), "10.0.%d.%d",
			       i / 250, i % 250);
	for (int i = 0; i < 6000; i++)
		nonsense(DIRECT "a", i, addresses[i % 2000]);
	told = gate_published_count("ztp/v1/audit", "bad_proof");
	assert_in_range(told, 1000, 1500);
	gate_tick();
	assert_non_null(gate_published("ztp/v1/audit", "audit_limited"));
	assert_in_range(gate_published_count("ztp/v1/audit", "audit_limited"),
			1, 22);
}

/* Device a is known, but its row can not be read any more. */
static void break_row(struct gate_fixture *f)
{
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	sqlite3 *db;

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_disconnect(device);
	gate_unload(f);
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "UPDATE devices SET spki_sha256 = 'x'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(gate_load(f), 0);
	gate_broker.log[0] = '\0';
}

/* A fault that every CONNECT meets. */
static void test_the_log_is_bounded(void **state)
{
	struct gate_fixture *f = *state;
	char *jwt = gate_proof(f, 0, 3600);
	size_t lines = 0;

	break_row(f);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
			refused(gate_client(DIRECT "a", "unused", jwt, 5),
				"192.0.2.1"),
			MOSQ_ERR_AUTH);
	for (const char *at = gate_broker.log;
	     (at = strstr(at, "is not valid")) != NULL; at++)
		lines++;
	assert_in_range(lines, 60, 70);
	free(jwt);
}

/* The same by an operator's commands. */
static void test_commands_do_not_fill_the_log(void **state)
{
	struct gate_fixture *f = *state;
	size_t lines = 0;

	break_row(f);
	for (int i = 0; i < 1000; i++)
		gate_says(f,
			  "\"command\":\"getDevice\","
			  "\"device_path\":\"" DIRECT "a\"",
			  "UNAVAILABLE");
	for (const char *at = gate_broker.log;
	     (at = strstr(at, "is not valid")) != NULL; at++)
		lines++;
	assert_in_range(lines, 60, 70);
}

static void test_a_removed_ca_is_told(void **state)
{
	struct gate_fixture *f = *state;
	char *pem = certs_pem(f->ca), *lines = certs_lines(pem, "\\n");
	struct mosquitto *held = gate_first(f, CUSTOM "x", 0);
	char members[3072];

	assert_int_equal(gate_connect(held), MOSQ_ERR_SUCCESS);
	(void)snprintf(members, sizeof(members),
		       "\"command\":\"removeRegistryCa\",\"registry\":"
		       "\"acme/custom\",\"pem\":\"%s\"",
		       lines);
	gate_says(f, members, "\"ended\":1");
	free(lines);
	free(pem);
	assert_non_null(gate_published("ztp/v1/audit", "\"ca_removed\""));
	gate_tick();
	assert_true(held->kicked);
}

/* ---- sessions */

static void test_a_held_session_from_the_brokers_file(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, CUSTOM "a", 0);

	device->clean_start = false;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/commands"));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/subscribed", NULL), 1);
	gate_disconnect(device);
	gate_unload(f);
	assert_int_equal(gate_load(f), 0);
	/* the broker reports "session present", so nobody subscribes again */
	device = gate_first(f, CUSTOM "a", 0);
	device->clean_start = false;
	device->sub_count = 1;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/subscribed", "held"), 2);
}

static void test_one_of_two_subscriptions_remains(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	const char *get = "\"command\":\"getDevice\",\"device_path\":"
			  "\"" DIRECT "a\"";

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	assert_true(
		gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands/#"));
	assert_true(gate_can(device, MOSQ_ACL_UNSUBSCRIBE, "#"));
	assert_true(
		gate_can(device, MOSQ_ACL_UNSUBSCRIBE, DIRECT "a/commands/#"));
	gate_says(f, get, "\"subscribed\":true");
	assert_true(
		gate_can(device, MOSQ_ACL_UNSUBSCRIBE, DIRECT "a/commands"));
	gate_says(f, get, "\"subscribed\":false");
}

static void test_a_kick_hits_no_pointer_that_came_back(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	struct mosquitto *next = gate_first(f, DIRECT "b", 1);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_ok(f,
		"\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT "a\"");
	/* it disconnects, and another connection gets its memory */
	gate_disconnect(device);
	gate_client_swap(device, next);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_false(device->kicked);
}

/* ---- limits, the store */

static void public_key(struct gate_fixture *f, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem, *lines;
	long len;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, f->keys[0]), 1);
	assert_int_equal(BIO_write(bio, "", 1), 1);
	len = BIO_get_mem_data(bio, &pem);
	assert_true(len > 0);
	lines = certs_lines(pem, "\\n");
	(void)snprintf(out, size, "%s", lines);
	free(lines);
	BIO_free(bio);
}

static void test_devices_of_a_certificate_by_hand(void **state)
{
	struct gate_fixture *f = *state;
	char pem[512], members[2048];

	public_key(f, pem, sizeof(pem));
	for (int i = 0; i <= 16; i++) {
		(void)snprintf(members, sizeof(members),
			       "\"command\":\"createDevice\",\"device_path\":"
			       "\"" CUSTOM "d%d\",\"fingerprint_sha256\":\"%s"
			       "\",\"request_id\":\"r%d\",\"public_key\":\"%s"
			       "\"",
			       i, f->fingerprints[0], i, pem);
		gate_says(f, members,
			  i < 16 ? "\"created\":true" : "RESOURCE_EXHAUSTED");
	}
}

static void test_a_rejected_candidate_keeps_no_certificate(void **state)
{
	struct gate_fixture *f = *state;
	sqlite3_stmt *stmt;
	sqlite3 *db;

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_reject(f, CUSTOM "a", f->fingerprints[0], 0, "\"rejected\":true");
	gate_tick();
	gate_unload(f);
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT sum(length(der)), count(*) "
					    "FROM candidates",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(stmt, 0), 0);
	assert_int_equal(sqlite3_column_int(stmt, 1), 1);
	sqlite3_finalize(stmt);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	/* and is announced again, complete, after its cool-down */
	assert_int_equal(gate_load(f), 0);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_non_null(gate_published("ztp/v1/pending", "\"attempt\":2"));
	gate_create(f, CUSTOM "a", 0, "r", "\"created\":true");
}

/* The broker would keep each of them. */
static void test_filters_without_end(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	device->sub_count = ZTP_SUBSCRIPTIONS_MAX - 1;
	assert_true(
		gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands/1"));
	device->sub_count = ZTP_SUBSCRIPTIONS_MAX;
	assert_false(
		gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands/2"));
	assert_false(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/config/+"));
	assert_true(gate_can(device, MOSQ_ACL_READ, DIRECT "a/config/x"));
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	assert_true(
		gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands/#"));
	assert_true(
		gate_can(device, MOSQ_ACL_UNSUBSCRIBE, DIRECT "a/commands/1"));
	/* one that has no connection is not asking for any */
	device->clean_start = false;
	gate_disconnect(device);
	assert_true(
		gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands/3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_filters_without_end, gate_setup),
		T(test_a_device_keeps_its_topic, setup_shared),
		T(test_a_squatter_on_anothers_topic, setup_shared),
		T(test_a_squatter_that_is_away, setup_shared),
		T(test_a_template_that_reaches_others_does_not_start,
		  gate_setup),
		T(test_what_changes_something_is_always_told, gate_setup),
		T(test_refusals_do_not_crowd_out_the_accepted, gate_setup),
		T(test_audit_is_bounded, gate_setup),
		T(test_the_log_is_bounded, gate_setup),
		T(test_commands_do_not_fill_the_log, gate_setup),
		T(test_a_removed_ca_is_told, gate_setup),
		T(test_a_held_session_from_the_brokers_file, gate_setup),
		T(test_one_of_two_subscriptions_remains, gate_setup),
		T(test_a_kick_hits_no_pointer_that_came_back, gate_setup),
		T(test_devices_of_a_certificate_by_hand, gate_setup),
		T(test_a_rejected_candidate_keeps_no_certificate, gate_setup),
#undef T
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
