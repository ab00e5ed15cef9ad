/* Who may use the fifth of the thread that unproven clients share. The test
 * plays the clock and the time that verifications take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "gate/share.h"

#define COST	  100 /* us: an ECDSA verification */
#define MINUTE_MS 60000

static int begin(void **state)
{
	*state = ztp_share_new();
	return *state ? 0 : -1;
}

static int end(void **state)
{
	ztp_share_free(*state);
	return 0;
}

static struct ztp_throttle_source source(int number)
{
	struct ztp_throttle_source source = {{0}};
	char text[32];

	(void)snprintf(text, sizeof(text), "10.%d.%d.%d", number >> 16,
		       number >> 8 & 255, number & 255);
	ztp_throttle_source(&source, text);
	return source;
}

/* One attempt, which costs COST if it may be made. */
static bool try(struct ztp_share *share, int from, bool failed, int64_t now)
{
	struct ztp_throttle_source address = source(from);

	if (!ztp_share_open(share, &address, failed, now))
		return false;
	ztp_share_charge(share, &address, COST, now);
	return true;
}

static void one_address_uses_the_fifth_and_no_more(void **state)
{
	int64_t used = 0;

	for (int64_t now = 0; now < MINUTE_MS; now++)
		for (int i = 0; i < 10; i++) /* as much as the thread can do */
			used += try(*state, 1, false, now) ? COST : 0;
	assert_in_range(used, MINUTE_MS * ZTP_SHARE_PER_MS * 99 / 100,
			MINUTE_MS * ZTP_SHARE_PER_MS + ZTP_SHARE_CAPACITY_US);
}

static void a_new_address_is_let_in(void **state)
{
	for (int64_t now = 0; now < MINUTE_MS; now++) {
		for (int i = 0; i < 10; i++)
			(void)try(*state, 1, false, now);
		if (now % 100 == 0)
			assert_true(
				try(*state, 2 + (int)(now / 100), false, now));
	}
}

static void a_quiet_address_is_let_in_among_many_busy_ones(void **state)
{
	for (int64_t now = 0; now < MINUTE_MS; now++) {
		for (int i = 0; i < 10; i++)
			(void)try(*state, (int)(now * 10 + i) % 300, false,
				  now);
		if (now % 1000 == 0)
			assert_true(try(*state, 1000, false, now));
	}
}

static void busy_addresses_take_turns(void **state)
{
	enum { ADDRESSES = 50 };
	int64_t used[ADDRESSES] = {0};
	int64_t least = INT64_MAX, most = 0;

	for (int64_t now = 0; now < MINUTE_MS; now++)
		for (int i = 0; i < 20; i++) {
			/* one of them is ten times as busy as all the others */
			int from = i < 10 ? 0 : (int)(now * 10 + i) % ADDRESSES;

			used[from] += try(*state, from, false, now) ? COST : 0;
		}
	for (int i = 0; i < ADDRESSES; i++) {
		least = used[i] < least ? used[i] : least;
		most = used[i] > most ? used[i] : most;
	}
	assert_true(least > 0 && most < 2 * least);
}

static void a_path_that_has_not_failed_goes_first(void **state)
{
	int64_t failed = 0;

	for (int64_t now = 0; now < MINUTE_MS; now++) {
		for (int i = 0; i < 10; i++)
			failed += try(*state, 1, true, now);
		if (now % 10 == 0)
			assert_true(try(*state, 1, false, now));
	}
	assert_true(failed > 0); /* it has what the others leave */
}

static void what_was_used_is_paid_back(void **state)
{
	struct ztp_throttle_source address = source(1);
	int64_t now = 1000;

	while (try(*state, 1, false, now))
		continue;
	now += 2000;
	assert_true(try(*state, 1, true, now));
	/* a single verification that took longer than all of it */
	ztp_share_charge(*state, &address, 3LL * ZTP_SHARE_CAPACITY_US, now);
	assert_false(try(*state, 2, false, now + 100));
	assert_true(try(*state, 2, false, now + 2200));
}

/* More addresses than the table holds, each with a debt. */
static void many_addresses_share_what_there_is(void **state)
{
	int64_t used = 0;

	for (int64_t now = 0; now < MINUTE_MS; now++)
		for (int i = 0; i < 10; i++)
			used += try(*state, (int)(now * 10 + i), false, now)
					? COST
					: 0;
	assert_in_range(used, 1,
			MINUTE_MS * ZTP_SHARE_PER_MS + ZTP_SHARE_CAPACITY_US);
	for (int i = 0; i < 1000; i++)
		assert_true(try(*state, i, false, MINUTE_MS + 3000 + i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
		T(one_address_uses_the_fifth_and_no_more),
		T(a_new_address_is_let_in),
		T(a_quiet_address_is_let_in_among_many_busy_ones),
		T(busy_addresses_take_turns),
		T(a_path_that_has_not_failed_goes_first),
		T(what_was_used_is_paid_back),
		T(many_addresses_share_what_there_is),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
