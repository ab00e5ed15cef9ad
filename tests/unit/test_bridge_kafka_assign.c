/* A partition that is assigned again and again, with a librdkafka whose thread gets a
 * processor only when the caller waits for it: without ztp_kafka_settle it stops the
 * partition twice, and aborts. Who may not have a processor to himself sees less. */
#include "mock_kafka.h"

#include <sched.h>

#include "base/clock.h"
#include "base/kafka_assign.h"

#define TOPIC	    "again"
#define TIMES	    500
#define DEADLINE_MS 20000

static rd_kafka_t *consumer(struct mock_kafka *kafka)
{
	const char *const settings[] = {
		"bootstrap.servers",
		rd_kafka_mock_cluster_bootstraps(kafka->cluster),
		"group.id",
		"g",
		"enable.partition.eof",
		"true",
		"enable.auto.commit",
		"false",
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_t *rk;
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(*settings); i += 2)
		assert_int_equal(rd_kafka_conf_set(conf, settings[i],
						   settings[i + 1], why,
						   sizeof(why)),
				 RD_KAFKA_CONF_OK);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	assert_non_null(rk);
	rd_kafka_poll_set_consumer(rk);
	return rk;
}

static void assign(rd_kafka_t *rk)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, TOPIC, 0)->offset = 0;
	assert_int_equal(ztp_kafka_assign(rk, list), 0);
	rd_kafka_topic_partition_list_destroy(list);
}

static void read_to_end(rd_kafka_t *rk)
{
	int64_t until = ztp_clock_boot() + DEADLINE_MS;
	bool ended = false;

	while (!ended && ztp_clock_boot() < until) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 100);

		if (!message)
			continue;
		ended = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
		rd_kafka_message_destroy(message);
	}
	assert_true(ended);
}

/* Of all threads of the process on one processor, this one goes first. */
static void go_first(void)
{
	const struct sched_param first = {.sched_priority = 1};

	(void)sched_setscheduler(0, SCHED_FIFO, &first);
}

static void go_as_others(void)
{
	const struct sched_param other = {0};

	(void)sched_setscheduler(0, SCHED_OTHER, &other);
}

static void an_assignment_follows_another(void **state)
{
	struct mock_kafka kafka;
	cpu_set_t one;
	rd_kafka_t *rk;
	int i;

	(void)state;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	mock_kafka_make(&kafka, 1);
	mock_kafka_topic(&kafka, TOPIC, 1);
	rk = consumer(&kafka);
	assign(rk);
	read_to_end(rk);
	go_first();
	for (i = 0; i < TIMES; i++)
		assign(rk);
	go_as_others();
	assert_int_equal(ztp_kafka_assign(rk, NULL), 0);
	rd_kafka_destroy(rk);
	mock_kafka_end(&kafka);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_assignment_follows_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
