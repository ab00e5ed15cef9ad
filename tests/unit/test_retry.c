/* Pauses between tries, and the count of those that failed. */
#include "ztp/retry.h"

#include <limits.h>

#include "tests/unit/exact.h"

static const struct ztp_retry_pace plain = {.first_ms = 100, .max_ms = 700};
static const struct ztp_retry_pace patient = {
	.first_ms = 100, .early_max_ms = 200, .early_tries = 3, .max_ms = 1000};

static void doubles_up_to_the_end(void **state)
{
	/* The least of each: 3/4 of 100, 200, 400, 700, 700. */
	static const int64_t least[] = {75, 150, 300, 525, 525};
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_int_equal(ztp_retry_pause(&plain, i + 1, 0), least[i]);
	assert_int_equal(ztp_retry_pause(&plain, INT_MAX, 0), 525);
}

static void stays_early_then_grows_on(void **state)
{
	static const int64_t least[] = {75, 150, 150, 300, 600, 750, 750};
	int i;

	(void)state;
	for (i = 0; i < 7; i++)
		assert_int_equal(ztp_retry_pause(&patient, i + 1, 0), least[i]);
	assert_int_equal(ztp_retry_pause(&patient, INT_MAX, 0), 750);
}

static void jitter_ends_at_five_quarters(void **state)
{
	uint32_t random;

	(void)state;
	assert_int_equal(ztp_retry_pause(&plain, 1, 50), 125);
	assert_int_equal(ztp_retry_pause(&plain, 1, 51), 75);
	for (random = UINT32_MAX - 1000; random != 0; random++)
		assert_in_range(ztp_retry_pause(&plain, 3, random), 300, 500);
}

static void a_success_makes_the_next_failure_a_first_one(void **state)
{
	struct ztp_retry retry = {0};

	(void)state;
	assert_true(ztp_retry_due(&retry, 0));
	ztp_retry_failed(&retry, &plain, 1000, 0);
	ztp_retry_failed(&retry, &plain, 2000, 0);
	assert_int_equal(retry.tries, 2);
	assert_int_equal(retry.at, 2150);
	assert_false(ztp_retry_due(&retry, 2149));
	assert_true(ztp_retry_due(&retry, 2150));
	ztp_retry_succeeded(&retry);
	assert_true(ztp_retry_due(&retry, 2000));
	ztp_retry_failed(&retry, &plain, 2000, 0);
	assert_int_equal(retry.at, 2075);
}

static void the_count_does_not_overflow(void **state)
{
	struct ztp_retry retry = {.tries = INT_MAX};

	(void)state;
	ztp_retry_failed(&retry, &plain, 0, 0);
	assert_int_equal(retry.tries, INT_MAX);
	assert_int_equal(retry.at, 525);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_up_to_the_end),
		cmocka_unit_test(stays_early_then_grows_on),
		cmocka_unit_test(jitter_ends_at_five_quarters),
		cmocka_unit_test(a_success_makes_the_next_failure_a_first_one),
		cmocka_unit_test(the_count_does_not_overflow),
	};

	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
