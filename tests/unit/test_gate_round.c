/* When what is not acknowledged is offered again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/round.h"

#define S	1000LL
#define STARTED (500 * S) /* CLOCK_BOOTTIME */

/* The first round, as at start: at once, and over at once. */
static struct ztp_round first(void)
{
	struct ztp_round round = {.running = false};

	ztp_round_now(&round);
	assert_true(ztp_round_begin(&round, STARTED));
	ztp_round_end(&round, STARTED);
	return round;
}

/* The time from one until a round begins, if nothing else happens. */
static int64_t after(struct ztp_round round, int64_t since)
{
	for (int64_t at = since; at < since + 1000 * S; at += S / 2)
		if (ztp_round_begin(&round, at))
			return at - since;
	return -1;
}

static void the_interval_doubles(void **state)
{
	struct ztp_round round = first();

	(void)state;
	for (int64_t s = 10, at = STARTED; s < 300; s *= 2) {
		assert_int_equal(after(round, at), s * S);
		at += s * S;
		assert_true(ztp_round_begin(&round, at));
		ztp_round_end(&round, at);
	}
}

static void acknowledgements_put_it_off(void **state)
{
	struct ztp_round round = first();

	(void)state;
	for (int64_t s = 1; s <= 45; s++) {
		ztp_round_acked(&round, STARTED + s * S);
		assert_false(ztp_round_begin(&round, STARTED + s * S));
	}
	assert_int_equal(after(round, STARTED + 45 * S), 10 * S);
}

/* Something of it may be lost. */
static void but_not_for_ever(void **state)
{
	struct ztp_round round = first();

	(void)state;
	for (int64_t s = 1; s < 60; s++) {
		ztp_round_acked(&round, STARTED + s * S);
		assert_false(ztp_round_begin(&round, STARTED + s * S));
	}
	ztp_round_acked(&round, STARTED + 60 * S);
	assert_true(ztp_round_begin(&round, STARTED + 60 * S));
	ztp_round_end(&round, STARTED + 60 * S);
	for (int64_t s = 61; s < 120; s++) {
		ztp_round_acked(&round, STARTED + s * S);
		assert_false(ztp_round_begin(&round, STARTED + s * S));
	}
	assert_true(ztp_round_begin(&round, STARTED + 120 * S));
}

/* Whoever subscribes anew has perhaps none of it. */
static void a_new_client_is_told_at_once(void **state)
{
	struct ztp_round round = first();

	(void)state;
	ztp_round_acked(&round, STARTED + S);
	ztp_round_now(&round);
	ztp_round_acked(&round, STARTED + 2 * S);
	assert_true(ztp_round_begin(&round, STARTED + 2 * S));
}

static void a_new_candidate_brings_it_nearer(void **state)
{
	struct ztp_round round = first();

	(void)state;
	for (int i = 0; i < 6; i++) {
		int64_t at = STARTED + (i + 1) * 1000 * S;

		assert_true(ztp_round_begin(&round, at));
		ztp_round_end(&round, at);
	}
	assert_true(after(round, STARTED + 6001 * S) > 60 * S);
	ztp_round_soon(&round, STARTED + 6001 * S);
	assert_int_equal(after(round, STARTED + 6001 * S), 10 * S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_doubles),
		cmocka_unit_test(acknowledgements_put_it_off),
		cmocka_unit_test(but_not_for_ever),
		cmocka_unit_test(a_new_client_is_told_at_once),
		cmocka_unit_test(a_new_candidate_brings_it_nearer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
