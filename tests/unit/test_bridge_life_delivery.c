/* From publishing a command to the device having it: the meaning of the
 * broker's answer. */
#include "life_case.h"

#include "bridge/life/delivery.h"

static void success_is_below_0x80(void **state)
{
	(void)state;
	assert_int_equal(delivery_fate_of(0), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(1), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x0f), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x10), DELIVERY_NO_SUBSCRIBER);
	assert_int_equal(delivery_fate_of(0x11), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x7f), DELIVERY_TAKEN);
	assert_int_equal(delivery_fate_of(0x80), DELIVERY_REFUSED);
	assert_int_equal(delivery_fate_of(0x99), DELIVERY_REFUSED);
}

static void done(struct life_case *c, int64_t n, enum delivery_fate fate)
{
	life_ok(c, delivery_done(&c->b, n, fate, 0, &c->error));
}

/* --- a command: the broker's answer */

enum { GATE = 1, BY_DEVICE = 2 /* delivery_ack: device */ };
enum { NO_RETRY, SOON, IN_SECONDS };

#define S(state) ZTP_STATE_##state
#define O(owed)	 ZTP_OWED_##owed
#define F(fate)	 DELIVERY_##fate

/* clang-format off */
static const struct fate_line {
	int with;
	enum ztp_state at;
	enum delivery_fate fate;
	enum ztp_state then;
	enum ztp_owed owed;
	int tries, retry;
	const char *outcome; /* of a result, or none */
} fates[] = {
	/* The broker's answer is enough. */
	{0, S(REGISTERED), F(TAKEN), S(ONBOARDED), O(NONE), 0, NO_RETRY,
	 "onboarded"},
	{GATE, S(REGISTERED), F(TAKEN), S(ONBOARDED), O(NONE), 0, NO_RETRY,
	 "onboarded"},
	{0, S(UNDELIVERABLE), F(TAKEN), S(ONBOARDED), O(NONE), 0, NO_RETRY,
	 "onboarded"},
	/* ... or the device must answer. Until then the command is sent
	 * again. */
	{BY_DEVICE, S(REGISTERED), F(TAKEN), S(DELIVERED), O(SEND), 1,
	 IN_SECONDS, NULL},
	{BY_DEVICE, S(DELIVERED), F(TAKEN), S(DELIVERED), O(SEND), 1,
	 IN_SECONDS, NULL},
	{BY_DEVICE, S(UNDELIVERABLE), F(TAKEN), S(DELIVERED), O(SEND), 1,
	 IN_SECONDS, NULL},
	{BY_DEVICE | GATE, S(REGISTERED), F(TAKEN), S(DELIVERED),
	 O(WAIT_DEVICE), 1, NO_RETRY, NULL},
	/* delivered again */
	{0, S(ONBOARDED), F(TAKEN), S(ONBOARDED), O(NONE), 0, NO_RETRY, NULL},
	{BY_DEVICE, S(ONBOARDED), F(TAKEN), S(ONBOARDED), O(NONE), 0, NO_RETRY,
	 NULL},
	/* no subscriber */
	{0, S(REGISTERED), F(NO_SUBSCRIBER), S(REGISTERED), O(SEND), 1, SOON,
	 NULL},
	{GATE, S(REGISTERED), F(NO_SUBSCRIBER), S(REGISTERED), O(WAIT_DEVICE),
	 1, NO_RETRY, NULL},
	{0, S(ONBOARDED), F(NO_SUBSCRIBER), S(ONBOARDED), O(SEND), 1, SOON,
	 NULL},
	/* the broker refuses it */
	{0, S(REGISTERED), F(REFUSED), S(REGISTERED), O(SEND), 1, SOON, NULL},
	{GATE, S(REGISTERED), F(REFUSED), S(REGISTERED), O(SEND), 1, SOON,
	 NULL},
	/* A command for a request that was never approved: an invalid row. */
	{0, S(CONFLICT), F(TAKEN), S(CONFLICT), O(SEND), 0, SOON, NULL},
};
/* clang-format on */

static void retry_is(const struct store_request *r, int retry)
{
	int64_t pause = r->owed.retry_at - LIFE_NOW;

	if (retry == NO_RETRY)
		assert_int_equal(r->owed.retry_at, 0);
	else if (retry == SOON)
		assert_in_range(pause, 0, 400);
	else
		assert_in_range(pause, 5000, 6250);
}

