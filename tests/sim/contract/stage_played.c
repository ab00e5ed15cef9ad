/* The stage of the played ones: what is wanted is done to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/contract/contract.h"
#include "tests/sim/disk.h"
#include "tests/sim/kafka_handle.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sim.h"
#include "tests/sim/system.h"
#include "tests/sim/vfs.h"

#define TRANSACTIONS 4

static struct transaction transactions[TRANSACTIONS];
static const char *subscribed; /* the topic that somebody listens to */

void stage_begin(void)
{
	static struct sim_stats stats;

	sim_begin(1, false, &stats);
	sim.now = 1000 * SIM_S;
	processes[0] =
		(struct process){.life = 1, .alive = true, .is_main = true};
	process_count = 1;
	process_be(&processes[0]);
	sim.calm = true;
	sim.plan.partitions = sim.plan.bridges = 1;
	sim.plan.sync_full = sim.plan.zeros = true;
	vfs_register();
	cluster_begin();
	transactions_begin();
	members_begin();
	broker_begin();
}

/* --- Kafka */

const char *stage_brokers(void)
{
	return "played";
}

const char *stage_topic(int partitions, int max_bytes)
{
	struct topic *topic = &cluster.topics[CLUSTER_REQUESTS];

	cluster_make(topic, partitions);
	if (max_bytes > 0)
		topic->max_bytes = (size_t)max_bytes;
	return topic->name;
}

const char *stage_read_topic(int partitions)
{
	struct topic *topic = &cluster.topics[CLUSTER_DECISIONS];

	if (partitions > 0)
		topic->partitions = partitions;
	return topic->name;
}

const char *stage_state_topic(void)
{
	return cluster.topics[CLUSTER_STATE].name;
}

void stage_delete(const char *topic)
{
	cluster_delete(cluster_find(topic));
}

void stage_make(const char *name, int partitions)
{
	struct topic *topic = cluster_find(name);

	if (topic->missing)
		cluster_make(topic, partitions);
	else
		topic->partitions = partitions;
}

void stage_kafka(bool there)
{
	cluster.away = there ? 0 : INT64_MAX;
}

void stage_deny(const char *topic, bool denied)
{
	cluster_find(topic)->denied = denied ? INT64_MAX : 0;
}

void stage_lose_leader(const char *topic)
{
	cluster_find(topic)->logs[0].leaderless = sim.now + 3 * SIM_S;
}

void stage_refuse_next(const char *topic)
{
	broker_will(cluster_find(topic), BROKER_REFUSES);
}

void stage_await_refused(const char *topic)
{
	(void)topic;
	contract_sleep(50); /* longer than they linger */
}

void stage_lose_answer(const char *topic)
{
	broker_will(cluster_find(topic), BROKER_LOSES_ANSWER);
}

/* A value is told without the dots that make it long. */
const char *stage_values(const char *topic, int partition)
{
	const struct log_ *log = &cluster_find(topic)->logs[partition];
	static char text[4096];
	size_t n = 0;
	int64_t i;

	*text = '\0';
	for (i = 0; i < log->stable; i++)
		if (cluster_is_data(log->records[i]))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%s%.*s", n ? "," : "",
					      (int)log->records[i]->value_len,
					      log->records[i]->value);
	return text;
}

static struct transaction *transaction(int n)
{
	if (n > 0 && n < TRANSACTIONS)
		return &transactions[n];
	abort();
}

void stage_write(const char *name, int partition, const char *value, int n)
{
	struct topic *topic = cluster_find(name);

	if (n > 0)
		cluster_append_to(transaction(n), topic, partition, "k", 1,
				  value, strlen(value), NULL);
	else
		cluster_append(topic, partition, "k", 1, value, strlen(value),
			       NULL);
}

void stage_end(int n, bool commit)
{
	cluster_end(transaction(n), commit);
}

void stage_member(const char *group, const char *topic, bool there)
{
	(void)group;
	(void)topic;
	consumer_share(there);
}

void stage_killed_member(const char *group, const char *topic)
{
	(void)group;
	(void)topic;
	cluster.last_heartbeat = sim.now;
}

/* --- the broker */

const char *stage_mqtt(int max_queued, int version)
{
	sim.plan.broker_queue = max_queued;
	sim.plan.mqtt3 = version == 3;
	return "tcp://played:1883";
}

int stage_mqtt_port(void)
{
	return 1883;
}

bool stage_publish(const char *topic, const char *payload, int qos)
{
	if (qos > 0)
		return broker_offer(topic, payload, strlen(payload), 0);
	broker_tell(topic, payload, strlen(payload), 0);
	return true;
}

void stage_subscriber(const char *topic, bool offline)
{
	(void)offline;
	subscribed = topic;
}

void stage_lose_acks(bool lose)
{
	broker_lose_acks(lose);
}

void stage_cut(bool first)
{
	broker_lose(first, 0);
}

void stage_take_over(const char *client)
{
	(void)client;
	broker_lose(true, TAKEN_OVER);
}

void stage_kill_broker(void)
{
	broker_forget();
}

/* --- the disk */

const char *stage_disk(void)
{
	return "/sim";
}

void stage_fill_disk(bool full)
{
	disk_fill(0, full);
}

void stage_power_cut(void)
{
	disk_lose_power();
}

/* --- what the played parts tell a world that is not there */

void world_uncommitted(enum cluster_topic topic, int partition,
		       const struct record *record)
{
	(void)topic;
	(void)partition;
	(void)record;
}

void world_record(enum cluster_topic topic, int partition,
		  const struct record *record)
{
	(void)topic;
	(void)partition;
	(void)record;
}

int world_command(const char *topic, const char *payload, size_t len)
{
	(void)payload;
	(void)len;
	return subscribed && strcmp(subscribed, topic) == 0 ? 0 : 0x10;
}

bool world_is_poison(const char *topic)
{
	(void)topic;
	return false;
}

void world_owned(int tag)
{
	(void)tag;
}

void world_spoken(void)
{
}

void world_commits(struct process *of)
{
	(void)of;
}

void world_claims(const struct process *of)
{
	(void)of;
}

void world_forgotten(int tag)
{
	(void)tag;
}

void oracle_unheard(void)
{
}

void oracle_acknowledged(enum cluster_topic topic, const void *value, size_t n)
{
	(void)topic;
	(void)value;
	(void)n;
}

void world_logged(const char *line, size_t n)
{
	(void)line;
	(void)n;
}

void gate_command(const char *payload, size_t len)
{
	(void)payload;
	(void)len;
}
