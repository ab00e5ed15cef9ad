/*
 * tests/unit/test_serve_world.c - what the customer's door says of Kafka, with
 * feeds that are played. Linked with --wrap of feed.h's functions.
 */
#include "mock_kafka.h"

#include <sys/eventfd.h>

#include "tools/serve/decision_topics.h"
#include "tools/serve/feed.h"
#include "tools/serve/world.h"

#define FEEDS_MAX 40

/* What a feed would say. */
struct feed {
	const char *topic;
	bool caught_up, away, missing, stuck, stopped, ended;
};

static struct feed feeds[FEEDS_MAX];
static int made;

struct feed *__wrap_feed_new(const struct feed_settings *settings,
			     struct ztp_error *error);
rd_kafka_message_t *__wrap_feed_take(struct feed *feed);
bool __wrap_feed_caught_up(struct feed *feed);
bool __wrap_feed_is_away(struct feed *feed);
bool __wrap_feed_is_missing(struct feed *feed);
bool __wrap_feed_is_stuck(struct feed *feed);
bool __wrap_feed_has_ended(struct feed *feed);
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

bool __wrap_feed_is_stuck(struct feed *feed)
{
	return feed->stuck;
}

bool __wrap_feed_has_ended(struct feed *feed)
{
	return feed->ended;
}

void __wrap_feed_stop(struct feed *feed)
{
	feed->stopped = true;
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
	topics.items[0] = (struct decision_topic){.name = "a", .feed = &one};
	topics.count = 1;
	assert_non_null(decision_topics_unread(&topics));
	one = (struct feed){.away = true};
	assert_true(decision_topics_away(&topics));
	topics.items[1] = (struct decision_topic){.name = "b", .feed = &two};
	topics.count = 2;
	assert_false(decision_topics_away(&topics));
	one = two = (struct feed){.missing = true};
	assert_null(decision_topics_unread(&topics));
	two = (struct feed){.away = true}; /* it is not known what is in it */
	assert_ptr_equal(decision_topics_unread(&topics), topics.items[1].name);
}

/* It is waited for while records may still come. Then the rest is ready, and it is
 * known of this one that it has not been read. */
static void nothing_comes_of_one(void **state)
{
	struct decision_topics topics = {.count = 2};
	struct feed one = {.caught_up = true}, two = {.away = true};

	(void)state;
	topics.items[0] = (struct decision_topic){.name = "a", .feed = &one};
	topics.items[1] = (struct decision_topic){.name = "b", .feed = &two};
	assert_string_equal(decision_topics_unread(&topics), "b");
	two.stuck = true;
	assert_null(decision_topics_unread(&topics));
	assert_false(decision_topics_is_late(&topics, "b"));
	decision_topics_note_late(&topics);
	decision_topics_turn(&topics);
	assert_true(decision_topics_is_late(&topics, "b"));
	assert_false(decision_topics_is_late(&topics, "a"));
	two.caught_up = true;
	decision_topics_turn(&topics);
	assert_false(decision_topics_is_late(&topics, "b"));
}

/* arg is the name of the one that no open request names. */
static bool wants(const void *arg, const char *name)
{
	return strcmp(name, arg) != 0;
}

static const char *name_of(char name[16], int n)
{
	(void)snprintf(name, 16, "t%d", n);
	return name;
}

static void one_gives_way_to_an_open_one(void **state)
{
	struct decision_topics topics = {.count = 0};
	struct decision_topics_user user = {.wants = wants, .arg = ""};
	struct ztp_error error;
	char name[16];

	(void)state;
	made = 0;
	user.client = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, NULL, 0);
	user.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(decision_topics_add(&topics, "t0", &user, &error));
	for (int i = 1; i < DECISION_TOPICS_MAX; i++)
		assert_true(decision_topics_follow(&topics, name_of(name, i),
						   "r", false, &user));
	assert_false(decision_topics_follow(&topics, "x", "r", true, &user));
	topics.look_at = 0;
	user.arg = "t5";
	assert_false(decision_topics_follow(&topics, "x", "r", false, &user));
	assert_true(decision_topics_follow(&topics, "x", "r", true, &user));
	assert_true(feed_of("t5")->stopped);
	assert_int_equal(topics.count, DECISION_TOPICS_MAX);
	assert_ptr_equal(topics.retired[0], feed_of("t5"));
	decision_topics_turn(&topics);
	assert_non_null(topics.retired[0]);
	feed_of("t5")->ended = true;
	decision_topics_turn(&topics);
	assert_null(topics.retired[0]);
	user.arg = "t0"; /* meant for all that name none */
	assert_false(decision_topics_follow(&topics, "y", "r", true, &user));
	decision_topics_clear(&topics);
	rd_kafka_destroy(user.client);
	close(user.wake);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(not_ready_until_all_is_read),
		TEST(away_when_one_gets_no_answer),
		TEST(one_of_several_holds_up_no_other),
		TEST(nothing_comes_of_one),
		TEST(one_gives_way_to_an_open_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
