/* While the disk fails, nobody is let in, given a device's rights or ended because
 * of what is most likely lost, and what it costs to go on with what the disk has
 * does not grow with what the gate knows. gate_broker.c plays the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/gate.h"
#include "gate/topics.h"
#include "gate_full.h"
#include "gate_rows.h"
#include "ztp/gate_protocol.h"

#define SHARED	   "/devices/{device}/commands"
#define SUBSCRIBED "ztp/v1/subscribed"
#define DEVICES	   3000
#define AS_TEXT(n) #n
#define TEXT(n)	   AS_TEXT(n)
#define TRIES	   12

static struct mosquitto *held(struct gate_fixture *f, const char *path)
{
	struct mosquitto *device = gate_first(f, path, 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	return device;
}

static size_t not_stored(void)
{
	return gate_published_count(GATE_AUDIT, "not_stored");
}

/* Those who are refused come again; they are not let in and then sent away. */
static void nobody_is_let_in_on_credit(void **state)
{
	struct gate_fixture *f = *state;
	size_t before;

	gate_fill_disk(f);
	before = not_stored();
	for (int i = 0; i < 3; i++) {
		gate_refuses(f, CUSTOM "a", DIRECT "a", 1);
	}
	assert_int_equal(not_stored(), before);
	assert_non_null(gate_published(GATE_AUDIT, "unavailable"));
	gate_set_full(false);
	gate_let_it_rest();
	(void)held(f, CUSTOM "a");
	assert_int_equal(gate_published_count(ZTP_MQTT_PENDING, CUSTOM "a"), 1);
}

static void is_held(struct mosquitto *device, const char *path)
{
	char topic[256];

	assert_false(device->kicked);
	(void)snprintf(topic, sizeof(topic), "%s/commands", path);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, topic));
	(void)snprintf(topic, sizeof(topic), "%s/events/x", path);
	assert_false(gate_can(device, MOSQ_ACL_WRITE, topic));
}

/* The thread fails when the device has a device's rights already. */
static void it_is_held_again(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = held(f, CUSTOM "h");
	char json[512];

	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, CUSTOM "h/commands"));
	gate_tick();
	gate_set_full(true);
	(void)snprintf(json, sizeof(json),
		       "{\"commands\":[{\"command\":\"createDevice\","
		       "\"device_path\":\"" CUSTOM "h\",\"request_id\":\"r\","
		       "\"fingerprint_sha256\":\"%s\"}]}",
		       f->fingerprints[0]);
	gate_control(f->op, json);
	gate_tick();
	gate_tick();
	assert_non_null(
		strstr(gate_published(ZTP_MQTT_RESPONSE, NULL), "UNAVAILABLE"));
	assert_null(gate_published(SUBSCRIBED, "\"device\""));
	gate_tick();
	assert_int_equal(
		gate_published_count(CUSTOM "h/commands", "\"pending\""), 2);
	is_held(device, CUSTOM "h");
	assert_int_equal(not_stored(), 0);
	gate_set_full(false);
	gate_let_it_rest();
	gate_create(f, CUSTOM "h", 0, "r", "\"created\":true");
	assert_true(gate_can(device, MOSQ_ACL_WRITE, CUSTOM "h/events/x"));
	gate_tick();
	assert_non_null(gate_published(SUBSCRIBED, "\"device\""));
	assert_false(device->kicked);
}

/* However often the bridge tries. */
static void held_sessions_stay(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = held(f, CUSTOM "h");
	struct mosquitto *other = held(f, CUSTOM "o");

	gate_fill_disk(f);
	for (int i = 0; i < 3; i++) {
		gate_let_it_rest();
		gate_create(f, CUSTOM "h", 0, "r", "UNAVAILABLE");
		gate_let_it_rest();
		gate_reject(f, CUSTOM "o", f->fingerprints[0], 60,
			    "UNAVAILABLE");
		gate_tick();
		is_held(device, CUSTOM "h");
		is_held(other, CUSTOM "o");
	}
	gate_set_full(false);
	gate_let_it_rest();
	gate_create(f, CUSTOM "h", 0, "r", "\"created\":true");
	gate_reject(f, CUSTOM "o", f->fingerprints[0], 60, "\"rejected\":true");
	gate_tick();
	assert_false(device->kicked);
	assert_true(other->kicked);
}

