/*
 * bridge/kafka/kafka.h - what our three librdkafka handles have in common:
 * settings, logs and errors.
 */
#ifndef BRIDGE_KAFKA_KAFKA_H
#define BRIDGE_KAFKA_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "base/kafka_properties.h"
#include "bridge/core/core.h"
#include "bridge/store/store.h"

/* Creates a handle. Settings are applied in this order: what kafka.properties
 * may override, the operator's properties, and what nothing overrides
 * (base/kafka_properties.h). Properties of the other type of handle are left
 * out. Log messages go to the bridge's log, from librdkafka's threads. The
 * events in the mask arrive on the handle's main queue. */
rd_kafka_t *kafka_new(struct core *core, enum ztp_kafka_client client,
		      int events, struct ztp_error *error);

/* The same, with what only some handles have: any member may be 0. */
struct kafka_wanted {
	enum ztp_kafka_client client;
	int events;
	const char *transactional_id;
	int64_t transaction_timeout_ms;
	const char *client_id; /* NULL: mqtt.client_id */
	int64_t session_ms;    /* of a member */
	/* Called by rd_kafka_poll and rd_kafka_flush, in their thread. */
	void (*delivered)(rd_kafka_t *rk, const rd_kafka_message_t *message,
			  void *core);
};
rd_kafka_t *kafka_new_as(struct core *core, const struct kafka_wanted *wanted,
			 struct ztp_error *error);

/* How many bytes the consumer of decisions takes in one answer of Kafka's. */
int64_t kafka_receive_max(const struct config *config);

/* Is it a consumer's handle? */
bool kafka_reads(enum ztp_kafka_client client);

/* Sets all that in conf. core NULL: without brokers, so that a handle connects to
 * nothing. */
int kafka_set_properties(rd_kafka_conf_t *conf, const struct config *config,
			 const struct kafka_wanted *wanted,
			 const struct core *core, struct ztp_error *error);

/* The configured name of one of our topics. */
const char *kafka_topic(const struct core *core, enum store_topic topic);
/* The names of all in the mask (1 << enum store_topic), with ", " between. */
#define KAFKA_TOPICS_TEXT (STORE_TOPIC_END * (ZTP_TOPIC_NAME_MAX + 2) + 1)
void kafka_topics(char text[KAFKA_TOPICS_TEXT], const struct core *core,
		  unsigned mask);

/* Is partition 0 in the list, which may be NULL? A topic of a group has no other,
 * but for those that somebody has added since: they count for nothing. */
bool kafka_has_first(const rd_kafka_topic_partition_list_t *list);

/* Can that release of librdkafka (as in rd_kafka_version()) crash when a topic
 * is deleted and recreated? See librdkafka#4964: from 2.4 on, it also finds
 * its cached metadata by the topic's id, and when the id changes it frees
 * memory that it still points to; 2.10 no longer does. A program can neither
 * disable the ids nor empty that cache. */
bool kafka_crashes_on_new_topic(int version);

/* Logs a warning at start if the release is one of those. */
void kafka_warn_of_fault(struct log *log);

/* Destroys a handle that is no member of a group, within some seconds: its
 * threads may wait for a name server. */
void kafka_close(struct core *core, rd_kafka_t *rk);

/* Drops what it has not sent, and destroys the handle; nothing waits for that. */
void kafka_close_producer(rd_kafka_t *rk);

/* Leaves the group and destroys the handle, within some seconds. Unless it is
 * the last, nothing waits for the second part. */
void kafka_close_consumer(struct core *core, rd_kafka_t *rk, bool last);

#endif
