/* A bridge that stands by, and whether its copy has been read. */
#include "copy_case.h"

#include "bridge/standby/opening.h"

struct opening_case {
	struct copy_case of;
	struct turn *turn;
	struct opening *opening;
};

static int setup(void **state)
{
	struct opening_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	copy_case_make(&c->of);
	const struct turn_options options = {
		.id = c->of.in.config->kafka.group,
		.topic = c->of.in.config->kafka.topics.state,
		.timeout_ms = 5000,
		.wake_fd = -1,
	};
	assert_int_equal(
		turn_new(&c->turn, &c->of.in.core, &options, &c->of.error), 0);
	assert_int_equal(opening_new(&c->opening, &c->of.in.core, c->of.copy,
				     c->turn, &c->of.error),
			 0);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct opening_case *c = *state;

	opening_free(c->opening);
	turn_free(c->turn);
	copy_case_end(&c->of);
	free(c);
	return 0;
}

static void turn_until_read(struct opening_case *c, bool read)
{
	int64_t until = ztp_clock_us() + DEADLINE_US;
	struct opening_news news;

	while (opening_copy_read(c->opening) != read) {
		assert_true(ztp_clock_us() < until);
		assert_false(opening_turn(c->opening, &news));
	}
}

/* It may join when it has been. */
static void a_copy_that_is_read_anew_has_not_been_read(void **state)
{
	struct opening_case *c = *state;

	turn_until_read(c, true);
	keep_row(&c->of);
	stopped_for = 8 * DAY;
	write_mark(&c->of, "next", T0 + 2 * SECOND);
	write_mark(&c->of, "last", T0 + 8 * DAY);
	turn_until_read(c, false);
	turn_until_read(c, true);
	assert_true(has(&c->of, "last"));
	assert_false(has(&c->of, GONE));
}

/* Else it would fence, when Kafka answers, whoever is active by then. */
static void who_has_left_does_not_insist(void **state)
{
	struct opening_case *c = *state;
	int64_t until = ztp_clock_us() + DEADLINE_US;
	struct opening_news news;

	turn_until_read(c, true);
	assert_int_equal(rd_kafka_mock_broker_set_down(c->of.kafka.cluster, 1),
			 0);
	opening_act(c->opening, ZTP_ROLE_INIT);
	assert_false(opening_turn(c->opening, &news));
	assert_true(turn_under_way(c->turn));
	opening_act(c->opening, ZTP_ROLE_CLOSE);
	while (turn_under_way(c->turn)) {
		assert_true(ztp_clock_us() < until);
		assert_false(opening_turn(c->opening, &news));
	}
}

/* --- what it writes to become active */

static enum ztp_role_event turn_until_news(struct opening_case *c,
					   struct opening_news *news)
{
	int64_t until = ztp_clock_us() + DEADLINE_US;

	while (!opening_turn(c->opening, news))
		assert_true(ztp_clock_us() < until);
	return news->event;
}

/* The state has been read to its end. */
static void read_all(struct opening_case *c)
{
	struct opening_news news;

	opening_act(c->opening, ZTP_ROLE_INIT);
	assert_int_equal(turn_until_news(c, &news), ZTP_ROLE_ON_INITED);
	opening_act(c->opening, ZTP_ROLE_READ);
	assert_int_equal(turn_until_news(c, &news), ZTP_ROLE_ON_REACHED);
}

/* A bridge of another group has the same topic, and has become active. */
static void nobody_has_written_since_the_state_was_read(void **state)
{
	struct opening_case *c = *state;
	struct opening_news news;

	free(c->of.in.config->standby.instance);
	c->of.in.config->standby.instance = strdup("zulu");
	read_all(c);
	write_mark(&c->of, "another", T0 + 2 * SECOND);
	opening_act(c->opening, ZTP_ROLE_CLAIM);
	assert_int_equal(turn_until_news(c, &news), ZTP_ROLE_ON_FAILED);
	if (!strstr(news.why.message, "written to by somebody else"))
		fail_msg("%s", news.why.message);
	opening_act(c->opening, ZTP_ROLE_CLOSE);
	read_all(c);
	assert_true(has(&c->of, "another"));
	opening_act(c->opening, ZTP_ROLE_CLAIM);
	assert_int_equal(turn_until_news(c, &news), ZTP_ROLE_ON_COMMITTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_copy_that_is_read_anew_has_not_been_read),
		TEST(who_has_left_does_not_insist),
		TEST(nobody_has_written_since_the_state_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
