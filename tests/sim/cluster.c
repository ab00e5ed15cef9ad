#include "tests/sim/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct cluster cluster;

void cluster_begin(void)
{
	static const char *const names[CLUSTER_TOPICS] = {
		"ztp.requests", "ztp.decisions", "ztp.results", "ztp.dlq",
		"ztp.audit",	"ztp.state",	 "ztp.journal"};
	int i;

	memset(&cluster, 0, sizeof(cluster));
	cluster.count = sim.plan.bridges ? CLUSTER_TOPICS : CLUSTER_STATE;
	for (i = 0; i < cluster.count; i++) {
		cluster.topics[i].name = names[i];
		cluster.topics[i].max_bytes = CLUSTER_MAX_BYTES;
		cluster_make(&cluster.topics[i],
			     i < CLUSTER_STATE ? sim.plan.partitions : 1);
	}
}

struct topic *cluster_find(const char *name)
{
	int i;

	for (i = 0; i < cluster.count; i++)
		if (strcmp(cluster.topics[i].name, name) == 0)
			return &cluster.topics[i];
	return NULL;
}

bool cluster_answers(void)
{
	return sim.now >= cluster.away;
}

/* Of Java's clients, and of librdkafka's partitioner murmur2_random. */
static uint32_t murmur2(const uint8_t *p, size_t n)
{
	const uint32_t m = 0x5bd1e995;
	uint32_t hash = 0x9747b28c ^ (uint32_t)n;

	for (; n >= 4; n -= 4, p += 4) {
		uint32_t k = ((uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
			      (uint32_t)p[1] << 8 | p[0]) *
			     m;

		hash = hash * m ^ (k ^ k >> 24) * m;
	}
	for (size_t i = n; i > 0; i--)
		hash ^= (uint32_t)p[i - 1] << 8 * (i - 1);
	if (n > 0)
		hash *= m;
	hash = (hash ^ hash >> 13) * m;
	return hash ^ hash >> 15;
}

int cluster_partition(const struct topic *topic, const void *key, size_t n)
{
	if (!key)
		return (int)sim_between(0, topic->partitions - 1);
	return (int)((murmur2(key, n) & INT32_MAX) %
		     (uint32_t)topic->partitions);
}

/* --- records */

static bool is_open(const struct record *r)
{
	return r->part && r->part->open;
}

bool cluster_is_data(const struct record *r)
{
	return !r->marker && !(r->part && r->part->aborted);
}

static enum cluster_topic number_of(const struct topic *topic)
{
	return (enum cluster_topic)(topic - cluster.topics);
}

static void advance(struct topic *topic, int partition)
{
	struct log_ *log = &topic->logs[partition];
	int64_t before = log->stable;

	while (log->stable < log->end && !is_open(log->records[log->stable])) {
		const struct record *r = log->records[log->stable++];

		if (r->part && cluster_is_data(r))
			world_record(number_of(topic), partition, r);
	}
	if (log->end > topic->known_end)
		topic->known_end = log->end;
	if (log->stable > before)
		consumer_appended(topic, partition);
}

static struct record *add(struct topic *topic, int partition)
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
	log->records[log->end++] = r;
	return r;
}

static struct record *append(struct transaction *transaction,
			     struct topic *topic, int partition,
			     const void *key, size_t key_len, const void *value,
			     size_t value_len,
			     const rd_kafka_headers_t *headers)
{
	struct record *r = add(topic, partition);

	r->part = transaction;
	r->key = key ? sim_copy(key, key_len) : NULL;
	r->key_len = key_len;
	r->value = value ? sim_copy(value, value_len) : NULL;
	r->value_len = value_len;
	if (headers)
		r->headers = rd_kafka_headers_copy(headers);
	sim_trace(topic->name, partition, r->offset);
	sim_bytes(value, value ? value_len : 0);
	if (sim.verbose && topic == &cluster.topics[CLUSTER_STATE])
		fprintf(stderr, "%10.6f state %.*s%s\n", (double)sim.now / 1e6,
			(int)key_len, (const char *)key, value ? "" : " null");
	(transaction ? world_uncommitted : world_record)(number_of(topic),
							 partition, r);
	advance(topic, partition);
	return r;
}

struct record *cluster_append(struct topic *topic, int partition,
			      const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      const rd_kafka_headers_t *headers)
{
	return append(NULL, topic, partition, key, key_len, value, value_len,
		      headers);
}

/* --- transactions */

struct record *cluster_append_to(struct transaction *transaction,
				 struct topic *topic, int partition,
				 const void *key, size_t key_len,
				 const void *value, size_t value_len,
				 const rd_kafka_headers_t *headers)
{
	transaction->open = true;
	return append(transaction, topic, partition, key, key_len, value,
		      value_len, headers);
}

static bool has_part(const struct log_ *log,
		     const struct transaction *transaction)
{
	int64_t i;

	for (i = log->stable; i < log->end; i++)
		if (log->records[i]->part == transaction)
			return true;
	return false;
}

void cluster_end(struct transaction *transaction, bool commit)
{
	int i, p;

	if (!transaction->open)
		return;
	sim_trace(commit ? "commit" : "abort", 0, 0);
	transaction->open = false;
	transaction->aborted = !commit;
	for (i = 0; i < cluster.count; i++)
		for (p = 0; p < CLUSTER_PARTITIONS; p++) {
			struct topic *topic = &cluster.topics[i];

			if (!has_part(&topic->logs[p], transaction))
				continue;
			add(topic, p)->marker = true;
			advance(topic, p);
		}
}

bool cluster_stamps(const struct topic *topic)
{
	return topic == &cluster.topics[CLUSTER_STATE];
}

int64_t cluster_time(const struct topic *topic, const struct record *r)
{
	return ((cluster_stamps(topic) ? SIM_WALL_BEGIN : 0) + r->at) / SIM_MS;
}

/* --- topics that go, and come */

static void drop_transactions(struct log_ *log)
{
	int64_t i;

	for (i = log->stable; i < log->end; i++)
		if (log->records[i]->part)
			log->records[i]->part->open = false;
}

/* Who waits at an end is answered: there is none any more. */
void cluster_delete(struct topic *topic)
{
	int p;

	sim_input("topic is deleted", topic - cluster.topics, 0);
	for (p = 0; p < CLUSTER_PARTITIONS; p++)
		drop_transactions(&topic->logs[p]);
	topic->missing = true;
	memset(topic->logs, 0, sizeof(topic->logs));
	for (p = 0; p < CLUSTER_PARTITIONS; p++)
		consumer_appended(topic, p);
}

void cluster_make(struct topic *topic, int partitions)
{
	int i;

	memset(topic->logs, 0, sizeof(topic->logs));
	topic->partitions = partitions;
	topic->missing = false;
	topic->generation++;
	if (topic != &cluster.topics[CLUSTER_DECISIONS])
		return;
	for (i = 0; i < CLUSTER_PARTITIONS; i++)
		cluster.committed[i] = -1;
}
