/* Commands on their way to devices: which is next, how many at a time, and what
 * happens to them when the connection is lost. */
#include "life_case.h"

#include "bridge/life/delivery.h"

static int64_t owed(struct life_case *c, const char *path, int cert)
{
	return life_put(c, path, cert, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
}

/* Puts some devices into the store, from row 1 on, due in the order of their
 * numbers. tried: they have been tried before. */
static void owe(struct life_case *c, int count, bool tried)
{
	int i;

	for (i = 0; i < count; i++) {
		struct store_request r = life_row(c, owed(c, PUMP, i));

		r.owed.tries = tried;
		r.owed.retry_at = LIFE_NOW - 1000 + i;
		life_save(c, &r);
	}
}

static void said(struct life_case *c, int i, int64_t n)
{
	assert_true(i < c->mqtt.count);
	assert_string_equal(c->mqtt.said[i].request_id, life_id(c, n));
}

/* --- whether */

static void nothing_is_said_without_a_connection(void **state)
{
	struct life_case *c = *state;

	owe(c, 1, false);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
	assert_int_equal(c->mqtt.flushes, 0);
	life_up(c, 10);
	life_pump(c);
	said(c, 0, 1);
	assert_int_equal(c->mqtt.flushes, 1);
}

/* Others could read the commands: there is no gate, or it guards another
 * topic. */
static void nothing_is_said_before_the_gate_agrees(void **state)
{
	struct life_case *c = *state;

	c->registrar.ready = false;
	owe(c, 1, false);
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
	assert_int_equal(c->mqtt.flushes, 1); /* the question to the gate */
	c->registrar.ready = true;
	life_pump(c);
	said(c, 0, 1);
}

static void what_is_not_due_waits(void **state)
{
	struct life_case *c = *state;
	struct store_request r = life_row(c, owed(c, PUMP, 1));

	r.owed.retry_at = LIFE_NOW + 1;
	life_save(c, &r);
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
	life_pass(c, 1);
	life_pump(c);
	said(c, 0, 1);
}

/* --- how many at a time */

static void the_broker_says_how_many(void **state)
{
	struct life_case *c = *state;

	owe(c, 3, false);
	life_up(c, 2);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
	assert_int_equal(commands_in_flight(c->b.commands), 2);
	life_pump(c); /* no room yet */
	assert_int_equal(c->mqtt.count, 2);
	assert_true(life_puback(c, 0, 0));
	assert_true(commands_busy(c->b.commands, 1));
	life_turn(c);
	assert_false(commands_busy(c->b.commands, 1));
	assert_true(commands_busy(c->b.commands, 2));
	life_is(c, 1, ZTP_STATE_ONBOARDED);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 3);
	said(c, 2, 3);
}

static void nobody_is_told_twice_at_a_time(void **state)
{
	struct life_case *c = *state;

	owe(c, 2, false);
	life_up(c, 10);
	life_pump(c);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
	/* Its result is known, but not in the store yet. */
	life_puback(c, 0, 0x10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
}

/* Even when all of them are occupied by commands without a subscriber. */
static void there_is_an_end_to_what_is_kept_in_memory(void **state)
{
	struct life_case *c = *state;

	owe(c, MQTT_OUT_WINDOW_MAX + 1, false);
	life_up(c, MQTT_OUT_WINDOW_MAX);
	c->mqtt.rc = MOSQ_ERR_PAYLOAD_SIZE;
	life_pump(c);
	assert_int_equal(commands_in_flight(c->b.commands),
			 MQTT_OUT_WINDOW_MAX);
	life_turn(c);
	assert_int_equal(commands_in_flight(c->b.commands), 0);
	life_pump(c);
	assert_int_equal(commands_in_flight(c->b.commands), 1);
}

/* --- who is next */

static void what_was_never_said_goes_first(void **state)
{
	struct life_case *c = *state;
	int64_t fresh;

	owe(c, 2, true);
	fresh = owed(c, VALVE, 9);
	life_up(c, 2);
	life_pump(c);
	said(c, 0, fresh);
	said(c, 1, 1);
	assert_int_equal(c->mqtt.count, 2);
}

static void what_fails_again_and_again_has_a_rate(void **state)
{
	struct life_case *c = *state;

	c->config.mqtt.retry_rate = 10;
	owe(c, 5, true);
	life_up(c, 100);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 3); /* a fifth of a second's, + 1 */
	assert_int_equal(commands_due(c->b.commands), LIFE_NOW + 101);
	life_pass(c, 99);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 3);
	life_pass(c, 2);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 4);
	/* A minute's pause does not allow a burst. */
	life_pass(c, LIFE_MIN);
	owe(c, 9, true);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 7);
	said(c, 4, 6); /* those that were due first */
}

