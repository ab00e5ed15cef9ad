/* Deadlines: of a decision, of a delivery, of a notice. */
#include "life_case.h"

#include "bridge/life/decisions.h"

static int64_t asked(struct life_case *c, const char *path, int cert)
{
	return life_put(c, path, cert, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
}

/* --- no decision in time */

static void a_request_expires(void **state)
{
	struct life_case *c = *state;

	asked(c, PUMP, 1);
	life_put(c, VALVE, 1, ZTP_STATE_RECEIVED, ZTP_OWED_NONE);
	life_pass(c, LIFE_MIN - 1);
	life_due(c);
	life_is(c, 1, ZTP_STATE_REQUESTED);
	life_pass(c, 1);
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_is(c, 2, ZTP_STATE_EXPIRED);
	assert_true(life_record(c, STORE_RESULTS));
	assert_string_equal(life_member(c, "message"),
			    "no decision by expires_at");
	life_why(c, 1, "");
	life_why(c, 2, "Kafka had not acknowledged the request by expires_at");
	assert_string_equal(life_member(c, "decision.topic"), "");
	assert_true(life_record(c, STORE_RESULTS));
	life_no_record(c, STORE_RESULTS);
}

/* Consent is for one certificate. Its contenders, due at the same time, have
 * lost. */
static void consent_is_for_the_first_of_the_contenders(void **state)
{
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	asked(c, PUMP, 1);
	asked(c, PUMP, 2);
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_is(c, 2, ZTP_STATE_CONFLICT);
	life_result(c, "r-2", "conflict");
}

/* ... and may be owed a notice, for which the time has only begun. */
static void a_contender_that_has_lost_is_not_due_any_more(void **state)
{
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	asked(c, PUMP, 1);
	asked(c, PUMP, 2);
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_APPROVED);
	life_is(c, 2, ZTP_STATE_CONFLICT);
	life_owes(c, 2, ZTP_OWED_NOTICE_CHECK, 0, 5000);
}

/* A decision made in time may still be unread in Kafka. No request expires
 * before everything that was there at the deadline has been read. */
static void nobody_expires_on_a_silence(void **state)
{
	struct life_case *c = *state;

	c->b.horizon = LIFE_NOW + LIFE_MIN - 1;
	asked(c, PUMP, 1);
	life_due(c);
	assert_false(c->waiting); /* not due */
	life_pass(c, 2 * LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_REQUESTED);
	assert_true(c->waiting);
	c->b.horizon++;
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	assert_false(c->waiting);
}

/* A request that the customer has decided does not wait for Kafka. */
static void a_delivery_does_not_wait_for_kafka(void **state)
{
	struct life_case *c = *state;

	c->b.horizon = 0;
	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_WAIT_DEVICE);
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
	assert_false(c->waiting);
}

static void a_batch_is_bounded(void **state)
{
	struct life_case *c = *state;
	int i;

	for (i = 0; i < 3; i++)
		asked(c, PUMP, i);
	life_pass(c, LIFE_MIN);
	life_ok(c,
		decisions_time_out(&c->b, 2, &c->waiting, &c->more, &c->error));
	assert_true(c->more);
	assert_int_equal(store_count(c->b.store, ZTP_STATE_EXPIRED), 2);
	life_ok(c,
		decisions_time_out(&c->b, 2, &c->waiting, &c->more, &c->error));
	assert_false(c->more);
	assert_int_equal(store_count(c->b.store, ZTP_STATE_EXPIRED), 3);
}

/* --- a command without a subscriber or without an answer */

static void a_command_that_is_not_taken_in_time(void **state)
{
	/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		enum ztp_state at;
		enum ztp_owed owed;
		enum ztp_state end;
		const char *message; /* of the result; NULL: none */
		enum ztp_owed then;
	} lines[] = {
		{ZTP_STATE_REGISTERED, ZTP_OWED_SEND, ZTP_STATE_UNDELIVERABLE,
		 "the device did not take the command in time",
		 ZTP_OWED_WAIT_DEVICE},
		{ZTP_STATE_REGISTERED, ZTP_OWED_WAIT_DEVICE,
		 ZTP_STATE_UNDELIVERABLE,
		 "the device did not take the command in time",
		 ZTP_OWED_WAIT_DEVICE},
		{ZTP_STATE_DELIVERED, ZTP_OWED_SEND, ZTP_STATE_UNDELIVERABLE,
		 "the device did not answer the command in time",
		 ZTP_OWED_WAIT_DEVICE},
		/* delivered again without success: the outcome stays */
		{ZTP_STATE_ONBOARDED, ZTP_OWED_SEND, ZTP_STATE_ONBOARDED, NULL,
		 ZTP_OWED_NONE},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n =
			life_put(c, PUMP, (int)i, lines[i].at, lines[i].owed);
		struct store_request r = life_row(c, n);

		if (lines[i].owed == ZTP_OWED_SEND) {
			r.owed.tries = 3;
			r.owed.retry_at = LIFE_NOW + LIFE_MIN + 1;
			life_save(c, &r);
		}
		c->b.core.now = LIFE_NOW + LIFE_MIN;
		life_due(c);
		life_is(c, n, lines[i].end);
		life_owes(c, n, lines[i].then, LIFE_NEVER, LIFE_NEVER);
		if (!lines[i].message)
			continue;
		life_result(c, life_id(c, n), "undeliverable");
		assert_string_equal(life_member(c, "message"),
				    lines[i].message);
		/* the decision that was in vain */
		assert_string_equal(life_member(c, "decision.topic"),
				    "ztp.decisions");
		c->b.core.now = LIFE_NOW;
	}
	life_no_record(c, STORE_RESULTS);
}

