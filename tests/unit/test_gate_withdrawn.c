/* Candidates that end before anybody decided, and what the gate says about the
 * connection of a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_fixture.h"

#define WITHDRAWN "ztp/v1/withdrawn"
#define PENDING	  "ztp/v1/pending"

/* The id of the newest pending event of a path. */
static void pending_id(char id[37], const char *path)
{
	char needle[256];
	const char *text, *at;

	(void)snprintf(needle, sizeof(needle), "\"device_path\":\"%s\"", path);
	text = gate_published(PENDING, needle);
	assert_non_null(text);
	at = strstr(text, "\"request_id\":\"");
	assert_non_null(at);
	memcpy(id, at + strlen("\"request_id\":\""), 36);
	id[36] = '\0';
}

static void ack(struct gate_fixture *f, const char *id, int count)
{
	char members[256], expect[32];

	(void)snprintf(members, sizeof(members),
		       "\"command\":\"ackPending\",\"request_ids\":[\"%s\"]",
		       id);
	(void)snprintf(expect, sizeof(expect), "\"acked\":%d", count);
	gate_says(f, members, expect);
}

/* A held device whose pending event the bridge has. */
static struct mosquitto *waiting(struct gate_fixture *f, const char *path,
				 int who, char id[37])
{
	struct mosquitto *device = gate_first(f, path, who);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	pending_id(id, path);
	ack(f, id, 1);
	return device;
}

static const char *remove_ca(struct gate_fixture *f)
{
	gate_says_ca(f, "removeRegistryCa", "acme/custom", "\"code\":\"OK\"");
	return gate_published("$CONTROL/ztp/v1/response", NULL);
}

/* As when the interval has passed. */
static void offer_again(struct gate_fixture *f)
{
	assert_int_equal(gate_acl(f->op, MOSQ_ACL_SUBSCRIBE, "ztp/#", false),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
}

static void test_a_removed_ca_withdraws_its_candidates(void **state)
{
	struct gate_fixture *f = *state;
	char a[37], b[37];
	struct mosquitto *device = waiting(f, CUSTOM "a", 0, a);
	const char *answer, *text;

	(void)waiting(f, CUSTOM "b", 1, b);
	gate_disconnect(gate_first(f, CUSTOM "c", 0)); /* nobody */
	answer = remove_ca(f);
	assert_non_null(strstr(answer, "\"ended\":2"));
	assert_non_null(strstr(answer, "\"sessions\":2"));
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 0);
	gate_tick();
	assert_true(device->kicked);
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 2);
	text = gate_published(WITHDRAWN, a);
	assert_non_null(strstr(text, "\"device_path\":\"" CUSTOM "a\""));
	assert_non_null(strstr(text, "\"reason\":\"ca_removed\""));
	assert_non_null(strstr(text, f->fingerprints[0]));
	gate_create(f, CUSTOM "a", 0, a, "\"code\":\"ABORTED\"");
	/* the bridge may know it by an id of its own */
	gate_create(f, CUSTOM "a", 0, "own", "\"code\":\"ABORTED\"");
	gate_create(f, CUSTOM "a", 1, "own", "FAILED_PRECONDITION");
}

/* Until it is acknowledged, also by the next process. */
static void test_offered_until_acknowledged(void **state)
{
	struct gate_fixture *f = *state;
	char a[37], b[37];

	(void)waiting(f, CUSTOM "a", 0, a);
	(void)waiting(f, CUSTOM "b", 1, b);
	(void)remove_ca(f);
	gate_tick();
	ack(f, a, 1);
	ack(f, a, 0);
	gate_unload(f);
	gate_broker_reset();
	assert_int_equal(gate_load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	gate_tick();
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 1);
	assert_non_null(gate_published(WITHDRAWN, b));
	offer_again(f);
	assert_int_equal(gate_published_count(WITHDRAWN, b), 2);
	ack(f, b, 1);
	offer_again(f);
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 2);
	gate_create(f, CUSTOM "b", 1, b, "\"code\":\"ABORTED\"");
}

