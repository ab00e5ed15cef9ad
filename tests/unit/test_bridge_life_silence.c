/* A customer's silence: when it is consent (onboarding.on_timeout: approve), and when
 * not. */
#include "life_case.h"

#include "bridge/life/decisions.h"

static int64_t asked(struct life_case *c, const char *path, int cert)
{
	return life_put(c, path, cert, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
}

static void silence_may_be_consent(void **state)
{
	struct life_case *c = *state;
	struct store_decision d;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	asked(c, PUMP, 1);
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_owes(c, 1, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
	assert_true(life_logged(c, "approved_on_timeout"));
	life_no_record(c, STORE_RESULTS);
	assert_int_equal(life_decision(c, 1, false, &d), 1);
	assert_false(d.by_customer);
	assert_int_equal(d.verdict, ZTP_APPROVE);
	/* No customer decided, so nothing is counted or timed. */
	assert_int_equal(c->b.core.tally.decisions[ZTP_APPROVE], 0);
}

static void lose_decisions(struct life_case *c)
{
	const struct consumer_gap gap = {{"ztp.decisions", 1, 7}, 9, NULL};

	life_ok(c, decisions_lost(&c->b, &gap, &c->error));
	assert_true(life_logged(c, "decisions_lost"));
}

/* What Kafka has removed before it was read may have been a rejection. */
static void silence_is_no_consent_when_decisions_are_lost(void **state)
{
	struct life_case *c = *state;
	struct store_request r;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	asked(c, PUMP, 1);
	lose_decisions(c);
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_why(c, 1, "Kafka removed decisions before they were read");
	life_result(c, "r-1", "expired");
	/* Asked before that, and once more since. */
	r = life_row(c, asked(c, VALVE, 1));
	r.announced_at = c->b.core.now;
	life_save(c, &r);
	life_due(c);
	life_is(c, 2, ZTP_STATE_EXPIRED);
	life_result(c, "r-2", "expired");
	/* Asked since. */
	life_pass(c, -3 * LIFE_MIN);
	lose_decisions(c);
	life_pass(c, 3 * LIFE_MIN);
	asked(c, VALVE, 1);
	life_due(c);
	life_is(c, 3, ZTP_STATE_REGISTERED);
}

/* Nor when a batch of them is passed over that cannot be unpacked. */
static void silence_is_no_consent_when_decisions_are_unreadable(void **state)
{
	const struct consumer_gap gap = {{"ztp.decisions", 1, 7}, 9, "why"};
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	asked(c, PUMP, 1);
	life_ok(c, decisions_unreadable(&c->b, &gap, &c->error));
	assert_true(life_record(c, STORE_DLQ));
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_why(c, 1, "decisions that came could not be read");
	/* What Kafka has removed later is another matter. */
	asked(c, VALVE, 1);
	lose_decisions(c);
	life_due(c);
	life_is(c, 2, ZTP_STATE_EXPIRED);
	life_why(c, 2, "Kafka removed decisions before they were read");
}

/* Nor when the topic is another one: what the bridge had not read of it is gone. */
static void silence_is_no_consent_when_the_topic_was_made_anew(void **state)
{
	const struct consumer_gap all = {{"ztp.decisions", -1, -1}, -1, "why"};
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	asked(c, PUMP, 1);
	life_ok(c, decisions_lost(&c->b, &all, &c->error));
	assert_false(life_logged(c, "decisions_lost")); /* perhaps nothing is */
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_why(c, 1, "decisions may have gone with their topic");
	life_result(c, "r-1", "expired");
}

/* Of several bridges another one has found it out, and when is all that it says. */
static void what_another_bridge_has_found_may_be_any_of_these(void **state)
{
	struct life_case *c = *state;
	char at[24];

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	asked(c, PUMP, 1);
	lose_decisions(c);
	snprintf(at, sizeof(at), "%lld", (long long)c->b.core.now + 1);
	life_ok(c, store_set(c->b.store, STORE_LOST, at, &c->error));
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_why(c, 1, "decisions may have come that were not read");
	life_result(c, "r-1", "expired");
}

/* Only a customer who was asked can consent: this request never reached Kafka. */
static void who_was_not_asked_does_not_consent(void **state)
{
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	life_put(c, VALVE, 1, ZTP_STATE_RECEIVED, ZTP_OWED_NONE);
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	assert_false(life_logged(c, "approved_on_timeout"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(silence_may_be_consent),
		LIFE_TEST(silence_is_no_consent_when_decisions_are_lost),
		LIFE_TEST(silence_is_no_consent_when_decisions_are_unreadable),
		LIFE_TEST(silence_is_no_consent_when_the_topic_was_made_anew),
		LIFE_TEST(what_another_bridge_has_found_may_be_any_of_these),
		LIFE_TEST(who_was_not_asked_does_not_consent),
	};

	return cmocka_run_group_tests_name("bridge_life_silence", tests, NULL,
					   NULL);
}
