/* Many candidates end with their CA or their registry: a page in a turn of the
 * loop, whatever happens in between, and nobody is let in meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/sweep.h"
#include "gate_disk.h"
#include "gate_rows.h"

#define RESPONSE  "$CONTROL/ztp/v1/response"
#define WITHDRAWN "ztp/v1/withdrawn"
#define MANY	  1200 /* more than nine pages */
#define SOME	  300
#define TURNS	  6
#define A_TURN	  (2 * ZTP_ENDING_PAGE) /* gate_tick is two of the broker's */

/* Replaces the C library's. */
int fdatasync(int fd)
{
	return gate_disk_sync(fd);
}

static int end(void **state)
{
	gate_disk_set(false, 0);
	gate_broker.settle = gate_settle;
	return gate_teardown(state);
}

static int64_t withdrawn(struct gate_fixture *f)
{
	static const char sql[] = "SELECT count(*) FROM withdrawn";

	return gate_number(f, sql);
}

static int64_t sweeps(struct gate_fixture *f)
{
	static const char sql[] = "SELECT count(*) FROM sweeps";

	return gate_number(f, sql);
}

/* Candidates that are older than all real ones. ca NULL: the fixture's. */
static void put(struct gate_fixture *f, const char *name, int count,
		const uint8_t *ca, bool rejected)
{
	if (!ca)
		ca = ztp_ca_cert(gate_registry(f, "custom")->cas[0])
			     ->fingerprint;
	gate_put(f, name, count,
		 (struct gate_rows){.ca = ca,
				    .rejected = rejected,
				    .not_after = GATE_DAY,
				    .retry_at = GATE_DAY});
	gate_tick();
}

static struct mosquitto *held(struct gate_fixture *f, const char *path)
{
	struct mosquitto *device = gate_first(f, path, 0);

	assert_int_equal(gate_connect(device), MOSQ_ERR_SUCCESS);
	gate_tick();
	return device;
}

static void send(struct gate_fixture *f, const char *commands)
{
	char json[8192];

	(void)snprintf(json, sizeof(json), "{\"commands\":[%s]}", commands);
	gate_control(f->op, json);
}

#define DELETE                                                                 \
	"{\"command\":\"deleteRegistry\",\"registry\":\"acme/custom\","        \
	"\"correlationData\":\"deleted\"}"

static void remove_ca(struct gate_fixture *f, const char *more)
{
	char text[1024], hex[ZTP_SHA256_HEX];

	ztp_hex_encode(
		hex,
		ztp_ca_cert(gate_registry(f, "custom")->cas[0])->fingerprint,
		ZTP_SHA256_LEN);
	(void)snprintf(text, sizeof(text),
		       "{\"command\":\"removeRegistryCa\",\"registry\":"
		       "\"acme/custom\",\"fingerprint_sha256\":\"%s\","
		       "\"correlationData\":\"removed\"}%s",
		       hex, more);
	send(f, text);
}

static void add_ca(struct gate_fixture *f, const char *code)
{
	gate_says_ca(f, "addRegistryCa", "acme/custom", code);
}

static void test_a_page_in_a_turn(void **state)
{
	struct gate_fixture *f = *state;
	const uint8_t other[ZTP_SHA256_LEN] = {7};
	struct mosquitto *device;

	put(f, "0", MANY, NULL, false);
	put(f, "1", 10, other, false);
	put(f, "2", 10, NULL, true);
	device = held(f, CUSTOM "a");
	remove_ca(f, "");
	/* at once */
	assert_int_equal(gate_live_rows(f), 11 + MANY - ZTP_ENDING_PAGE);
	assert_null(gate_published(RESPONSE, "removed"));
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 1)),
			 MOSQ_ERR_AUTH);
	gate_create(f, CUSTOM "a", 0, "r", "\"ABORTED\"");
	add_ca(f, "FAILED_PRECONDITION");
	for (int turn = 1; turn < TURNS; turn++) {
		int64_t left = 1 + MANY - ZTP_ENDING_PAGE - turn * A_TURN;

		gate_tick();
		left = left > 0 ? left : 0;
		assert_int_equal(gate_live_rows(f), 10 + left);
		assert_int_equal(gate_registry(f, "custom")->candidates,
				 10 + left);
		assert_int_equal(gate_published_count(RESPONSE, "removed"),
				 left == 0);
	}
	gate_tick();
	assert_true(device->kicked);
	assert_non_null(strstr(gate_published(RESPONSE, "removed"),
			       "\"ended\":1201,\"sessions\":1"));
	assert_int_equal(withdrawn(f), MANY + 1);
	assert_int_equal(sweeps(f), 0);
	assert_int_equal(gate_registry(f, "custom")->rejected, 10);
	gate_create(f, CUSTOM "a", 0, "r", "\"ABORTED\"");
	add_ca(f, "\"OK\"");
	for (int i = 0; i < 2 * TURNS; i++)
		gate_tick();
	assert_int_equal(gate_published_count(WITHDRAWN, "ca_removed"),
			 MANY + 1);
	(void)held(f, CUSTOM "a"); /* as a candidate of now */
	assert_int_equal(gate_live_rows(f), 11);
}

