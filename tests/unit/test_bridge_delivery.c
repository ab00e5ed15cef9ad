/* The pauses between tries of a command that nobody takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <limits.h>

#include "bridge/delivery.h"

/* The pause without jitter: between its ends, which are 3/4 and 5/4 of it. */
static int64_t middle(int tries)
{
	int64_t least = INT64_MAX, most = 0;
	uint32_t r;

	for (r = 0; r < 400000; r += 25) {
		int64_t ms = delivery_backoff(tries, r);

		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	return (least + most + 1) / 2;
}

static void test_success_is_below_0x80(void **state)
{
	(void)state;
	assert_int_equal(delivery_fate_of(0), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(1), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x0f), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x10), DELIVERY_NO_SUBSCRIBER);
	assert_int_equal(delivery_fate_of(0x11), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x7f), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x80), DELIVERY_REFUSED);
	assert_int_equal(delivery_fate_of(0x99), DELIVERY_REFUSED);
}

static void test_doubles_to_ten_seconds(void **state)
{
	static const int64_t want[] = {250,  500,   1000,  2000,  4000,
				       8000, 10000, 10000, 10000, 10000};
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_in_range(middle(i + 1), want[i] * 98 / 100,
				want[i] * 102 / 100);
}

static void test_then_to_five_minutes(void **state)
{
	static const int64_t want[] = {20000,  40000,  80000,
				       160000, 300000, 300000};
	int i;

	(void)state;
	for (i = 0; i < 6; i++)
		assert_in_range(middle(i + 11), want[i] * 98 / 100,
				want[i] * 102 / 100);
	assert_in_range(middle(100000), 294000, 306000);
	assert_in_range(middle(INT_MAX), 294000, 306000);
}

static void test_jitter_has_bounds(void **state)
{
	static const uint32_t randoms[] = {
		0, 1, 124, 125, 126, 0x7fffffff, 0x80000000, 0xffffffff};
	int tries;
	size_t i;

	(void)state;
	for (tries = -1; tries < 30; tries++)
		for (i = 0; i < sizeof(randoms) / sizeof(*randoms); i++) {
			int64_t ms = delivery_backoff(tries, randoms[i]);

			assert_true(ms >= 187);
			assert_true(ms <= (tries <= 10 ? 12500 : 375000));
		}
	/* Devices that left together are spread over half of the pause. */
	assert_int_equal(delivery_backoff(1, 0), 188);
	assert_int_equal(delivery_backoff(1, 125), 313);
	assert_int_equal(delivery_backoff(1, 126), 188);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success_is_below_0x80),
		cmocka_unit_test(test_doubles_to_ten_seconds),
		cmocka_unit_test(test_then_to_five_minutes),
		cmocka_unit_test(test_jitter_has_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
