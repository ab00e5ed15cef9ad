/* What was in flight when a connection was lost: it counts as tried, goes apart
 * from the others, and is given up in the end. */
#include "life_case.h"

#include "bridge/life/gate_answers.h"

static int64_t owed(struct life_case *c, const char *path, int cert)
{
	return life_put(c, path, cert, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
}

static int64_t suspected(struct life_case *c, const char *path, int cert)
{
	struct store_request r = life_row(c, owed(c, path, cert));

	r.owed.losses = r.owed.tries = 1;
	life_save(c, &r);
	return r.n;
}

static void said(struct life_case *c, int i, int64_t n)
{
	assert_true(i < c->mqtt.count);
	assert_string_equal(c->mqtt.said[i].request_id, life_id(c, n));
}

/* The loop's turn: results are applied, and what is due is sent. */
static void turn(struct life_case *c)
{
	life_turn(c);
	life_pump(c);
}

static void lose(struct life_case *c)
{
	life_down(c);
	life_turn(c);
	life_up(c, 10);
}

/* The i-th publish asked whether the broker takes anything. */
static void asked(struct life_case *c, int i)
{
	assert_int_equal(c->mqtt.count, i + 1);
	assert_memory_equal(c->mqtt.said[i].topic, "ztp/v1/probe/", 13);
	assert_string_equal(c->mqtt.said[i].text, "");
}

/* It is asked as the i-th publish, and does; then commands are sent. */
static void ask(struct life_case *c, int i)
{
	life_pump(c);
	asked(c, i);
	assert_true(life_puback(c, i, 0x10));
	turn(c);
}

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
		if (i == 3)
			ask(c, i);
		life_pump(c);
		said(c, i == 3 ? 4 : i, 1);
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
		if (i >= 3 && i % 2 == 1)
			asked(c, i);
		else
			said(c, i, 1);
		lose(c);
		assert_int_equal(life_row(c, 1).owed.losses, i < 3 ? i + 1 : 3);
		life_pass(c, 8000);
	}
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_no_record(c, STORE_RESULTS);
	assert_true(life_logged(c, "mqtt_takes_nothing"));
	life_pump(c);
	said(c, i, 1);
	assert_true(life_puback(c, i, 0));
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

/* --- alone */

static void nothing_is_sent_beside_it(void **state)
{
	struct life_case *c = *state;
	int64_t suspect = suspected(c, PUMP, 1), other = owed(c, VALVE, 1);

	life_up(c, 10);
	life_pump(c);
	said(c, 0, suspect);
	turn(c);
	assert_int_equal(c->mqtt.count, 1);
	life_puback(c, 0, 0);
	turn(c);
	said(c, 1, other);
	life_is(c, suspect, ZTP_STATE_ONBOARDED);
}

static void it_waits_for_what_was_sent_before(void **state)
{
	struct life_case *c = *state;
	int64_t other = owed(c, VALVE, 1), suspect, third;

	life_up(c, 10);
	life_pump(c);
	said(c, 0, other);
	suspect = suspected(c, PUMP, 1);
	third = owed(c, PUMP, 2);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
	assert_int_equal(commands_due(c->b.commands), LIFE_NOW + 500);
	life_puback(c, 0, 0);
	turn(c);
	said(c, 1, suspect);
	life_puback(c, 1, 0);
	turn(c);
	said(c, 2, third);
}

/* ... but not for ever, when a PUBACK does not come. */
static void nobody_waits_for_ever(void **state)
{
	struct life_case *c = *state;
	int64_t other = owed(c, VALVE, 1), suspect, third;

	life_up(c, 10);
	life_pump(c);
	said(c, 0, other);
	suspect = suspected(c, PUMP, 1);
	third = owed(c, PUMP, 2);
	life_pump(c);
	life_pass(c, 500);
	life_pump(c);
	said(c, 1, suspect);
	assert_int_equal(commands_due(c->b.commands), LIFE_NOW + 1500);
	life_pass(c, 999);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
	life_pass(c, 1);
	life_pump(c);
	said(c, 2, third);
	/* No other suspect goes while the first is unanswered. */
	suspected(c, PUMP, 3);
	life_pass(c, 20000);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 3);
	assert_int_equal(commands_due(c->b.commands), 0);
}

/* As many as a broker lets wait for a PUBACK that never comes. */
static void twenty_do_not_stop_others(void **state)
{
	struct life_case *c = *state;
	int64_t n;
	int i;

	for (i = 0; i < 20; i++)
		owed(c, PUMP, i);
	life_up(c, 20);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 20);
	life_pass(c, 30000);
	lose(c); /* mqtt_out makes a new connection */
	for (i = 0; i < 20; i++) {
		n = owed(c, VALVE, i);
		life_pass(c, 1000);
		life_pump(c);
		if (c->mqtt.count == 21 + i) /* a suspect */
			life_pass(c, 1000);
		life_pump(c);
		said(c, c->mqtt.count - 1, n);
		life_puback(c, c->mqtt.count - 1, 0);
		life_turn(c);
	}
	assert_int_equal(c->mqtt.count, 20 + 20 + 1);
}

