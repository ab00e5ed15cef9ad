/*
 * bridge/standby/group_topics.h - are the topics that the bridges of a group
 * replicate by as they must be, and can Kafka keep its word about transactions?
 * Asked once, before a bridge joins the group.
 */
#ifndef BRIDGE_STANDBY_GROUP_TOPICS_H
#define BRIDGE_STANDBY_GROUP_TOPICS_H

#include <librdkafka/rdkafka.h>

#include "bridge/core/core.h"
#include "bridge/kafka/topic_config.h"
#include "ztp/topics.h"

enum group_topic { GROUP_STATE, GROUP_JOURNAL, GROUP_TOPICS };

/* X(topic, "setting", rule, value, "value as it is written") */
#define GROUP_TOPIC_RULES(X)                                                   \
	X(STATE, TOPIC_CLEANUP, IS, 0, TOPIC_COMPACT)                          \
	X(STATE, "message.timestamp.type", IS, 0, "LogAppendTime")             \
	X(STATE, "delete.retention.ms", LEAST, 604800000, "604800000")         \
	X(STATE, "max.compaction.lag.ms", MOST, 86400000, "86400000")          \
	X(STATE, "segment.bytes", MOST, 67108864, "67108864")                  \
	X(STATE, "min.cleanable.dirty.ratio", MOST, 0.2, "0.2")                \
	/* What librdkafka puts into one batch. */                             \
	X(STATE, ZTP_TOPIC_RECORD_MAX, LEAST, 1000000, "1000000")              \
	X(JOURNAL, TOPIC_CLEANUP, IS, 0, "delete")                             \
	X(JOURNAL, ZTP_TOPIC_RETENTION, FOREVER, 604800000, "604800000")

/* Says of one setting of a topic what is wrong. replicas: of the topic. Returns
 * 0, also for a setting that no rule is about, or ZTP_ERR_VALUE. Pure. */
int group_topic_setting(enum group_topic topic, const char *name,
			const char *value, int replicas,
			struct ztp_error *error);

/* Likewise of all settings that Kafka has told of it, with the topic's name. */
int group_topic_judge(const rd_kafka_ConfigResource_t *told,
		      enum group_topic topic, int replicas,
		      struct ztp_error *error);

const char *group_topic_name(const struct config *config,
			     enum group_topic topic);

/* Is "2.4-IV1", or the like, at least Kafka 2.5? What it cannot read, is. */
bool group_kafka_version_ok(const char *version);

/* Makes the topics that are missing if kafka.create_topics is set. Blocks for
 * some seconds at most. Returns 0; ZTP_ERR_IO: Kafka does not answer, ask again;
 * ZTP_ERR_MISSING: topics are being made, likewise; any other: it stays so until a
 * person changes it. replicas: of each topic, or NULL. Any thread. */
int group_topics_check(struct core *core, int replicas[GROUP_TOPICS],
		       struct ztp_error *error);

#endif
