/*
 * tests/unit/test_serve_world.c - what the customer's door says of Kafka, with
 * feeds that are played. Linked with --wrap of feed.h's functions.
 */
#include "mock_kafka.h"

#include <sys/eventfd.h>

#include "tools/serve/decision_topics.h"
#include "tools/serve/feed.h"
#include "tools/serve/world.h"

#define FEEDS_MAX 8

/* What a feed would say. */
struct feed {
	const char *topic;
	bool caught_up, away, missing;
};

static struct feed feeds[FEEDS_MAX];
static int made;

struct feed *__wrap_feed_new(const struct feed_settings *settings,
			     struct ztp_error *error);
rd_kafka_message_t *__wrap_feed_take(struct feed *feed);
bool __wrap_feed_caught_up(struct feed *feed);
bool __wrap_feed_is_away(struct feed *feed);
bool __wrap_feed_is_missing(struct feed *feed);
void __wrap_feed_stop(struct feed *feed);
void __wrap_feed_free(struct feed *feed);

struct feed *__wrap_feed_new(const struct feed_settings *settings,
			     struct ztp_error *error)
{
	(void)error;
	assert_true(made < FEEDS_MAX);
	feeds[made] = (struct feed){.topic = settings->topic};
	return &feeds[made++];
}

rd_kafka_message_t *__wrap_feed_take(struct feed *feed)
{
	(void)feed;
	return NULL;
}

bool __wrap_feed_caught_up(struct feed *feed)
{
	return feed->caught_up;
}

bool __wrap_feed_is_away(struct feed *feed)
{
	return feed->away;
}

bool __wrap_feed_is_missing(struct feed *feed)
{
	return feed->missing;
}

void __wrap_feed_stop(struct feed *feed)
{
	(void)feed;
}

void __wrap_feed_free(struct feed *feed)
{
	(void)feed;
}

static struct feed *feed_of(const char *topic)
{
	for (int i = 0; i < made; i++)
		if (strcmp(feeds[i].topic, topic) == 0)
			return &feeds[i];
	fail_msg("%s is not read", topic);
	return NULL;
}

/* --- the case */

/* The producer is of a mock cluster of its own. */
static char mock[] = "test.mock.num.brokers=1";

struct world_case {
	struct ztp_kafka_props props;
	struct world *world;
	int wake;
};

static int setup(void **state)
{
	struct world_case *c = calloc(1, sizeof(*c));
	struct ztp_error error;

	assert_non_null(c);
	made = 0;
	c->props = (struct ztp_kafka_props){.items = {mock}, .count = 1};
	c->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(c->wake >= 0);
	const struct world_settings settings = {
		.brokers = "127.0.0.1:1",
		.group = "g",
		.props = &c->props,
		.requests = "requests",
		.decisions = "decisions",
		.results = "results",
		.wake = c->wake,
	};
	c->world = world_new(&settings, &error);
	assert_non_null(c->world);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct world_case *c = *state;

	world_free(c->world);
	close(c->wake);
	free(c);
	return 0;
}

/* --- tests */

static void not_ready_until_all_is_read(void **state)
{
	static const char *const order[] = {"results", "requests", "decisions"};
	struct world_case *c = *state;

	assert_string_equal(world_unread(c->world), order[0]);
	for (size_t i = 0; i < 3; i++) {
		world_turn(c->world);
		assert_false(world_ready(c->world));
		assert_string_equal(world_unread(c->world), order[i]);
		feed_of(order[i])->caught_up = true;
	}
	/* Read by its thread, which the next turn notices. */
	assert_false(world_ready(c->world));
	assert_string_equal(world_unread(c->world), "decisions");
	world_turn(c->world);
	assert_true(world_ready(c->world));
}

static void away_when_one_gets_no_answer(void **state)
{
	static const char *const topics[] = {"results", "requests",
					     "decisions"};
	struct world_case *c = *state;

	for (size_t i = 0; i < 3; i++) {
		assert_false(world_is_away(c->world));
		feed_of(topics[i])->away = true;
		assert_true(world_is_away(c->world));
		feed_of(topics[i])->away = false;
	}
}

/* Of the topics of several cells one is missing, or a partition of it has no
 * leader. */
static void one_of_several_holds_up_no_other(void **state)
{
	struct decision_topics topics = {.count = 0};
	struct feed one = {.missing = true}, two = {.away = true};

	(void)state;
	topics.items[0].feed = &one;
	topics.count = 1;
	assert_non_null(decision_topics_unread(&topics));
	one = (struct feed){.away = true};
	assert_true(decision_topics_away(&topics));
	topics.items[1].feed = &two;
	topics.count = 2;
	assert_false(decision_topics_away(&topics));
	one = two = (struct feed){.missing = true};
	assert_null(decision_topics_unread(&topics));
	two = (struct feed){.away = true}; /* it is not known what is in it */
	assert_ptr_equal(decision_topics_unread(&topics), topics.items[1].name);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(not_ready_until_all_is_read),
		TEST(away_when_one_gets_no_answer),
		TEST(one_of_several_holds_up_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
