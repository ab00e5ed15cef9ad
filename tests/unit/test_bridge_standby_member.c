/* What Kafka's answers to a commit say of a member, on a mock cluster of librdkafka's:
 * a topic that may not be read, or is not there, says nothing. */
#include "core_case.h"

#include <librdkafka/rdkafka.h>
/* needs the one above */
#include <librdkafka/rdkafka_mock.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/standby/member_internal.h"

#define DEADLINE_MS   30000
#define HOUR	      3600000
#define SESSION_MS    4000 /* more than the mock waits for others */
#define OFFSET_COMMIT 8	   /* Kafka's number of the request */
#define DENIED	      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
#define TAKEN	      RD_KAFKA_RESP_ERR_NO_ERROR
#define ROUNDS	      6 /* of a second: longer than a session */

struct member_case {
	struct core_case in;
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	struct member *member;
	struct positions positions;
	int wake_fd;
	struct ztp_error error;
};

static const struct config_topics *topics(const struct member_case *c)
{
	return &c->in.config->kafka.topics;
}

static void make_topic(struct member_case *c, const char *name)
{
	assert_int_equal(rd_kafka_mock_topic_create(c->cluster, name, 1, 1), 0);
}

static void play_kafka(struct member_case *c)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];

	rd_kafka_conf_set_log_cb(conf, NULL);
	c->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(c->rk);
	c->cluster = rd_kafka_mock_cluster_new(c->rk, 1);
	assert_non_null(c->cluster);
	make_topic(c, topics(c)->state);
	make_topic(c, topics(c)->journal);
	free(c->in.config->kafka.brokers);
	c->in.config->kafka.brokers =
		strdup(rd_kafka_mock_cluster_bootstraps(c->cluster));
}

/* The next news that is one of these. */
static void expect(struct member_case *c, enum member_news wanted)
{
	int64_t until = ztp_clock_boot() + DEADLINE_MS;
	enum member_news news = MEMBER_NOTHING;

	while (news == MEMBER_NOTHING) {
		assert_true(ztp_clock_boot() < until);
		news = member_collect(c->member);
		usleep(1000);
	}
	assert_int_equal(news, wanted);
}

/* Once: it takes the mock 3 s. */
static int setup(void **state)
{
	struct member_case *c = calloc(1, sizeof(*c));
	struct member_options options = {
		.instance = "zulu", .advertise = "", .session_ms = SESSION_MS};

	assert_non_null(c);
	core_case_make(&c->in, "kafka: {}\n");
	play_kafka(c);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(c->wake_fd >= 0);
	options.wake_fd = c->wake_fd;
	assert_int_equal(
		member_new(&c->member, &c->in.core, &options, &c->error), 0);
	*state = c;
	return 0;
}

static int join(void **state)
{
	struct member_case *c = *state;

	c->positions = (struct positions){
		.state = 7, .birth = "first", .journal = 3, .count = 1};
	if (member_joined(c->member))
		return 0;
	assert_int_equal(member_join(c->member, 0, &c->error), 0);
	expect(c, MEMBER_ASSIGNED);
	return 0;
}

static void is_lost(struct member_case *c)
{
	expect(c, MEMBER_LOST);
	member_leave(c->member);
	rd_kafka_mock_clear_request_errors(c->cluster, OFFSET_COMMIT);
}

static int teardown(void **state)
{
	struct member_case *c = *state;

	member_free(c->member);
	rd_kafka_mock_cluster_destroy(c->cluster);
	rd_kafka_destroy(c->rk);
	close(c->wake_fd);
	core_case_end(&c->in);
	free(c);
	return 0;
}

static void answer(struct member_case *c, const rd_kafka_resp_err_t *answers,
		   size_t count)
{
	rd_kafka_mock_push_request_errors_array(c->cluster, OFFSET_COMMIT,
						count, answers);
}

/* In the order of the questions: all together, the state, the journal, decisions. */
#define ANSWER(c, ...)                                                         \
	answer(c, (const rd_kafka_resp_err_t[]){__VA_ARGS__},                  \
	       sizeof((const rd_kafka_resp_err_t[]){__VA_ARGS__}) /            \
		       sizeof(rd_kafka_resp_err_t))

