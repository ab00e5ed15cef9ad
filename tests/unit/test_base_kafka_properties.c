/* The properties that we set in librdkafka, and those that users may set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/kafka_properties.h"

static const struct ztp_kafka_property *find(const char *name)
{
	return ztp_kafka_property_find(name, strlen(name));
}

static void test_by_name(void **state)
{
	(void)state;
	assert_string_equal(find("linger.ms")->name, "linger.ms");
	assert_string_equal(ztp_kafka_property_find("acks=1", 4)->name, "acks");
	assert_null(find("ack"));
	assert_null(find("acks "));
	assert_null(find("client.rack"));
}

static void test_an_alias_is_the_property(void **state)
{
	(void)state;
	assert_ptr_equal(find("request.required.acks"), find("acks"));
	assert_ptr_equal(find("metadata.broker.list"),
			 find("bootstrap.servers"));
}

static void test_what_is_promised(void **state)
{
	(void)state;
	assert_string_equal(ztp_kafka_property_promise(find("acks")), "all");
	assert_string_equal(
		ztp_kafka_property_promise(find("enable.auto.commit")),
		"false");
	assert_null(ztp_kafka_property_promise(find("linger.ms")));
	assert_string_equal(ztp_kafka_property_promise(find("isolation.level")),
			    "read_committed");
	assert_string_equal(
		ztp_kafka_property_promise(find("delivery.report.only.error")),
		"false");
	assert_null(ztp_kafka_property_promise(find("transactional.id")));
	assert_null(ztp_kafka_property_promise(find("group.id")));
}

struct told {
	const char *names[64], *values[64];
	size_t count;
};

static int note(void *arg, const char *name, const char *value,
		struct ztp_error *error)
{
	struct told *told = arg;

	(void)error;
	assert_non_null(value);
	for (size_t i = 0; i < told->count; i++)
		assert_string_not_equal(told->names[i], name);
	assert_true(told->count < 64);
	told->names[told->count] = name;
	told->values[told->count++] = value;
	return 0;
}

static const char *value_of(const struct told *told, const char *name)
{
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->names[i], name) == 0)
			return told->values[i];
	return NULL;
}

static const char *const given[ZTP_KAFKA_GIVEN_COUNT] = {
	[ZTP_KAFKA_GIVEN_BROKERS] = "host:9092",
	[ZTP_KAFKA_GIVEN_CLIENT_ID] = "me",
	[ZTP_KAFKA_GIVEN_GROUP] = "us",
	[ZTP_KAFKA_GIVEN_MEMBER] = "mine",
	[ZTP_KAFKA_GIVEN_COMMIT] = "true",
	[ZTP_KAFKA_GIVEN_EOF] = "false",
	[ZTP_KAFKA_GIVEN_TIMEOUT] = "30000",
	[ZTP_KAFKA_GIVEN_TRANSACTIONS] = "ours",
	[ZTP_KAFKA_GIVEN_TRANSACTION_TIMEOUT] = "10000",
	[ZTP_KAFKA_GIVEN_SESSION] = "10000",
};

static void test_every_client_is_told_each_once(void **state)
{
	(void)state;
	for (int i = 0; i < ZTP_KAFKA_CLIENTS; i++) {
		enum ztp_kafka_client client = (enum ztp_kafka_client)i;
		struct told told = {.count = 0};

		for (int ours = 0; ours < 2; ours++)
			assert_int_equal(ztp_kafka_properties_each(client, ours,
								   given, note,
								   &told, NULL),
					 0);
		if (client == ZTP_KAFKA_MOCK)
			assert_int_equal(told.count, 1);
		else
			assert_string_equal(
				value_of(&told, "bootstrap.servers"),
				"host:9092");
	}
}

static void test_what_users_cannot_change_comes_last(void **state)
{
	struct told before = {.count = 0}, after = {.count = 0};

	(void)state;
	ztp_kafka_properties_each(ZTP_KAFKA_CONSUMER, false, given, note,
				  &before, NULL);
	ztp_kafka_properties_each(ZTP_KAFKA_CONSUMER, true, given, note, &after,
				  NULL);
	assert_string_equal(value_of(&before, "client.id"), "me");
	assert_string_equal(value_of(&before, "session.timeout.ms"), "6000");
	assert_string_equal(value_of(&after, "group.id"), "us");
	assert_string_equal(value_of(&after, "enable.auto.commit"), "false");
	assert_string_equal(value_of(&after, "check.crcs"), "true");
	/* In a tool the user may set it. */
	after.count = 0;
	ztp_kafka_properties_each(ZTP_KAFKA_TOOL_CONSUMER, true, given, note,
				  &after, NULL);
	assert_null(value_of(&after, "check.crcs"));
	assert_string_equal(value_of(&after, "enable.auto.commit"), "true");
}

/* Otherwise librdkafka stops fetching for a second after one record. */
static void test_what_may_unpack_can_be_queued(void **state)
{
	struct told told = {.count = 0};
	long queued, unpacked;

	(void)state;
	ztp_kafka_properties_each(ZTP_KAFKA_CONSUMER, false, given, note, &told,
				  NULL);
	queued = strtol(value_of(&told, "queued.max.messages.kbytes"), NULL,
			10) *
		 1024;
	unpacked =
		strtol(value_of(&told, "receive.message.max.bytes"), NULL, 10);
	assert_in_range(queued, unpacked, 64 << 20);
	/* What is fetched ahead is less than that. */
	assert_in_range(strtol(value_of(&told, "fetch.max.bytes"), NULL, 10), 1,
			queued / 4);
	assert_int_equal(
		ztp_kafka_property_find("fetch.queue.backoff.ms", 22)->since,
		0x02020000);
}

static int refuse(void *arg, const char *name, const char *value,
		  struct ztp_error *error)
{
	(void)value;
	++*(int *)arg;
	return ztp_fail(error, ZTP_ERR_VALUE, "no %s", name);
}

static void test_what_is_refused_ends_it(void **state)
{
	struct ztp_error error = {0};
	int count = 0;

	(void)state;
	assert_int_equal(ztp_kafka_properties_each(ZTP_KAFKA_PROBE, false,
						   given, refuse, &count,
						   &error),
			 ZTP_ERR_VALUE);
	assert_int_equal(count, 1);
	assert_string_equal(error.message, "no client.id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_an_alias_is_the_property),
		cmocka_unit_test(test_what_is_promised),
		cmocka_unit_test(test_every_client_is_told_each_once),
		cmocka_unit_test(test_what_users_cannot_change_comes_last),
		cmocka_unit_test(test_what_may_unpack_can_be_queued),
		cmocka_unit_test(test_what_is_refused_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