/* The CA's own key has another certificate, by which the device could come. */
static void test_by_another_ca_it_comes_afterwards(void **state)
{
	struct gate_fixture *f = *state;
	X509 *before = f->ca;
	struct mosquitto *device;

	put(f, "0", MANY, NULL, false);
	device = held(f, CUSTOM "a");
	f->ca = certs_make(&(struct certs_spec){
		.key = f->ca_key,
		.subject = "/CN=registry-ca",
		.not_before_ms = ztp_clock_wall() - GATE_DAY,
		.not_after_ms = ztp_clock_wall() + 2 * GATE_DAY,
		.extensions =
			(const char *const[]){"basicConstraints",
					      "critical,CA:TRUE", "keyUsage",
					      "critical,keyCertSign", NULL},
	});
	add_ca(f, "\"OK\"");
	remove_ca(f, "");
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_AUTH);
	for (int i = 0; i < TURNS; i++)
		gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/audit", "unavailable"),
			 1);
	assert_true(device->kicked);
	assert_int_equal(gate_live_rows(f), 0);
	(void)held(f, CUSTOM "a");
	assert_int_equal(gate_live_rows(f), 1);
	X509_free(f->ca);
	f->ca = before;
}

static void test_it_goes_on_after_a_restart(void **state)
{
	static const char create[] =
		"\"command\":\"createRegistry\",\"registry\":\"acme/custom\"";
	struct gate_fixture *f = *state;

	put(f, "0", MANY, NULL, false);
	(void)held(f, CUSTOM "a");
	send(f, DELETE);
	gate_tick();
	gate_says(f, create, "FAILED_PRECONDITION");
	gate_unload(f);
	gate_broker_reset();
	assert_int_equal(gate_load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	assert_int_equal(gate_live_rows(f),
			 1 + MANY - ZTP_ENDING_PAGE - A_TURN);
	assert_null(gate_registry(f, "custom"));
	gate_create(f, CUSTOM "a", 0, "r", "\"ABORTED\"");
	gate_create(f, CUSTOM "z", 0, "r", "\"NOT_FOUND\"");
	gate_says(f, create, "FAILED_PRECONDITION");
	for (int turn = 2; turn < TURNS; turn++)
		gate_tick();
	assert_int_equal(gate_live_rows(f), 0);
	assert_int_equal(sweeps(f), 0);
	assert_int_equal(withdrawn(f), MANY + 1);
	assert_null(gate_published(RESPONSE, "deleted")); /* nobody waits */
	gate_create(f, CUSTOM "a", 0, "r", "\"ABORTED\"");
	gate_ok(f, create);
	assert_int_equal(gate_registry(f, "custom")->candidates, 0);
}

/* What has been written so far may be lost, and the command with it or not. */
static void test_a_disk_that_fails(void **state)
{
	struct gate_fixture *f = *state;

	put(f, "0", MANY, NULL, false);
	gate_broker.settle = NULL;
	gate_disk_set(true, EIO);
	remove_ca(f, "");
	for (int i = 0; i < 10; i++)
		gate_tick();
	/* the disk has the first page to write, and nothing behind it */
	assert_int_equal(gate_live_rows(f), MANY - ZTP_ENDING_PAGE);
	gate_disk_set(false, EIO);
	gate_broker.settle = gate_settle;
	gate_tick();
	gate_tick();
	assert_non_null(
		strstr(gate_published(RESPONSE, "removed"), "\"UNAVAILABLE\""));
	assert_int_equal(gate_registry(f, "custom")->ca_count, 1);
	assert_int_equal(gate_live_rows(f), MANY);
	assert_int_equal(gate_registry(f, "custom")->candidates, MANY);
	gate_tick();
	assert_int_equal(gate_live_rows(f), MANY);
	/* the command is durable, and a page is not */
	remove_ca(f, "");
	gate_broker.settle = NULL;
	gate_disk_set(true, EIO);
	gate_tick();
	gate_disk_set(false, EIO);
	gate_broker.settle = gate_settle;
	for (int i = 0; i < 2 * TURNS; i++)
		gate_tick();
	assert_int_equal(gate_published_count(RESPONSE, "removed"), 2);
	assert_non_null(strstr(gate_published(RESPONSE, "removed"),
			       "\"ended\":1200,\"sessions\":0"));
	assert_int_equal(gate_live_rows(f), 0);
	assert_int_equal(withdrawn(f), MANY);
}

/* The answer to the last command, or NULL: it was lost. */
static const char *settled(struct gate_fixture *f, size_t before)
{
	struct ztp_gate *gate = f->gate;

	for (int i = 0; i < 2 * TURNS; i++) {
		/* as when a second has passed */
		gate->sweeps.next = gate->next_second = 0;
		gate_tick();
	}
	return gate_published_count(RESPONSE, "removed") > before
		       ? gate_published(RESPONSE, "removed")
		       : NULL;
}

/* As the bridge acknowledges them. */
static void forget_withdrawn(struct gate_fixture *f)
{
	static const char sql[] = "DELETE FROM withdrawn";
	struct ztp_gate *gate = f->gate;

	assert_int_equal(
		ztp_db_run(gate->db, ztp_db_use(gate->db, sql, NULL), NULL), 0);
	gate_tick();
}

/* SQLite has no memory for the command, or for a page. */
static void test_memory_that_is_not_there(void **state)
{
	struct gate_fixture *f = *state;
	int refused = 0, ended = 0, trouble = 0;

	for (int n = 1; n <= 60; n++) {
		const char *answer;
		char name[16];

		(void)snprintf(name, sizeof(name), "%02d", n);
		put(f, name, SOME, NULL, false);
		gate_unload(f);
		gate_broker_reset();
		assert_int_equal(gate_load(f), 0);
		f->op = gate_client("op", OP, "secret", 5);
		gate_broker.log[0] = '\0';
		(void)sqlite3_hard_heap_limit64(sqlite3_memory_used() +
						n * 4096);
		remove_ca(f, "");
		gate_tick();
		gate_tick();
		(void)sqlite3_hard_heap_limit64(0);
		answer = settled(f, 0);
		trouble += gate_broker.log[0] != '\0';
		assert_int_equal(sweeps(f), 0);
		assert_int_equal(gate_registry(f, "custom")->candidates,
				 gate_live_rows(f));
		if (gate_registry(f, "custom")->ca_count == 0) {
			assert_int_equal(gate_live_rows(f), 0);
			assert_non_null(answer);
			assert_non_null(strstr(answer, "\"ended\":300,"));
			add_ca(f, "\"OK\"");
			ended++;
		} else {
			assert_int_equal(gate_live_rows(f), SOME);
			assert_true(!answer || strstr(answer, "UNAVAILABLE"));
			remove_ca(f, "");
			assert_non_null(settled(f, answer != NULL));
			add_ca(f, "\"OK\"");
			refused++;
		}
		forget_withdrawn(f);
	}
	assert_true(refused > 0 && ended > 0 && trouble > refused);
}

/* They are answered together, as they were asked. */
static void test_two_commands_of_a_message(void **state)
{
	struct gate_fixture *f = *state;
	const uint8_t other[ZTP_SHA256_LEN] = {7};
	const char *answer;

	put(f, "0", MANY, NULL, false);
	put(f, "1", MANY, other, false);
	remove_ca(f, "," DELETE ",{\"command\":\"getInfo\"}");
	assert_int_equal(gate_live_rows(f), 2 * MANY - ZTP_ENDING_PAGE);
	for (int i = 0; i < 2 * TURNS; i++)
		gate_tick();
	answer = gate_published(RESPONSE, "removed");
	assert_non_null(answer);
	assert_int_equal(gate_published_count(RESPONSE, "removed"), 1);
	assert_int_equal(gate_published_count(RESPONSE, "deleted"), 1);
	assert_non_null(strstr(answer, "\"command\":\"getInfo\""));
	assert_int_equal(gate_live_rows(f), 0);
	assert_int_equal(withdrawn(f), 2 * MANY);
	assert_int_equal(sweeps(f), 0);
}

/* Few do not wait for many. */
static void test_few_beside_many(void **state)
{
	struct gate_fixture *f = *state;
	const uint8_t other[ZTP_SHA256_LEN] = {7};

	put(f, "0", MANY, NULL, false);
	put(f, "1", MANY, other, false);
	send(f, DELETE);
	gate_ok(f, "\"command\":\"createRegistry\",\"registry\":\"acme/few\"");
	gate_add_ca(f, "acme/few");
	send(f, "{\"command\":\"deleteRegistry\",\"registry\":\"acme/few\","
		"\"correlationData\":\"few\"}");
	assert_null(gate_published(RESPONSE, "\"few\""));
	gate_tick();
	assert_non_null(strstr(gate_published(RESPONSE, "\"few\""),
			       "\"ended\":0,\"sessions\":0"));
	assert_null(gate_published(RESPONSE, "deleted"));
	for (int i = 0; i < 2 * TURNS; i++)
		gate_tick();
	assert_non_null(
		strstr(gate_published(RESPONSE, "deleted"), "\"ended\":2400,"));
}

/* The gate ends while somebody waits. */
static void test_nobody_is_answered_at_the_end(void **state)
{
	struct gate_fixture *f = *state;

	put(f, "0", MANY, NULL, false);
	remove_ca(f, "," DELETE);
	gate_unload(f);
	assert_null(gate_published(RESPONSE, "removed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, end)
		T(test_a_page_in_a_turn),
		T(test_by_another_ca_it_comes_afterwards),
		T(test_it_goes_on_after_a_restart),
		T(test_a_disk_that_fails),
		T(test_memory_that_is_not_there),
		T(test_two_commands_of_a_message),
		T(test_few_beside_many),
		T(test_nobody_is_answered_at_the_end),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
