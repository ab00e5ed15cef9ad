/* A partition that takes nothing, on a mock cluster of librdkafka's: the records of
 * the others go on, and its own follow in order. Its leader is a broker that is down;
 * without any leader the mock of librdkafka 2.8 crashes. */
#include "producer_case.h"

#include "ztp/text.h"

#define DEADLINE_MS 20000
#define PARTITIONS  3
#define AWAY	    1 /* the partition that takes nothing */
#define MANY	    (2 * WINDOW_SLOTS)
#define TOPIC	    STORE_RESULTS
#define PRODUCE	    0 /* Kafka's number of the request */
#define HERE	    1 /* brokers */
#define DOWN	    2

static int made[PARTITIONS]; /* records of each */

static const char *topic_name(const struct producer_case *c)
{
	return c->in.config->kafka.topics.results;
}

static void lead(struct producer_case *c, int partition, int broker)
{
	mock_kafka_lead(&c->kafka, topic_name(c), partition, broker);
}

static void play_kafka(struct producer_case *c)
{
	mock_kafka_make(&c->kafka, DOWN);
	mock_kafka_topic(&c->kafka, topic_name(c), PARTITIONS);
	assert_int_equal(rd_kafka_mock_broker_set_down(c->kafka.cluster, DOWN),
			 0);
	for (int i = 0; i < PARTITIONS; i++)
		lead(c, i, HERE);
}

static int setup(void **state)
{
	struct producer_case *c = producer_case_make();

	play_kafka(c);
	producer_case_open(c, TOPIC, PARTITIONS);
	memset(made, 0, sizeof(made));
	*state = c;
	return 0;
}

/* Until so many records wait for Kafka. */
static void until_left(struct producer_case *c, int64_t left)
{
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	while (store_outbox_waiting(c->store, TOPIC) != left) {
		if (ztp_clock_boot() >= until)
			fail_msg("%lld are left, not %lld",
				 (long long)store_outbox_waiting(c->store,
								 TOPIC),
				 (long long)left);
		producer_case_turn(c);
	}
}

/* Devices of that partition, some of them, in turn; the value is a number. */
static void add(struct producer_case *c, int partition, int count)
{
	int device = 0;

	while (count > 0) {
		char key[16], value[16];
		struct store_record record = {
			.topic = TOPIC, .key = {key, 0}, .value = {value, 0}};

		device = (device + 1) % 64;
		record.key.n =
			(size_t)snprintf(key, sizeof(key), "d%d", device);
		if (rd_kafka_msg_partitioner_murmur2(NULL, key, record.key.n,
						     PARTITIONS, NULL,
						     NULL) != partition)
			continue;
		record.value.n = (size_t)snprintf(value, sizeof(value), "%d",
						  made[partition]++);
		assert_int_equal(store_outbox_add(c->store, &record, &c->error),
				 0);
		count--;
	}
}

/* Reads a partition. first: each record at its first place is behind all that were
 * made before it. */
static void expect_in_order(struct producer_case *c, int partition)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	int64_t until = ztp_clock_boot() + DEADLINE_MS;
	char text[256];
	rd_kafka_t *rk;
	int next = 0;

	rd_kafka_conf_set_log_cb(conf, NULL);
	rd_kafka_conf_set(conf, "bootstrap.servers",
			  c->in.config->kafka.brokers, text, sizeof(text));
	rd_kafka_conf_set(conf, "group.id", "reader", text, sizeof(text));
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
	assert_non_null(rk);
	rd_kafka_topic_partition_list_add(list, topic_name(c), partition)
		->offset = 0;
	assert_int_equal(rd_kafka_assign(rk, list), 0);
	while (next < made[partition]) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 100);

		assert_true(ztp_clock_boot() < until);
		if (message && !message->err) {
			char number[16];
			int64_t value;

			snprintf(number, sizeof(number), "%.*s",
				 (int)message->len,
				 (const char *)message->payload);
			/* One without a key has a word. */
			if (ztp_number_parse(&value, number, 0, INT64_MAX)) {
				assert_true(value <= next);
				next += value == next;
			}
		}
		if (message)
			rd_kafka_message_destroy(message);
	}
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
}

static void expect_all_in_order(struct producer_case *c)
{
	int i;

	until_left(c, 0);
	for (i = 0; i < PARTITIONS; i++)
		expect_in_order(c, i);
	assert_int_equal(c->refused, 0);
}

