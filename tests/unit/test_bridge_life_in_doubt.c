/* createDevice had no answer, again and again: the gate is asked what has become of
 * it, and nothing is said of the device that is not known. */
#include "life_case.h"

#include "bridge/life/gate_answers.h"

static void answers(struct life_case *c)
{
	life_ok(c, gate_answers_apply(&c->b, &c->error));
	c->registrar.answer_count = 0;
}

/* code "": nothing. */
static struct control_answer *said(struct life_case *c, int64_t n,
				   const char *code)
{
	struct control_answer *said =
		life_answer(c, n, REGISTRAR_ASK_MADE, code);

	c->registrar.answers[c->registrar.answer_count - 1].lost = !*code;
	return said;
}

static struct control_answer *found(struct life_case *c, int64_t n,
				    const char *state)
{
	return life_found(c, n, REGISTRAR_ASK_MADE, state);
}

static void silence(struct life_case *c, int64_t n)
{
	said(c, n, "");
	answers(c);
}

static int64_t in_doubt(struct life_case *c, int cert)
{
	int64_t n =
		life_put(c, PUMP, cert, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	struct store_request r = life_row(c, n);

	r.owed.losses = ZTP_LOSSES_MAX - 1;
	life_save(c, &r);
	silence(c, n);
	return n;
}

/* --- what the gate says */

static void it_has_created_the_device(void **state)
{
	struct life_case *c = *state;
	int64_t n = in_doubt(c, 1);

	found(c, n, "active");
	answers(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
	life_owes(c, n, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, 5 * LIFE_MIN);
	assert_int_equal(life_row(c, n).owed.losses, 0);
	n = in_doubt(c, 2);
	found(c, n, "active")->subscribed = true;
	answers(c);
	life_owes(c, n, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
	/* An operator was quicker. */
	n = in_doubt(c, 3);
	found(c, n, "blocked");
	answers(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
	life_no_record(c, STORE_RESULTS);
	/* Said twice. */
	said(c, n, "NOT_FOUND");
	answers(c);
	life_is(c, n, ZTP_STATE_REGISTERED);
}

static void it_has_another_device(void **state)
{
	struct life_case *c = *state;
	int i;

	for (i = 0; i < 2; i++) {
		int64_t n = in_doubt(c, 10 + i);
		struct control_answer *other = found(c, n, "active");

		if (i == 0)
			other->fingerprint[0]++;
		else
			other->request_id[0]++;
		answers(c);
		life_is(c, n, ZTP_STATE_CONFLICT);
		life_result(c, life_id(c, n), "conflict");
	}
}

static void it_has_not_created_it(void **state)
{
	static const char *const states[] = {"pending", "rejected", NULL};
	struct life_case *c = *state;
	int i;

	for (i = 0; i < 3; i++) {
		int64_t n = in_doubt(c, i);

		if (states[i])
			found(c, n, states[i]);
		else
			said(c, n, "NOT_FOUND");
		answers(c);
		life_is(c, n, ZTP_STATE_FAILED);
		/* The candidate ends, so that it stays so. */
		life_owes(c, n, ZTP_OWED_RELEASE, 0, LIFE_NEVER);
		life_result(c, life_id(c, n), "failed");
		assert_string_equal(life_member(c, "message"),
				    "the gate did not answer createDevice, 4 "
				    "times in a row, and has not created the "
				    "device");
		assert_string_equal(life_member(c, "decision.topic"),
				    "ztp.decisions");
		assert_int_equal(
			c->b.core.tally.commands[TALLY_COMMAND_GIVEN_UP],
			i + 1);
	}
}

/* It is asked again, and not told to create it once more. */
static void it_does_not_know_now(void **state)
{
	static const char *const codes[] = {"UNAVAILABLE", "PERMISSION_DENIED",
					    "INTERNAL", ""};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		int64_t n = in_doubt(c, (int)i);
		struct store_request r;

		said(c, n, codes[i]);
		answers(c);
		life_is(c, n, ZTP_STATE_APPROVED);
		r = life_row(c, n);
		assert_int_equal(r.owed.what, ZTP_OWED_REGISTER);
		assert_true(ztp_obligation_hopeless(&r.owed));
		assert_true(r.owed.retry_at > LIFE_NOW);
		assert_int_equal(r.owed.due_at, LIFE_NOW + 5 * LIFE_MIN);
	}
	life_no_record(c, STORE_RESULTS);
}

/* --- it says nothing */

static void doubt_has_an_end(void **state)
{
	struct life_case *c = *state;
	int64_t n = in_doubt(c, 1), passed;

	for (passed = 0; passed < 5 * LIFE_MIN; passed += 1000) {
		life_is(c, n, ZTP_STATE_APPROVED);
		if (life_row(c, n).owed.retry_at <= c->b.core.now)
			silence(c, n);
		life_due(c);
		life_pass(c, 1000);
	}
	life_due(c);
	life_is(c, n, ZTP_STATE_FAILED);
	life_result(c, life_id(c, n), "failed");
	assert_string_equal(life_member(c, "message"),
			    "the gate did not answer createDevice, 4 times in "
			    "a row, nor whether the device exists");
	life_why(c, n,
		 "the gate did not answer createDevice, 4 times in a row, nor "
		 "whether the device exists");
	life_owes(c, n, ZTP_OWED_RELEASE, 0, LIFE_NEVER);
}

/* No time passes while it cannot be asked. */
static void doubt_waits_for_the_broker(void **state)
{
	struct life_case *c = *state;
	int64_t n = in_doubt(c, 1), from = life_row(c, n).owed.retry_at;

	life_pass(c, 5 * LIFE_MIN);
	life_due(c);
	life_is(c, n, ZTP_STATE_APPROVED);
	life_owes(c, n, ZTP_OWED_REGISTER, from - c->b.core.now, 30000);
	/* ... but not for ever. */
	while (life_row(c, n).state == ZTP_STATE_APPROVED) {
		assert_in_range(c->b.core.now - from, 0,
				5 * LIFE_MIN + 10 * LIFE_MIN);
		life_pass(c, 30000);
		life_due(c);
	}
	life_is(c, n, ZTP_STATE_FAILED);
}

/* What was never in doubt has no deadline: the gate decides. */
static void an_approval_waits_for_its_gate(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);

	silence(c, n);
	assert_int_equal(life_row(c, n).owed.due_at, 0);
	life_pass(c, 10000 * LIFE_MIN);
	life_due(c);
	life_is(c, n, ZTP_STATE_APPROVED);
}

/* --- a candidate that is to be let go, and would wait for as long as its
 * certificate is valid */

static void a_candidate_is_not_forgotten(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_RELEASE);
	struct store_request r;
	int i;

	for (i = 0; i < 20; i++) {
		silence(c, n);
		life_pass(c, 1000);
		life_due(c);
		r = life_row(c, n);
		assert_int_equal(r.owed.what, ZTP_OWED_RELEASE);
	}
	assert_true(ztp_obligation_hopeless(&r.owed));
	assert_int_equal(r.owed.due_at, LIFE_NOW + 3000 + 5 * LIFE_MIN);
	assert_false(life_logged(c, "command_given_up"));
	/* The gate is away for a while. */
	c->b.core.now = r.owed.due_at;
	r.owed.retry_at = c->b.core.now - 1000;
	life_save(c, &r);
	life_due(c);
	life_owes(c, n, ZTP_OWED_RELEASE, -1000, 30000);
	/* It is asked once more, in vain. */
	silence(c, n);
	life_pass(c, 30000);
	life_due(c);
	life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	assert_true(life_logged(c, "command_given_up"));
	life_is(c, n, ZTP_STATE_REJECTED);
	life_no_record(c, STORE_RESULTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(it_has_created_the_device),
		GATE_TEST(it_has_another_device),
		GATE_TEST(it_has_not_created_it),
		GATE_TEST(it_does_not_know_now),
		GATE_TEST(doubt_has_an_end),
		GATE_TEST(doubt_waits_for_the_broker),
		GATE_TEST(an_approval_waits_for_its_gate),
		GATE_TEST(a_candidate_is_not_forgotten),
	};

	return cmocka_run_group_tests_name("bridge_life_in_doubt", tests, NULL,
					   NULL);
}
