/* What was in flight when a connection was lost: it counts as tried, and is given
 * up in the end. */
#include "life_suspects.h"

#include "bridge/life/gate_answers.h"

/* --- what was in flight */

static void it_counts_as_tried(void **state)
{
	struct life_case *c = *state;
	struct store_request r;

	owed(c, PUMP, 1);
	life_up(c, 10);
	life_pump(c);
	lose(c);
	r = life_row(c, 1);
	assert_int_equal(r.owed.tries, 1);
	assert_int_equal(r.owed.losses, 1);
	assert_true(r.owed.retry_at > LIFE_NOW);
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_LOST], 1);
	/* A failed transaction loses none of that. */
	life_pass(c, 1000);
	life_pump(c);
	life_down(c);
	life_ok(c, commands_apply(c->b.commands, &c->error));
	store_rollback(c->b.store);
	assert_int_equal(life_row(c, 1).owed.losses, 1);
	life_turn(c);
	assert_int_equal(life_row(c, 1).owed.losses, 2);
	assert_int_equal(commands_in_flight(c->b.commands), 0);
}

static void it_survives_a_restart(void **state)
{
	struct life_case *c = *state;

	suspected(c, PUMP, 1);
	life_commit(c);
	store_close(c->b.store);
	life_ok(c, store_open(&c->b.store, c->scratch.base, false, &c->error));
	assert_int_equal(life_row(c, 1).owed.losses, 1);
	assert_int_equal(store_next_suspect(c->b.store), LIFE_NOW);
	assert_int_equal(store_next_retry(c->b.store, false), 0);
}

/* Any answer to it clears it. */
static void an_innocent_one_is_told_soon(void **state)
{
	struct life_case *c = *state;

	owed(c, PUMP, 1);
	life_up(c, 10);
	life_pump(c);
	lose(c);
	life_pass(c, 400);
	life_pump(c);
	said(c, 1, 1);
	life_puback(c, 1, 0x10);
	life_turn(c);
	assert_int_equal(life_row(c, 1).owed.losses, 0);
	life_is(c, 1, ZTP_STATE_REGISTERED);
}

static void it_is_given_up_in_the_end(void **state)
{
	struct life_case *c = *state;
	int i;

	owed(c, PUMP, 1);
	life_up(c, 10);
	for (i = 0; i < 4; i++) {
		life_is(c, 1, ZTP_STATE_REGISTERED);
		if (i >= ZTP_LOSSES_UNPROVEN)
			ask(c, c->mqtt.count);
		life_pump(c);
		said(c, c->mqtt.count - 1, 1);
		lose(c);
		life_pass(c, 8000);
	}
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	life_result(c, "r-1", "undeliverable");
	assert_string_equal(life_member(c, "message"),
			    "the connection to the broker was lost each time "
			    "this command of 300 bytes was sent");
	assert_true(life_logged(c, "command_given_up"));
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_GIVEN_UP], 1);
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_LOST], 4);
}

/* Sent again after the end, it is given up without another result. */
static void the_end_does_not_change(void **state)
{
	static const struct {
		enum ztp_state at;
		const char *outcome;
	} lines[] = {{ZTP_STATE_ONBOARDED, NULL},
		     {ZTP_STATE_UNDELIVERABLE, NULL},
		     {ZTP_STATE_DELIVERED, "undeliverable"}};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n =
			life_put(c, PUMP, (int)i, lines[i].at, ZTP_OWED_SEND);
		struct store_request r = life_row(c, n);

		r.owed.losses = ZTP_LOSSES_MAX - 1;
		life_save(c, &r);
		life_up(c, 10);
		life_pass(c, 10000);
		ask(c, 2 * (int)i);
		said(c, 2 * (int)i + 1, n);
		lose(c);
		life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
		if (lines[i].outcome)
			life_result(c, life_id(c, n), lines[i].outcome);
		else
			life_no_record(c, STORE_RESULTS);
	}
}

/* Nobody is told of a rejection at the price of a connection each time. */
static void a_notice_is_given_up_too(void **state)
{
	struct life_case *c = *state;
	int64_t n =
		life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NOTICE_SEND);
	struct store_request r = life_row(c, n);

	r.owed.losses = ZTP_LOSSES_MAX - 1;
	life_save(c, &r);
	life_up(c, 10);
	ask(c, 0);
	said(c, 1, n);
	lose(c);
	life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	life_no_record(c, STORE_RESULTS);
}

/* A broker with a full disk, for example, ends the connection for every
 * publish. That is no command's fault. */