/* One with another key loses its path only to a device that is stored. */
static void a_contender_stays(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *first = held(f, CUSTOM "h"), *second;

	gate_disconnect(first);
	second = gate_first(f, CUSTOM "h", 1);
	assert_int_equal(gate_connect(second), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_fill_disk(f);
	gate_let_it_rest();
	gate_create(f, CUSTOM "h", 0, "r", "UNAVAILABLE");
	gate_tick();
	is_held(second, CUSTOM "h");
	gate_set_full(false);
	gate_let_it_rest();
	gate_create(f, CUSTOM "h", 0, "r", "\"created\":true");
	assert_true(second->kicked);
}

/* When a candidate was seen last is not worth a refusal. */
static void one_that_was_seen_long_ago(void **state)
{
	static const char long_ago[] =
		"UPDATE candidates SET seen_at = seen_at - 7200000";
	struct gate_fixture *f = *state;

	gate_disconnect(held(f, CUSTOM "h"));
	gate_change(f, long_ago);
	gate_fill_disk(f);
	for (int i = 0; i < 3; i++) {
		struct mosquitto *device = gate_first(f, CUSTOM "h", 0);

		assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
		gate_tick();
		is_held(device, CUSTOM "h");
		gate_disconnect(device);
	}
}

/* ---- a template with which two paths may have one topic */

static int begin_shared(void **state)
{
	struct gate_fixture *f = *state;

	f->command_topic = SHARED;
	return gate_full_begin(state);
}

static int end_shared(void **state)
{
	struct gate_fixture *f = *state;

	f->command_topic = NULL;
	return gate_full_end(state);
}

/* Whoever connects while others' writes are lost. */
static void known_ones_stay(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = held(f, DIRECT "a");
	struct mosquitto *waits = held(f, CUSTOM "h");

	gate_disconnect(device);
	gate_disconnect(waits);
	device = gate_unused(f, DIRECT "a", 0);
	waits = gate_first(f, CUSTOM "h", 0);
	gate_set_full(true);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 1)),
			 MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_int_equal(gate_connect(waits), MOSQ_ERR_SUCCESS);
	gate_tick();
	gate_tick();
	assert_false(device->kicked);
	assert_false(waits->kicked);
	assert_int_equal(not_stored(), 1);
	assert_true(
		gate_can(device, MOSQ_ACL_SUBSCRIBE, "/devices/a/commands"));
	assert_true(gate_can(waits, MOSQ_ACL_SUBSCRIBE, "/devices/h/commands"));
}

static bool is_taken(struct gate_fixture *f, const char *text)
{
	const struct ztp_gate *gate = f->gate;
	struct ztp_path path;

	assert_int_equal(ztp_path_parse(&path, text, strlen(text), NULL), 0);
	return ztp_topics_taken(gate->topics, &path);
}

/* A topic is given and freed with the device's record. */
static void a_lost_topic(void **state)
{
	static const char delete_a[] = "\"command\":\"deleteDevice\","
				       "\"device_path\":\"" DIRECT "a\"";
	struct gate_fixture *f = *state;

	gate_disconnect(held(f, DIRECT "a"));
	assert_true(is_taken(f, CUSTOM "a"));
	gate_set_full(true);
	assert_int_equal(gate_connect(gate_first(f, DIRECT "b", 1)),
			 MOSQ_ERR_SUCCESS);
	(void)gate_command(f, delete_a);
	assert_false(is_taken(f, CUSTOM "a"));
	assert_true(is_taken(f, CUSTOM "b"));
	gate_tick();
	gate_tick();
	assert_true(is_taken(f, CUSTOM "a"));
	assert_false(is_taken(f, DIRECT "a"));
	assert_false(is_taken(f, CUSTOM "b"));
	/* and when it is rolled back */
	gate_let_it_rest();
	gate_says(f, delete_a, "UNAVAILABLE");
	assert_true(is_taken(f, CUSTOM "a"));
	gate_set_full(false);
	gate_let_it_rest();
	gate_ok(f, delete_a);
	gate_tick();
	assert_false(is_taken(f, CUSTOM "a"));
}

