/* A partition that has no leader, on a mock cluster of librdkafka's: the probe names
 * it. */
#include "core_case.h"
#include "mock_kafka.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/kafka/probe.h"

#define DEADLINE_MS 20000
#define PARTITIONS  3

struct leader_case {
	struct core_case in;
	struct probe *probe;
	struct mock_kafka kafka;
	int wake_fd;
};

static void play_kafka(struct leader_case *c)
{
	const char *const topics[] = {
		c->in.config->kafka.topics.requests,
		c->in.config->kafka.topics.decisions,
		c->in.config->kafka.topics.results,
		c->in.config->kafka.topics.dlq,
		c->in.config->kafka.topics.audit,
	};
	size_t i;

	mock_kafka_make(&c->kafka, 1);
	for (i = 0; i < sizeof(topics) / sizeof(*topics); i++)
		mock_kafka_topic(&c->kafka, topics[i], PARTITIONS);
	mock_kafka_name(&c->in.config->kafka.brokers, &c->kafka);
}

static int setup(void **state)
{
	struct leader_case *c = calloc(1, sizeof(*c));
	struct ztp_error error = {0};

	assert_non_null(c);
	core_case_make(&c->in, "kafka: {}\n");
	play_kafka(c);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(c->wake_fd >= 0);
	assert_int_equal(probe_new(&c->probe, &c->in.core, c->wake_fd, &error),
			 0);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct leader_case *c = *state;

	probe_free(c->probe);
	mock_kafka_end(&c->kafka);
	close(c->wake_fd);
	core_case_end(&c->in);
	free(c);
	return 0;
}

/* Until so many partitions have none. */
static struct probe_leaderless wait_for(const struct leader_case *c, int count)
{
	int64_t until = ztp_clock_boot() + DEADLINE_MS;
	struct probe_status status = {0};

	while (!status.up || status.leaderless.count != count) {
		assert_true(ztp_clock_boot() < until);
		usleep(20000);
		probe_status_get(c->probe, &status);
	}
	return status.leaderless;
}

static void lead(struct leader_case *c, const char *topic, int part, int broker)
{
	mock_kafka_lead(&c->kafka, topic, part, broker);
	probe_again(c->probe);
}

static void a_partition_without_a_leader(void **state)
{
	struct leader_case *c = *state;
	struct probe_leaderless leaderless;

	(void)wait_for(c, 0);
	lead(c, c->in.config->kafka.topics.results, 1, -1);
	leaderless = wait_for(c, 1);
	assert_int_equal(leaderless.topic, STORE_RESULTS);
	assert_int_equal(leaderless.partition, 1);
	lead(c, c->in.config->kafka.topics.requests, 2, -1);
	(void)wait_for(c, 2);
	lead(c, c->in.config->kafka.topics.results, 1, 1);
	leaderless = wait_for(c, 1);
	assert_int_equal(leaderless.topic, STORE_REQUESTS);
	assert_int_equal(leaderless.partition, 2);
	/* It is asked again soon without being told to. */
	mock_kafka_lead(&c->kafka, c->in.config->kafka.topics.requests, 2, 1);
	(void)wait_for(c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_partition_without_a_leader,
						setup, teardown),
	};

	return cmocka_run_group_tests_name("bridge_kafka_leader", tests, NULL,
					   NULL);
}