static void what_the_broker_says_of_a_command(void **state)
{
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
		const struct fate_line *line = &fates[i];
		int64_t n = life_put(c, PUMP, (int)i, line->at, ZTP_OWED_SEND);
		struct store_request r;

		c->b.registrar = line->with & GATE ? &c->registrar : NULL;
		c->config.mqtt.delivery_ack = line->with & BY_DEVICE
						      ? CONFIG_ACK_DEVICE
						      : CONFIG_ACK_BROKER;
		done(c, n, line->fate);
		life_is(c, n, line->then);
		r = life_row(c, n);
		assert_string_equal(ztp_owed_name(r.owed.what),
				    ztp_owed_name(line->owed));
		assert_int_equal(r.owed.tries, line->tries);
		retry_is(&r, line->retry);
		if (line->outcome)
			life_result(c, life_id(c, n), line->outcome);
		else
			life_no_record(c, STORE_RESULTS);
		assert_int_equal(life_logged(c, "command_refused"),
				 line->fate == DELIVERY_REFUSED);
	}
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_DELIVERED], 10);
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_NO_SUBSCRIBER],
			 3);
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_REFUSED], 2);
}

/* Jitter: devices that left together are not retried together. */
static void pauses_differ(void **state)
{
	struct life_case *c = *state;
	int fate, i;

	c->config.mqtt.delivery_ack = CONFIG_ACK_DEVICE;
	for (fate = DELIVERY_TAKEN; fate <= DELIVERY_REFUSED; fate++) {
		int64_t first = 0;
		bool differ = false;

		for (i = 0; i < 16; i++) {
			int64_t n = life_put(c, PUMP, i, ZTP_STATE_REGISTERED,
					     ZTP_OWED_SEND);
			struct store_request r = life_row(c, n);

			/* Enough tries that the back-off exceeds the pause for
			 * an answer. */
			r.owed.tries = 14;
			life_save(c, &r);
			done(c, n, (enum delivery_fate)fate);
			r = life_row(c, n);
			if (i == 0)
				first = r.owed.retry_at;
			differ |= r.owed.retry_at != first;
		}
		assert_true(differ);
	}
}

static void an_onboarding_says_when_it_was_delivered(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);

	life_pass(c, 500);
	done(c, n, DELIVERY_TAKEN);
	life_result(c, "r-1", "onboarded");
	assert_string_equal(life_member(c, "message"),
			    "the broker has passed the command on");
	assert_string_equal(life_member(c, "delivered_at"),
			    "2026-01-01T00:00:00.500Z");
	assert_string_equal(life_member(c, "delivery"), "broker");
	assert_string_equal(life_member(c, "decision.offset"), "101");
}

/* A gate says that the device's own session is subscribed. */
static void an_onboarding_says_what_is_known(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);

	done(c, n, DELIVERY_TAKEN);
	life_result(c, "r-1", "onboarded");
	assert_string_equal(life_member(c, "delivery"), "subscriber");
}

/* It is not finished while it waits for the device's answer. */
static void an_end_that_is_taken_back(void **state)
{
	struct life_case *c = *state;
	int64_t n =
		life_put(c, PUMP, 1, ZTP_STATE_UNDELIVERABLE, ZTP_OWED_SEND);

	c->config.mqtt.delivery_ack = CONFIG_ACK_DEVICE;
	done(c, n, DELIVERY_TAKEN);
	assert_int_equal(life_row(c, n).finished_at, 0);
	assert_int_equal(life_row(c, n).delivered_at, LIFE_NOW);
	life_owes(c, n, ZTP_OWED_SEND, life_row(c, n).owed.retry_at - LIFE_NOW,
		  5 * LIFE_MIN);
}

static void a_request_may_have_given_way_meanwhile(void **state)
{
	struct life_case *c = *state;

	done(c, 7, DELIVERY_TAKEN);
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_DELIVERED], 1);
	assert_false(store_dirty(c->b.store));
}

/* --- a notice is sent once, whatever happens to it */

static void a_notice_is_said_once(void **state)
{
	struct life_case *c = *state;
	int i;

	for (i = 0; i < 6; i++) {
		int64_t n = life_put(c, PUMP, i, ZTP_STATE_REJECTED,
				     ZTP_OWED_NOTICE_SEND);

		c->b.registrar = i < 3 ? NULL : &c->registrar;
		done(c, n, (enum delivery_fate)(i % 3));
		life_is(c, n, ZTP_STATE_REJECTED);
		if (i < 3)
			life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
		else
			life_owes(c, n, ZTP_OWED_RELEASE, 0, LIFE_NEVER);
	}
	life_no_record(c, STORE_RESULTS);
	assert_false(life_logged(c, "command_refused"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_is_below_0x80),
		LIFE_TEST(what_the_broker_says_of_a_command),
		LIFE_TEST(pauses_differ),
		LIFE_TEST(an_onboarding_says_when_it_was_delivered),
		GATE_TEST(an_onboarding_says_what_is_known),
		LIFE_TEST(an_end_that_is_taken_back),
		LIFE_TEST(a_request_may_have_given_way_meanwhile),
		LIFE_TEST(a_notice_is_said_once),
	};

	return cmocka_run_group_tests_name("bridge_life_delivery", tests, NULL,
					   NULL);
}