/* All questions of the round have been answered: this is denied, if anything. */
static void expect_denied(struct member_case *c, const char *topic)
{
	int64_t until = ztp_clock_boot() + DEADLINE_MS;

	while (c->member->check.asked) {
		assert_true(ztp_clock_boot() < until);
		assert_int_equal(member_collect(c->member), MEMBER_NOTHING);
		usleep(1000);
	}
	assert_int_equal(member_denial(c->member)->since != 0, *topic != '\0');
	assert_non_null(strstr(member_denial(c->member)->right, topic));
}

static void who_may_not_read_decisions_is_a_member(void **state)
{
	struct member_case *c = *state;

	ANSWER(c, DENIED, TAKEN, TAKEN, DENIED);
	member_check(c->member, &c->positions);
	expect(c, MEMBER_CHECKED);
	expect_denied(c, "--operation Read --topic ztp.decisions");
	assert_false(member_denial(c->member)->serves);
	member_check(c->member, &c->positions);
	expect(c, MEMBER_CHECKED);
	expect_denied(c, "");
	assert_string_equal(member_trouble(c->member), "");
}

/* The active one need not read what it writes. */
static void who_may_not_read_the_state_can_serve(void **state)
{
	struct member_case *c = *state;

	ANSWER(c, DENIED, DENIED, TAKEN, TAKEN);
	member_check(c->member, &c->positions);
	expect(c, MEMBER_CHECKED);
	expect_denied(c, "--operation Read --topic ztp.state");
	assert_true(member_denial(c->member)->serves);
}

static void a_topic_that_is_not_there_says_nothing(void **state)
{
	struct member_case *c = *state;

	member_check(c->member, &c->positions);
	expect(c, MEMBER_CHECKED);
	expect_denied(c, "");
	make_topic(c, topics(c)->decisions);
}

/* It asks again where it is: nobody relies on it. */
static void who_may_read_nothing_waits_before_it_serves(void **state)
{
	struct member_case *c = *state;

	c->positions.state = -1;
	for (int i = 0; i < ROUNDS; i++)
		ANSWER(c, DENIED, DENIED, DENIED);
	member_check(c->member, &c->positions);
	expect_denied(c, "--operation Read --topic ztp.journal");
	expect(c, MEMBER_CHECKED);
	expect_denied(c, "");
}

static void who_may_read_nothing_and_serves_is_lost(void **state)
{
	struct member_case *c = *state;

	for (int i = 0; i < ROUNDS; i++)
		ANSWER(c, DENIED, DENIED, DENIED, DENIED);
	member_check(c->member, &c->positions);
	expect_denied(c, "--operation Read --topic ztp.state");
	is_lost(c);
}

static void one_of_the_answers_says_that_it_is_none(void **state)
{
	struct member_case *c = *state;

	ANSWER(c, DENIED, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
	member_check(c->member, &c->positions);
	is_lost(c);
}

/* So that it takes nothing from anybody. */
static void who_joins_is_later_than_all_others(void **state)
{
	struct member_case *c = *state;
	int64_t newest = ztp_clock_wall() + HOUR;

	member_leave(c->member);
	assert_int_equal(member_join(c->member, newest, &c->error), 0);
	assert_int_equal(c->in.core.joined_at, newest + 1);
	member_leave(c->member);
	assert_int_equal(member_join(c->member, ZTP_JOINED_MAX, &c->error), 0);
	assert_int_equal(c->in.core.joined_at, ZTP_JOINED_MAX);
	member_leave(c->member);
	assert_int_equal(member_join(c->member, 1, &c->error), 0);
	assert_in_range(c->in.core.joined_at, newest - HOUR, newest);
	expect(c, MEMBER_ASSIGNED);
}

#define TEST(name) cmocka_unit_test_setup(name, join)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_topic_that_is_not_there_says_nothing), /* the first */
		TEST(who_may_not_read_decisions_is_a_member),
		TEST(who_may_not_read_the_state_can_serve),
		TEST(who_may_read_nothing_waits_before_it_serves),
		TEST(who_may_read_nothing_and_serves_is_lost),
		TEST(one_of_the_answers_says_that_it_is_none),
		TEST(who_joins_is_later_than_all_others),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
