/* kafka.topics.decisions is another one than at the last start: what customers
 * write where they were told to is not read, so their silence is no consent. */
#include "life_case.h"

#include "bridge/life/decision_topic.h"

#define CHANGED "decision_topic_changed"
#define UNREAD	"decisions in the topic of before are not read"

static char other[] = "ztp.decisions.v2";

/* The bridge starts, and the first turn is committed. */
static void start(struct life_case *c)
{
	life_ok(c, decision_topic_look(&c->b, &c->error));
	life_ok(c, decision_topic_apply(&c->b, &c->error));
	life_commit(c);
	decision_topic_settle(&c->b);
}

/* A minute before LIFE_NOW. */
static int64_t asked(struct life_case *c, const char *path)
{
	return life_put(c, path, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
}

static void its_deadline(struct life_case *c)
{
	life_pass(c, LIFE_MIN);
	life_due(c);
}

static void the_same_topic_is_no_news(void **state)
{
	struct life_case *c = *state;
	int i;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	for (i = 0; i < 3; i++) {
		start(c);
		assert_false(life_logged(c, CHANGED));
	}
	asked(c, PUMP);
	start(c);
	its_deadline(c);
	life_is(c, 1, ZTP_STATE_REGISTERED);
}

static void silence_is_no_consent_after_another_topic(void **state)
{
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	start(c);
	asked(c, PUMP);
	c->config.kafka.topics.decisions = other;
	start(c);
	assert_true(life_logged(c, CHANGED));
	/* It is told once. */
	start(c);
	assert_false(life_logged(c, CHANGED));
	its_deadline(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_why(c, 1, UNREAD);
	life_result(c, "r-1", "expired");
	assert_string_equal(life_member(c, "message"), UNREAD);
}

static void who_was_asked_since_may_be_silent(void **state)
{
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	life_pass(c, -3 * LIFE_MIN);
	start(c);
	c->config.kafka.topics.decisions = other;
	start(c);
	assert_true(life_logged(c, CHANGED));
	life_pass(c, 3 * LIFE_MIN);
	asked(c, PUMP);
	its_deadline(c);
	life_is(c, 1, ZTP_STATE_REGISTERED);
}

static void what_is_decided_counts(void **state)
{
	struct life_case *c = *state;
	int64_t n;

	start(c);
	n = asked(c, PUMP);
	c->config.kafka.topics.decisions = other;
	start(c);
	life_approve(c, n);
	life_is(c, n, ZTP_STATE_REGISTERED);
}

static void a_turn_that_is_undone_notes_nothing(void **state)
{
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	start(c);
	asked(c, PUMP);
	life_commit(c);
	c->config.kafka.topics.decisions = other;
	life_ok(c, decision_topic_look(&c->b, &c->error));
	life_ok(c, decision_topic_apply(&c->b, &c->error));
	store_rollback(c->b.store);
	life_ok(c, decision_topic_apply(&c->b, &c->error));
	life_commit(c);
	decision_topic_settle(&c->b);
	its_deadline(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
}

static void has_read(struct life_case *c, const char *topic)
{
	static const struct store_landmark nothing = {
		.offset = STORE_LANDMARK_NONE};

	life_ok(c,
		store_offset_set(c->b.store, topic, 0, 7, &nothing, &c->error));
	life_commit(c);
}

/* A release before this one did not note the name, but has read a topic. */
static void a_store_of_an_earlier_release(void **state)
{
	struct life_case *c = *state;

	has_read(c, "ztp.decisions");
	start(c);
	assert_false(life_logged(c, CHANGED));
}

static void one_that_has_read_another_topic(void **state)
{
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	has_read(c, "ztp.decisions");
	asked(c, PUMP);
	c->config.kafka.topics.decisions = other;
	start(c);
	assert_true(life_logged(c, CHANGED));
	its_deadline(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_why(c, 1, UNREAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(the_same_topic_is_no_news),
		LIFE_TEST(silence_is_no_consent_after_another_topic),
		LIFE_TEST(who_was_asked_since_may_be_silent),
		LIFE_TEST(what_is_decided_counts),
		LIFE_TEST(a_turn_that_is_undone_notes_nothing),
		LIFE_TEST(a_store_of_an_earlier_release),
		LIFE_TEST(one_that_has_read_another_topic),
	};

	return cmocka_run_group_tests_name("bridge_life_decision_topic", tests,
					   NULL, NULL);
}