/* Suspects take at most a third of the time. */
static void suspects_take_turns_with_the_others(void **state)
{
	struct life_case *c = *state;
	int64_t first = suspected(c, PUMP, 1), second = suspected(c, PUMP, 2),
		other = owed(c, VALVE, 1);

	life_up(c, 10);
	life_pump(c);
	said(c, 0, first);
	life_pass(c, 30);
	life_puback(c, 0, 0);
	turn(c);
	said(c, 1, other);
	assert_int_equal(commands_due(c->b.commands), LIFE_NOW + 90);
	life_puback(c, 1, 0);
	life_pass(c, 59);
	turn(c);
	assert_int_equal(c->mqtt.count, 2);
	life_pass(c, 1);
	life_pump(c);
	said(c, 2, second);
}

/* Each connection that a suspect costs makes the next one wait. */
static void the_connection_settles_first(void **state)
{
	struct life_case *c = *state;
	int64_t first = suspected(c, PUMP, 1), second = suspected(c, PUMP, 2);

	life_up(c, 10);
	life_pump(c);
	said(c, 0, first);
	lose(c);
	life_pass(c, 2499);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
	life_pass(c, 700); /* and the jitter */
	life_pump(c);
	said(c, 1, second);
	life_puback(c, 1, 0);
	turn(c);
	said(c, 2, first); /* an answer ends that */
}

/* No room, and nothing that could be sent. */
static void what_cannot_be_sent_now_holds_up_nobody(void **state)
{
	struct life_case *c = *state;
	int64_t other;

	suspected(c, PUMP, 1);
	c->mqtt.rc = MOSQ_ERR_NO_CONN;
	life_up(c, 10);
	life_pump(c);
	c->mqtt.rc = 0;
	other = owed(c, VALVE, 1);
	life_pump(c);
	said(c, 0, other);
	assert_int_equal(commands_due(c->b.commands), LIFE_NOW + 100);
	life_puback(c, 0, 0);
	life_pass(c, 100);
	turn(c);
	said(c, 1, 1);
}

/* --- through the gate */

static void a_question_to_the_gate_may_be_one(void **state)
{
	struct life_case *c = *state;
	int64_t make =
		life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	struct store_request r = life_row(c, make);
	int64_t other;

	r.owed.losses = 1;
	life_save(c, &r);
	other = owed(c, VALVE, 1);
	life_up(c, 10);
	c->registrar.full = true;
	life_pump(c);
	said(c, 0, other);
	life_puback(c, 0, 0);
	life_turn(c);
	c->registrar.full = false;
	life_pass(c, 100);
	life_pump(c);
	assert_int_equal(c->registrar.sent[0], make);
	/* Who is at the gate is not sent there again. */
	c->registrar.busy = make;
	life_pass(c, 2000);
	life_pump(c);
	assert_int_equal(c->registrar.sent_count, 1);
	c->registrar.busy = 0;
	life_pump(c); /* answered */
	life_pass(c, 20000);
	life_pump(c);
	life_pass(c, 500); /* the played gate is never free of questions */
	life_pump(c);
	assert_int_equal(c->registrar.sent_count, 2);
}

static void a_busy_one_is_passed_over(void **state)
{
	struct life_case *c = *state;
	int64_t busy = suspected(c, PUMP, 1), next = suspected(c, PUMP, 2);

	c->registrar.busy = busy;
	life_up(c, 10);
	life_pump(c);
	said(c, 0, next);
}

static void answer_lost(struct life_case *c, int64_t n)
{
	struct registrar *g = &c->registrar;

	g->answers[0] = (struct registrar_answer){n, REGISTRAR_CREATE,
						  &g->words[0], true};
	g->answer_count = 1;
	life_ok(c, gate_answers_apply(&c->b, &c->error));
	g->answer_count = 0;
}

static void a_registration_without_an_answer_fails(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	int i;

	for (i = 1; i < 4; i++) {
		answer_lost(c, n);
		life_is(c, n, ZTP_STATE_APPROVED);
		assert_int_equal(life_row(c, n).owed.losses, i);
	}
	answer_lost(c, n);
	life_is(c, n, ZTP_STATE_FAILED);
	life_result(c, "r-1", "failed");
	assert_string_equal(life_member(c, "message"),
			    "the gate did not answer createDevice, 4 times in "
			    "a row");
	/* It is not a command to a device. */
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_LOST], 0);
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
		LIFE_TEST(nothing_is_sent_beside_it),
		LIFE_TEST(it_waits_for_what_was_sent_before),
		LIFE_TEST(nobody_waits_for_ever),
		LIFE_TEST(twenty_do_not_stop_others),
		LIFE_TEST(suspects_take_turns_with_the_others),
		LIFE_TEST(the_connection_settles_first),
		LIFE_TEST(what_cannot_be_sent_now_holds_up_nobody),
		GATE_TEST(a_question_to_the_gate_may_be_one),
		GATE_TEST(a_busy_one_is_passed_over),
		GATE_TEST(a_registration_without_an_answer_fails),
	};

	return cmocka_run_group_tests_name("bridge_life_suspects", tests, NULL,
					   NULL);
}
