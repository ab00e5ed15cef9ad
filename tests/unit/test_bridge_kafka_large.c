/* Large records of the decision topic, from a mock cluster of librdkafka's: each
 * is hashed in parts, and has its hash when it is applied. */
#include "core_case.h"
#include "mock_kafka.h"

#include <poll.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "bridge/kafka/consumer_internal.h"

#define DEADLINE_MS 30000
#define MIB	    (1 << 20)
#define RECORDS	    3

/* Of the records, in their order; the last one is not large. The mock cluster
 * keeps 5 MiB. */
static const size_t sizes[RECORDS] = {2 * MIB + 1, MIB + 1, MIB};

struct large_case {
	struct scratch scratch;
	struct core_case in;
	struct mock_kafka kafka;
	struct store *store;
	struct probe *probe;
	struct consumer *consumer;
	int wake_fd;
	struct ztp_error error;
	int applied, batch; /* records; of them in the present batch */
};

/* --- Kafka */

static uint8_t *make_value(int i)
{
	uint8_t *value = malloc(sizes[i]);
	size_t k;

	assert_non_null(value);
	for (k = 0; k < sizes[i]; k++)
		value[k] = (uint8_t)(k * 31 + k / 4093 + (size_t)i);
	return value;
}

static void produce_all(struct large_case *c)
{
	const char *topic = c->in.config->kafka.topics.decisions;
	int i;

	mock_kafka_make(&c->kafka, 1);
	mock_kafka_topic(&c->kafka, topic, 1);
	mock_kafka_name(&c->in.config->kafka.brokers, &c->kafka);
	for (i = 0; i < RECORDS; i++)
		assert_int_equal(
			rd_kafka_producev(
				c->kafka.client, RD_KAFKA_V_TOPIC(topic),
				RD_KAFKA_V_PARTITION(0),
				RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_FREE),
				RD_KAFKA_V_VALUE(make_value(i), sizes[i]),
				RD_KAFKA_V_END),
			0);
	mock_kafka_flush(&c->kafka);
}

/* --- the consumer's user */

static int on_decision(void *arg, const struct consumer_record *record,
		       struct ztp_error *error)
{
	struct large_case *c = arg;
	uint8_t sha256[ZTP_SHA256_LEN];

	(void)error;
	assert_true(c->applied < RECORDS);
	assert_int_equal(record->position.offset, c->applied);
	assert_int_equal(record->value.n, sizes[c->applied]);
	if (record->value.n <= MIB) {
		assert_null(record->sha256);
	} else {
		assert_non_null(record->sha256);
		ztp_sha256(sha256, record->value.p, record->value.n);
		assert_memory_equal(record->sha256, sha256, sizeof(sha256));
	}
	c->applied++;
	return 0;
}

static int on_unreadable(void *arg, const struct consumer_gap *gap,
			 struct ztp_error *error)
{
	(void)arg, (void)error;
	fail_msg("unreadable: %s", gap->why);
	return 0;
}

/* --- the case */

static int setup(void **state)
{
	struct large_case *c = calloc(1, sizeof(*c));
	const struct consumer_user user = {on_decision, on_unreadable, NULL, c};

	assert_non_null(c);
	scratch_make(&c->scratch);
	core_case_make(&c->in, "kafka: {}\n");
	/* One of several bridges, which waits for no group to give out
	 * partitions. */
	c->in.config->standby.enabled = true;
	produce_all(c);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(c->wake_fd >= 0);
	assert_int_equal(
		store_open(&c->store, c->scratch.base, false, &c->error), 0);
	assert_int_equal(
		probe_new(&c->probe, &c->in.core, c->wake_fd, &c->error), 0);
	assert_int_equal(consumer_new(&c->consumer, &c->in.core, c->store,
				      c->probe, &user, c->wake_fd, &c->error),
			 0);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct large_case *c = *state;

	consumer_free(c->consumer);
	probe_free(c->probe);
	store_close(c->store);
	mock_kafka_end(&c->kafka);
	close(c->wake_fd);
	core_case_end(&c->in);
	scratch_remove(&c->scratch);
	free(c);
	return 0;
}

/* --- turns */

static void collect(struct large_case *c)
{
	struct probe_status status;

	c->in.core.now = ztp_clock_wall();
	probe_status_get(c->probe, &status);
	consumer_collect(c->consumer, &status);
}

static void apply(struct large_case *c)
{
	int before = c->applied;

	assert_int_equal(consumer_apply(c->consumer, &c->error), 0);
	consumer_settle(c->consumer);
	assert_int_equal(store_commit(c->store, c->in.core.now, &c->error), 0);
	c->batch = c->applied - before;
}

/* Turns until the first part of the record has been hashed, or it is applied. */
static void wait_for_first(struct large_case *c)
{
	int ms;

	for (ms = 0; !c->consumer->large.event && ms < DEADLINE_MS; ms++) {
		collect(c);
		apply(c);
		(void)poll(NULL, 0, 1);
	}
	assert_true(ms < DEADLINE_MS);
	assert_int_equal(c->applied, 0);
}

/* The next record is there before the first is hashed. */
static void wait_for_next(struct large_case *c)
{
	int ms;

	for (ms = 0;
	     rd_kafka_queue_length(c->consumer->queue) == 0 && ms < DEADLINE_MS;
	     ms++)
		(void)poll(NULL, 0, 1);
	assert_true(ms < DEADLINE_MS);
}

static void each_part_takes_a_turn(void **state)
{
	struct large_case *c = *state;
	int turns;

	wait_for_first(c);
	for (turns = 0; c->applied == 0; turns++) {
		assert_true(turns < 10);
		assert_true(consumer_more(c->consumer));
		collect(c);
		apply(c);
	}
	assert_int_equal(turns, 3);
}

static void none_takes_the_hash_of_another(void **state)
{
	struct large_case *c = *state;
	int ms;

	wait_for_first(c);
	wait_for_next(c);
	for (ms = 0; c->applied < RECORDS && ms < DEADLINE_MS; ms++) {
		collect(c);
		apply(c);
		if (c->batch == 0 && !c->consumer->large.event)
			(void)poll(NULL, 0, 1);
	}
	assert_int_equal(c->applied, RECORDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_part_takes_a_turn),
		TEST(none_takes_the_hash_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
