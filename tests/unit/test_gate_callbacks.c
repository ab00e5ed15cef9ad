/* The plugin's callbacks. gate_broker.c plays the broker. */
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

#include "gate_fixture.h"

static void test_direct(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_int_equal(strncmp(device->username, "ztp:", 4), 0);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	assert_non_null(gate_published(DIRECT "a/commands", "\"approved\""));
	assert_non_null(gate_published("ztp/v1/subscribed", DIRECT "a"));
	assert_non_null(gate_published("ztp/v1/audit", "\"created\""));
	gate_disconnect(device);
	assert_int_equal(gate_connect(gate_unused(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(gate_unused(f, DIRECT "a", 1)),
			 MOSQ_ERR_AUTH);
	assert_int_equal(gate_connect(gate_first(f, DIRECT "a", 1)),
			 MOSQ_ERR_AUTH);
	gate_tick();
	assert_non_null(gate_published("ztp/v1/audit", "device_exists"));
}

static void test_custom_in_place(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, CUSTOM "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_null(gate_published("ztp/v1/pending", NULL));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", f->texts[0]),
			 1);
	assert_null(
		strstr(gate_published("ztp/v1/pending", NULL), "eyJhbGciOi"));
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/commands"));
	assert_false(gate_can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/config"));
	gate_tick();
	assert_non_null(gate_published(CUSTOM "a/commands", "\"pending\""));
	gate_create(f, CUSTOM "a", 0, "r1", "\"created\":true");
	assert_false(device->kicked);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/config"));
	gate_create(f, CUSTOM "a", 0, "r1", "\"created\":false");
	gate_create(f, CUSTOM "a", 0, "r2", "ALREADY_EXISTS");
	gate_create(f, CUSTOM "a", 1, "r1", "ALREADY_EXISTS");
	gate_create(f, CUSTOM "b", 0, "r1", "FAILED_PRECONDITION");
}

static void test_squatter_ends_before_the_answer(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *squatter = gate_first(f, CUSTOM "a", 0);
	struct mosquitto *device;

	assert_int_equal(gate_connect(squatter), MOSQ_ERR_SUCCESS);
	assert_true(
		gate_can(squatter, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/commands"));
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 1)),
			 MOSQ_ERR_AUTH);
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", NULL), 2);
	gate_create(f, CUSTOM "a", 1, "r", "\"created\":true");
	assert_true(squatter->kicked);
	assert_false(gate_can(squatter, MOSQ_ACL_READ, CUSTOM "a/commands"));
	/* what the broker has stored under the id belongs to the squatter */
	device = gate_unused(f, CUSTOM "a", 1);
	device->clean_start = false;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_false(gate_can(device, MOSQ_ACL_READ, CUSTOM "a/commands"));
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "a/commands"));
	assert_true(gate_can(device, MOSQ_ACL_READ, CUSTOM "a/commands"));
}

static void test_sighup(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *live = gate_first(f, DIRECT "a", 0);
	struct mosquitto *away = gate_first(f, DIRECT "b", 0);
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
	/* without a reload event, only the live one is known */
	assert_int_equal(gate_auth(live), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_published_count("ztp/v1/audit", NULL), records);
}

/* 2.0 ends a session that is refused at a reload a second time, and then uses
 * it after it has been freed. */
static void test_a_reload_repeats_what_the_gate_has_ended(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	device->clean_start = false;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_ok(f,
		"\"command\":\"blockDevice\",\"device_path\":\"" DIRECT "a\"");
	gate_tick();
	assert_true(device->kicked);
	gate_reload();
	assert_int_equal(gate_auth(device), MOSQ_ERR_SUCCESS);
	assert_false(gate_can(device, MOSQ_ACL_READ, DIRECT "a/commands"));
	assert_false(gate_can(device, MOSQ_ACL_WRITE, DIRECT "a/events"));
	gate_tick();
	assert_int_equal(gate_auth(device), MOSQ_ERR_AUTH);
}

/* The broker asks about it after it has told that the session is over. */
static void test_a_will_of_a_session_that_is_not_kept(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	device->version = 4; /* 2.0 may keep any session of MQTT 5 */
	device->clean_start = true;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_disconnect(device);
	assert_true(gate_can(device, MOSQ_ACL_WRITE, DIRECT "a/state"));
	gate_tick();
	assert_false(gate_can(device, MOSQ_ACL_WRITE, DIRECT "a/state"));
}

