#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "bridge/core/batching.h"
#include "bridge/registrar/latency.h"

static void nothing_is_known(void **state)
{
	struct latency latency = {0};

	(void)state;
	assert_int_equal(latency_short_wait(&latency, 5),
			 BATCHING_SHORT_WAIT_MS);
	latency_answered(&latency, 10, 50);
	assert_int_equal(latency_short_wait(&latency, 10),
			 50 / BATCHING_SHORT_WAIT_SHARE);
	/* It is long ago, and the next one may be alone. */
	assert_int_equal(latency_short_wait(&latency, 2000),
			 BATCHING_SHORT_WAIT_MS);
	latency_answered(&latency, 2000, 20);
	assert_int_equal(latency_short_wait(&latency, 2000),
			 20 / BATCHING_SHORT_WAIT_SHARE);
}

static void it_has_bounds(void **state)
{
	struct latency latency = {0};

	(void)state;
	latency_answered(&latency, 10, 3);
	assert_int_equal(latency_short_wait(&latency, 10),
			 BATCHING_SHORT_WAIT_MS);
	latency_answered(&latency, 20, -5); /* the clock was set */
	assert_int_equal(latency_short_wait(&latency, 20),
			 BATCHING_SHORT_WAIT_MS);
	latency_answered(&latency, 5000, INT64_MAX);
	assert_int_equal(latency_short_wait(&latency, 5000),
			 BATCHING_SHORT_WAIT_MAX_MS);
}

static void it_follows(void **state)
{
	struct latency latency = {0};
	int64_t now = 0;
	int i;

	(void)state;
	for (i = 0; i < 50; i++)
		latency_answered(&latency, ++now, 10);
	assert_int_equal(latency_short_wait(&latency, now), 1);
	latency_answered(&latency, ++now, 70); /* one alone says little */
	assert_int_equal(latency_short_wait(&latency, now), 1);
	for (i = 0; i < 50; i++)
		latency_answered(&latency, ++now, 60);
	assert_in_range(latency_short_wait(&latency, now), 5, 6);
	for (i = 0; i < 50; i++)
		latency_answered(&latency, ++now, 10);
	assert_int_equal(latency_short_wait(&latency, now), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known),
		cmocka_unit_test(it_has_bounds),
		cmocka_unit_test(it_follows),
	};

	return cmocka_run_group_tests_name("bridge_registrar_latency", tests,
					   NULL, NULL);
}
