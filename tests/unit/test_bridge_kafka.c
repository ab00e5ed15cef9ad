/* What the bridge knows about releases of librdkafka. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/kafka/kafka.h"

static void test_releases_that_crash_on_a_new_topic(void **state)
{
	static const struct {
		int version;
		bool crashes;
	} releases[] = {
		{0x020002ff, false}, /* Debian 12 */
		{0x020300ff, false}, {0x020400ff, true},
		{0x020800ff, true}, /* Debian 13 */
		{0x020900ff, true},  {0x020a0001, false},
		{0x020a00ff, false}, {0x020e02ff, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++)
		if (kafka_crashes_on_new_topic(releases[i].version) !=
		    releases[i].crashes)
			fail_msg("%#x", (unsigned int)releases[i].version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_releases_that_crash_on_a_new_topic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
