/* Handing a journal over to a mock cluster of librdkafka's, which is slow and
 * refuses. */
#include "core_case.h"
#include "mock_kafka.h"

#include <poll.h>

#include "base/clock.h"
#include "bridge/ledger/turns.h"
#include "bridge/standby/hand_over.h"
#include "bridge/store/store_state.h"

#define DEADLINE_MS 30000
#define HOLDS_MS    2000
#define PRODUCE	    0	 /* ApiKey */
#define BROKER	    1	 /* of the mock cluster */
#define SLOW_MS	    1000 /* until it answers */
#define TEXT	    "kafka: {}\nstore: {path: %s}\n"

struct handed_case {
	struct scratch scratch;
	struct core_case in;
	struct mock_kafka kafka;
	struct store *store;
	struct hand_over *hand_over;
	struct ztp_error error;
	int64_t now;
};

/* The producers that were made since, and the last of them. */
static int made;
static rd_kafka_t *last;

rd_kafka_t *__real_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
				char *text, size_t size);
rd_kafka_t *__wrap_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
				char *text, size_t size);
rd_kafka_t *__wrap_rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
				char *text, size_t size)
{
	last = __real_rd_kafka_new(type, conf, text, size);
	made++;
	return last;
}

/* --- the case */

/* What a process that is gone has left. */
static void leave_entries(struct handed_case *c)
{
	struct journal_mark mark = {0};
	struct journal *journal;

	assert_int_equal(journal_open(&journal, c->scratch.base, false, &mark,
				      &mark, &c->error),
			 0);
	assert_int_equal(journal_append(journal, "one", 3, &c->error), 0);
	assert_int_equal(journal_append(journal, "two", 3, &c->error), 0);
	journal_close(journal);
}

static int setup(void **state)
{
	struct handed_case *c = calloc(1, sizeof(*c));
	char text[sizeof(TEXT) + sizeof(c->scratch.base)];

	assert_non_null(c);
	scratch_make(&c->scratch);
	snprintf(text, sizeof(text), TEXT, c->scratch.base);
	core_case_make(&c->in, text);
	mock_kafka_make(&c->kafka, BROKER);
	mock_kafka_name(&c->in.config->kafka.brokers, &c->kafka);
	c->now = 1700000000000;
	assert_int_equal(
		store_open(&c->store, c->scratch.base, false, &c->error), 0);
	assert_int_equal(store_replicate(c->store, "ztp.decisions", &c->error),
			 0);
	assert_int_equal(hand_over_new(&c->hand_over, &c->in.core, &c->error),
			 0);
	leave_entries(c);
	made = 0;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct handed_case *c = *state;

	hand_over_free(c->hand_over);
	store_close(c->store);
	mock_kafka_end(&c->kafka);
	core_case_end(&c->in);
	scratch_remove(&c->scratch);
	free(c);
	return 0;
}

/* --- tests */

static bool is_slow(struct handed_case *c)
{
	size_t answers = 0;

	assert_int_equal(rd_kafka_mock_broker_error_stack_cnt(
				 c->kafka.cluster, BROKER, PRODUCE, &answers),
			 0);
	return answers == 0;
}

static bool is_made_anew(struct handed_case *c)
{
	(void)c;
	return made == 2;
}

static void turn_until(struct handed_case *c,
		       bool (*done)(struct handed_case *c))
{
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	while (!done(c)) {
		if (ztp_clock_boot() > until)
			fail_msg("nothing within %d ms", DEADLINE_MS);
		hand_over_turn(c->hand_over, c->store);
		(void)poll(NULL, 0, 1);
	}
}

/* The records are under way when librdkafka loses its numbers, and are refused for
 * now: they are sent no more, and never reported. */
static void what_a_lost_producer_never_reports_is_written_again(void **state)
{
	struct handed_case *c = *state;

	rd_kafka_mock_broker_push_request_error_rtts(
		c->kafka.cluster, BROKER, PRODUCE, 1,
		RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, SLOW_MS);
	turn_until(c, is_slow);
	assert_int_equal(made, 1);
	rd_kafka_test_fatal_error(
		last, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "played");
	turn_until(c, is_made_anew);
}

/* Both records are in ztp.journal, so many times. */
static bool is_written(struct handed_case *c, int64_t times)
{
	int64_t start, end = 0;

	return rd_kafka_query_watermark_offsets(
		       c->kafka.client, c->in.config->kafka.topics.journal, 0,
		       &start, &end, 1000) == RD_KAFKA_RESP_ERR_NO_ERROR &&
	       end == 2 * times;
}

static bool is_written_once(struct handed_case *c)
{
	return is_written(c, 1);
}

static bool is_written_twice(struct handed_case *c)
{
	return is_written(c, 2);
}

/* By the clock of a bridge that is active, and takes turns. */
static void pass_minute(struct handed_case *c)
{
	const struct journal_mark mark = {1, 1};

	c->now += 60000;
	assert_int_equal(turns_mark_put(c->store, "another", &mark, &c->error),
			 0);
	assert_int_equal(store_commit(c->store, c->now, &c->error), 0);
}

static bool is_written_twice_later(struct handed_case *c)
{
	pass_minute(c);
	return is_written_twice(c);
}

/* Kafka has removed them unread, or somebody the topic with them: no position will
 * ever have passed them. */
static void what_nobody_takes_is_written_again(void **state)
{
	struct handed_case *c = *state;

	turn_until(c, is_written_once);
	turn_until(c, is_written_twice_later);
}

static void what_nobody_can_take_is_not(void **state)
{
	struct handed_case *c = *state;
	int64_t until;

	turn_until(c, is_written_once);
	for (until = ztp_clock_boot() + HOLDS_MS; ztp_clock_boot() < until;) {
		hand_over_turn(c->hand_over, c->store);
		(void)poll(NULL, 0, 1);
	}
	assert_int_equal(made, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_lost_producer_never_reports_is_written_again),
		TEST(what_nobody_takes_is_written_again),
		TEST(what_nobody_can_take_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
