#include "tests/sim/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct cluster cluster;

void cluster_begin(void)
{
	static const char *const names[CLUSTER_TOPICS] = {
		"ztp.requests", "ztp.decisions", "ztp.results", "ztp.dlq",
		"ztp.audit"};
	int i;

	memset(&cluster, 0, sizeof(cluster));
	for (i = 0; i < CLUSTER_TOPICS; i++) {
		cluster.topics[i].name = names[i];
		cluster.topics[i].partitions = sim.plan.partitions;
		cluster.topics[i].max_bytes = 1048588;
	}
	for (i = 0; i < CLUSTER_PARTITIONS; i++)
		cluster.committed[i] = -1;
}

struct topic *cluster_find(const char *name)
{
	int i;

	for (i = 0; i < CLUSTER_TOPICS; i++)
		if (strcmp(cluster.topics[i].name, name) == 0)
			return &cluster.topics[i];
	return NULL;
}

bool cluster_answers(void)
{
	return sim.now >= cluster.away;
}

int cluster_partition(const struct topic *topic, const void *key, size_t n)
{
	if (!key)
		return (int)sim_between(0, topic->partitions - 1);
	return (int)(sim_hash(key, n) % (uint64_t)topic->partitions);
}

struct record *cluster_append(struct topic *topic, int partition,
			      const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      const rd_kafka_headers_t *headers)
{
	struct log_ *log = &topic->logs[partition];
	struct record *r = sim_alloc(sizeof(*r));

	if (log->end == log->room) {
		log->room = log->room ? 2 * log->room : 64;
		log->records = realloc(log->records,
				       (size_t)log->room * sizeof(void *));
		if (!log->records)
			abort();
	}
	r->offset = log->end;
	r->at = sim.now;
	r->key = key ? sim_copy(key, key_len) : NULL;
	r->key_len = key_len;
	r->value = value ? sim_copy(value, value_len) : NULL;
	r->value_len = value_len;
	if (headers)
		r->headers = rd_kafka_headers_copy(headers);
	log->records[log->end++] = r;
	sim_trace(topic->name, partition, r->offset);
	sim_bytes(value, value ? value_len : 0);
	world_record((enum cluster_topic)(topic - cluster.topics), partition,
		     r);
	if (topic == &cluster.topics[CLUSTER_DECISIONS])
		consumer_appended(partition);
	return r;
}
