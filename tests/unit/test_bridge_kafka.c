/* The properties that the bridge sets in librdkafka, and what it knows about
 * librdkafka's releases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

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

/* Compares a property with what librdkafka reports. */
static void expect(const rd_kafka_t *rk, const char *name, const char *value)
{
	char text[128];
	size_t size = sizeof(text);

	assert_int_equal(
		rd_kafka_conf_get(rd_kafka_conf((rd_kafka_t *)(uintptr_t)rk),
				  name, text, &size),
		RD_KAFKA_CONF_OK);
	assert_string_equal(text, value);
}

static void test_ours_theirs_and_what_nothing_overrides(void **state)
{
	char names[3][24] = {"session.timeout.ms", "isolation.level",
			     "linger.ms"};
	char values[3][24] = {"7777", "read_uncommitted", "9"};
	char brokers[] = "127.0.0.1:1", group[] = "g", id[] = "me";
	struct config_property items[3] = {
		{names[0], values[0], NULL, false, 0},
		{names[1], values[1], NULL, false, 0},
		{names[2], values[2], NULL, false, 0}};
	const struct config config = {
		.mqtt.client_id = id,
		.kafka = {.brokers = brokers,
			  .group = group,
			  .properties = {items, 3}},
	};
	struct core core = {.config = &config};
	rd_kafka_t *handles[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct ztp_error error = {0};

		handles[i] =
			kafka_new(&core, (enum ztp_kafka_client)i, 0, &error);
		if (!handles[i])
			fail_msg("%s", error.message);
		expect(handles[i], "bootstrap.servers", brokers);
		expect(handles[i], "client.id", id);
		expect(handles[i], "session.timeout.ms", "7777");
	}
	expect(handles[ZTP_KAFKA_CONSUMER], "group.id", group);
	expect(handles[ZTP_KAFKA_CONSUMER], "isolation.level",
	       "read_committed");
	expect(handles[ZTP_KAFKA_CONSUMER], "queued.min.messages", "1000");
	expect(handles[ZTP_KAFKA_PRODUCER], "enable.idempotence", "true");
	expect(handles[ZTP_KAFKA_PRODUCER], "linger.ms", "9");
	expect(handles[ZTP_KAFKA_PROBE], "enable.idempotence", "false");
	for (int i = 0; i < 3; i++)
		rd_kafka_destroy(handles[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_theirs_and_what_nothing_overrides),
		cmocka_unit_test(test_releases_that_crash_on_a_new_topic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
