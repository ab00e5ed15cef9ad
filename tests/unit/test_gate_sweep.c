/* Many candidates end with their CA or their registry: a page in a turn of the
 * loop, whatever happens in between, and nobody is let in meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/writer.h"
#include "gate_sweeping.h"

#define SMALL 12
#define CALM  12 /* rows for which the disk is waited with for 12 ms */

/* What the largest transaction is told to hold. */
static int64_t largest;

void __real_ztp_writer_commit(struct ztp_writer *w, uint64_t number,
			      int64_t changes);
void __wrap_ztp_writer_commit(struct ztp_writer *w, uint64_t number,
			      int64_t changes);

void __wrap_ztp_writer_commit(struct ztp_writer *w, uint64_t number,
			      int64_t changes)
{
	largest = changes > largest ? changes : largest;
	__real_ztp_writer_commit(w, number, changes);
}

static void test_a_page_in_a_turn(void **state)
{
	struct gate_fixture *f = *state;
	const uint8_t other[ZTP_SHA256_LEN] = {7};
	struct mosquitto *device;

	sweeping_put(f, "0", MANY, NULL, false);
	sweeping_put(f, "1", 10, other, false);
	sweeping_put(f, "2", 10, NULL, true);
	device = sweeping_held(f, CUSTOM "a");
	sweeping_remove_ca(f, "");
	/* at once */
	assert_int_equal(gate_live_rows(f), 11 + MANY - ZTP_ENDING_PAGE);
	assert_null(gate_published(RESPONSE, "removed"));
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "b", 1)),
			 MOSQ_ERR_AUTH);
	gate_create(f, CUSTOM "a", 0, "r", "\"ABORTED\"");
	sweeping_add_ca(f, "FAILED_PRECONDITION");
	for (int turn = 1; turn < TURNS; turn++) {
		int64_t left = 1 + MANY - ZTP_ENDING_PAGE - turn * A_TURN;

		gate_tick();
		left = left > 0 ? left : 0;
		assert_int_equal(gate_live_rows(f), 10 + left);
		assert_int_equal(gate_registry(f, "custom")->counts.candidates,
				 10 + left);
		assert_int_equal(gate_published_count(RESPONSE, "removed"),
				 left == 0);
	}
	gate_tick();
	assert_true(device->kicked);
	assert_non_null(strstr(gate_published(RESPONSE, "removed"),
			       "\"ended\":1201,\"sessions\":1"));
	assert_int_equal(sweeping_withdrawn(f), MANY + 1);
	assert_int_equal(sweeping_left(f), 0);
	assert_int_equal(gate_registry(f, "custom")->counts.rejected, 10);
	gate_create(f, CUSTOM "a", 0, "r", "\"ABORTED\"");
	sweeping_add_ca(f, "\"OK\"");
	for (int i = 0; i < 2 * TURNS; i++)
		gate_tick();
	assert_int_equal(gate_published_count(WITHDRAWN, "ca_removed"),
			 MANY + 1);
	(void)sweeping_held(f, CUSTOM "a"); /* as a candidate of now */
	assert_int_equal(gate_live_rows(f), 11);
}

/* It goes on as soon as the disk has a page, as few new devices do, which it lets
 * in meanwhile. */
static void test_its_pages_make_no_crowd(void **state)
{
	struct gate_fixture *f = *state;

	sweeping_put(f, "0", MANY, NULL, false);
	sweeping_remove_ca(f, "");
	gate_tick();
	largest = 0;
	for (int turn = 2; turn < TURNS; turn++) {
		gate_tick();
		assert_in_range(largest, CALM, CALM + 2);
	}
	assert_int_equal(gate_live_rows(f), 0);
}

/* The CA's own key has another certificate, by which the device could come. */
static void test_by_another_ca_it_comes_afterwards(void **state)
{
	struct gate_fixture *f = *state;
	X509 *before = f->ca;
	struct mosquitto *device;

	sweeping_put(f, "0", MANY, NULL, false);
	device = sweeping_held(f, CUSTOM "a");
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
	sweeping_add_ca(f, "\"OK\"");
	sweeping_remove_ca(f, "");
	assert_int_equal(gate_connect(gate_first(f, CUSTOM "a", 0)),
			 MOSQ_ERR_AUTH);
	for (int i = 0; i < TURNS; i++)
		gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/audit", "unavailable"),
			 1);
	assert_true(device->kicked);
	assert_int_equal(gate_live_rows(f), 0);
	(void)sweeping_held(f, CUSTOM "a");
	assert_int_equal(gate_live_rows(f), 1);
	X509_free(f->ca);
	f->ca = before;
}

static void test_it_goes_on_after_a_restart(void **state)
{
	static const char create[] =
		"\"command\":\"createRegistry\",\"registry\":\"acme/custom\"";
	struct gate_fixture *f = *state;

	sweeping_put(f, "0", MANY, NULL, false);
	(void)sweeping_held(f, CUSTOM "a");
	sweeping_send(f, DELETE);
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
	assert_int_equal(sweeping_left(f), 0);
	assert_int_equal(sweeping_withdrawn(f), MANY + 1);
	assert_null(gate_published(RESPONSE, "deleted")); /* nobody waits */
	gate_create(f, CUSTOM "a", 0, "r", "\"ABORTED\"");
	gate_ok(f, create);
	assert_int_equal(gate_registry(f, "custom")->counts.candidates, 0);
}

