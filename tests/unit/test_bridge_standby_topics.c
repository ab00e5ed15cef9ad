/* The settings that the topics of a group of bridges must have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bridge/standby/group_topics.h"

struct row {
	enum group_topic topic;
	int replicas;
	const char *name, *value;
	const char *says; /* NULL: as it must be */
};

static const struct row rows[] = {
	{GROUP_STATE, 1, "cleanup.policy", "compact", NULL},
	{GROUP_STATE, 1, "cleanup.policy", "delete",
	 "cleanup.policy is delete, and must be compact"},
	{GROUP_STATE, 1, "cleanup.policy", "compact,delete", "must be compact"},
	{GROUP_JOURNAL, 1, "cleanup.policy", "compact", "must be delete"},
	{GROUP_STATE, 1, "message.timestamp.type", "LogAppendTime", NULL},
	{GROUP_STATE, 1, "message.timestamp.type", "CreateTime", "must be Log"},
	{GROUP_JOURNAL, 1, "message.timestamp.type", "CreateTime", NULL},
	{GROUP_STATE, 1, "delete.retention.ms", "604800000", NULL},
	{GROUP_STATE, 1, "delete.retention.ms", "86400000",
	 "at least 604800000"},
	{GROUP_STATE, 1, "max.compaction.lag.ms", "86400000", NULL},
	{GROUP_STATE, 1, "max.compaction.lag.ms", "9223372036854775807",
	 "at most 86400000"},
	{GROUP_STATE, 1, "segment.bytes", "1048576", NULL},
	{GROUP_STATE, 1, "segment.bytes", "1073741824", "at most 67108864"},
	{GROUP_STATE, 1, "min.cleanable.dirty.ratio", "0.2", NULL},
	{GROUP_STATE, 1, "min.cleanable.dirty.ratio", "0.5", "at most 0.2"},
	{GROUP_STATE, 1, "max.message.bytes", "1048588", NULL},
	{GROUP_STATE, 1, "max.message.bytes", "30000", "at least 1000000"},
	{GROUP_JOURNAL, 1, "retention.ms", "-1", NULL},
	{GROUP_JOURNAL, 1, "retention.ms", "604800000", NULL},
	{GROUP_JOURNAL, 1, "retention.ms", "3600000", "at least 604800000"},
	{GROUP_STATE, 1, "retention.ms", "3600000", NULL},
	{GROUP_STATE, 1, "min.insync.replicas", "1", NULL},
	{GROUP_STATE, 3, "min.insync.replicas", "1", "at least 2"},
	{GROUP_STATE, 3, "min.insync.replicas", "2", NULL},
	{GROUP_JOURNAL, 2, "min.insync.replicas", "1", "at least 2"},
	{GROUP_STATE, 3, "compression.type", "gzip", NULL},
};

static void each_setting(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct ztp_error error = {0};
		int rc = group_topic_setting(row->topic, row->name, row->value,
					     row->replicas, &error);

		if ((rc != 0) != (row->says != NULL) ||
		    (row->says && !strstr(error.message, row->says)))
			fail_msg("%s %s: %d %s", row->name, row->value, rc,
				 error.message);
	}
}

static void from_kafka_2_5_on(void **unused)
{
	(void)unused;
	assert_false(group_kafka_version_ok("2.4-IV1"));
	assert_false(group_kafka_version_ok("1.1-IV0"));
	assert_false(group_kafka_version_ok("0.11.0-IV2"));
	assert_true(group_kafka_version_ok("2.5-IV0"));
	assert_true(group_kafka_version_ok("3.0-IV1"));
	assert_true(group_kafka_version_ok("4.1-IV1"));
	assert_true(group_kafka_version_ok(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_setting),
		cmocka_unit_test(from_kafka_2_5_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
