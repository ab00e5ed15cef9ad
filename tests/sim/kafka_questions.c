/* Questions that block. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

/* True when Kafka has answered; the time that it takes has gone by. */
static bool answered(const struct handle *h, int timeout_ms)
{
	int64_t began = sim.now;

	sim_point();
	sim_pass(2 * kafka_latency());
	if (handle_reaches(h))
		return true;
	sim_pass(timeout_ms * SIM_MS - (sim.now - began));
	return false;
}

rd_kafka_resp_err_t rd_kafka_metadata(rd_kafka_t *rk, int all,
				      rd_kafka_topic_t *only,
				      const struct rd_kafka_metadata **out,
				      int timeout_ms)
{
	struct rd_kafka_metadata *md;
	int i;

	(void)all;
	(void)only;
	if (!answered(((struct handle *)rk), timeout_ms))
		return RD_KAFKA_RESP_ERR__TRANSPORT;
	md = sim_alloc(sizeof(*md));
	md->broker_cnt = 1;
	md->brokers = sim_alloc(sizeof(*md->brokers));
	md->topic_cnt = cluster.count;
	md->topics = sim_alloc((size_t)cluster.count * sizeof(*md->topics));
	for (i = 0; i < cluster.count; i++) {
		const struct topic *topic = &cluster.topics[i];

		md->topics[i].topic = (char *)(uintptr_t)topic->name;
		if (topic->missing)
			md->topics[i].err =
				RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		else
			md->topics[i].partition_cnt = topic->partitions;
		md->topics[i].partitions = sim_alloc(
			CLUSTER_PARTITIONS * sizeof(*md->topics->partitions));
		md->topics[i].partitions[0].replica_cnt = 1;
		for (int k = 0; k < topic->partitions; k++) {
			md->topics[i].partitions[k].id = k;
			if (sim.now < topic->logs[k].leaderless)
				md->topics[i].partitions[k].leader = -1;
		}
	}
	sim_input("metadata", cluster.count, 0);
	*out = md;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void rd_kafka_metadata_destroy(const struct rd_kafka_metadata *md)
{
	for (int i = 0; i < md->topic_cnt; i++)
		free(md->topics[i].partitions);
	free(md->brokers);
	free(md->topics);
	free((void *)(uintptr_t)md);
}

/* Of one partition, and of no times but its beginning and its end. */
rd_kafka_resp_err_t rd_kafka_offsets_for_times(
	rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
	rd_kafka_topic_partition_t *one = &list->elems[0];
	const struct topic *t = cluster_find(one->topic);
	const struct log_ *log = &t->logs[one->partition];

	if (!answered(((struct handle *)rk), timeout_ms))
		return RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (t->missing || one->partition >= t->partitions)
		return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (sim.now < log->leaderless)
		return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
	if (one->offset == RD_KAFKA_OFFSET_BEGINNING)
		one->offset = 0;
	else
		one->offset = ((struct handle *)rk)->committed ? log->stable
							       : log->end;
	one->err = RD_KAFKA_RESP_ERR_NO_ERROR;
	sim_input("end", one->partition, one->offset);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* What librdkafka knows without asking: here, what it would be told. Unlike the
 * answer to a question this is the end of all, whatever the reader may see. It
 * forgets the beginning when a fetch fails. */
rd_kafka_resp_err_t rd_kafka_get_watermark_offsets(rd_kafka_t *rk,
						   const char *topic,
						   int32_t partition,
						   int64_t *low, int64_t *high)
{
	const struct log_ *log = &cluster_find(topic)->logs[partition];

	(void)rk;
	*low = sim.now < log->leaderless ? RD_KAFKA_OFFSET_INVALID : 0;
	*high = log->end;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

const char *rd_kafka_topic_name(const rd_kafka_topic_t *topic)
{
	return ((const struct topic *)topic)->name;
}

/* The group's positions: only the one in ztp.state is ever asked for. */
rd_kafka_resp_err_t rd_kafka_committed(rd_kafka_t *rk,
				       rd_kafka_topic_partition_list_t *list,
				       int timeout_ms)
{
	if (!answered((struct handle *)rk, timeout_ms))
		return RD_KAFKA_RESP_ERR__TIMED_OUT;
	for (int i = 0; i < list->cnt; i++) {
		rd_kafka_topic_partition_t *part = &list->elems[i];

		part->offset = RD_KAFKA_OFFSET_INVALID;
		if (cluster_find(part->topic) !=
			    &cluster.topics[CLUSTER_STATE] ||
		    cluster.state_next == 0)
			continue;
		part->offset = cluster.state_next;
		part->metadata = strdup(cluster.state_birth);
		part->metadata_size =
			part->metadata ? strlen(part->metadata) : 0;
	}
	sim_input("positions", cluster.state_next, 0);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}