/* While the broker is away no time passes for the device: the command is tried
 * once at least, and once more after each time. */
static void a_command_waits_for_the_broker(void **state)
{
	static const struct {
		int tries, losses;
		int64_t overdue;
		bool waits;
	} lines[] = {
		{0, 0, LIFE_MIN, true}, {0, 0, 0, true},   {3, 0, 1000, true},
		{3, 0, 999, false},	{3, 0, -1, false}, {0, 1, -1, false},
		{0, 1, 1000, true},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n = life_put(c, PUMP, (int)i, ZTP_STATE_REGISTERED,
				     ZTP_OWED_SEND);
		struct store_request r = life_row(c, n);

		r.owed.tries = lines[i].tries;
		r.owed.losses = lines[i].losses;
		r.owed.retry_at = LIFE_NOW + LIFE_MIN - lines[i].overdue;
		life_save(c, &r);
		c->b.core.now = LIFE_NOW + LIFE_MIN;
		life_due(c);
		life_is(c, n,
			lines[i].waits ? ZTP_STATE_REGISTERED
				       : ZTP_STATE_UNDELIVERABLE);
		if (lines[i].waits)
			life_owes(c, n, ZTP_OWED_SEND, -lines[i].overdue,
				  30000);
		r = life_row(c, n);
		r.owed.what = ZTP_OWED_WAIT_DEVICE;
		r.owed.retry_at = r.owed.due_at = 0;
		life_save(c, &r); /* out of the way */
		c->b.core.now = LIFE_NOW;
	}
}

