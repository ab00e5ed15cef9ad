/*
 * tests/sim/cluster.h - the played Kafka's own side: topics, their partitions'
 * logs, the group's offsets, and whether it answers. It outlives the bridge.
 */
#ifndef TESTS_SIM_CLUSTER_H
#define TESTS_SIM_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_TOPICS	   5
#define CLUSTER_PARTITIONS 8

enum cluster_topic {
	CLUSTER_REQUESTS,
	CLUSTER_DECISIONS,
	CLUSTER_RESULTS,
	CLUSTER_DLQ,
	CLUSTER_AUDIT
};

struct record {
	int64_t offset, at; /* us: when it was appended */
	char *key, *value;  /* NULL: null */
	size_t key_len, value_len;
	rd_kafka_headers_t *headers; /* or NULL */
};

struct log_ {
	struct record **records;
	int64_t end, room;
	int64_t leaderless; /* us: until then nobody takes or gives records */
};

struct topic {
	const char *name;
	int partitions;
	size_t max_bytes; /* of a batch */
	struct log_ logs[CLUSTER_PARTITIONS];
};

extern struct cluster {
	struct topic topics[CLUSTER_TOPICS];
	int64_t committed[CLUSTER_PARTITIONS]; /* -1: none */
	int64_t away;		/* us: until then it does not answer */
	int64_t last_heartbeat; /* of the group's member that was killed */
	bool reordered;		/* a first batch came behind a second one */
	bool shared;		/* somebody else is in the group, too */
} cluster;

void cluster_begin(void);
struct topic *cluster_find(const char *name);
bool cluster_answers(void);
int cluster_partition(const struct topic *topic, const void *key, size_t n);
/* Copies. Those who read, customers and the oracle are told. */
struct record *cluster_append(struct topic *topic, int partition,
			      const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      const rd_kafka_headers_t *headers);

/* Who is told of a record (world.c), and a consumer (rdkafka_consumer.c). */
void world_record(enum cluster_topic topic, int partition,
		  const struct record *record);
void consumer_appended(int partition);

#endif
