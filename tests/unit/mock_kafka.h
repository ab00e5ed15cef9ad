/*
 * tests/unit/mock_kafka.h - a mock cluster of librdkafka's in this process. It
 * belongs to a client, which can also write to it.
 */
#ifndef ZTP_TESTS_MOCK_KAFKA_H
#define ZTP_TESTS_MOCK_KAFKA_H

#include "scratch.h"

#include <librdkafka/rdkafka.h>
/* needs the one above */
#include <librdkafka/rdkafka_mock.h>

#define MOCK_FLUSH_MS 30000

struct mock_kafka {
	rd_kafka_t *client;
	rd_kafka_mock_cluster_t *cluster;
};

static inline void mock_kafka_make(struct mock_kafka *kafka, int brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];

	rd_kafka_conf_set_log_cb(conf, NULL);
	/* As much as a test may write. */
	assert_int_equal(rd_kafka_conf_set(conf, "message.max.bytes",
					   "100000000", why, sizeof(why)),
			 RD_KAFKA_CONF_OK);
	kafka->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	assert_non_null(kafka->client);
	kafka->cluster = rd_kafka_mock_cluster_new(kafka->client, brokers);
	assert_non_null(kafka->cluster);
	rd_kafka_brokers_add(kafka->client,
			     rd_kafka_mock_cluster_bootstraps(kafka->cluster));
}

/* *brokers is what a configuration has, and owns. */
static inline void mock_kafka_name(char **brokers,
				   const struct mock_kafka *kafka)
{
	free(*brokers);
	*brokers = strdup(rd_kafka_mock_cluster_bootstraps(kafka->cluster));
	assert_non_null(*brokers);
}

static inline void mock_kafka_topic(struct mock_kafka *kafka, const char *topic,
				    int partitions)
{
	assert_int_equal(rd_kafka_mock_topic_create(kafka->cluster, topic,
						    partitions, 1),
			 0);
}

/* broker: -1 for none. */
static inline void mock_kafka_lead(struct mock_kafka *kafka, const char *topic,
				   int partition, int broker)
{
	assert_int_equal(rd_kafka_mock_partition_set_leader(
				 kafka->cluster, topic, partition, broker),
			 0);
}

/* Until all that was produced is there. */
static inline void mock_kafka_flush(struct mock_kafka *kafka)
{
	assert_int_equal(rd_kafka_flush(kafka->client, MOCK_FLUSH_MS), 0);
}

static inline void mock_kafka_end(struct mock_kafka *kafka)
{
	rd_kafka_mock_cluster_destroy(kafka->cluster);
	rd_kafka_destroy(kafka->client);
}

#endif