/* With a delay it comes later, also when no session was asked for. */
static void test_a_late_will(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0), *again;

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_disconnect(device);
	gate_tick();
	gate_tick();
	assert_true(gate_can(device, MOSQ_ACL_WRITE, DIRECT "a/state"));
	assert_false(gate_can(device, MOSQ_ACL_WRITE, DIRECT "b/state"));
	again = gate_unused(f, DIRECT "a", 0);
	assert_int_equal(gate_connect(again), MOSQ_ERR_SUCCESS);
	assert_false(gate_can(device, MOSQ_ACL_WRITE, DIRECT "a/state"));
	gate_disconnect(again);
	gate_tick();
	gate_ok(f,
		"\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT "a\"");
	assert_false(gate_can(again, MOSQ_ACL_WRITE, DIRECT "a/state"));
}

static void test_a_pointer_that_comes_back_is_nobody(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_disconnect(device);
	/* the broker frees it, and an impostor gets the same memory */
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

/* When the username comes from a TLS certificate there is no BASIC_AUTH, and
 * such a client may have the memory of the device's old session. */
static void test_a_pointer_that_comes_back_past_the_gate(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	device->clean_start = false;
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_disconnect(device);
	assert_true(gate_can(device, MOSQ_ACL_READ, DIRECT "a/commands"));
	free(device->username);
	device->username = strdup("its certificate's CN");
	assert_false(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	assert_false(gate_can(device, MOSQ_ACL_WRITE, DIRECT "a/events/x"));
}

/* The broker keeps a session and later drops it without an event. Its memory is
 * gone before its proof expires. */
static void test_a_session_expires_before_its_proof(void **state)
{
	struct gate_fixture *f = *state;
	/* long enough to connect before it ends; later only the skew helps */
	char *jwt = gate_proof(f, 0, 3);
	struct mosquitto *away = gate_client(DIRECT "a", f->texts[0], jwt, 5);
	struct mosquitto *here = gate_client(DIRECT "b", f->texts[0], jwt, 5);
	time_t deadline = time(NULL) + 30;

	free(jwt);
	away->clean_start = false;
	assert_int_equal(gate_connect(away), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(here), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_disconnect(away);
	gate_client_forget(away);
	while (!here->kicked && time(NULL) < deadline) {
		(void)usleep(10 * 1000);
		gate_tick();
	}
	assert_true(here->kicked);
	assert_int_equal(gate_published_count("ztp/v1/audit", "expired_proof"),
			 1);
	gate_says(f,
		  "\"command\":\"getDevice\",\"device_path\":\"" DIRECT "a\"",
		  "\"live\":false");
	gate_ok(f,
		"\"command\":\"blockDevice\",\"device_path\":\"" DIRECT "a\"");
	gate_tick();
}

static void test_taken_over_while_away(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *away = gate_first(f, DIRECT "a", 0), *again;

	away->clean_start = false;
	assert_int_equal(gate_connect(away), MOSQ_ERR_SUCCESS);
	gate_disconnect(away);
	again = gate_unused(f, DIRECT "a", 0);
	assert_int_equal(gate_connect(again), MOSQ_ERR_SUCCESS);
	gate_client_forget(away);
	gate_tick();
	assert_true(gate_can(again, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_tick();
	gate_says(f,
		  "\"command\":\"getDevice\",\"device_path\":\"" DIRECT "a\"",
		  "\"subscribed\":true");
}

static void test_restored_sessions(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	struct mosquitto *restored;

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	restored = gate_client(DIRECT "a", device->username, NULL, 0);
	gate_disconnect(device);
	gate_unload(f);
	assert_int_equal(gate_load(f), 0);
	assert_int_equal(gate_auth(restored), MOSQ_ERR_SUCCESS);
	assert_true(gate_can(restored, MOSQ_ACL_READ, DIRECT "a/commands"));
	assert_false(gate_can(restored, MOSQ_ACL_READ, DIRECT "b/commands"));
	gate_ok(f,
		"\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT "a\"");
	assert_false(gate_can(restored, MOSQ_ACL_READ, DIRECT "a/commands"));
}

/* check_retain_source: the broker shows a client that is none. */
static void test_the_author_of_a_retained_message(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	struct mosquitto *author, *restored;

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	author = gate_client(DIRECT "a", device->username, NULL, 0);
	assert_true(gate_can(author, MOSQ_ACL_WRITE, DIRECT "a/state"));
	assert_false(gate_can(author, MOSQ_ACL_WRITE, DIRECT "b/state"));
	restored = gate_client(DIRECT "a", device->username, NULL, 0);
	gate_disconnect(device);
	gate_unload(f);
	assert_int_equal(gate_load(f), 0);
	assert_true(gate_can(author, MOSQ_ACL_WRITE, DIRECT "a/state"));
	assert_true(gate_can(restored, MOSQ_ACL_READ, DIRECT "a/commands"));
	assert_true(gate_can(author, MOSQ_ACL_WRITE, DIRECT "a/state"));
	assert_true(gate_can(restored, MOSQ_ACL_READ, DIRECT "a/commands"));
	gate_ok(f,
		"\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT "a\"");
	assert_false(gate_can(author, MOSQ_ACL_WRITE, DIRECT "a/state"));
}

static void test_offered_until_acknowledged(void **state)
{
	struct gate_fixture *f = *state;
	char id[64], members[256];
	const char *at;

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	at = strstr(gate_published("ztp/v1/pending", NULL), "request_id\":\"");
	(void)snprintf(id, sizeof(id), "%.36s", at + 13);
	/* somebody listens, then a restart */
	assert_true(gate_can(f->op, MOSQ_ACL_SUBSCRIBE, "ztp/#"));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", id), 2);
	gate_unload(f);
	assert_int_equal(gate_load(f), 0);
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", id), 3);
	(void)snprintf(members, sizeof(members),
		       "\"command\":\"ackPending\",\"request_ids\":[\"%s\"]",
		       id);
	gate_says(f, members, "\"acked\":1");
	gate_says(f, members, "\"acked\":0");
	assert_true(gate_can(f->op, MOSQ_ACL_SUBSCRIBE, "ztp/v1/pending"));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/pending", id), 3);
	/* acknowledged is not decided */
	gate_create(f, CUSTOM "a", 0, "r", "\"created\":true");
}

static void test_wills(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *next;

	assert_true(gate_can(f->op, MOSQ_ACL_WRITE, "$CONTROL/ztp/v1"));
	/* takeover: the will is published between BASIC_AUTH and DISCONNECT */
	next = gate_client("op", OP, "secret", 5);
	assert_int_equal(gate_auth(next), MOSQ_ERR_PLUGIN_DEFER);
	assert_false(gate_can(f->op, MOSQ_ACL_WRITE, "$CONTROL/ztp/v1"));
	gate_disconnect(f->op);
	assert_false(gate_can(f->op, MOSQ_ACL_WRITE, "ztp/v1/pending"));
	assert_true(gate_can(next, MOSQ_ACL_WRITE, "$CONTROL/ztp/v1"));
	/* refused: the old one continues */
	f->op = gate_client("op", OP, "wrong", 5);
	assert_int_equal(gate_auth(f->op), MOSQ_ERR_PLUGIN_DEFER);
	gate_refuse(f->op);
	assert_true(gate_can(next, MOSQ_ACL_WRITE, "$CONTROL/ztp/v1"));
	assert_false(gate_acl(next, MOSQ_ACL_WRITE, "ztp/x", true) ==
		     MOSQ_ERR_SUCCESS);
}

/* An operator's session may be kept as well. Its will is published while it is
 * away. */
static void test_will_of_a_session_that_is_kept(void **state)
{
	struct mosquitto *kept = gate_client("kept", OP, "secret", 5);

	(void)state;
	kept->clean_start = false;
	assert_int_equal(gate_auth(kept), MOSQ_ERR_PLUGIN_DEFER);
	assert_true(gate_can(kept, MOSQ_ACL_WRITE, "ztp/v1/pending"));
	gate_disconnect(kept);
	gate_tick();
	assert_false(gate_can(kept, MOSQ_ACL_WRITE, "ztp/v1/pending"));
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
	struct gate_fixture *f = *state;
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
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, gate_teardown)
		T(test_direct),
		T(test_custom_in_place),
		T(test_squatter_ends_before_the_answer),
		T(test_sighup),
		T(test_a_reload_repeats_what_the_gate_has_ended),
		T(test_a_will_of_a_session_that_is_not_kept),
		T(test_a_late_will),
		T(test_a_pointer_that_comes_back_is_nobody),
		T(test_a_pointer_that_comes_back_past_the_gate),
		T(test_a_session_expires_before_its_proof),
		T(test_taken_over_while_away),
		T(test_restored_sessions),
		T(test_the_author_of_a_retained_message),
		T(test_offered_until_acknowledged),
		T(test_wills),
		T(test_will_of_a_session_that_is_kept),
		T(test_bad_commands),
#undef T
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
