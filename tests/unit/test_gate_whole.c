/* Without memory nothing is stored by halves, answered by halves, or forgotten
 * to be told. gate_broker.c plays the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/db.h"
#include "gate_rows.h"
#include "gate_sweeping.h"
#include "ztp/gate_protocol.h"

static const char insert[] =
	"INSERT INTO devices(path, registry, fingerprint, spki_sha256, spki, "
	"onboarding, request_id, metadata, created_at) VALUES('p', 'r', x'00', "
	"x'00', x'00', 'custom', 'q', ?1, 0)";

static int insert_device(struct ztp_db *db, bool text, int64_t limit)
{
	static char value[65536];
	struct ztp_error error = {0};
	sqlite3_stmt *stmt = ztp_db_use(db, insert, &error);
	int rc;

	assert_non_null(stmt);
	memset(value, 'x', sizeof(value) - 1);
	(void)sqlite3_hard_heap_limit64(limit);
	if (text)
		ztp_db_text(stmt, 1, value);
	else
		ztp_db_blob(stmt, 1, value, sizeof(value));
	(void)sqlite3_hard_heap_limit64(0);
	rc = ztp_db_run(db, stmt, &error);
	assert_true(rc == 0 || error.retriable);
	return rc;
}

static void test_bind(void **state)
{
	char folder[] = "/tmp/ztp-whole-XXXXXX", path[64];
	struct ztp_error error = {0};
	struct ztp_db *db = NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/gate.db", folder);
	assert_int_equal(ztp_db_open(&db, path, &error), 0);
	assert_int_not_equal(insert_device(db, true, 1), 0);
	assert_int_not_equal(insert_device(db, false, 1), 0);
	assert_int_equal(insert_device(db, true, 0), 0);
	ztp_db_close(db);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static long allowed;

static void *some(size_t n)
{
	return allowed-- > 0 ? malloc(n) : NULL;
}

static char *build(void)
{
	const uint8_t digest[ZTP_SHA256_LEN] = {0};
	cJSON *object = cJSON_CreateObject(), *row;
	char *text;

	ztp_tree_put_text(object, "a", "b");
	ztp_tree_put_number(object, "c", 1);
	ztp_tree_put_bool(object, "d", true);
	ztp_tree_put_raw(object, "e", "[]");
	ztp_tree_put_sha256(object, "f", digest);
	ztp_tree_put_time(object, "g", 0);
	row = ztp_tree_put_row(ztp_tree_put_list(object, "h"));
	ztp_tree_put_text(row, "i", "j");
	allowed = 1 << 20; /* what prints has enough */
	text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	return text;
}

static void test_builder(void **state)
{
	cJSON_Hooks hooks = {some, free};
	char *whole, *text = NULL;
	long n;

	(void)state;
	whole = build();
	assert_non_null(strstr(whole, "\"h\":[{\"i\":\"j\"}]}"));
	cJSON_InitHooks(&hooks);
	for (n = 0; !text; n++) {
		allowed = n;
		text = build();
	}
	cJSON_InitHooks(NULL);
	assert_true(n > 20);
	assert_string_equal(text, whole);
	free(text);
	free(whole);
}

static void test_subscribed_again(void **state)
{
	struct gate_fixture *f = *state;
	struct mosquitto *device = gate_first(f, DIRECT "a", 0);
	int64_t deadline = ztp_clock_boot() + 10000;

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	assert_true(gate_can(device, MOSQ_ACL_SUBSCRIBE, DIRECT "a/commands"));
	gate_broker.refused = ZTP_MQTT_SUBSCRIBED;
	gate_tick();
	gate_broker.refused = NULL;
	while (!gate_published(ZTP_MQTT_SUBSCRIBED, DIRECT "a")) {
		assert_true(ztp_clock_boot() < deadline);
		gate_tick();
		usleep(1000);
	}
	assert_int_equal(gate_published_count(ZTP_MQTT_SUBSCRIBED, NULL), 1);
	gate_tick(); /* all that was written is durable */
	gate_broker.refused = ZTP_MQTT_SUBSCRIBED;
	assert_non_null(
		strstr(gate_command(f, "\"command\":\"resendDevice\","
				       "\"device_path\":\"" DIRECT "a\""),
		       "UNAVAILABLE"));
	gate_broker.refused = NULL;
}

/* removeRegistryCa with memory for so many pieces of JSON, until all candidates
 * of the CA have ended. Is it answered? */
static bool remove_ca(struct gate_fixture *f, long n)
{
	cJSON_Hooks hooks = {some, free};
	size_t before = gate_published_count(ZTP_MQTT_RESPONSE, "removed");

	allowed = n;
	cJSON_InitHooks(&hooks);
	sweeping_remove_ca(f, "");
	cJSON_InitHooks(NULL);
	for (int i = 0; i < 4; i++)
		gate_tick();
	return gate_published_count(ZTP_MQTT_RESPONSE, "removed") > before;
}

/* Who removes a CA is answered when its candidates have ended. The answer that is
 * not whole is not one to wait with. */
static void test_an_answer_that_waits(void **state)
{
	static const char forget[] = "DELETE FROM withdrawn";
	struct gate_fixture *f = *state;
	int silent = 0, removed = 0;
	bool answered = false;

	for (long n = 0; !answered; n++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%ld", n);
		gate_put(f, name, SOME,
			 (struct gate_rows){
				 .ca = ztp_ca_cert(gate_registry(f, "custom")
							   ->cas[0])
					       ->fingerprint,
				 .not_after = GATE_DAY,
			 });
		gate_tick();
		answered = remove_ca(f, n);
		if (gate_registry(f, "custom")->ca_count > 0) {
			answered = remove_ca(f, 1 << 20);
			assert_true(answered);
			answered = false;
		} else {
			silent += !answered;
			removed++;
		}
		assert_int_equal(gate_live_rows(f), 0);
		gate_add_ca(f, "acme/custom");
		gate_unload(f);
		gate_broker_reset(); /* all that was withdrawn is offered */
		assert_int_equal(gate_load(f), 0);
		f->op = gate_client("op", OP, "secret", 5);
		gate_change(f, forget);
	}
	assert_true(silent > 0 && removed > silent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_builder),
		cmocka_unit_test_setup_teardown(test_subscribed_again,
						gate_setup, gate_teardown),
		cmocka_unit_test_setup_teardown(test_an_answer_that_waits,
						gate_setup, gate_teardown),
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
