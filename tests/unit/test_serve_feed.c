/*
 * tests/unit/test_serve_feed.c - a topic of large records, on a mock cluster of
 * librdkafka's: while nobody takes them, few of them are in memory. And one of
 * which a partition has no leader. Linked with --wrap of pthread_cond_wait and
 * ztp_clock_boot.
 */
#include "mock_kafka.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/clock.h"
#include "tools/serve/feed.h"

#define TOPIC	   "t"
#define PARTITIONS 4
#define RECORDS	   5 /* in each; the mock cluster keeps 5 MiB */
#define SIZE	   900000
#define MOST	   (8 * 1024 * 1024 + SIZE)
#define DEADLINE_S 30

/* The thread of the feed waits for room, and may go on. */
static sem_t waits, may_go_on;

int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	(void)cond;
	pthread_mutex_unlock(lock);
	sem_post(&waits);
	sem_wait(&may_go_on);
	pthread_mutex_lock(lock);
	return 0;
}

/* By how much time has gone on. */
static atomic_int ahead_ms;

int64_t __real_ztp_clock_boot(void);
int64_t __wrap_ztp_clock_boot(void);
int64_t __wrap_ztp_clock_boot(void)
{
	return __real_ztp_clock_boot() + ahead_ms;
}

static void write_records(struct mock_kafka *kafka)
{
	static char value[SIZE];
	int i;

	for (i = 0; i < PARTITIONS * RECORDS; i++)
		assert_int_equal(
			rd_kafka_producev(
				kafka->client, RD_KAFKA_V_TOPIC(TOPIC),
				RD_KAFKA_V_PARTITION(i % PARTITIONS),
				RD_KAFKA_V_VALUE(value, sizeof(value)),
				RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				RD_KAFKA_V_END),
			RD_KAFKA_RESP_ERR_NO_ERROR);
	mock_kafka_flush(kafka);
}

/* All that is in its queue. */
static size_t take_all(struct feed *feed, int *count)
{
	rd_kafka_message_t *message;
	size_t bytes = 0;

	while ((message = feed_take(feed)) != NULL) {
		bytes += message->len;
		++*count;
		rd_kafka_message_destroy(message);
	}
	return bytes;
}

static void large_records_wait_in_kafka(void **state)
{
	const struct ztp_kafka_props props = {.count = 0};
	struct feed_settings settings = {
		.group = "g", .topic = TOPIC, .props = &props};
	struct mock_kafka kafka;
	struct ztp_error error;
	struct timespec until;
	struct feed *feed;
	size_t bytes;
	int count = 0;

	(void)state;
	sem_init(&waits, 0, 0);
	sem_init(&may_go_on, 0, 0);
	mock_kafka_make(&kafka, 1);
	mock_kafka_topic(&kafka, TOPIC, PARTITIONS);
	write_records(&kafka);
	settings.brokers = rd_kafka_mock_cluster_bootstraps(kafka.cluster);
	settings.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(settings.wake >= 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	feed = feed_new(&settings, &error);
	assert_non_null(feed);
	assert_int_equal(sem_timedwait(&waits, &until), 0);
	bytes = take_all(feed, &count);
	assert_in_range(bytes, 1, MOST);
	sem_post(&may_go_on);
	while (count < PARTITIONS * RECORDS) {
		(void)take_all(feed, &count);
		assert_true(time(NULL) < until.tv_sec);
		(void)poll(NULL, 0, 1);
	}
	feed_free(feed);
	mock_kafka_end(&kafka);
	close(settings.wake);
}

static void write_one(struct mock_kafka *kafka, int partition)
{
	static char value[] = "v";

	assert_int_equal(
		rd_kafka_producev(kafka->client, RD_KAFKA_V_TOPIC(TOPIC),
				  RD_KAFKA_V_PARTITION(partition),
				  RD_KAFKA_V_VALUE(value, 1),
				  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				  RD_KAFKA_V_END),
		RD_KAFKA_RESP_ERR_NO_ERROR);
	mock_kafka_flush(kafka);
}

/* The partition of the next record. */
static int take_one(struct feed *feed)
{
	const time_t until = time(NULL) + DEADLINE_S;
	rd_kafka_message_t *message;
	int partition;

	while ((message = feed_take(feed)) == NULL) {
		assert_true(time(NULL) < until);
		(void)poll(NULL, 0, 1);
	}
	partition = message->partition;
	rd_kafka_message_destroy(message);
	return partition;
}

/* What has a leader is read. The rest is told to be stuck after a while, until it
 * has one again. */
static void a_partition_without_a_leader(void **state)
{
	const struct ztp_kafka_props props = {.count = 0};
	struct feed_settings settings = {
		.group = "g", .topic = TOPIC, .props = &props};
	const time_t until = time(NULL) + DEADLINE_S;
	struct mock_kafka kafka;
	struct ztp_error error;
	struct feed *feed;

	(void)state;
	ahead_ms = 0;
	mock_kafka_make(&kafka, 1);
	mock_kafka_topic(&kafka, TOPIC, 2);
	write_one(&kafka, 0);
	write_one(&kafka, 1);
	mock_kafka_lead(&kafka, TOPIC, 0, -1);
	settings.brokers = rd_kafka_mock_cluster_bootstraps(kafka.cluster);
	settings.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	feed = feed_new(&settings, &error);
	assert_non_null(feed);
	assert_int_equal(take_one(feed), 1);
	assert_false(feed_caught_up(feed));
	assert_false(feed_is_stuck(feed));
	ahead_ms = FEED_STUCK_MS;
	assert_true(feed_is_stuck(feed));
	mock_kafka_lead(&kafka, TOPIC, 0, 1);
	assert_int_equal(take_one(feed), 0);
	while (!feed_caught_up(feed)) {
		assert_true(time(NULL) < until);
		(void)poll(NULL, 0, 1);
	}
	assert_false(feed_is_stuck(feed));
	feed_stop(feed);
	while (!feed_has_ended(feed)) {
		assert_true(time(NULL) < until);
		(void)poll(NULL, 0, 1);
	}
	feed_free(feed);
	mock_kafka_end(&kafka);
	close(settings.wake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partition_without_a_leader),
		cmocka_unit_test(large_records_wait_in_kafka),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
