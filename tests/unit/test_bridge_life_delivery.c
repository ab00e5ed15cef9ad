/* What the reason code of a PUBACK says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "bridge/life/delivery.h"

static void test_success_is_below_0x80(void **state)
{
	(void)state;
	assert_int_equal(delivery_fate_of(0), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(1), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x0f), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x10), DELIVERY_NO_SUBSCRIBER);
	assert_int_equal(delivery_fate_of(0x11), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x7f), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x80), DELIVERY_REFUSED);
	assert_int_equal(delivery_fate_of(0x99), DELIVERY_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success_is_below_0x80),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
