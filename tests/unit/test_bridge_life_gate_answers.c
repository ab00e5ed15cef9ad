/* What the gate says: answers to createDevice, rejectDevice and getDevice, and
 * what it reports without being asked. */
#include "life_case.h"

#include "bridge/life/gate_answers.h"

static void heard(struct life_case *c, const char *path, int cert, bool held)
{
	struct registrar *g = &c->registrar;
	struct registrar_subscription *s =
		&g->subscriptions[g->subscription_count++];

	memset(s, 0, sizeof(*s));
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->has_fingerprint = cert > 0;
	memset(s->fingerprint, cert, sizeof(s->fingerprint));
	s->held = held;
}

static void turn(struct life_case *c)
{
	life_ok(c, gate_answers_apply(&c->b, &c->error));
	c->registrar.answer_count = c->registrar.subscription_count = 0;
	c->registrar.absent = false;
}

/* --- createDevice */

static void a_device_that_was_made_is_owed_its_command(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);

	life_answer(c, n, REGISTRAR_CREATE, "OK");
	turn(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
	life_owes(c, n, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, 5 * LIFE_MIN);
}

static void a_device_that_is_there_is_told_at_once(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);

	life_answer(c, n, REGISTRAR_CREATE, "OK")->subscribed = true;
	turn(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
	life_owes(c, n, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
}

static void a_device_that_exists_is_not_made_again(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);

	life_answer(c, n, REGISTRAR_CREATE, "ALREADY_EXISTS");
	turn(c);
	life_is(c, n, ZTP_STATE_CONFLICT);
	life_result(c, "r-1", "conflict");
	assert_string_equal(life_member(c, "message"),
			    "a device with this path exists already");
	life_why(c, n, "a device with this path exists already");
	assert_string_equal(life_member(c, "decision.offset"), "101");
}

static void a_gate_that_cannot_make_it_says_why(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	struct control_answer *said =
		life_answer(c, n, REGISTRAR_CREATE, "INVALID_ARGUMENT");

	snprintf(said->message, sizeof(said->message), "no such registry");
	turn(c);
	life_is(c, n, ZTP_STATE_FAILED);
	life_owes(c, n, ZTP_OWED_RELEASE, 0, LIFE_NEVER);
	life_result(c, "r-1", "failed");
	assert_string_equal(life_member(c, "message"),
			    "INVALID_ARGUMENT: no such registry");
	life_why(c, n, "INVALID_ARGUMENT: no such registry");
}

/* The question was asked twice and answered twice. */
static void a_second_answer_is_no_news(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);

	life_answer(c, n, REGISTRAR_CREATE, "ALREADY_EXISTS");
	turn(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
	life_no_record(c, STORE_RESULTS);
}

static void an_answer_about_nobody_is_no_news(void **state)
{
	struct life_case *c = *state;

	life_answer(c, 7, REGISTRAR_CREATE, "OK");
	turn(c);
	assert_false(store_dirty(c->b.store));
}

/* --- rejectDevice */

static void a_candidate_that_was_let_go_is_owed_nothing(void **state)
{
	static const char *const codes[] = {"OK", "NOT_FOUND"};
	struct life_case *c = *state;
	int i;

	for (i = 0; i < 2; i++) {
		int64_t n = life_put(c, PUMP, i, ZTP_STATE_REJECTED,
				     ZTP_OWED_RELEASE);

		life_answer(c, n, REGISTRAR_REJECT, codes[i]);
		turn(c);
		life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	}
}

/* --- getDevice: is the new device there to get the rejection? */

