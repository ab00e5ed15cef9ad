/* Whose devices a bridge onboards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/cell.h"

#define PATH(subscription)                                                     \
	"subscriptions/" subscription "/registries/r/devices/d"

static void test_without_a_list_all(void **state)
{
	const struct config config = {.store.path = NULL};

	(void)state;
	assert_true(cell_serves(&config, PATH("acme")));
}

static void test_only_those_named_and_whole(void **state)
{
	char acme[] = "acme", b[] = "b-1";
	char *items[] = {acme, b, NULL};
	const struct config config = {.mqtt.subscriptions = {items, 2}};

	(void)state;
	assert_true(cell_serves(&config, PATH("acme")));
	assert_true(cell_serves(&config, PATH("b-1")));
	assert_false(cell_serves(&config, PATH("acm")));
	assert_false(cell_serves(&config, PATH("acme2")));
	assert_false(cell_serves(&config, PATH("b")));
	assert_false(cell_serves(&config, PATH("ACME")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_list_all),
		cmocka_unit_test(test_only_those_named_and_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
