/* How old a copy is at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/standby/behind.h"

static void what_was_never_read_has_no_age(void **unused)
{
	struct behind b = {0};

	(void)unused;
	assert_int_equal(behind_ms(&b, 1000), -1);
	behind_see(&b, 0, 0, -1);
	behind_see(&b, 0, 0, 0); /* at the end, but of what? */
	assert_int_equal(behind_ms(&b, 1000), -1);
}

static void at_the_end_it_is_as_old_as_what_kafka_said(void **unused)
{
	struct behind b = {0};

	(void)unused;
	behind_see(&b, 900, 10, 0);
	assert_int_equal(behind_ms(&b, 1000), 100);
	behind_see(&b, 900, 10, 0); /* Kafka says nothing any more */
	assert_int_equal(behind_ms(&b, 9000), 8100);
}

/* It never sees the end, but it has what was the end a while ago. */
static void who_keeps_pace_is_not_behind(void **unused)
{
	struct behind b = {0};
	int64_t now, position = 0;

	(void)unused;
	for (now = 1000; now < 10000; now += 100) {
		behind_see(&b, now, position, 250);
		position += 100;
		if (now >= 1500)
			assert_in_range(behind_ms(&b, now), 0, 600);
	}
}

static void who_does_not_get_on_becomes_older(void **unused)
{
	struct behind b = {0};
	int64_t now;

	(void)unused;
	behind_see(&b, 1000, 10, 0);
	for (now = 1100; now <= 5000; now += 100)
		behind_see(&b, now, 10, now);
	assert_int_equal(behind_ms(&b, 5000), 4000);
	behind_see(&b, 5100, 1110, 4000); /* what it lacked at 1100 */
	assert_int_equal(behind_ms(&b, 5100), 4000);
}

/* An answer may take a while, and one may be missing. */
static void it_is_asked_for_often_enough(void **unused)
{
	(void)unused;
	assert_int_equal(behind_ask_ms(2000), 666);
	assert_int_equal(behind_ask_ms(1000), 500);
	assert_int_equal(behind_ask_ms(10000), 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_never_read_has_no_age),
		cmocka_unit_test(at_the_end_it_is_as_old_as_what_kafka_said),
		cmocka_unit_test(who_keeps_pace_is_not_behind),
		cmocka_unit_test(who_does_not_get_on_becomes_older),
		cmocka_unit_test(it_is_asked_for_often_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
