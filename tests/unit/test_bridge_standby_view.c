/* Two bridges with one name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/standby/group_view.h"

static void one_name_of_two(void **unused)
{
	const struct group_view_member members[] = {
		{.named.instance = "zulu"},
		{.named.instance = "alpha"},
		{.named.instance = "bravo"},
		{.named.instance = "alpha"},
	};

	(void)unused;
	assert_null(group_view_twice(members, 0));
	assert_null(group_view_twice(members, 3));
	assert_string_equal(group_view_twice(members, 4), "alpha");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_name_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
