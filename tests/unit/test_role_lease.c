/* policy/role.c: how long a turn's word that this bridge is active holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ztp/role.h"

#define NOW 1000000

static void a_lease_begins_with_its_turn(void **unused)
{
	struct ztp_lease lease = {0};

	(void)unused;
	assert_false(ztp_lease_holds(&lease, NOW));
	assert_int_equal(ztp_lease_turn_at(&lease), 0);
	assert_int_equal(ztp_lease_until(&lease), 0);
	ztp_lease_renew(&lease, NOW);
	assert_true(ztp_lease_holds(&lease, NOW));
	assert_true(ztp_lease_holds(&lease, NOW + ZTP_LEASE_MS - 1));
	assert_false(ztp_lease_holds(&lease, NOW + ZTP_LEASE_MS));
	assert_int_equal(ztp_lease_turn_at(&lease), NOW + ZTP_LEASE_MS / 2);
	assert_int_equal(ztp_lease_until(&lease), NOW + ZTP_LEASE_MS);
	ztp_lease_renew(&lease, NOW - 500); /* nothing takes it back */
	assert_true(ztp_lease_holds(&lease, NOW + ZTP_LEASE_MS - 1));
	ztp_lease_end(&lease);
	assert_false(ztp_lease_holds(&lease, NOW));
}

static void to_leave_does_not_end_what_a_takeover_began(void **unused)
{
	(void)unused;
	assert_int_equal(ztp_hold_until(0, false, NOW), NOW + ZTP_HOLD_MS);
	assert_int_equal(ztp_hold_until(NOW + 7, true, NOW), NOW + 7);
	assert_int_equal(ztp_hold_until(NOW + 7, false, NOW),
			 NOW + ZTP_HOLD_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lease_begins_with_its_turn),
		cmocka_unit_test(to_leave_does_not_end_what_a_takeover_began),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
