/*
 * bridge/kafka/topic_config.h - looks at the decision topic's own configuration.
 */
#ifndef BRIDGE_KAFKA_TOPIC_CONFIG_H
#define BRIDGE_KAFKA_TOPIC_CONFIG_H

#include <librdkafka/rdkafka.h>

#include "base/log.h"

/* With compression.type=uncompressed the broker unpacks what producers have
 * compressed, and max.message.bytes bounds the result. With anything else
 * librdkafka unpacks it, and nothing bounds gzip, lz4 and snappy: 1 MB may become
 * 1 GB. Only the topic's owner can change that. */
#define TOPIC_COMPRESSION  "compression.type"
#define TOPIC_UNCOMPRESSED "uncompressed"
#define TOPIC_CLEANUP	   "cleanup.policy"
#define TOPIC_COMPACT	   "compact"

/* Asks that broker and logs a warning if the topic is not configured so, is
 * compacted, or takes records that a consumer with this receive.message.max.bytes
 * cannot receive: such a record is fetched again and again, and its partition goes no
 * further. Blocks for some seconds at most. Returns false if it has not answered. */
bool topic_config_look(struct log *log, rd_kafka_t *rk, const char *topic,
		       int broker, int64_t receive_max);

#endif