/* The acknowledgement of the pending event is not that of its withdrawal. */
static void test_acknowledged_too_late(void **state)
{
	struct gate_fixture *f = *state;
	char id[37];

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	pending_id(id, CUSTOM "a");
	(void)remove_ca(f);
	ack(f, id, 1);
	gate_tick();
	offer_again(f);
	assert_int_equal(gate_published_count(WITHDRAWN, id), 2);
	ack(f, id, 1);
	offer_again(f);
	assert_int_equal(gate_published_count(WITHDRAWN, id), 2);
}

/* A list with something else in it has no effect, not even on when the gate
 * offers again. */
static void test_a_list_is_acknowledged_as_a_whole(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;
	char members[256], id[37];

	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	pending_id(id, CUSTOM "a");
	gate->offers.round.acked = false;
	(void)snprintf(members, sizeof(members),
		       "\"command\":\"ackPending\",\"request_ids\":[\"%s\",7]",
		       id);
	gate_says(f, members, "INVALID_ARGUMENT");
	assert_false(gate->offers.round.acked);
	assert_false(ztp_db_dirty(gate->db));
	ack(f, id, 1);
	assert_true(gate->offers.round.acked);
}

static void test_a_deleted_registry_withdraws_its_candidates(void **state)
{
	struct gate_fixture *f = *state;
	const char *answer;
	char id[37];

	(void)waiting(f, CUSTOM "a", 0, id);
	answer = gate_command(f, "\"command\":\"deleteRegistry\","
				 "\"registry\":\"acme/custom\"");
	assert_non_null(strstr(answer, "\"ended\":1"));
	assert_non_null(strstr(answer, "\"sessions\":1"));
	gate_tick();
	assert_non_null(strstr(gate_published(WITHDRAWN, id),
			       "\"reason\":\"registry_deleted\""));
	gate_create(f, CUSTOM "a", 0, id, "\"code\":\"ABORTED\"");
	gate_create(f, CUSTOM "a", 0, "own", "\"code\":\"ABORTED\"");
	gate_create(f, CUSTOM "z", 0, "own", "\"code\":\"NOT_FOUND\"");
}

static void test_an_operator_rejects_what_is_pending(void **state)
{
	struct gate_fixture *f = *state;
	char a[37], b[37], members[256];
	struct mosquitto *device = waiting(f, CUSTOM "a", 0, a);

	(void)waiting(f, CUSTOM "b", 1, b);
	(void)snprintf(members, sizeof(members),
		       "\"command\":\"rejectPending\",\"request_id\":\"%s\","
		       "\"retry_after_s\":0",
		       a);
	gate_says(f, members, "\"ended\":1,\"sessions\":1");
	gate_says(f, members, "\"code\":\"NOT_FOUND\"");
	gate_ok(f, "\"command\":\"rejectPending\",\"device_path\":\"" CUSTOM
		   "b\"");
	gate_tick();
	assert_true(device->kicked);
	assert_non_null(strstr(gate_published(WITHDRAWN, a),
			       "\"reason\":\"rejected\""));
	assert_non_null(gate_published(WITHDRAWN, b));
	/* it cools down like one that the customer has rejected */
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 1)),
			 MOSQ_ERR_AUTH);
	/* the old decision is not for the new request */
	(void)waiting(f, CUSTOM "a", 0, b);
	assert_string_not_equal(a, b);
	gate_create(f, CUSTOM "a", 0, a, "\"code\":\"ABORTED\"");
	gate_create(f, CUSTOM "a", 0, b, "\"created\":true");
	gate_says(f, "\"command\":\"rejectPending\"", "INVALID_ARGUMENT");
	gate_says(f, "\"command\":\"rejectPending\",\"device_path\":\"x\"",
		  "INVALID_ARGUMENT");
}

/* Else a customer could reject a device that is there. */
static void test_who_joins_directly_is_not_asked_about(void **state)
{
	struct gate_fixture *f = *state;
	char a[37], b[37];

	gate_disconnect(waiting(f, CUSTOM "a", 0, a));
	gate_disconnect(waiting(f, CUSTOM "a", 1, b));
	gate_ok(f, "\"command\":\"modifyRegistry\",\"registry\":"
		   "\"acme/custom\",\"onboarding\":\"direct\"");
	gate_tick();
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 0);
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 2);
	assert_non_null(
		strstr(gate_published(WITHDRAWN, a), "\"reason\":\"created\""));
	assert_non_null(gate_published(WITHDRAWN, b));
	gate_create(f, CUSTOM "a", 0, a, "\"code\":\"ABORTED\"");
	gate_create(f, CUSTOM "a", 1, b, "\"code\":\"ABORTED\"");
	gate_says(f, "\"command\":\"listPending\"", "\"pending\":[]");
	gate_says(f,
		  "\"command\":\"getRegistry\",\"registry\":"
		  "\"acme/custom\"",
		  "\"devices\":1,\"pending\":0");
}

