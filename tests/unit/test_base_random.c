/* Randomness, from a kernel that is interrupted and returns a few bytes at a
 * time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/random.h"

#define PART 5 /* bytes per call */

static int calls, interruptions;

ssize_t getrandom(void *bytes, size_t n, unsigned flags);

/* Replaces the C library's: each byte is the number of the call that returned
 * it, and the first calls are interrupted by a signal. */
ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
	assert_int_equal(flags, 0);
	if (interruptions > 0) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	calls++;
	memset(bytes, calls, n < PART ? n : PART);
	return (ssize_t)(n < PART ? n : PART);
}

static int begin(void **state)
{
	(void)state;
	calls = interruptions = 0;
	return 0;
}

static void asked_until_all_is_there(void **state)
{
	static const uint8_t expected[] = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3};
	uint8_t bytes[sizeof(expected)] = {0};

	(void)state;
	ztp_random(bytes, sizeof(bytes));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void interrupted_is_asked_again(void **state)
{
	uint8_t byte = 0;

	(void)state;
	interruptions = 3;
	ztp_random(&byte, 1);
	assert_int_equal(byte, 1);
	assert_int_equal(interruptions, 0);
}

static void nothing_is_not_asked_for(void **state)
{
	(void)state;
	ztp_random(NULL, 0);
	assert_int_equal(calls, 0);
}

/* One part of the store after the other, and none twice. */
static void a_store_is_filled_when_it_is_empty(void **state)
{
	struct ztp_random_store store = {.left = 0};
	size_t whole = sizeof(store.bytes) / 34;
	uint8_t bytes[34], before[34] = {0};
	int filled;
	size_t i;

	(void)state;
	ztp_random_from(&store, bytes, sizeof(bytes));
	filled = calls;
	for (i = 1; i < whole; i++) {
		memcpy(before, bytes, sizeof(bytes));
		ztp_random_from(&store, bytes, sizeof(bytes));
		assert_memory_not_equal(bytes, before, sizeof(bytes));
	}
	assert_int_equal(calls, filled);
	ztp_random_from(&store, bytes, sizeof(bytes));
	assert_int_equal(calls, 2 * filled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(asked_until_all_is_there, begin),
		cmocka_unit_test_setup(interrupted_is_asked_again, begin),
		cmocka_unit_test_setup(nothing_is_not_asked_for, begin),
		cmocka_unit_test_setup(a_store_is_filled_when_it_is_empty,
				       begin),
	};

	return cmocka_run_group_tests_name("base_random", tests, NULL, NULL);
}