/* The broker may never come back. */
static void it_does_not_wait_for_the_broker_for_ever(void **state)
{
	struct life_case *c = *state;
	int64_t timeout = c->b.core.config->onboarding.delivery_timeout_ms;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	int64_t from = life_row(c, n).owed.retry_at, passed = LIFE_MIN;

	assert_int_equal(timeout, 5 * LIFE_MIN);
	for (life_pass(c, LIFE_MIN);; life_pass(c, 30000)) {
		passed = c->b.core.now - from;
		life_due(c);
		if (life_row(c, n).state != ZTP_STATE_REGISTERED)
			break;
		assert_in_range(passed, 0, timeout + 10 * LIFE_MIN);
	}
	life_is(c, n, ZTP_STATE_UNDELIVERABLE);
	assert_in_range(passed, timeout + 10 * LIFE_MIN,
			timeout + 10 * LIFE_MIN + 30000);
	life_result(c, life_id(c, n), "undeliverable");
	life_why(c, n, "the broker was not there to take the command in time");
	/* Where it may take days, it takes as many again. */
	c->config.onboarding.delivery_timeout_ms = 60 * LIFE_MIN;
	n = life_put(c, PUMP, 2, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	from = life_row(c, n).owed.retry_at;
	c->b.core.now = from + 120 * LIFE_MIN - 1;
	life_due(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
	life_pass(c, 30000);
	life_due(c);
	life_is(c, n, ZTP_STATE_UNDELIVERABLE);
}

/* It may be one of very many, and each look is a write. */
static void who_has_waited_long_is_looked_at_seldom(void **state)
{
	struct life_case *c = *state;
	int64_t n, from, waited, end;
	int looks = 0;

	c->config.onboarding.delivery_timeout_ms = 24 * 60 * LIFE_MIN;
	n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	from = life_row(c, n).owed.retry_at;
	end = from + 48 * 60 * LIFE_MIN;
	c->b.core.now = from + 24 * 60 * LIFE_MIN;
	for (; life_row(c, n).state == ZTP_STATE_REGISTERED; looks++) {
		life_due(c);
		waited = c->b.core.now - from;
		if (waited < end - from)
			c->b.core.now = life_row(c, n).owed.due_at;
		assert_true(c->b.core.now <= from + waited + waited / 32);
	}
	assert_int_equal(c->b.core.now, end);
	life_is(c, n, ZTP_STATE_UNDELIVERABLE);
	assert_in_range(looks, 2, 40);
}

/* Once it has been tried, it ends. */
static void a_command_that_waited_ends(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);

	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
	life_up(c, 10);
	life_pass(c, 29999);
	life_pump(c);
	life_puback(c, 0, 0x10);
	life_turn(c);
	life_pass(c, 1);
	life_due(c);
	life_is(c, n, ZTP_STATE_UNDELIVERABLE);
}

/* The command was given up, and sent again when the device came. */
static void what_was_given_up_may_be_given_up_again(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_UNDELIVERABLE, ZTP_OWED_NONE);
	life_knock(c, PUMP, 1);
	life_owes(c, 1, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
	life_pass(c, 5 * LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
	life_owes(c, 1, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, LIFE_NEVER);
	life_no_record(c, STORE_RESULTS);
}

/* --- a notice without a subscriber */

static int64_t rejected(struct life_case *c, enum ztp_owed owed)
{
	return life_put(c, PUMP, 1, ZTP_STATE_REJECTED, owed);
}

static void a_notice_has_its_time_once_it_is_out(void **state)
{
	struct life_case *c = *state;
	int64_t n = rejected(c, ZTP_OWED_NOTICE_SEND);

	life_up(c, 1);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	life_no_record(c, STORE_RESULTS);
}

/* It waits behind other commands or for the connection, and is looked at
 * again. */
static void a_notice_may_stand_in_our_own_queue(void **state)
{
	struct life_case *c = *state;
	int64_t n = rejected(c, ZTP_OWED_NOTICE_SEND);

	life_pass(c, LIFE_MIN);
	life_due(c);
	life_owes(c, n, ZTP_OWED_NOTICE_SEND, -LIFE_MIN, 30000);
	life_due(c); /* not due any more */
	life_owes(c, n, ZTP_OWED_NOTICE_SEND, -LIFE_MIN, 30000);
}

/* ... within ten minutes of the end. */
static void a_notice_does_not_stand_there_for_ever(void **state)
{
	static const struct {
		int64_t after;
		enum ztp_owed owed;
	} lines[] = {
		{10 * LIFE_MIN - 1, ZTP_OWED_NOTICE_SEND},
		{10 * LIFE_MIN, ZTP_OWED_NONE},
	};
	struct life_case *c = *state;
	int i;

	for (i = 0; i < 2; i++) {
		int64_t n = rejected(c, ZTP_OWED_NOTICE_SEND);

		/* It ended a minute before LIFE_NOW. */
		c->b.core.now = LIFE_NOW - LIFE_MIN + lines[i].after;
		life_due(c);
		assert_int_equal(life_row(c, n).owed.what, lines[i].owed);
		c->b.core.now = LIFE_NOW;
	}
}

/* A candidate that could not be told is released all the same. */
static void the_gate_lets_go_of_whom_nobody_could_tell(void **state)
{
	static const enum ztp_owed notices[] = {ZTP_OWED_NOTICE_WAIT,
						ZTP_OWED_NOTICE_SEND};
	struct life_case *c = *state;
	int i;

	c->registrar.full = true;
	for (i = 0; i < 2; i++) {
		int64_t n = rejected(c, notices[i]);

		c->b.core.now = LIFE_NOW + 60 * LIFE_MIN;
		life_due(c);
		life_owes(c, n, ZTP_OWED_RELEASE, 0, LIFE_NEVER);
		c->b.core.now = LIFE_NOW;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_request_expires),
		LIFE_TEST(consent_is_for_the_first_of_the_contenders),
		GATE_TEST(a_contender_that_has_lost_is_not_due_any_more),
		LIFE_TEST(nobody_expires_on_a_silence),
		LIFE_TEST(a_delivery_does_not_wait_for_kafka),
		LIFE_TEST(a_batch_is_bounded),
		LIFE_TEST(a_command_that_is_not_taken_in_time),
		LIFE_TEST(a_command_waits_for_the_broker),
		LIFE_TEST(it_does_not_wait_for_the_broker_for_ever),
		LIFE_TEST(who_has_waited_long_is_looked_at_seldom),
		LIFE_TEST(a_command_that_waited_ends),
		LIFE_TEST(what_was_given_up_may_be_given_up_again),
		LIFE_TEST(a_notice_has_its_time_once_it_is_out),
		LIFE_TEST(a_notice_may_stand_in_our_own_queue),
		LIFE_TEST(a_notice_does_not_stand_there_for_ever),
		GATE_TEST(the_gate_lets_go_of_whom_nobody_could_tell),
	};

	return cmocka_run_group_tests_name("bridge_life_due", tests, NULL,
					   NULL);
}
