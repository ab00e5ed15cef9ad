/* What was in flight when a connection was lost goes apart from the others, and
 * holds up none of them; so do questions to the gate. */
#include "life_suspects.h"

#include "bridge/life/gate_answers.h"

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

/* One is on its way, and behind it a suspect and one that is none. */
struct behind {
	int64_t suspect, third;
};

static struct behind behind_another(struct life_case *c)
{
	int64_t other = owed(c, VALVE, 1);
	struct behind behind;

	life_up(c, 10);
	life_pump(c);
	said(c, 0, other);
	behind.suspect = suspected(c, PUMP, 1);
	behind.third = owed(c, PUMP, 2);
	life_pump(c);
	return behind;
}

static void it_waits_for_what_was_sent_before(void **state)
{
	struct life_case *c = *state;
	struct behind behind = behind_another(c);

	assert_int_equal(c->mqtt.count, 1);
	assert_int_equal(commands_due(c->b.commands), LIFE_NOW + 500);
	life_puback(c, 0, 0);
	turn(c);
	said(c, 1, behind.suspect);
	life_puback(c, 1, 0);
	turn(c);
	said(c, 2, behind.third);
}

/* ... but not for ever, when a PUBACK does not come. */
static void nobody_waits_for_ever(void **state)
{
	struct life_case *c = *state;
	struct behind behind = behind_another(c);

	life_pass(c, 500);
	life_pump(c);
	said(c, 1, behind.suspect);
	assert_int_equal(commands_due(c->b.commands), LIFE_NOW + 1500);
	life_pass(c, 999);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
	life_pass(c, 1);
	life_pump(c);
	said(c, 2, behind.third);
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

/* The gate says nothing about many, and answers for one that is behind them. */
static void many_silent_ones_do_not_keep_the_others(void **state)
{
	enum { SILENT = 12, TICK_MS = 50 };
	struct life_case *c = *state;
	struct store_request r;
	int64_t first = 0;
	int i, took = 0;

	for (i = 0; i <= SILENT; i++) {
		r = life_row(c, life_put(c, PUMP, i, ZTP_STATE_APPROVED,
					 ZTP_OWED_REGISTER));
		r.owed.losses = 1;
		life_save(c, &r);
		first = first ? first : r.n;
	}
	life_up(c, 10);
	c->registrar.keeps = true;
	for (; c->registrar.sent_count <= SILENT; took += TICK_MS) {
		life_pump(c);
		assert_true(took < 16000);
		life_pass(c, TICK_MS);
	}
	for (i = 0; i <= SILENT; i++)
		assert_int_equal(c->registrar.sent[i], first + i);
	/* The gate has them: none is sent twice, and nobody waits for them. */
	first = owed(c, VALVE, 1);
	for (took = 0; c->mqtt.count == 0; took += TICK_MS) {
		assert_true(took < 1000);
		life_pump(c);
		life_pass(c, TICK_MS);
	}
	said(c, 0, first);
	assert_int_equal(c->registrar.sent_count, SILENT + 1);
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

/* The gate may have created the device all the same (test_bridge_life_in_doubt.c). */
static void a_registration_without_an_answer_is_in_doubt(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	int i;

	for (i = 1; i < 20; i++) {
		answer_lost(c, n);
		life_is(c, n, ZTP_STATE_APPROVED);
		assert_int_equal(life_row(c, n).owed.losses, i < 16 ? i : 16);
		assert_int_equal(life_logged(c, "registration_in_doubt"),
				 i == 4);
	}
	life_no_record(c, STORE_RESULTS);
	/* It is not a command to a device. */
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_LOST], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(nothing_is_sent_beside_it),
		LIFE_TEST(it_waits_for_what_was_sent_before),
		LIFE_TEST(nobody_waits_for_ever),
		LIFE_TEST(twenty_do_not_stop_others),
		LIFE_TEST(suspects_take_turns_with_the_others),
		LIFE_TEST(the_connection_settles_first),
		LIFE_TEST(what_cannot_be_sent_now_holds_up_nobody),
		GATE_TEST(a_question_to_the_gate_may_be_one),
		GATE_TEST(many_silent_ones_do_not_keep_the_others),
		GATE_TEST(a_busy_one_is_passed_over),
		GATE_TEST(a_registration_without_an_answer_is_in_doubt),
	};

	return cmocka_run_group_tests_name("bridge_life_alone", tests, NULL,
					   NULL);
}