/* ---- what it costs */

static const char many[] =
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
	"i < " TEXT(
		DEVICES) ") INSERT INTO devices(path, registry, fingerprint, "
			 "spki_sha256, spki, onboarding, request_id, "
			 "created_at, identity) "
			 "SELECT '" DIRECT
			 "many-' || i, 'acme/direct', zeroblob(32), "
			 "zeroblob(32), x'00', 'direct', 'r', 1, zeroblob(32) "
			 "FROM n";

/* The database is opened again, and nothing of all devices is read. */
static void many_devices_cost_no_more(void **state)
{
	struct gate_fixture *f = *state;

	gate_change(f, many);
	gate_unload(f);
	assert_int_equal(gate_load(f), 0);
	assert_true(is_taken(f, CUSTOM "many-7"));
	assert_int_equal(gate_registry(f, "direct")->counts.devices, DEVICES);
	gate_fill_disk(f);
	assert_in_range(gate_steps(f), 0, DEVICES / 2);
	assert_true(is_taken(f, CUSTOM "many-7"));
	assert_int_equal(gate_registry(f, "direct")->counts.devices, DEVICES);
	assert_int_equal(gate_registry(f, "custom")->counts.candidates, 0);
}

static sqlite3 *handle_of(struct gate_fixture *f)
{
	static const char sql[] = "SELECT 1";
	struct ztp_gate *gate = f->gate;

	return sqlite3_db_handle(ztp_db_use(gate->db, sql, NULL));
}

/* Has it been opened again since the last time? A handle is told by a limit that
 * nothing else changes. */
static bool was_opened(struct gate_fixture *f)
{
	return sqlite3_limit(handle_of(f), SQLITE_LIMIT_TRIGGER_DEPTH, 7) != 7;
}

/* There is room for one, and then there is none, again and again. */
static void it_is_not_opened_each_time(void **state)
{
	struct gate_fixture *f = *state;
	int opened = 0, come = 0;
	char path[96];

	(void)was_opened(f);
	for (int i = 0; i < TRIES; i++) {
		gate_set_full(false);
		gate_let_it_rest();
		(void)snprintf(path, sizeof(path), CUSTOM "a-%d", i);
		come += gate_connect(gate_first(f, path, 0)) == 0;
		gate_tick();
		gate_set_full(true);
		(void)gate_connect(gate_first(f, CUSTOM "b", 1));
		gate_tick();
		gate_tick();
		opened += was_opened(f);
	}
	assert_int_equal(come, TRIES);
	assert_in_range(opened, 1, TRIES / 2);
}

static void each_time_it_takes_longer(void **state)
{
	struct ztp_trust trust = {0};
	int64_t before = 0;

	(void)state;
	assert_true(ztp_trust_has(&trust));
	for (int i = 0; i < 10; i++) {
		int64_t ms;

		ztp_trust_lose(&trust, 0);
		assert_false(ztp_trust_has(&trust));
		ms = trust.until - trust.lost_at;
		assert_true(ms == ZTP_REST_MAX_MS ||
			    ms == (i ? 2 * before : ZTP_REST_MIN_MS));
		before = ms;
	}
	assert_int_equal(before, ZTP_REST_MAX_MS);
	/* all is well for a long time */
	trust.lost_at -= 3600 * 1000;
	trust.until -= 3600 * 1000;
	ztp_trust_lose(&trust, 20);
	assert_int_equal(trust.until - trust.lost_at, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, gate_full_begin, gate_full_end)
#define S(name) cmocka_unit_test_setup_teardown(name, begin_shared, end_shared)
		T(nobody_is_let_in_on_credit),
		T(it_is_held_again),
		T(held_sessions_stay),
		T(a_contender_stays),
		T(one_that_was_seen_long_ago),
		S(known_ones_stay),
		S(a_lost_topic),
		S(many_devices_cost_no_more),
		T(it_is_not_opened_each_time),
		cmocka_unit_test(each_time_it_takes_longer),
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
