/* Candidates that end with their CA or their registry, while the disk or the
 * memory fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gate_disk.h"
#include "gate_full.h"
#include "gate_sweeping.h"

/* Replaces the C library's. */
int fdatasync(int fd)
{
	return gate_disk_sync(fd);
}

/* The answer to the last command, or NULL: it was lost. */
static const char *settled(struct gate_fixture *f, size_t before)
{
	sweeping_pass(f);
	return gate_published_count(RESPONSE, "removed") > before
		       ? gate_published(RESPONSE, "removed")
		       : NULL;
}

/* On a disk that is well again. After a failure nothing is written for a while, for
 * longer where the failure took long (gate/rest.h). */
static const char *settled_when_rested(struct gate_fixture *f, size_t before)
{
	int64_t until = ztp_clock_boot() + ZTP_REST_MAX_MS;
	const char *answer = settled(f, before);

	while (!answer && ztp_clock_boot() < until)
		answer = settled(f, before);
	return answer;
}

/* What has been written so far may be lost, and the command with it or not. */
static void test_a_disk_that_fails(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;

	sweeping_put(f, "0", MANY, NULL, false);
	gate_broker.settle = NULL;
	gate_disk_set(true, EIO);
	sweeping_remove_ca(f, "");
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
	assert_int_equal(gate_registry(f, "custom")->counts.candidates, MANY);
	gate_tick();
	assert_int_equal(gate_live_rows(f), MANY);
	/* the command is durable, and a page is not */
	gate_let_it_trust(f);
	sweeping_remove_ca(f, "");
	gate->sweeps.next = 0;
	gate_broker.settle = NULL;
	gate_disk_set(true, EIO);
	gate_tick();
	gate_disk_set(false, EIO);
	gate_broker.settle = gate_settle;
	assert_non_null(settled_when_rested(f, 1));
	assert_int_equal(gate_published_count(RESPONSE, "removed"), 2);
	assert_non_null(strstr(gate_published(RESPONSE, "removed"),
			       "\"ended\":1200,\"sessions\":0"));
	assert_int_equal(gate_live_rows(f), 0);
	assert_int_equal(sweeping_withdrawn(f), MANY);
}

/* SQLite has no memory for the command, or for a page. */
static void test_memory_that_is_not_there(void **state)
{
	static const char forget[] = "DELETE FROM withdrawn";
	struct gate_fixture *f = *state;
	int refused = 0, ended = 0, trouble = 0;

	for (int n = 1; n <= 60; n++) {
		const char *answer;
		char name[16];

		(void)snprintf(name, sizeof(name), "%02d", n);
		sweeping_put(f, name, SOME, NULL, false);
		gate_unload(f);
		gate_broker_reset();
		assert_int_equal(gate_load(f), 0);
		f->op = gate_client("op", OP, "secret", 5);
		gate_broker.log[0] = '\0';
		(void)sqlite3_hard_heap_limit64(sqlite3_memory_used() +
						n * 4096);
		sweeping_remove_ca(f, "");
		gate_tick();
		gate_tick();
		(void)sqlite3_hard_heap_limit64(0);
		answer = settled(f, 0);
		trouble += gate_broker.log[0] != '\0';
		assert_int_equal(sweeping_left(f), 0);
		assert_int_equal(gate_registry(f, "custom")->counts.candidates,
				 gate_live_rows(f));
		if (gate_registry(f, "custom")->ca_count == 0) {
			assert_int_equal(gate_live_rows(f), 0);
			assert_non_null(answer);
			assert_non_null(strstr(answer, "\"ended\":300,"));
			sweeping_add_ca(f, "\"OK\"");
			ended++;
		} else {
			assert_int_equal(gate_live_rows(f), SOME);
			assert_true(!answer || strstr(answer, "UNAVAILABLE"));
			sweeping_remove_ca(f, "");
			assert_non_null(settled(f, answer != NULL));
			sweeping_add_ca(f, "\"OK\"");
			refused++;
		}
		gate_change(f, forget); /* as acknowledged */
	}
	assert_true(refused > 0 && ended > 0 && trouble > refused);
}

/* A disk that takes nothing is not asked for a page in each turn. */
static void test_a_disk_that_goes_on_failing(void **state)
{
	struct gate_fixture *f = *state;
	struct ztp_gate *gate = f->gate;
	uint64_t before;

	sweeping_put(f, "0", MANY, NULL, false);
	sweeping_remove_ca(f, "");
	gate_disk_set(false, ENOSPC);
	gate_tick();
	before = gate->losses;
	for (int i = 0; i < 100; i++) {
		gate_disk_set(false, ENOSPC);
		gate_tick();
	}
	assert_true(before > 0);
	assert_in_range(gate->losses - before, 0, 2);
	gate_disk_set(false, 0);
	assert_non_null(settled_when_rested(f, 0));
	assert_int_equal(gate_live_rows(f), 0);
}

/* Its page cannot be read, and the others' can. */
static void test_one_that_is_damaged(void **state)
{
	static const char spoil[] =
		"UPDATE candidates SET spki_sha256 = x'00' WHERE id = '0-299'";
	static const char mend[] = "UPDATE candidates SET spki_sha256 = "
				   "zeroblob(32) WHERE id = '0-299'";
	const uint8_t other[ZTP_SHA256_LEN] = {7};
	struct gate_fixture *f = *state;

	sweeping_put(f, "0", SOME, NULL, false);
	sweeping_put(f, "1", SOME, other, false);
	gate_change(f, spoil);
	sweeping_remove_ca(f, "");
	sweeping_send(f, DELETE);
	gate_ok(f, "\"command\":\"createRegistry\",\"registry\":\"acme/few\"");
	sweeping_send(
		f, "{\"command\":\"deleteRegistry\",\"registry\":\"acme/few\","
		   "\"correlationData\":\"few\"}");
	sweeping_pass(f);
	assert_int_equal(gate_published_count(RESPONSE, "\"few\""), 1);
	assert_int_equal(gate_published_count(RESPONSE, "removed"), 0);
	assert_true(sweeping_left(f) > 0);
	gate_change(f, mend);
	sweeping_pass(f);
	assert_int_equal(gate_published_count(RESPONSE, "removed"), 1);
	assert_int_equal(gate_published_count(RESPONSE, "deleted"), 1);
	assert_int_equal(gate_live_rows(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, gate_setup, sweeping_teardown)
		T(test_a_disk_that_fails),
		T(test_a_disk_that_goes_on_failing),
		T(test_memory_that_is_not_there),
		T(test_one_that_is_damaged),
#undef T
	};

	return cmocka_run_group_tests(tests, gate_setup_plugin,
				      gate_teardown_group);
}
