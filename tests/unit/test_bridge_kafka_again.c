/* A request that Kafka has and that is sent again, behind one that has failed: it
 * counts as asked from then on. On a mock cluster of librdkafka's. */
#include "core_case.h"
#include "mock_kafka.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "bridge/kafka/producer_internal.h"

#define DEADLINE_MS 20000
#define TOPIC	    STORE_REQUESTS
#define REQUEST	    7

struct again_case {
	struct core_case in;
	struct scratch scratch;
	struct store *store;
	struct producer *producer;
	struct mock_kafka kafka;
	struct probe_status status;
	int wake_fd;
	int announced;
	struct ztp_error error;
};

static int announced(void *arg, int64_t first, int64_t last,
		     struct ztp_error *error)
{
	struct again_case *c = arg;

	(void)error;
	assert_int_equal(first, REQUEST);
	assert_int_equal(last, REQUEST);
	c->announced++;
	return 0;
}

static int refused(void *arg, const struct store_record *record,
		   const struct ztp_error *why, struct ztp_error *error)
{
	(void)arg;
	(void)record;
	(void)why;
	(void)error;
	fail_msg("nothing is to be given up");
	return 0;
}

static int setup(void **state)
{
	struct again_case *c = calloc(1, sizeof(*c));
	const struct producer_user user = {announced, refused, c};

	assert_non_null(c);
	core_case_make(&c->in, "kafka: {}\n");
	c->in.core.now = ztp_clock_steady(&c->in.core.clock);
	mock_kafka_make(&c->kafka, 1);
	mock_kafka_topic(&c->kafka, c->in.config->kafka.topics.requests, 1);
	mock_kafka_name(&c->in.config->kafka.brokers, &c->kafka);
	scratch_make(&c->scratch);
	assert_int_equal(
		store_open(&c->store, c->scratch.base, false, &c->error), 0);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(c->wake_fd >= 0);
	assert_int_equal(producer_new(&c->producer, &c->in.core, c->store,
				      &user, c->wake_fd, &c->error),
			 0);
	c->status.up = true;
	c->status.asked_at = 1;
	c->status.counts[TOPIC] = 1;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct again_case *c = *state;

	producer_free(c->producer);
	store_close(c->store);
	scratch_remove(&c->scratch);
	mock_kafka_end(&c->kafka);
	close(c->wake_fd);
	core_case_end(&c->in);
	free(c);
	return 0;
}

/* A turn of the loop. */
static void turn(struct again_case *c)
{
	struct producer *p = c->producer;

	c->in.core.now = ztp_clock_steady(&c->in.core.clock);
	producer_hear(p, &c->status);
	producer_collect(p);
	assert_int_equal(producer_apply(p, &c->error), 0);
	assert_int_equal(store_commit(c->store, c->in.core.now, &c->error), 0);
	producer_settle(p);
	producer_pump(p);
	if (!producer_flush(p))
		usleep(1000);
}

static const struct store_record asks = {
	.topic = TOPIC,
	.request = REQUEST,
	.key = {"d1", 2},
	.value = {"v", 1},
};

/* It has been handed over, and another one of its partition fails. */
static void one_before_it_fails(struct again_case *c)
{
	struct topic_window *window = &c->producer->windows[TOPIC];
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	while (window->sent == 0) {
		assert_true(ztp_clock_boot() < until);
		turn(c);
	}
	window->resend = UINT64_MAX;
	window->rewind = true;
}

static void expect_asked_and_sent_again(struct again_case *c)
{
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	while (c->announced == 0) {
		assert_true(ztp_clock_boot() < until);
		turn(c);
	}
	assert_int_equal(store_outbox_waiting(c->store, TOPIC), 1);
	while (store_outbox_waiting(c->store, TOPIC) > 0) {
		assert_true(ztp_clock_boot() < until);
		turn(c);
	}
	assert_int_equal(c->announced, 2);
	assert_int_equal(producer_in_flight(c->producer), 0);
}

static void test_from_the_outbox(void **state)
{
	struct again_case *c = *state;
	struct store_record record = asks;

	assert_int_equal(store_outbox_add(c->store, &record, &c->error), 0);
	one_before_it_fails(c);
	expect_asked_and_sent_again(c);
}

static void test_past_the_outbox(void **state)
{
	struct again_case *c = *state;
	const struct journal_mark mark = {0};

	turn(c);
	assert_true(producer_take(c->producer, &asks, &mark));
	one_before_it_fails(c);
	assert_int_equal(c->producer->windows[TOPIC].unstored, 1);
	expect_asked_and_sent_again(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_from_the_outbox),
		T(test_past_the_outbox),
	};

	return cmocka_run_group_tests_name("bridge_kafka_again", tests, NULL,
					   NULL);
}