static void who_is_there_is_told(void **state)
{
	static const struct {
		enum ztp_state end;
		const char *state; /* what the gate has; NULL: NOT_FOUND */
		bool subscribed;
		enum ztp_owed owed;
	} lines[] = {
		{ZTP_STATE_REJECTED, "pending", true, ZTP_OWED_NOTICE_SEND},
		{ZTP_STATE_REJECTED, "pending", false, ZTP_OWED_NOTICE_WAIT},
		{ZTP_STATE_REJECTED, "active", true, ZTP_OWED_RELEASE},
		{ZTP_STATE_REJECTED, NULL, false, ZTP_OWED_RELEASE},
		{ZTP_STATE_EXPIRED, "pending", false, ZTP_OWED_NOTICE_WAIT},
		/* The winner's approval waits for this. */
		{ZTP_STATE_CONFLICT, "pending", true, ZTP_OWED_NOTICE_SEND},
		{ZTP_STATE_CONFLICT, "pending", false, ZTP_OWED_RELEASE},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n = life_put(c, PUMP, (int)i, lines[i].end,
				     ZTP_OWED_NOTICE_CHECK);

		if (lines[i].state)
			life_found(c, n, REGISTRAR_ASK_HELD, lines[i].state)
				->subscribed = lines[i].subscribed;
		else
			life_answer(c, n, REGISTRAR_ASK_HELD, "NOT_FOUND");
		turn(c);
		assert_string_equal(ztp_owed_name(life_row(c, n).owed.what),
				    ztp_owed_name(lines[i].owed));
	}
}

/* --- getDevice: is the device there? */

static void a_device_that_is_subscribed_is_told(void **state)
{
	static const struct {
		const char *state;
		bool subscribed;
		enum ztp_owed owed;
	} lines[] = {
		{"active", true, ZTP_OWED_SEND},
		{"active", false, ZTP_OWED_WAIT_DEVICE},
		{"blocked", true, ZTP_OWED_SEND},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n = life_put(c, PUMP, (int)i, ZTP_STATE_REGISTERED,
				     ZTP_OWED_WAIT_DEVICE);

		life_found(c, n, REGISTRAR_ASK_DEVICE, lines[i].state)
			->subscribed = lines[i].subscribed;
		turn(c);
		assert_int_equal(life_row(c, n).owed.what, lines[i].owed);
	}
}

/* Deleted at the gate, created again for another request, or approved while
 * mqtt.registrar was none: then the gate has never had it. */
static void what_is_kept_for_a_device_that_is_gone_is_for_nobody(void **state)
{
	static const struct {
		enum ztp_state at, then;
	} lines[] = {
		{ZTP_STATE_REGISTERED, ZTP_STATE_UNDELIVERABLE},
		{ZTP_STATE_DELIVERED, ZTP_STATE_UNDELIVERABLE},
		{ZTP_STATE_UNDELIVERABLE, ZTP_STATE_UNDELIVERABLE},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 2 * sizeof(lines) / sizeof(*lines); i++) {
		int64_t n = life_put(c, PUMP, (int)i, lines[i / 2].at,
				     ZTP_OWED_WAIT_DEVICE);

		if (i % 2)
			life_answer(c, n, REGISTRAR_ASK_DEVICE, "NOT_FOUND");
		else
			life_found(c, n, REGISTRAR_ASK_DEVICE, "active")
				->request_id[0] = '\0';
		turn(c);
		life_is(c, n, lines[i / 2].then);
		life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
		if (lines[i / 2].at == lines[i / 2].then)
			continue;
		life_result(c, life_id(c, n), "undeliverable");
		assert_string_equal(life_member(c, "message"),
				    "the gate does not have this device: it "
				    "was deleted before it took the command, "
				    "or approved without a gate");
	}
	life_no_record(c, STORE_RESULTS);
}

/* It has its command, so the operator may delete it. */
static void a_device_that_is_owed_nothing_may_go(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);

	life_answer(c, n, REGISTRAR_ASK_DEVICE, "NOT_FOUND");
	turn(c);
	life_is(c, n, ZTP_STATE_ONBOARDED);
	assert_false(life_logged(c, "request_ended"));
}

