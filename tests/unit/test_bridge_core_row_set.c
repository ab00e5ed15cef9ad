#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "bridge/core/row_set.h"

#define ALL (4 * ROW_SET_MAX)

/* Against an array of flags, with rows that collide. */
static void it_has_what_was_added(void **state)
{
	static bool has[ALL + 1];
	struct row_set set = {{0}};
	uint32_t seed = 3;
	int i, n, count = 0;

	(void)state;
	assert_false(row_set_has(&set, 0));
	for (i = 0; i < 100000; i++) {
		seed = seed * 1664525 + 1013904223;
		n = 1 + (int)((seed >> 8) % ALL);
		if (!has[n] && count == ROW_SET_MAX)
			continue;
		assert_int_equal(row_set_has(&set, n), has[n]);
		if (has[n])
			row_set_remove(&set, n);
		else
			row_set_add(&set, n);
		has[n] = !has[n];
		count += has[n] ? 1 : -1;
	}
	for (n = 1; n <= ALL; n++)
		assert_int_equal(row_set_has(&set, n), has[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_what_was_added),
	};

	return cmocka_run_group_tests_name("bridge_core_row_set", tests, NULL,
					   NULL);
}