/* More than there are places for, before and after the others'. */
static void test_the_others_go_on(void **state)
{
	struct producer_case *c = *state;
	int i;

	lead(c, AWAY, DOWN);
	add(c, AWAY, MANY);
	for (i = 0; i < 20; i++) {
		add(c, (AWAY + 1) % PARTITIONS, 30);
		add(c, (AWAY + 2) % PARTITIONS, 30);
		add(c, AWAY, 10);
	}
	until_left(c, MANY + 200);
	add(c, (AWAY + 1) % PARTITIONS, WINDOW_RECORDS);
	until_left(c, MANY + 200);
	lead(c, AWAY, HERE);
	expect_all_in_order(c);
}

/* They fail, and are read again from the beginning, while it keeps what it has. */
static void test_the_others_fail(void **state)
{
	struct producer_case *c = *state;
	int i;

	add(c, AWAY, 10);
	until_left(c, 0);
	lead(c, AWAY, DOWN);
	add(c, AWAY, WINDOW_RECORDS + 100);
	add(c, AWAY + 1, 10);
	until_left(c, WINDOW_RECORDS + 100);
	for (i = 0; i < 3; i++) {
		rd_kafka_mock_push_request_errors(
			c->kafka.cluster, PRODUCE, 1,
			RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
		add(c, AWAY + 1, 50);
		add(c, AWAY, 5);
		until_left(c, WINDOW_RECORDS + 100 + 5 * (i + 1));
	}
	lead(c, AWAY, HERE);
	expect_all_in_order(c);
}

/* It comes and goes, and another one with it. */
static void test_one_after_the_other(void **state)
{
	struct producer_case *c = *state;
	int i;

	for (i = 0; i < 4; i++) {
		int away = i % 2 ? AWAY : AWAY + 1;

		lead(c, away, DOWN);
		add(c, away, WINDOW_RECORDS + 500);
		add(c, 0, 100);
		until_left(c, WINDOW_RECORDS + 500);
		add(c, 0, 100);
		until_left(c, WINDOW_RECORDS + 500);
		lead(c, away, HERE);
		if (i % 2)
			until_left(c, 0);
		else
			producer_case_turn(c);
		if (i % 2 == 0)
			until_left(c, 0);
	}
	expect_all_in_order(c);
}

/* Until so many records are known to stand. */
static void until_standing(struct producer_case *c, int count)
{
	const struct topic_window *window = &c->producer->windows[TOPIC];
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	while (window->standing < count) {
		assert_true(ztp_clock_boot() < until);
		producer_case_turn(c);
	}
}

/* What has no key goes where it is taken. */
static void test_without_a_key(void **state)
{
	struct producer_case *c = *state;
	struct store_record record = {.topic = TOPIC, .value = {"v", 1}};
	int i;

	lead(c, AWAY, DOWN);
	add(c, AWAY, 10);
	until_left(c, 10);
	until_standing(c, 10);
	for (i = 0; i < WINDOW_SLOTS; i++)
		assert_int_equal(store_outbox_add(c->store, &record, &c->error),
				 0);
	until_left(c, 10);
	lead(c, AWAY, HERE);
	expect_all_in_order(c);
}

/* Its partition stands still a second time, after one before it has failed. */
static void test_without_a_key_in_one_that_stands_twice(void **state)
{
	struct producer_case *c = *state;
	struct topic_window *window = &c->producer->windows[TOPIC];
	struct window_lane *lane = &window->lanes[AWAY];
	int64_t until = ztp_clock_boot() + DEADLINE_MS;
	struct store_record record = {.topic = TOPIC, .value = {"v", 1}};

	producer_case_turn(c); /* now there are lanes */
	lead(c, AWAY, DOWN);
	window->keyless = (AWAY + PARTITIONS - 1) % PARTITIONS;
	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	until_standing(c, 1);
	assert_int_equal(lane->sent, 1);
	lane->resend = window->rewind = true;
	while (window->rewind || !lane->behind) {
		assert_true(ztp_clock_boot() < until);
		producer_case_turn(c);
	}
	lead(c, AWAY, HERE);
	until_left(c, 0);
}

/* It waits as long as no partition takes anything, and is not passed by. */
static void test_without_a_key_when_all_are_away(void **state)
{
	struct producer_case *c = *state;
	struct topic_window *window = &c->producer->windows[TOPIC];
	int64_t until = ztp_clock_boot() + DEADLINE_MS;
	struct store_record record = {.topic = TOPIC, .value = {"v", 1}};
	int i;

	for (i = 0; i < PARTITIONS; i++)
		lead(c, i, DOWN);
	for (i = 0; i < PARTITIONS; i++)
		add(c, i, 10);
	until_standing(c, PARTITIONS * 10);
	for (i = 0; i < PARTITIONS; i++)
		add(c, i, WINDOW_RECORDS);
	for (i = 0; i < 10; i++)
		assert_int_equal(store_outbox_add(c->store, &record, &c->error),
				 0);
	while (window->behind < PARTITIONS) {
		assert_true(ztp_clock_boot() < until);
		producer_case_turn(c);
	}
	for (i = 0; i < PARTITIONS; i++)
		lead(c, i, HERE);
	expect_all_in_order(c);
}

/* Past the outbox: some wait in the store, those of the others do not wait. */
static void test_past_the_outbox(void **state)
{
	struct producer_case *c = *state;
	struct journal_mark mark = {0};
	int64_t until = ztp_clock_boot() + DEADLINE_MS;
	int taken = 0;

	lead(c, AWAY, DOWN);
	add(c, AWAY, WINDOW_RECORDS + 10);
	until_left(c, WINDOW_RECORDS + 10);
	while (taken < 10) {
		char key[] = "d0";
		struct store_record record = {
			.topic = TOPIC, .key = {key, 2}, .value = {"0", 1}};
		int part;

		assert_true(ztp_clock_boot() < until);
		for (; key[1] <= '9'; key[1]++) {
			part = rd_kafka_msg_partitioner_murmur2(
				NULL, key, 2, PARTITIONS, NULL, NULL);
			if (producer_take(c->producer, &record, &mark)) {
				taken += part != AWAY;
				if (c->producer->windows[TOPIC].behind > 0)
					assert_true(part != AWAY);
			}
		}
		producer_case_turn(c);
	}
	until_left(c, store_outbox_waiting(c->store, TOPIC));
	lead(c, AWAY, HERE);
	until_left(c, 0);
}

/* The next record of the partition, past the outbox if it may. */
static bool add_past(struct producer_case *c, int partition)
{
	struct journal_mark mark = {0};
	char key[] = "d0", value[16];
	struct store_record record = {
		.topic = TOPIC, .key = {key, 2}, .value = {value, 0}};

	while (rd_kafka_msg_partitioner_murmur2(NULL, key, 2, PARTITIONS, NULL,
						NULL) != partition)
		key[1]++;
	record.value.n =
		(size_t)snprintf(value, sizeof(value), "%d", made[partition]++);
	if (producer_take(c->producer, &record, &mark))
		return true;
	assert_int_equal(producer_keep_order(c->producer, &record, &c->error),
			 0);
	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	return false;
}

/* What comes after it goes to the outbox first, because the partition stands by
 * then, and what Kafka had is sent again. */
static void test_past_the_outbox_in_order(void **state)
{
	struct producer_case *c = *state;
	struct window_lane *lane = &c->producer->windows[TOPIC].lanes[AWAY];
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	producer_case_turn(c);
	lead(c, AWAY, DOWN);
	add(c, AWAY, 1);
	while (lane->sent == 0 || c->in.core.now - lane->heard_at < 500) {
		assert_true(ztp_clock_boot() < until);
		producer_case_turn(c);
	}
	assert_true(add_past(c, AWAY));
	until_standing(c, 2);
	assert_int_equal(c->producer->windows[TOPIC].unstored, 1);
	assert_false(add_past(c, AWAY));
	producer_case_turn(c);
	c->producer->stuck = true;
	lead(c, AWAY, HERE);
	expect_all_in_order(c);
}

/* The topic has more partitions than before. */
static void test_more_partitions(void **state)
{
	struct producer_case *c = *state;

	lead(c, AWAY, DOWN);
	add(c, AWAY, 10);
	add(c, 0, 10);
	until_left(c, 10);
	c->status.counts[TOPIC] = PARTITIONS + 1;
	add(c, 0, 10);
	until_left(c, 10);
	assert_int_equal(c->producer->windows[TOPIC].partitions,
			 PARTITIONS + 1);
	c->status.counts[TOPIC] = PARTITIONS;
	lead(c, AWAY, HERE);
	expect_all_in_order(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, producer_case_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_the_others_go_on),
		T(test_the_others_fail),
		T(test_one_after_the_other),
		T(test_without_a_key),
		T(test_without_a_key_in_one_that_stands_twice),
		T(test_without_a_key_when_all_are_away),
		T(test_past_the_outbox),
		T(test_past_the_outbox_in_order),
		T(test_more_partitions),
	};

	return cmocka_run_group_tests_name("bridge_kafka_lanes", tests, NULL,
					   NULL);
}
