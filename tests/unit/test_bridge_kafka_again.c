/* A request that Kafka has and that is sent again, behind one that has failed: it
 * counts as asked from then on. On a mock cluster of librdkafka's. */
#include "producer_case.h"

#define DEADLINE_MS 20000
#define TOPIC	    STORE_REQUESTS
#define REQUEST	    7

static int setup(void **state)
{
	struct producer_case *c = producer_case_make();

	mock_kafka_make(&c->kafka, 1);
	mock_kafka_topic(&c->kafka, c->in.config->kafka.topics.requests, 1);
	producer_case_open(c, TOPIC, 1);
	*state = c;
	return 0;
}

static const struct store_record asks = {
	.topic = TOPIC,
	.request = REQUEST,
	.key = {"d1", 2},
	.value = {"v", 1},
};

/* It has been handed over, and another one of its partition fails. */
static void one_before_it_fails(struct producer_case *c)
{
	struct topic_window *window = &c->producer->windows[TOPIC];
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	while (window->sent == 0) {
		assert_true(ztp_clock_boot() < until);
		producer_case_turn(c);
	}
	window->resend = UINT64_MAX;
	window->rewind = true;
}

static void expect_asked_and_sent_again(struct producer_case *c)
{
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	while (c->announced == 0) {
		assert_true(ztp_clock_boot() < until);
		producer_case_turn(c);
	}
	assert_int_equal(store_outbox_waiting(c->store, TOPIC), 1);
	while (store_outbox_waiting(c->store, TOPIC) > 0) {
		assert_true(ztp_clock_boot() < until);
		producer_case_turn(c);
	}
	assert_int_equal(c->announced, 2);
	assert_int_equal(c->first, REQUEST);
	assert_int_equal(c->last, REQUEST);
	assert_int_equal(c->refused, 0);
	assert_int_equal(producer_in_flight(c->producer), 0);
}

static void test_from_the_outbox(void **state)
{
	struct producer_case *c = *state;
	struct store_record record = asks;

	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	one_before_it_fails(c);
	expect_asked_and_sent_again(c);
}

static void test_past_the_outbox(void **state)
{
	struct producer_case *c = *state;
	const struct journal_mark mark = {0};

	producer_case_turn(c);
	assert_true(producer_take(c->producer, &asks, &mark));
	one_before_it_fails(c);
	assert_int_equal(c->producer->windows[TOPIC].unstored, 1);
	expect_asked_and_sent_again(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, producer_case_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_from_the_outbox),
		T(test_past_the_outbox),
	};

	return cmocka_run_group_tests_name("bridge_kafka_again", tests, NULL,
					   NULL);
}
