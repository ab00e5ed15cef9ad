/* How many lines of one event a log takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log_flow.h"

static const char loud[] = "loud", calm[] = "calm";

static int taken(struct log_flow *flow, const char *event, int tries,
		 int64_t now)
{
	uint64_t left_out;
	int count = 0;

	while (tries-- > 0)
		count += log_flow_take(flow, event, now, &left_out);
	return count;
}

static void a_hundred_at_once_then_ten_a_second(void **state)
{
	struct log_flow flow = {0};
	int64_t now = 5000000;

	(void)state;
	assert_int_equal(taken(&flow, loud, 1000, now), 100);
	assert_int_equal(taken(&flow, loud, 1000, now + 99), 0);
	assert_int_equal(taken(&flow, loud, 1000, now + 100), 1);
	assert_int_equal(taken(&flow, loud, 1000, now + 1100), 10);
	assert_int_equal(taken(&flow, loud, 1000, now + 3600000), 100);
}

static void one_event_does_not_cost_another_its_lines(void **state)
{
	struct log_flow flow = {0};

	(void)state;
	assert_int_equal(taken(&flow, loud, 1000, 1), 100);
	assert_int_equal(taken(&flow, calm, 7, 1), 7);
}

static void the_next_line_says_how_many_are_missing(void **state)
{
	struct log_flow flow = {0};
	uint64_t left_out = 7;

	(void)state;
	assert_true(log_flow_take(&flow, loud, 1, &left_out));
	assert_int_equal(left_out, 0);
	assert_int_equal(taken(&flow, loud, 149, 1), 99);
	assert_true(log_flow_take(&flow, loud, 1000, &left_out));
	assert_int_equal(left_out, 50);
	assert_true(log_flow_take(&flow, loud, 1100, &left_out));
	assert_int_equal(left_out, 0);
}

static void more_events_than_it_knows_are_not_bounded(void **state)
{
	static const char names[LOG_FLOW_EVENTS + 1];
	struct log_flow flow = {0};
	int i;

	(void)state;
	for (i = 0; i <= LOG_FLOW_EVENTS; i++)
		assert_int_equal(taken(&flow, &names[i], 1, 1), 1);
	assert_int_equal(taken(&flow, &names[i - 1], 1000, 1), 1000);
	assert_int_equal(taken(&flow, &names[i - 2], 1000, 1), 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_at_once_then_ten_a_second),
		cmocka_unit_test(one_event_does_not_cost_another_its_lines),
		cmocka_unit_test(the_next_line_says_how_many_are_missing),
		cmocka_unit_test(more_events_than_it_knows_are_not_bounded),
	};

	return cmocka_run_group_tests_name("log_flow", tests, NULL, NULL);
}