/* No customer is to be asked about them; their withdrawal is told. */
static void test_what_is_ending_is_not_offered(void **state)
{
	struct gate_fixture *f = *state;
	static const char unheard[] = "UPDATE candidates SET acked = 0";
	const uint8_t other[ZTP_SHA256_LEN] = {7};
	struct ztp_gate *gate = f->gate;
	size_t before;

	sweeping_put(f, "0", MANY, NULL, false);
	sweeping_put(f, "1", 1, other, false);
	gate_change(f, unheard);
	sweeping_remove_ca(f, "");
	before = gate_published_count("ztp/v1/pending", NULL);
	ztp_round_now(&gate->offers.round);
	do
		gate_tick();
	while (gate->sweeps.count > 0 || gate->offers.round.running);
	assert_int_equal(gate_published_count("ztp/v1/pending", NULL) - before,
			 1);
	assert_non_null(gate_published("ztp/v1/pending", "1-0"));
	for (int i = 0; i < 2 * TURNS; i++)
		gate_tick();
	assert_int_equal(gate_published_count(WITHDRAWN, NULL), MANY);
}

/* A message may have many of these commands, each for less than a page. */
static void test_many_small_ones(void **state)
{
	struct gate_fixture *f = *state;
	char text[8192] = "", name[24];
	size_t len = 0;

	for (int i = 0; i < SMALL; i++) {
		char members[128];

		(void)snprintf(name, sizeof(name), "small%d", i);
		(void)snprintf(members, sizeof(members),
			       "\"command\":\"createRegistry\",\"registry\":"
			       "\"acme/%s\"",
			       name);
		gate_ok(f, members);
		gate_put(f, name, ZTP_ENDING_PAGE - 1,
			 (struct gate_rows){.registry = name,
					    .not_after = GATE_DAY});
		len += (size_t)snprintf(
			text + len, sizeof(text) - len,
			"%s{\"command\":\"deleteRegistry\",\"registry\":"
			"\"acme/%s\",\"correlationData\":\"deleted\"}",
			i ? "," : "", name);
	}
	gate_tick();
	sweeping_send(f, text);
	assert_in_range(gate_live_rows(f),
			(SMALL - 5) * (ZTP_ENDING_PAGE - 1) - 1,
			(SMALL - 4) * (ZTP_ENDING_PAGE - 1));
	for (int i = 0; i < SMALL; i++)
		gate_tick();
	assert_int_equal(gate_live_rows(f), 0);
	assert_int_equal(gate_published_count(RESPONSE, "deleted"), 1);
	assert_null(gate_published(RESPONSE, "\"error\""));
	/* and the next one is answered at once */
	gate_ok(f, "\"command\":\"createRegistry\",\"registry\":\"acme/few\"");
	gate_ok(f, "\"command\":\"deleteRegistry\",\"registry\":\"acme/few\"");
}

/* They are answered together, as they were asked. */
static void test_two_commands_of_a_message(void **state)
{
	struct gate_fixture *f = *state;
	const uint8_t other[ZTP_SHA256_LEN] = {7};
	const char *answer;

	sweeping_put(f, "0", MANY, NULL, false);
	sweeping_put(f, "1", MANY, other, false);
	sweeping_remove_ca(f, "," DELETE ",{\"command\":\"getInfo\"}");
	assert_int_equal(gate_live_rows(f), 2 * MANY - ZTP_ENDING_PAGE);
	for (int i = 0; i < 2 * TURNS; i++)
		gate_tick();
	answer = gate_published(RESPONSE, "removed");
	assert_non_null(answer);
	assert_int_equal(gate_published_count(RESPONSE, "removed"), 1);
	assert_int_equal(gate_published_count(RESPONSE, "deleted"), 1);
	assert_non_null(strstr(answer, "\"command\":\"getInfo\""));
	assert_int_equal(gate_live_rows(f), 0);
	assert_int_equal(sweeping_withdrawn(f), 2 * MANY);
	assert_int_equal(sweeping_left(f), 0);
}

/* Few do not wait for many. */
static void test_few_beside_many(void **state)
{
	struct gate_fixture *f = *state;
	const uint8_t other[ZTP_SHA256_LEN] = {7};

	sweeping_put(f, "0", MANY, NULL, false);
	sweeping_put(f, "1", MANY, other, false);
	sweeping_send(f, DELETE);
	gate_ok(f, "\"command\":\"createRegistry\",\"registry\":\"acme/few\"");
	gate_add_ca(f, "acme/few");
	sweeping_send(
		f, "{\"command\":\"deleteRegistry\",\"registry\":\"acme/few\","
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

	sweeping_put(f, "0", MANY, NULL, false);
	sweeping_remove_ca(f, "," DELETE);
	gate_unload(f);
	assert_null(gate_published(RESPONSE, "removed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, gate_teardown)
		T(test_a_page_in_a_turn),
		T(test_its_pages_make_no_crowd),
		T(test_by_another_ca_it_comes_afterwards),
		T(test_it_goes_on_after_a_restart),
		T(test_what_is_ending_is_not_offered),
		T(test_many_small_ones),
		T(test_two_commands_of_a_message),
		T(test_few_beside_many),
		T(test_nobody_is_answered_at_the_end),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
