/* When a connection is tried again: a broker that is away, one that refuses,
 * and another client with the same id. */
#include "scratch.h"

#include "bridge/mqtt/reconnect.h"

/* The pause after a failure at that time. */
static int64_t pause_after(struct reconnect *r, int64_t now)
{
	return r->retry.at - now;
}

static void assert_between(int64_t value, int64_t low, int64_t high)
{
	assert_true(value >= low);
	assert_true(value <= high);
}

static void who_is_away_is_tried_often(void **state)
{
	struct reconnect r = {0};
	int64_t now = 1000;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		reconnect_away(&r, now);
		assert_between(pause_after(&r, now), 187, 625);
		now = r.retry.at;
	}
}

static void who_refuses_is_tried_seldom(void **state)
{
	struct reconnect r = {0};
	int64_t now = 1000;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		reconnect_refused(&r, now);
		now = r.retry.at;
	}
	reconnect_refused(&r, now);
	assert_between(pause_after(&r, now), 22500, 37500);
}

static void a_long_absence_is_no_long_refusal(void **state)
{
	struct reconnect r = {0};
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		reconnect_away(&r, 1000);
	reconnect_refused(&r, 1000);
	assert_between(pause_after(&r, 1000), 187, 313);
}

static void a_connection_that_lasted_is_back_at_once(void **state)
{
	struct reconnect r = {0};

	(void)state;
	reconnect_up(&r, 1000);
	assert_false(reconnect_lost(&r, 60000, false, true));
	assert_between(pause_after(&r, 60000), 187, 313);
}

static void connections_that_do_not_last_grow_the_pause(void **state)
{
	struct reconnect r = {0};
	int64_t now = 1000;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) { /* busy: it may be what was asked */
		reconnect_up(&r, now);
		assert_false(reconnect_lost(&r, now + 100, false, true));
		now = r.retry.at;
	}
	assert_between(r.pause, 22500, 37500);
}

static void being_told_of_the_other_client(void **state)
{
	struct reconnect r = {0};

	(void)state;
	reconnect_up(&r, 1000);
	assert_true(reconnect_lost(&r, 100000, true, true));
	assert_between(pause_after(&r, 100000), 30000, 50000);
	reconnect_hurry(&r, 100001); /* it is still there */
	assert_between(pause_after(&r, 100000), 30000, 50000);
}

static void three_in_a_row_are_another_client(void **state)
{
	struct reconnect r = {0};
	int64_t now = 1000;
	int i;

	(void)state;
	for (i = 1; i <= 5; i++) {
		reconnect_up(&r, now);
		now += 300;
		assert_int_equal(reconnect_lost(&r, now, false, false), i >= 3);
		if (i >= 3)
			assert_between(pause_after(&r, now), 30000, 50000);
		now = r.retry.at;
	}
	reconnect_up(&r, now);
	assert_false(reconnect_lost(&r, now + 2000, false, false));
}

static void a_broker_that_restarts_is_no_other_client(void **state)
{
	struct reconnect r = {0};
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		reconnect_up(&r, 1000);
		assert_false(reconnect_lost(&r, 1300, false, false));
		reconnect_away(&r, 1400);
	}
}

static void news_of_the_broker_end_the_pause(void **state)
{
	struct reconnect r = {0};
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		reconnect_refused(&r, 1000);
	reconnect_hurry(&r, 2000);
	assert_int_equal(r.retry.at, 2000);
}

static void both_are_left_for_as_long(void **state)
{
	struct reconnect one = {0}, other = {0};

	(void)state;
	reconnect_up(&one, 1000);
	assert_int_equal(reconnect_left_until(&one, 1000), 0);
	assert_true(reconnect_lost(&one, 1100, true, false));
	assert_int_equal(reconnect_left_until(&one, 1100), one.retry.at);
	assert_int_equal(reconnect_left_until(&one, one.retry.at), 0);
	reconnect_leave(&other, one.retry.at);
	reconnect_hurry(&other, 1200);
	assert_int_equal(other.retry.at, one.retry.at);
	reconnect_away(&other, other.retry.at);
	assert_int_equal(reconnect_left_until(&other, one.retry.at), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_away_is_tried_often),
		cmocka_unit_test(who_refuses_is_tried_seldom),
		cmocka_unit_test(a_long_absence_is_no_long_refusal),
		cmocka_unit_test(a_connection_that_lasted_is_back_at_once),
		cmocka_unit_test(connections_that_do_not_last_grow_the_pause),
		cmocka_unit_test(being_told_of_the_other_client),
		cmocka_unit_test(three_in_a_row_are_another_client),
		cmocka_unit_test(a_broker_that_restarts_is_no_other_client),
		cmocka_unit_test(news_of_the_broker_end_the_pause),
		cmocka_unit_test(both_are_left_for_as_long),
	};

	return cmocka_run_group_tests_name("bridge_mqtt_reconnect", tests, NULL,
					   NULL);
}