static void the_rate_is_for_what_was_tried_before(void **state)
{
	struct life_case *c = *state;

	c->config.mqtt.retry_rate = 1;
	owe(c, 50, false);
	life_up(c, 100);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 50);
}

/* ... so commands that were never tried do not wait for it. */
static void what_is_new_does_not_wait_for_the_rate(void **state)
{
	struct life_case *c = *state;
	int64_t new;

	c->config.mqtt.retry_rate = 10;
	owe(c, 5, true);
	life_up(c, 100);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 3);
	new = owed(c, VALVE, 1);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 4);
	said(c, 3, new);
}

/* The answer that makes room in the window also wakes the loop. */
static void a_full_window_needs_no_timer(void **state)
{
	struct life_case *c = *state;

	c->config.mqtt.retry_rate = 10;
	owe(c, 4, true);
	life_up(c, 3);
	life_pump(c);
	assert_int_equal(commands_due(c->b.commands), LIFE_NOW + 101);
	life_pump(c); /* the window is full before it begins */
	assert_int_equal(commands_due(c->b.commands), 0);
}

static void when_something_is_to_be_said_next(void **state)
{
	static const struct {
		const char *what;
		int64_t fresh_in, tried_in, want_in; /* 0: none */
	} lines[] = {
		{"nothing", 0, 0, 0},
		{"one", 5, 0, 5},
		{"one again", 0, 5, 5},
		{"both", 5, 7, 5},
		{"both, the tried one first", 7, 5, 5},
		{"due: what comes of it wakes the loop", -1, 0, 0},
		{"due, and another later", -1, 5, 5},
		{"a tried one due", 5, -1, 5},
		{"both due", -1, -1, 0},
	};
	struct life_case *c = *state;
	struct store_request fresh = life_row(c, owed(c, PUMP, 1));
	struct store_request tried = life_row(c, owed(c, PUMP, 2));
	size_t i;

	tried.owed.tries = 1;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t in[2] = {lines[i].fresh_in, lines[i].tried_in}, next;

		fresh.owed.retry_at = in[0] ? LIFE_NOW + in[0] : 0;
		tried.owed.retry_at = in[1] ? LIFE_NOW + in[1] : 0;
		life_save(c, &fresh);
		life_save(c, &tried);
		next = commands_due(c->b.commands);
		if (next !=
		    (lines[i].want_in ? LIFE_NOW + lines[i].want_in : 0))
			fail_msg("%s: in %d", lines[i].what,
				 (int)(next - LIFE_NOW));
	}
}

/* --- the broker's answers */

static void an_answer_is_for_who_has_asked(void **state)
{
	struct mqtt_out_user *user;
	struct life_case *c = *state;

	owe(c, 1, false);
	life_up(c, 10);
	life_pump(c);
	user = c->mqtt.user;
	assert_false(user->puback(user->arg, 77,
				  0)); /* the answer is for another user */
	assert_true(life_puback(c, 0, 0x10));
	assert_false(life_puback(c, 0, 0)); /* already answered */
	life_turn(c);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	assert_int_equal(life_row(c, 1).owed.tries, 1);
}

/* A batch that is rolled back is applied again; once settled, it is not. */
static void an_answer_is_applied_until_it_is_settled(void **state)
{
	struct life_case *c = *state;

	owe(c, 1, false);
	life_up(c, 10);
	life_pump(c);
	life_puback(c, 0, 0);
	life_ok(c, commands_apply(c->b.commands, &c->error));
	life_is(c, 1, ZTP_STATE_ONBOARDED);
	store_rollback(c->b.store);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_turn(c);
	life_is(c, 1, ZTP_STATE_ONBOARDED);
	assert_int_equal(commands_in_flight(c->b.commands), 0);
	life_turn(c);
	life_result(c, "r-1", "onboarded");
}

/* --- a lost connection */

static void what_was_lost_does_not_hold_up_others(void **state)
{
	struct life_case *c = *state;

	owe(c, 4, false);
	life_up(c, 3);
	life_pump(c);
	life_puback(c, 1, 0);
	life_down(c);
	life_pump(c); /* without a connection there is no window to wait for */
	life_turn(c); /* the answer came before that */
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_LOST], 2);
	life_is(c, 2, ZTP_STATE_ONBOARDED);
	life_up(c, 3);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 4);
	said(c, 3, 4); /* what was not in flight */
}

/* --- through the gate */