static void a_broker_that_takes_nothing_gives_up_nothing(void **state)
{
	struct life_case *c = *state;
	int i;

	owed(c, PUMP, 1);
	life_up(c, 10);
	for (i = 0; i < 20; i++) {
		life_pump(c);
		/* In turns: the question may be all that it does not take. */
		if (i >= 2 && i % 2 == 0)
			asked(c, i);
		else
			said(c, i, 1);
		lose(c);
		assert_int_equal(life_row(c, 1).owed.losses, i < 2 ? i + 1 : 2);
		life_pass(c, 8000);
	}
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_no_record(c, STORE_RESULTS);
	assert_true(life_logged(c, "mqtt_takes_nothing"));
	/* It takes what is published again, but this connection is lost, too. */
	ask(c, i);
	said(c, i + 1, 1);
	lose(c);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_pass(c, 8000);
	ask(c, i + 2);
	said(c, i + 3, 1);
	assert_true(life_puback(c, i + 3, 0));
	turn(c);
	life_is(c, 1, ZTP_STATE_ONBOARDED);
}

/* ... nor one that stops reading: there is no answer for 30 s. */
static void a_question_without_an_answer_holds_up_nobody(void **state)
{
	struct life_case *c = *state;
	struct store_request r = life_row(c, suspected(c, PUMP, 1));
	int64_t other;

	r.owed.losses = ZTP_LOSSES_MAX - 1;
	life_save(c, &r);
	life_up(c, 10);
	life_pump(c);
	asked(c, 0);
	other = owed(c, VALVE, 1);
	life_pass(c, 999);
	life_pump(c);
	asked(c, 0);
	life_pass(c, 1);
	life_pump(c);
	said(c, 1, other);
	assert_true(life_puback(c, 1, 0));
	turn(c);
	life_pass(c, 29000);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
	lose(c);
	assert_int_equal(life_row(c, r.n).owed.losses, ZTP_LOSSES_MAX - 1);
}

/* A command to another device is answered, and so much later a suspect is to be
 * tried for the last time. Returns it. */
static int64_t after_another(struct life_case *c, int64_t later)
{
	int64_t other = owed(c, VALVE, 1);
	struct store_request r;

	life_up(c, 10);
	life_pump(c);
	said(c, 0, other);
	assert_true(life_puback(c, 0, 0));
	life_turn(c);
	life_pass(c, later);
	r = life_row(c, suspected(c, PUMP, 1));
	r.owed.losses = ZTP_LOSSES_MAX - 1;
	life_save(c, &r);
	life_pump(c);
	return r.n;
}

/* That is as good as an answer to the question, for a while. */
static void what_others_are_answered_proves_it_too(void **state)
{
	struct life_case *c = *state;
	int64_t n = after_another(c, 9000);

	said(c, 1, n);
	lose(c);
	life_is(c, n, ZTP_STATE_UNDELIVERABLE);
}

static void what_was_answered_long_ago_proves_nothing(void **state)
{
	struct life_case *c = *state;

	(void)after_another(c, 10000);
	asked(c, 1);
}

static void a_notice_that_cannot_be_sent_is_not_sent(void **state)
{
	struct life_case *c = *state;
	int64_t n =
		life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NOTICE_SEND);

	c->mqtt.rc = MOSQ_ERR_OVERSIZE_PACKET;
	life_up(c, 10);
	life_pump(c);
	life_turn(c);
	life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	assert_true(life_logged(c, "command_given_up"));
}

/* The row has gone meanwhile. */
static void what_is_gone_is_not_missed(void **state)
{
	struct life_case *c = *state;

	owed(c, PUMP, 1);
	owed(c, VALVE, 1);
	life_up(c, 10);
	life_pump(c);
	c->mqtt.rc = MOSQ_ERR_OVERSIZE_PACKET;
	owed(c, PUMP, 2);
	life_pump(c);
	assert_int_equal(store_forget(c->b.store, PUMP, &c->error), 2);
	life_down(c);
	life_turn(c);
	assert_int_equal(life_row(c, 2).owed.losses, 1);
	assert_int_equal(commands_in_flight(c->b.commands), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(it_counts_as_tried),
		LIFE_TEST(it_survives_a_restart),
		LIFE_TEST(an_innocent_one_is_told_soon),
		LIFE_TEST(it_is_given_up_in_the_end),
		LIFE_TEST(the_end_does_not_change),
		LIFE_TEST(a_notice_is_given_up_too),
		LIFE_TEST(a_broker_that_takes_nothing_gives_up_nothing),
		LIFE_TEST(a_question_without_an_answer_holds_up_nobody),
		LIFE_TEST(what_others_are_answered_proves_it_too),
		LIFE_TEST(what_was_answered_long_ago_proves_nothing),
		LIFE_TEST(a_notice_that_cannot_be_sent_is_not_sent),
		LIFE_TEST(what_is_gone_is_not_missed),
	};

	return cmocka_run_group_tests_name("bridge_life_suspects", tests, NULL,
					   NULL);
}