/* An error says nothing about the device. */
static void an_error_is_no_word_about_a_device(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED,
			     ZTP_OWED_WAIT_DEVICE);

	life_answer(c, n, REGISTRAR_ASK_DEVICE, "INTERNAL");
	turn(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
	life_owes(c, n, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, LIFE_MIN);
	/* It may be there and have said so before this connection. */
	assert_int_equal(c->registrar.later_count, 1);
	assert_int_equal(c->registrar.later[0], n);
}

/* --- a gate that refuses the bridge, or is unavailable */

static void what_was_denied_is_asked_again(void **state)
{
	static const struct {
		enum registrar_question question;
		enum ztp_state at;
		enum ztp_owed owed;
		int tries;
	} lines[] = {
		{REGISTRAR_CREATE, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER, 1},
		{REGISTRAR_REJECT, ZTP_STATE_REJECTED, ZTP_OWED_RELEASE, 1},
		{REGISTRAR_ASK_HELD, ZTP_STATE_REJECTED, ZTP_OWED_NOTICE_CHECK,
		 0},
	};
	static const char *const codes[] = {"PERMISSION_DENIED", "UNAVAILABLE"};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 2 * sizeof(lines) / sizeof(*lines); i++) {
		int64_t n = life_put(c, PUMP, (int)i, lines[i / 2].at,
				     lines[i / 2].owed);

		life_answer(c, n, lines[i / 2].question, codes[i % 2]);
		turn(c);
		life_is(c, n, lines[i / 2].at);
		assert_int_equal(life_row(c, n).owed.what, lines[i / 2].owed);
		if (i % 2 == 0 || lines[i / 2].tries == 0)
			assert_int_equal(life_row(c, n).owed.retry_at,
					 LIFE_NOW + 5000);
		else
			assert_in_range(life_row(c, n).owed.retry_at,
					LIFE_NOW + 187, LIFE_NOW + 313);
		assert_int_equal(life_row(c, n).owed.tries, lines[i / 2].tries);
	}
	assert_int_equal(c->registrar.asked_count, 0);
	life_no_record(c, STORE_RESULTS);
}

static void a_denied_question_about_a_device_is_put_again(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED,
			     ZTP_OWED_WAIT_DEVICE);

	life_answer(c, n, REGISTRAR_ASK_DEVICE, "UNAVAILABLE");
	turn(c);
	assert_int_equal(c->registrar.asked_count, 0);
	assert_int_equal(c->registrar.later_count, 1);
	assert_int_equal(c->registrar.later[0], n);
	life_owes(c, n, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, LIFE_MIN);
}

/* --- without being asked */

static void a_device_that_subscribes_is_told(void **state)
{
	static const struct {
		const char *what;
		enum ztp_owed owed;
		int cert; /* the one it names, 0: none; the request's is 1 */
		bool held;
		enum ztp_owed then;
	} lines[] = {
		{"it", ZTP_OWED_WAIT_DEVICE, 1, false, ZTP_OWED_SEND},
		{"it, unnamed", ZTP_OWED_WAIT_DEVICE, 0, false, ZTP_OWED_SEND},
		{"another", ZTP_OWED_WAIT_DEVICE, 2, false,
		 ZTP_OWED_WAIT_DEVICE},
		{"a candidate", ZTP_OWED_WAIT_DEVICE, 1, true,
		 ZTP_OWED_WAIT_DEVICE},
		{"the rejected", ZTP_OWED_NOTICE_WAIT, 1, true,
		 ZTP_OWED_NOTICE_CHECK},
		{"another candidate", ZTP_OWED_NOTICE_WAIT, 2, true,
		 ZTP_OWED_NOTICE_WAIT},
		{"a device", ZTP_OWED_NOTICE_WAIT, 1, false,
		 ZTP_OWED_NOTICE_WAIT},
	};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		bool notice = ztp_owed_is_notice(lines[i].owed);
		char path[64];
		int64_t n;

		snprintf(path, sizeof(path),
			 "subscriptions/s/registries/r/devices/d%zu", i);
		n = life_put(c, path, 1,
			     notice ? ZTP_STATE_REJECTED : ZTP_STATE_REGISTERED,
			     lines[i].owed);
		heard(c, path, lines[i].cert, lines[i].held);
		turn(c);
		if (life_row(c, n).owed.what != lines[i].then)
			fail_msg("%s: %s", lines[i].what,
				 ztp_owed_name(life_row(c, n).owed.what));
	}
}