static void the_gate_is_asked_for_its_part(void **state)
{
	struct life_case *c = *state;
	int64_t make =
		life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	int64_t say = owed(c, VALVE, 1);

	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->registrar.sent_count, 1);
	assert_int_equal(c->registrar.sent[0], make);
	assert_int_equal(c->mqtt.count, 1);
	said(c, 0, say);
	assert_false(commands_busy(c->b.commands, make));
}

static void who_needs_not_the_gate_does_not_wait_for_it(void **state)
{
	struct life_case *c = *state;
	int64_t say;

	life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	say = owed(c, VALVE, 1);
	c->registrar.full = true;
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->registrar.sent_count, 0);
	said(c, 0, say);
}

static void who_is_at_the_gate_is_not_told(void **state)
{
	struct life_case *c = *state;
	int64_t n = owed(c, PUMP, 1);

	c->registrar.busy = n;
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
	c->registrar.busy = 0;
	life_pump(c);
	said(c, 0, n);
}

/* They wait for the losers, who are told after them: by how many rows the walk
 * has seen by then, nobody may be left out. */
static void who_waits_for_the_losers_does_not_hold_them_up(void **state)
{
	struct life_case *c = *state;
	int64_t told;
	int i;

	for (i = 0; i < 50; i++)
		life_put(c, PUMP, i, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	told = life_put(c, PUMP, i, ZTP_STATE_CONFLICT, ZTP_OWED_NOTICE_CHECK);
	c->registrar.losers = true;
	life_up(c, 20);
	life_pump(c);
	assert_int_equal(c->registrar.sent_count, 1);
	assert_int_equal(c->registrar.sent[0], told);
}

/* Likewise of those that go alone. */
static void nor_when_they_go_alone(void **state)
{
	struct life_case *c = *state;
	struct store_request r;
	int i;

	for (i = 0; i < 9; i++) {
		bool last = i == 8;

		r = life_row(c, life_put(c, PUMP, i,
					 last ? ZTP_STATE_CONFLICT
					      : ZTP_STATE_APPROVED,
					 last ? ZTP_OWED_NOTICE_CHECK
					      : ZTP_OWED_REGISTER));
		r.owed.losses = 1;
		life_save(c, &r);
	}
	c->registrar.losers = true;
	life_up(c, 20);
	life_pass(c, LIFE_MIN);
	life_pump(c);
	assert_int_equal(c->registrar.sent_count, 1);
	assert_int_equal(c->registrar.sent[0], r.n);
}

/* The gate answers in any order, so an older one may come later. */
static void with_a_gate_the_older_ones_are_not_passed_over(void **state)
{
	struct life_case *c = *state;
	struct store_request r;

	owe(c, 2, false);
	r = life_row(c, 1);
	r.owed.retry_at = 0;
	r.owed.what = ZTP_OWED_WAIT_DEVICE;
	life_save(c, &r);
	life_up(c, 10);
	life_pump(c);
	r.owed.retry_at = LIFE_NOW - 5000;
	r.owed.what = ZTP_OWED_SEND;
	life_save(c, &r);
	life_pump(c);
	said(c, 0, 2);
	said(c, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(nothing_is_said_without_a_connection),
		GATE_TEST(nothing_is_said_before_the_gate_agrees),
		LIFE_TEST(what_is_not_due_waits),
		LIFE_TEST(the_broker_says_how_many),
		LIFE_TEST(nobody_is_told_twice_at_a_time),
		LIFE_TEST(there_is_an_end_to_what_is_kept_in_memory),
		LIFE_TEST(what_was_never_said_goes_first),
		LIFE_TEST(what_fails_again_and_again_has_a_rate),
		LIFE_TEST(the_rate_is_for_what_was_tried_before),
		LIFE_TEST(what_is_new_does_not_wait_for_the_rate),
		LIFE_TEST(a_full_window_needs_no_timer),
		LIFE_TEST(when_something_is_to_be_said_next),
		LIFE_TEST(an_answer_is_for_who_has_asked),
		LIFE_TEST(an_answer_is_applied_until_it_is_settled),
		LIFE_TEST(what_was_lost_does_not_hold_up_others),
		GATE_TEST(the_gate_is_asked_for_its_part),
		GATE_TEST(who_needs_not_the_gate_does_not_wait_for_it),
		GATE_TEST(who_is_at_the_gate_is_not_told),
		GATE_TEST(who_waits_for_the_losers_does_not_hold_them_up),
		GATE_TEST(nor_when_they_go_alone),
		GATE_TEST(with_a_gate_the_older_ones_are_not_passed_over),
	};

	return cmocka_run_group_tests_name("bridge_life_commands", tests, NULL,
					   NULL);
}
