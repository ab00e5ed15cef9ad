/* A command for which SQLite has no memory may take the whole transaction with it,
 * and with that what other commands of the same message have written.
 * gate_broker.c plays the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gate_fixture.h"

#define LIMITS 200 /* of SQLite's memory, each a little higher */
#define STEP   512

/* Three registries, and what is refused, in one message. */
static void ask(struct gate_fixture *f, int n)
{
	char json[1024];

	(void)snprintf(json, sizeof(json),
		       "{\"commands\":["
		       "{\"command\":\"createRegistry\",\"registry\":\"a/a%d\","
		       "\"onboarding\":\"direct\"},"
		       "{\"command\":\"blockDevice\",\"device_path\":\"" DIRECT
		       "none\"},"
		       "{\"command\":\"createRegistry\",\"registry\":\"a/b%d\","
		       "\"onboarding\":\"direct\"},"
		       "{\"command\":\"createRegistry\",\"registry\":\"a/c%d\","
		       "\"onboarding\":\"direct\"}]}",
		       n, n, n);
	gate_control(f->op, json);
}

static int count_of(const char *text, const char *word)
{
	int count = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		count++;
	return count;
}

static int created(struct gate_fixture *f, int n)
{
	int count = 0;

	for (const char *c = "abc"; *c; c++) {
		char members[128];

		(void)snprintf(members, sizeof(members),
			       "\"command\":\"getRegistry\",\"registry\":"
			       "\"a/%c%d\"",
			       *c, n);
		count += strstr(gate_command(f, members), "\"OK\"") != NULL;
	}
	return count;
}

static void test_ok_is_said_of_what_is_there(void **state)
{
	struct gate_fixture *f = *state;
	int failed = 0;

	for (int n = 1; n <= LIMITS; n++) {
		int said;

		gate_unload(f);
		assert_int_equal(gate_load(f), 0);
		(void)sqlite3_hard_heap_limit64(sqlite3_memory_used() +
						n * STEP);
		ask(f, n);
		(void)sqlite3_hard_heap_limit64(0);
		gate_tick();
		said = count_of(gate_published("$CONTROL/ztp/v1/response",
					       "createRegistry"),
				"\"OK\"");
		failed += said < 3;
		assert_int_equal(said, created(f, n));
	}
	assert_true(failed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_ok_is_said_of_what_is_there, gate_setup,
			gate_teardown),
	};

	return gate_run_both(tests, sizeof(tests) / sizeof(*tests));
}