/* It is created and subscribes within one turn. The answer is applied first. */
static void answers_come_before_what_was_heard(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);

	heard(c, PUMP, 1, false);
	life_answer(c, n, REGISTRAR_CREATE, "OK");
	turn(c);
	life_owes(c, n, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
}

/* What was heard on an earlier connection is outdated. */
static void a_new_connection_knows_of_nobody(void **state)
{
	struct life_case *c = *state;
	int64_t old = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	int64_t new =
		life_put(c, VALVE, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);

	turn(c);
	life_owes(c, old, ZTP_OWED_SEND, 0, LIFE_MIN);
	c->registrar.absent = true;
	heard(c, VALVE, 1, false);
	turn(c);
	life_owes(c, old, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, LIFE_MIN);
	life_owes(c, new, ZTP_OWED_SEND, 0, LIFE_MIN);
}

/* Only what the gate has to write says whether it can. */
static void what_is_not_written_is_noted(void **state)
{
	struct life_case *c = *state;
	int64_t make =
		life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	int64_t let_go =
		life_put(c, VALVE, 1, ZTP_STATE_REJECTED, ZTP_OWED_RELEASE);

	life_answer(c, make, REGISTRAR_ASK_DEVICE, "UNAVAILABLE");
	turn(c);
	life_answer(c, make, REGISTRAR_CREATE, "PERMISSION_DENIED");
	turn(c);
	assert_int_equal(c->registrar.not_written, 0);
	life_answer(c, make, REGISTRAR_CREATE, "UNAVAILABLE");
	turn(c);
	assert_int_equal(c->registrar.not_written, make);
	life_answer(c, let_go, REGISTRAR_REJECT, "UNAVAILABLE");
	turn(c);
	assert_int_equal(c->registrar.not_written, let_go);
	assert_int_equal(c->registrar.written, 0);
	life_answer(c, let_go, REGISTRAR_REJECT, "OK");
	turn(c);
	life_answer(c, make, REGISTRAR_CREATE, "OK");
	turn(c);
	assert_int_equal(c->registrar.written, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(what_is_not_written_is_noted),
		GATE_TEST(a_device_that_was_made_is_owed_its_command),
		GATE_TEST(a_device_that_is_there_is_told_at_once),
		GATE_TEST(a_device_that_exists_is_not_made_again),
		GATE_TEST(a_gate_that_cannot_make_it_says_why),
		GATE_TEST(a_second_answer_is_no_news),
		GATE_TEST(an_answer_about_nobody_is_no_news),
		GATE_TEST(a_candidate_that_was_let_go_is_owed_nothing),
		GATE_TEST(who_is_there_is_told),
		GATE_TEST(a_device_that_is_subscribed_is_told),
		GATE_TEST(what_is_kept_for_a_device_that_is_gone_is_for_nobody),
		GATE_TEST(a_device_that_is_owed_nothing_may_go),
		GATE_TEST(an_error_is_no_word_about_a_device),
		GATE_TEST(what_was_denied_is_asked_again),
		GATE_TEST(a_denied_question_about_a_device_is_put_again),
		GATE_TEST(a_device_that_subscribes_is_told),
		GATE_TEST(answers_come_before_what_was_heard),
		GATE_TEST(a_new_connection_knows_of_nobody),
	};

	return cmocka_run_group_tests_name("bridge_life_gate_answers", tests,
					   NULL, NULL);
}
