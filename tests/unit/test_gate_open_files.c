/* The limit of open files goes up to what the administrator allows, and never
 * down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "gate/open_files.h"

static struct rlimit limit_now(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	return limit;
}

static void set_soft(rlim_t soft)
{
	struct rlimit limit = limit_now();

	limit.rlim_cur = soft;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static rlim_t most(void)
{
	rlim_t hard = limit_now().rlim_max;

	return hard < ZTP_OPEN_FILES ? hard : ZTP_OPEN_FILES;
}

static void it_is_raised_to_the_hard_limit(void **state)
{
	(void)state;
	set_soft(64);
	assert_int_equal(ztp_open_files_raise(), (long)most());
	assert_true(limit_now().rlim_cur == most());
	assert_int_equal(ztp_open_files_raise(), 0);
}

static void it_is_never_lowered(void **state)
{
	const rlim_t hard = limit_now().rlim_max;

	(void)state;
	set_soft(hard);
	assert_int_equal(ztp_open_files_raise(), 0);
	assert_true(limit_now().rlim_cur == hard);
	assert_true(limit_now().rlim_max == hard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_raised_to_the_hard_limit),
		cmocka_unit_test(it_is_never_lowered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
