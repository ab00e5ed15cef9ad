/* How many lines and bytes of events a log takes. */
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

/* --- bytes */

/* How many bytes it takes from somebody who tries to write lines of `each`
 * bytes of an event. */
static int64_t bytes_taken(struct log_flow *flow, const char *event,
			   int64_t each, int tries, int64_t now)
{
	uint64_t left_out;
	int64_t sum = 0;

	while (tries-- > 0)
		if (log_flow_take(flow, event, now, &left_out)) {
			log_flow_charge(flow, event, (size_t)each, now);
			sum += each;
		}
	return sum;
}

static void long_lines_are_fewer(void **state)
{
	struct log_flow flow = {0};
	int64_t now = 5000000;

	(void)state;
	assert_int_equal(bytes_taken(&flow, loud, 4096, 1000, now),
			 LOG_FLOW_EVENT_BYTES);
	/* A line is taken as soon as there is any room. */
	assert_int_equal(bytes_taken(&flow, loud, 4096, 1000, now + 1), 4096);
	assert_int_equal(bytes_taken(&flow, loud, 4096, 1000, now + 1000), 0);
	assert_int_equal(bytes_taken(&flow, loud, 4096, 1000, now + 1001),
			 4096);
	assert_int_equal(bytes_taken(&flow, calm, 200, 100, now + 1001), 20000);
}

/* More events than it knows, of the longest lines, as fast as they like. */
static void a_minute_of_all_events_is_bounded(void **state)
{
	static const char names[LOG_FLOW_EVENTS + 8];
	struct log_flow flow = {0};
	int64_t now, sum = 0;
	size_t i;

	(void)state;
	for (now = 7; now < 60007; now += 10)
		for (i = 0; i < sizeof(names); i++)
			sum += bytes_taken(&flow, &names[i], 4096, 2, now);
	assert_in_range(sum, LOG_FLOW_BYTES + 59 * LOG_FLOW_RATE,
			LOG_FLOW_MINUTE);
	for (sum = 0; now < 120007; now += 10)
		for (i = 0; i < sizeof(names); i++)
			sum += bytes_taken(&flow, &names[i], 4096, 2, now);
	assert_in_range(sum, 0, LOG_FLOW_MINUTE);
}

static void who_has_been_quiet_is_heard_among_the_loud(void **state)
{
	static const char names[LOG_FLOW_EVENTS - 1];
	struct log_flow flow = {0};
	uint64_t left_out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names); i++)
		(void)bytes_taken(&flow, &names[i], 4096, 100, 1);
	assert_int_equal(bytes_taken(&flow, calm, 300, 3, 2), 300);
	assert_false(
		log_flow_take(&flow, calm, LOG_FLOW_QUIET_MS / 2, &left_out) &&
		left_out != 2);
	for (i = 0; i < sizeof(names); i++)
		(void)bytes_taken(&flow, &names[i], 4096, 100,
				  LOG_FLOW_QUIET_MS + 1);
	assert_true(
		log_flow_take(&flow, calm, LOG_FLOW_QUIET_MS + 2, &left_out));
}

static void more_events_than_it_knows_have_the_common_bound(void **state)
{
	static const char names[LOG_FLOW_EVENTS + 1];
	struct log_flow flow = {0};
	int i;

	(void)state;
	for (i = 0; i <= LOG_FLOW_EVENTS; i++)
		assert_int_equal(taken(&flow, &names[i], 1, 1), 1);
	assert_int_equal(taken(&flow, &names[i - 1], 1000, 1), 1000);
	assert_int_equal(taken(&flow, &names[i - 2], 1000, 1), 99);
	assert_int_equal(bytes_taken(&flow, &names[i - 1], 4096, 1000, 1),
			 LOG_FLOW_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_at_once_then_ten_a_second),
		cmocka_unit_test(one_event_does_not_cost_another_its_lines),
		cmocka_unit_test(the_next_line_says_how_many_are_missing),
		cmocka_unit_test(long_lines_are_fewer),
		cmocka_unit_test(a_minute_of_all_events_is_bounded),
		cmocka_unit_test(who_has_been_quiet_is_heard_among_the_loud),
		cmocka_unit_test(
			more_events_than_it_knows_have_the_common_bound),
	};

	return cmocka_run_group_tests_name("log_flow", tests, NULL, NULL);
}