static void import(struct gate_fixture *f, const char *path, int who)
{
	size_t len;
	uint8_t *spki = certs_spki(f->keys[who], &len);
	char key[1024], members[2048];

	ztp_base64_encode(key, spki, len);
	free(spki);
	(void)snprintf(members, sizeof(members),
		       "\"command\":\"importDevice\",\"device_path\":\"%s\","
		       "\"fingerprint_sha256\":\"%s\",\"spki\":\"%s\","
		       "\"state\":\"active\",\"onboarding\":\"custom\","
		       "\"created_at\":\"2026-01-02T03:04:05.678Z\","
		       "\"request_id\":\"r-import\"",
		       path, f->fingerprints[who], key);
	gate_says(f, members, "\"created\":true");
}

/* It is a device by an operator's word, and a customer may be asked still. */
static void test_who_is_imported_is_not_asked_about(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device;
	char a[37], b[37];

	gate_disconnect(waiting(f, CUSTOM "a", 1, b));
	device = waiting(f, CUSTOM "a", 0, a);
	import(f, CUSTOM "a", 0);
	gate_tick();
	assert_false(device->kicked);
	assert_true(gate_can(device, MOSQ_ACL_WRITE, CUSTOM "a/state"));
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 2);
	assert_non_null(strstr(gate_published(WITHDRAWN, a),
			       "\"reason\":\"imported\""));
	assert_non_null(gate_published(WITHDRAWN, b));
	gate_create(f, CUSTOM "a", 0, a, "\"code\":\"ABORTED\"");
	gate_create(f, CUSTOM "a", 1, b, "\"code\":\"ABORTED\"");
	gate_says(f,
		  "\"command\":\"getRegistry\",\"registry\":"
		  "\"acme/custom\"",
		  "\"devices\":1,\"pending\":0");
}

/* The bridge's own rejectDevice is no news to it. */
static void test_a_rejection_is_not_withdrawn(void **state)
{
	struct gate_fixture *f = *state;
	char id[37];

	(void)waiting(f, CUSTOM "a", 0, id);
	gate_reject(f, CUSTOM "a", f->fingerprints[0], 60, "\"rejected\":true");
	gate_tick();
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 0);
	gate_create(f, CUSTOM "a", 0, id, "FAILED_PRECONDITION");
}

/* In the turn in which it came, before it was offered: its certificate is not
 * kept, and an event without one would be a dead letter. */
static void test_what_was_never_offered(void **state)
{
	struct gate_fixture *f = *state;

	gate_tick(); /* the first round of offers is over */
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_SUCCESS);
	gate_says(f,
		  "\"command\":\"rejectPending\",\"device_path\":\"" CUSTOM
		  "a\"",
		  "\"ended\":1");
	gate_tick();
	assert_int_equal(gate_published_count(PENDING, NULL), 0);
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), 1);
}

/* ---- connections */

/* The value of a string member, in a static buffer. */
static const char *member(const char *text, const char *name)
{
	static char value[64];
	char needle[64];
	const char *at;

	(void)snprintf(needle, sizeof(needle), "\"%s\":\"", name);
	at = text ? strstr(text, needle) : NULL;
	if (!at)
		return "";
	at += strlen(needle);
	(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\""),
		       at);
	return value;
}

static const char *get_device(struct gate_fixture *f, const char *path)
{
	char members[256];

	(void)snprintf(members, sizeof(members),
		       "\"command\":\"getDevice\",\"device_path\":\"%s\"",
		       path);
	return gate_command(f, members);
}

static void subscribe(struct mosquitto *device, const char *path)
{
	char topic[256];

	(void)snprintf(topic, sizeof(topic), "%s/commands", path);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, topic));
	gate_tick();
}

