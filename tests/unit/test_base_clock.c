/* Deadlines, and steady time: it starts at the wall clock, or at the store's
 * time if that is later, and then only moves with the passing of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "base/clock.h"

#define HOUR 3600000

static void near(int64_t a, int64_t b)
{
	/* two readings of a clock on a busy machine */
	assert_true(a - b < 5000);
	assert_true(b - a < 5000);
}

static int64_t in_ms(struct timespec time)
{
	assert_true(time.tv_nsec >= 0 && time.tv_nsec < 1000000000);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Whatever the nanoseconds of the current time are, some of these carry into
 * the next second. */
static void test_moments_to_come(void **state)
{
	(void)state;
	for (int64_t ms = 0; ms < 3000; ms += 50) {
		int64_t before = ztp_clock_us() / 1000;
		int64_t at = in_ms(ztp_clock_after(CLOCK_MONOTONIC, ms));

		assert_true(at - ms >= before);
		near(at - ms, before);
		near(in_ms(ztp_clock_after(CLOCK_REALTIME, ms)),
		     ztp_clock_wall() + ms);
	}
}

static void test_anchored_at_the_wall_clock(void **state)
{
	struct ztp_clock clock;

	(void)state;
	assert_true(ztp_clock_anchor(&clock, 0));
	near(ztp_clock_steady(&clock), ztp_clock_wall());
	assert_true(ztp_clock_anchor(&clock, ztp_clock_wall() - HOUR));
	near(ztp_clock_steady(&clock), ztp_clock_wall());
}

static void test_never_before_the_store(void **state)
{
	struct ztp_clock clock;
	int64_t newest = ztp_clock_wall() + HOUR;

	(void)state;
	assert_false(ztp_clock_anchor(&clock, newest));
	assert_int_equal(clock.anchor_steady, newest);
	assert_true(ztp_clock_steady(&clock) >= newest);
	near(ztp_clock_steady(&clock), newest);
	/* A wall-clock time read now moves by the same amount. */
	near(ztp_clock_to_steady(&clock, ztp_clock_wall() + HOUR),
	     newest + HOUR);
}

static void test_goes_on_with_boot_time(void **state)
{
	struct ztp_clock clock = {.anchor_steady = 1000 * (int64_t)HOUR,
				  .anchor_boot = ztp_clock_boot() - HOUR};
	int64_t before, after;

	(void)state;
	near(ztp_clock_steady(&clock), 1001 * (int64_t)HOUR);
	before = ztp_clock_steady(&clock);
	after = ztp_clock_steady(&clock);
	assert_true(after >= before);
}

/* As long as nobody sets the clock, a deadline keeps its exact value. */
static void test_small_differences_are_none(void **state)
{
	struct ztp_clock clock;

	(void)state;
	ztp_clock_anchor(&clock, 0);
	clock.anchor_steady += 50;
	assert_int_equal(ztp_clock_to_steady(&clock, 1234567890123),
			 1234567890123);
	clock.anchor_steady -= 100;
	assert_int_equal(ztp_clock_to_steady(&clock, 1234567890123),
			 1234567890123);
}

static void test_steps_are_taken_out(void **state)
{
	struct ztp_clock clock;
	int64_t deadline;

	(void)state;
	/* The wall clock has been set back by an hour since the start, ... */
	ztp_clock_anchor(&clock, 0);
	clock.anchor_steady += HOUR;
	deadline = ztp_clock_to_steady(&clock, ztp_clock_wall() + 60000);
	near(deadline - ztp_clock_steady(&clock), 60000);
	/* ... and forward by two. */
	clock.anchor_steady -= 2 * HOUR;
	deadline = ztp_clock_to_steady(&clock, ztp_clock_wall() + 60000);
	near(deadline - ztp_clock_steady(&clock), 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments_to_come),
		cmocka_unit_test(test_anchored_at_the_wall_clock),
		cmocka_unit_test(test_never_before_the_store),
		cmocka_unit_test(test_goes_on_with_boot_time),
		cmocka_unit_test(test_small_differences_are_none),
		cmocka_unit_test(test_steps_are_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
