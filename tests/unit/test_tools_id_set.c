/* Request ids that have been seen: of very many the newest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tools/common/id_set.h"

#define HALF (1024 * 1024) /* IDS_MAX */

static const char *id(long n)
{
	static char text[32];

	(void)snprintf(text, sizeof(text), "r-%ld", n);
	return text;
}

static void it_knows_what_was_added(void **state)
{
	struct ztp_id_set *set = ztp_id_set_new();
	long n;

	(void)state;
	for (n = 0; n < 5000; n++) {
		assert_false(ztp_id_set_has(set, id(n)));
		assert_true(ztp_id_set_add(set, id(n)));
		assert_true(ztp_id_set_add(set, id(n)));
	}
	for (n = 0; n < 5000; n++)
		assert_true(ztp_id_set_has(set, id(n)));
	assert_false(ztp_id_set_has(set, ""));
	ztp_id_set_free(set);
	ztp_id_set_free(NULL);
}

static void of_very_many_it_knows_the_newest(void **state)
{
	struct ztp_id_set *set = ztp_id_set_new();
	long n;

	(void)state;
	for (n = 0; n < 2 * HALF; n++)
		assert_true(ztp_id_set_add(set, id(n)));
	assert_true(ztp_id_set_has(set, id(0)));
	assert_true(ztp_id_set_add(set, id(n)));
	assert_false(ztp_id_set_has(set, id(0)));
	assert_false(ztp_id_set_has(set, id(HALF - 1)));
	assert_true(ztp_id_set_has(set, id(HALF)));
	assert_true(ztp_id_set_has(set, id(n)));
	ztp_id_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_knows_what_was_added),
		cmocka_unit_test(of_very_many_it_knows_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
