/* A copy of a ztp.state, in a mock cluster of librdkafka's, that is read on after a
 * while. What said that a row was removed may be gone by then. */
#include "copy_case.h"

static void read_until(struct copy_case *c, const char *journal)
{
	int64_t until = ztp_clock_us() + DEADLINE_US;

	while (!has(c, journal)) {
		assert_true(ztp_clock_us() < until);
		(void)copy_step(c->copy, ROWS, WAIT_MS, &c->error);
	}
}

static int setup(void **state)
{
	struct copy_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	copy_case_make(c);
	read_until(c, "one");
	keep_row(c);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	copy_case_end(*state);
	free(*state);
	return 0;
}

/* --- tests */

/* What came next is still there, and so is what came last. */
static void one_that_was_stopped_for_days_is_read_anew(void **state)
{
	struct copy_case *c = *state;

	read_to_end(c);
	stopped_for = 8 * DAY;
	write_mark(c, "next", T0 + 2 * SECOND);
	write_mark(c, "last", T0 + 8 * DAY);
	read_until(c, "last");
	assert_true(has(c, "one") && has(c, "next"));
	assert_false(has(c, GONE));
}

/* Librdkafka has queued it, and had for as long. */
static void an_end_that_was_near_days_ago_is_no_end(void **state)
{
	struct copy_case *c = *state;

	stopped_for = 8 * DAY;
	write_mark(c, "next", T0 + 2 * SECOND);
	write_mark(c, "last", T0 + 8 * DAY);
	read_until(c, "last");
	assert_false(has(c, GONE));
}

static void days_without_anybody_who_writes_change_nothing(void **state)
{
	struct copy_case *c = *state;

	read_to_end(c);
	stopped_for = 8 * DAY;
	write_mark(c, "last", T0 + 8 * DAY);
	read_until(c, "last");
	assert_true(has(c, GONE));
}

/* A virtual machine's clock stands still while it is paused. */
static void one_that_was_paused_for_days_is_read_anew(void **state)
{
	struct copy_case *c = *state;

	read_to_end(c);
	write_mark(c, "live", T0 + 2 * DAY);
	read_until(c, "live");
	assert_true(has(c, GONE));
	write_mark(c, "next", T0 + 2 * DAY + SECOND);
	write_mark(c, "last", T0 + 10 * DAY);
	read_until(c, "last");
	assert_true(has(c, "one") && has(c, "next"));
	assert_false(has(c, GONE));
}

/* It is held against Kafka's times, and they say that it is not old. */
static void a_clock_that_runs_ahead_changes_nothing(void **state)
{
	struct copy_case *c = *state;

	read_to_end(c);
	stopped_for = 8 * DAY;
	write_mark(c, "next", T0 + 2 * SECOND);
	write_mark(c, "last", T0 + 3 * SECOND);
	read_until(c, "last");
	assert_true(has(c, GONE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_was_stopped_for_days_is_read_anew),
		TEST(an_end_that_was_near_days_ago_is_no_end),
		TEST(days_without_anybody_who_writes_change_nothing),
		TEST(one_that_was_paused_for_days_is_read_anew),
		TEST(a_clock_that_runs_ahead_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
