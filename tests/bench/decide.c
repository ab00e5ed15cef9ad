/*
 * decide: a customer who approves each request of the plan when it is due,
 * with a payload of a typical size.
 *   decide --brokers B --topic T --prefix P --rate R --first N --count N
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#include "tests/bench/part.h"

#define FLUSH_MS 10000

static const char payload[] =
	"{\"site\":\"plant-7\",\"telemetry\":{\"interval_s\":60,\"topic\":"
	"\"events/telemetry\",\"fields\":[\"pressure\",\"flow\",\"rpm\"]},"
	"\"ntp\":[\"ntp1.example.com\",\"ntp2.example.com\"],"
	"\"firmware\":{\"channel\":\"stable\",\"minimum\":\"4.12.0\"}}";

struct decider {
	const struct part *part;
	rd_kafka_t *rk;
	int64_t sent, acked, failed, late;
};

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message,
		      void *arg)
{
	struct decider *d = arg;

	(void)rk;
	if (message->err)
		d->failed++;
	else
		d->acked++;
}

static rd_kafka_t *open_producer(struct decider *d)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_t *rk;

	if (rd_kafka_conf_set(conf, "bootstrap.servers", d->part->brokers, why,
			      sizeof(why)) != RD_KAFKA_CONF_OK ||
	    rd_kafka_conf_set(conf, "linger.ms", "1", why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK ||
	    rd_kafka_conf_set(conf, "acks", "all", why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK)
		part_die("%s", why);
	rd_kafka_conf_set_opaque(conf, d);
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!rk)
		part_die("%s", why);
	return rk;
}

/* Fetches the metadata, so that the first record does not wait for it. */
static void learn_topic(struct decider *d)
{
	rd_kafka_topic_t *topic =
		rd_kafka_topic_new(d->rk, d->part->topic, NULL);
	const struct rd_kafka_metadata *meta = NULL;

	if (!topic || rd_kafka_metadata(d->rk, 0, topic, &meta, 10000))
		part_die("no topic %s", d->part->topic);
	rd_kafka_metadata_destroy(meta);
	rd_kafka_topic_destroy(topic);
}

static void decide(struct decider *d, int64_t n)
{
	char path[128], text[1024];
	int path_len, len;
	rd_kafka_resp_err_t err;

	path_len = snprintf(path, sizeof(path), PART_PATH_FORM, d->part->prefix,
			    (long long)n);
	len = snprintf(text, sizeof(text),
		       "{\"request_id\":\"%s-%lld\",\"device_path\":\"%s\","
		       "\"decision\":\"approve\",\"decided_by\":\"bench\","
		       "\"payload\":%s}",
		       d->part->prefix, (long long)n, path, payload);
	do {
		err = rd_kafka_producev(
			d->rk, RD_KAFKA_V_TOPIC(d->part->topic),
			RD_KAFKA_V_KEY(path, (size_t)path_len),
			RD_KAFKA_V_VALUE(text, (size_t)len),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_END);
		if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			rd_kafka_poll(d->rk, 10);
	} while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL);
	if (err)
		part_die("produce: %s", rd_kafka_err2str(err));
	d->sent++;
}

static void sleep_until(int64_t us)
{
	struct timespec at = {.tv_sec = us / 1000000,
			      .tv_nsec = us % 1000000 * 1000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void run(struct decider *d)
{
	const struct part *part = d->part;

	while (d->sent < part->count && !part_over()) {
		int64_t now = part_now();

		while (d->sent < part->count &&
		       part_due(part, d->sent) <= now) {
			int64_t late = now - part_due(part, d->sent);

			if (late > d->late)
				d->late = late;
			decide(d, part->first + d->sent);
		}
		rd_kafka_poll(d->rk, 0);
		if (d->sent < part->count)
			sleep_until(part_due(part, d->sent));
	}
	rd_kafka_flush(d->rk, FLUSH_MS);
}

int main(int argc, char **argv)
{
	struct part part;
	struct decider d = {.part = &part};

	part_options(&part, argc, argv);
	if (!part.brokers || !part.topic)
		part_die("--brokers and --topic are needed");
	d.rk = open_producer(&d);
	learn_topic(&d);
	part_begin(&part);
	run(&d);
	rd_kafka_destroy(d.rk);
	printf("{\"sent\":%lld,\"acked\":%lld,\"failed\":%lld,"
	       "\"late_max_us\":%lld}\n",
	       (long long)d.sent, (long long)d.acked, (long long)d.failed,
	       (long long)d.late);
	return 0;
}
