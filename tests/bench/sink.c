/*
 * sink: the customer's side of Kafka. Reads a topic from its current end, all
 * partitions, without a group, and reports how late each item of the plan was.
 *   sink --brokers B --topic T --prefix P --rate R --first N --count N
 */
#include <stdlib.h>

#include <librdkafka/rdkafka.h>

#include "tests/bench/part.h"
#include "tests/bench/tally.h"

#define WAIT_MS	 50
#define READY_US 30000000

static rd_kafka_t *open_consumer(const struct part *part)
{
	static const char *const settings[][2] = {
		{"group.id", "bench-sink"},
		{"enable.auto.commit", "false"},
		{"socket.nagle.disable", "true"},
		/* The mock cluster answers an empty fetch only after this. */
		{"fetch.wait.max.ms", "10"},
		{"fetch.error.backoff.ms", "10"}};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_t *rk;
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why,
				      sizeof(why)) != RD_KAFKA_CONF_OK)
			part_die("%s", why);
	if (rd_kafka_conf_set(conf, "bootstrap.servers", part->brokers, why,
			      sizeof(why)) != RD_KAFKA_CONF_OK)
		part_die("%s", why);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!rk)
		part_die("%s", why);
	rd_kafka_poll_set_consumer(rk);
	return rk;
}

/* Returns the number of partitions, or 0 while one has no leader. */
static int partitions_of(rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
	const struct rd_kafka_metadata *meta = NULL;
	int count = 0, i;

	if (rd_kafka_metadata(rk, 0, topic, &meta, 10000))
		return 0;
	if (meta->topic_cnt == 1)
		count = meta->topics[0].partition_cnt;
	for (i = 0; i < count; i++)
		if (meta->topics[0].partitions[i].leader < 0)
			count = 0;
	rd_kafka_metadata_destroy(meta);
	return count;
}

/* The offset of the next record: no earlier one belongs to this plan. A newly
 * elected leader may not know it yet. */
static int64_t end_of(rd_kafka_t *rk, const char *name, int partition)
{
	int64_t deadline = part_now() + READY_US, low, high;
	rd_kafka_resp_err_t err;

	do {
		err = rd_kafka_query_watermark_offsets(rk, name, partition,
						       &low, &high, 1000);
	} while (err && part_now() < deadline && !part_over());
	if (err)
		part_die("end of %s: %s", name, rd_kafka_err2str(err));
	return high;
}

/* Assigns every partition. */
static void assign_all(rd_kafka_t *rk, const char *name)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(4);
	int64_t deadline = part_now() + READY_US;
	int count = 0, i;

	if (!topic)
		part_die("no topic %s", name);
	while ((count = partitions_of(rk, topic)) == 0)
		if (part_now() > deadline || part_over())
			part_die("topic %s has no leader", name);
	for (i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, name, i)->offset =
			end_of(rk, name, i);
	if (rd_kafka_assign(rk, list))
		part_die("cannot assign %s", name);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_topic_destroy(topic);
}

/* A batch read with a timeout would wait until it is full, so this waits for
 * one record and then takes the rest. */
static void drain(rd_kafka_queue_t *queue, struct tally *tally)
{
	rd_kafka_message_t *message = rd_kafka_consume_queue(queue, WAIT_MS);

	for (; message; message = rd_kafka_consume_queue(queue, 0)) {
		if (!message->err)
			tally_add(tally, message->payload, message->len,
				  part_now());
		rd_kafka_message_destroy(message);
	}
}

int main(int argc, char **argv)
{
	rd_kafka_queue_t *queue;
	_Atomic int64_t *progress;
	struct tally *tally;
	struct part part;
	rd_kafka_t *rk;

	part_options(&part, argc, argv);
	if (!part.brokers || !part.topic)
		part_die("--brokers and --topic are needed");
	rk = open_consumer(&part);
	assign_all(rk, part.topic);
	queue = rd_kafka_queue_get_consumer(rk);
	progress = part_progress(&part);
	if (progress)
		*progress = 0;
	part_begin(&part);
	tally = tally_new(&part);
	while (!part_over() && !tally_complete(tally)) {
		drain(queue, tally);
		if (progress)
			*progress = tally_received(tally);
	}
	tally_report(tally);
	tally_free(tally);
	rd_kafka_queue_destroy(queue);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
	return 0;
}