static void test_a_connection_has_an_id(void **state)
{
	static const char subscribed[] = "ztp/v1/subscribed";
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	char first[64];

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	subscribe(device, DIRECT "a");
	(void)snprintf(first, sizeof(first), "%s",
		       member(gate_published(subscribed, NULL), "connection"));
	assert_int_equal(strlen(first), 16);
	assert_string_equal(
		member(gate_published(subscribed, NULL), "credential"),
		"certificate");
	assert_string_equal(member(get_device(f, DIRECT "a"), "connection"),
			    first);
	assert_string_equal(member(get_device(f, DIRECT "a"), "credential"),
			    "certificate");
	subscribe(device, DIRECT "a");
	assert_int_equal(gate_published_count(subscribed, first), 2);
	gate_disconnect(device);
	assert_string_equal(member(get_device(f, DIRECT "a"), "connection"),
			    "");
	device = gate_unused(f, DIRECT "a", 0);
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	subscribe(device, DIRECT "a");
	assert_string_equal(
		member(gate_published(subscribed, NULL), "credential"),
		"unused");
	assert_string_not_equal(
		member(gate_published(subscribed, NULL), "connection"), first);
	assert_null(gate_published(subscribed, "again"));
}

/* A reload is no new connection, and approval in place is not either. */
static void test_a_connection_keeps_its_id(void **state)
{
	static const char subscribed[] = "ztp/v1/subscribed";
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, CUSTOM "a", 0);
	char first[64];

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	subscribe(device, CUSTOM "a");
	(void)snprintf(
		first, sizeof(first), "%s",
		member(gate_published(subscribed, "held"), "connection"));
	gate_create(f, CUSTOM "a", 0, "r", "\"created\":true");
	gate_reload();
	assert_int_equal(gate_auth(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	assert_string_equal(
		member(gate_published(subscribed, "device"), "connection"),
		first);
}

static void test_an_operator_asks_to_tell_again(void **state)
{
	static const char resend[] =
		"\"command\":\"resendDevice\",\"device_path\":\"" CUSTOM "a\"";
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, CUSTOM "a", 0);
	const char *text;

	gate_says(f, resend, "NOT_FOUND");
	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_says(f, resend, "NOT_FOUND");
	gate_create(f, CUSTOM "a", 0, "r", "\"created\":true");
	gate_says(f, resend, "FAILED_PRECONDITION");
	subscribe(device, CUSTOM "a");
	gate_ok(f, resend);
	text = gate_published("ztp/v1/subscribed", "\"again\":true");
	assert_non_null(text);
	assert_non_null(strstr(text, "\"state\":\"device\""));
	assert_string_equal(member(text, "credential"), "certificate");
	gate_disconnect(device);
	gate_says(f, resend, "FAILED_PRECONDITION");
	assert_int_equal(gate_published_count("ztp/v1/subscribed", "again"), 1);
}

/* Nobody but the gate has told it anything. */
static void test_a_direct_device_is_told_again(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	subscribe(device, DIRECT "a");
	gate_ok(f,
		"\"command\":\"resendDevice\",\"device_path\":\"" DIRECT "a\"");
	assert_int_equal(
		gate_published_count(DIRECT "a/commands", "\"approved\""), 2);
}

static void test_the_limits_of_a_message_are_told(void **state)
{
	gate_says(*state, "\"command\":\"getInfo\"",
		  "\"max_commands\":1000,\"max_bytes\":1048576");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, gate_teardown)
		T(test_a_removed_ca_withdraws_its_candidates),
		T(test_offered_until_acknowledged),
		T(test_acknowledged_too_late),
		T(test_a_list_is_acknowledged_as_a_whole),
		T(test_a_deleted_registry_withdraws_its_candidates),
		T(test_an_operator_rejects_what_is_pending),
		T(test_who_joins_directly_is_not_asked_about),
		T(test_who_is_imported_is_not_asked_about),
		T(test_a_rejection_is_not_withdrawn),
		T(test_what_was_never_offered),
		T(test_a_connection_has_an_id),
		T(test_a_connection_keeps_its_id),
		T(test_an_operator_asks_to_tell_again),
		T(test_a_direct_device_is_told_again),
		T(test_the_limits_of_a_message_are_told),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
