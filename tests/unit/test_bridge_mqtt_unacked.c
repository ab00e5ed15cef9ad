/* The publishes without a PUBACK: which are in flight, and since when. */
#include "scratch.h"

#include "bridge/mqtt/unacked.h"

static struct unacked u;

static int setup(void **state)
{
	(void)state;
	unacked_reset(&u, 2);
	return 0;
}

static void assert_in_flight(int n, int64_t since)
{
	assert_int_equal(u.in_flight, n);
	assert_int_equal(unacked_since(&u), since);
}

static void none_is_in_flight(void **state)
{
	(void)state;
	assert_in_flight(0, 0);
	unacked_remove(&u, 7, 10); /* of nobody */
	assert_in_flight(0, 0);
}

/* The third is not sent before there is room, so it is not late either. */
static void the_window_is_what_counts(void **state)
{
	(void)state;
	unacked_add(&u, 1, 100);
	unacked_add(&u, 2, 200);
	unacked_add(&u, 3, 300);
	assert_in_flight(2, 100);
	unacked_remove(&u, 2, 5000);
	assert_in_flight(2, 100);
	unacked_remove(&u, 1, 6000);
	assert_in_flight(1, 5000);
	unacked_remove(&u, 3, 7000);
	assert_in_flight(0, 0);
}

/* One that is never acknowledged does not hide the others, up to a bound. */
static void one_that_stays(void **state)
{
	int mid;

	(void)state;
	unacked_add(&u, 1, 100);
	for (mid = 2; unacked_has_room(&u); mid++) {
		unacked_add(&u, mid, 100 + mid);
		unacked_remove(&u, mid, 200 + mid);
	}
	assert_int_equal(mid, UNACKED_MAX + 1);
	assert_in_flight(1, 100);
	unacked_remove(&u, 1, 9000);
	assert_true(unacked_has_room(&u));
	assert_in_flight(0, 0);
}

static void rounds_after_rounds(void **state)
{
	int mid;

	(void)state;
	for (mid = 1; mid < 5 * UNACKED_MAX; mid++) {
		unacked_add(&u, mid, mid);
		if (mid > 1)
			unacked_remove(&u, mid - 1, mid);
	}
	assert_int_equal(unacked_since(&u), 5 * UNACKED_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(none_is_in_flight, setup),
		cmocka_unit_test_setup(the_window_is_what_counts, setup),
		cmocka_unit_test_setup(one_that_stays, setup),
		cmocka_unit_test_setup(rounds_after_rounds, setup),
	};

	return cmocka_run_group_tests_name("bridge_mqtt_unacked", tests, NULL,
					   NULL);
}
