/* How many rejections are remembered, of whom, and what gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "gate_rows.h"

#define PER_CERTIFICATE 16
#define MANY		2000

static bool asks(struct gate_fixture *f, const char *name, int who)
{
	char path[128];

	(void)snprintf(path, sizeof(path), CUSTOM "%s", name);
	return gate_connect(gate_first(f, path, who)) == MOSQ_ERR_SUCCESS;
}

static void reject(struct gate_fixture *f, const char *name, int who,
		   int seconds)
{
	char path[128];

	(void)snprintf(path, sizeof(path), CUSTOM "%s", name);
	gate_reject(f, path, f->fingerprints[who], seconds,
		    "\"rejected\":true");
	gate_tick();
}

static void rejected(struct gate_fixture *f, const char *name, int who,
		     int count, int seconds)
{
	char text[64];

	for (int i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text), "%s%d", name, i);
		assert_true(asks(f, text, who));
		reject(f, text, who, seconds);
	}
}

/* With a limit that lets a certificate serve a fleet, it may have very many of both
 * kinds, which each of its first connections counts. */
static void test_many_of_a_certificate_are_counted_cheaply(void **state)
{
	static const char adopt[] =
		"UPDATE candidates SET identity = (SELECT identity FROM "
		"candidates WHERE path LIKE '%/first')";
	struct gate_fixture *f = *state;
	int64_t before;

	assert_true(asks(f, "first", 0));
	gate_tick();
	gate_put(f, "refused", MANY,
		 (struct gate_rows){.rejected = true, .retry_at = GATE_DAY});
	gate_put(f, "live", MANY, (struct gate_rows){.not_after = GATE_DAY});
	gate_change(f, adopt);
	before = gate_pages(f);
	assert_false(asks(f, "next", 0));
	assert_in_range(gate_pages(f) - before, 1, MANY / 4);
}

/* Path after path, each of them rejected, and the next one. */
static void test_a_certificate_has_so_many_in_force(void **state)
{
	struct gate_fixture *f = *state;

	rejected(f, "other", 1, 1, 3600);
	rejected(f, "a", 0, PER_CERTIFICATE, 3600);
	assert_false(asks(f, "one-more", 0));
	gate_tick();
	assert_non_null(gate_published("ztp/v1/audit", "too_many"));
	/* nobody else is stopped, and what was said of them holds */
	assert_true(asks(f, "one-more", 1));
	assert_false(asks(f, "other0", 1));
	assert_false(asks(f, "a0", 0));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/audit", "too_many"), 1);
	/* direct onboarding rejects nobody */
	assert_int_equal(gate_connect(gate_first(f, DIRECT "a", 0)),
			 MOSQ_ERR_SUCCESS);
}

/* What is only remembered makes room, that of the same certificate. */
static void test_those_that_are_over_give_way(void **state)
{
	struct gate_fixture *f = *state;

	rejected(f, "other", 1, 2, 0);
	rejected(f, "held", 0, 3, 3600);
	rejected(f, "over", 0, 3 * PER_CERTIFICATE, 0);
	assert_int_equal(gate_rejected_rows(f), 2 + PER_CERTIFICATE);
	assert_int_equal(gate_registry(f, "custom")->counts.rejected,
			 2 + PER_CERTIFICATE);
	assert_int_equal(gate_registry(f, "custom")->counts.candidates, 0);
	for (int i = 0; i < 3; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "held%d", i);
		assert_false(asks(f, text, 0));
	}
	gate_says(f,
		  "\"command\":\"getDevice\",\"device_path\":\"" CUSTOM
		  "other0\"",
		  "NOT_FOUND");
}

static void test_a_registry_has_so_many(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;

	gate->options.limits.per_registry = 6;
	rejected(f, "over", 1, 4, 0);
	rejected(f, "held", 0, 6, 3600); /* the four make room */
	assert_int_equal(gate_rejected_rows(f), 6);
	assert_int_equal(gate_registry(f, "custom")->counts.rejected, 6);
	assert_false(asks(f, "new", 1));
	gate_tick();
	assert_int_equal(gate_published_count("ztp/v1/audit", "too_many"), 1);
	for (int i = 0; i < 6; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "held%d", i);
		assert_false(asks(f, text, 0));
	}
	assert_int_equal(gate_rejected_rows(f), 6);
}

/* The count is that of the rows, whatever becomes of them. */
static void test_they_are_counted(void **state)
{
	struct gate_fixture *f = *state;

	rejected(f, "a", 0, 3, 0);
	assert_true(asks(f, "a0", 0)); /* waits again */
	assert_int_equal(gate_registry(f, "custom")->counts.rejected, 2);
	gate_create(f, CUSTOM "a0", 0, "r", "\"created\":true");
	assert_true(asks(f, "a1", 1));
	gate_create(f, CUSTOM "a1", 1, "r", "\"created\":true");
	assert_int_equal(gate_registry(f, "custom")->counts.rejected, 1);
	gate_ok(f, "\"command\":\"deleteDevice\",\"device_path\":\"" CUSTOM
		   "a0\"");
	gate_ok(f, "\"command\":\"deleteDevice\",\"device_path\":\"" CUSTOM
		   "a1\"");
	gate_ok(f, "\"command\":\"deleteRegistry\",\"registry\":"
		   "\"acme/custom\"");
	gate_ok(f, "\"command\":\"createRegistry\",\"registry\":"
		   "\"acme/custom\"");
	assert_int_equal(gate_registry(f, "custom")->counts.rejected, 1);
	gate_unload(f);
	gate_broker_reset();
	assert_int_equal(gate_load(f), 0);
	f->op = gate_client("op", OP, "secret", 5);
	assert_int_equal(gate_registry(f, "custom")->counts.rejected, 1);
	assert_int_equal(gate_registry(f, "custom")->counts.candidates, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, gate_setup, gate_teardown)
		T(test_many_of_a_certificate_are_counted_cheaply),
		T(test_a_certificate_has_so_many_in_force),
		T(test_those_that_are_over_give_way),
		T(test_a_registry_has_so_many),
		T(test_they_are_counted),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
