/* The gate has ended a candidate before it became a device. */
#include "life_case.h"

#include "bridge/life/gate_answers.h"

static void withdraw(struct life_case *c, const char *path, const char *id,
		     const char *why)
{
	const struct journal_entry e = {.kind = ENTRY_WITHDRAWN,
					.path = path,
					.request_id = id,
					.text = why,
					.text_len = strlen(why)};

	life_take(c, &e);
}

static void acknowledged(struct life_case *c, const char *id)
{
	struct registrar *g = &c->registrar;

	assert_true(g->disposed_count > 0);
	assert_string_equal(g->disposed[g->disposed_count - 1], id);
}

static void its_request_ends(void **state)
{
	static const enum ztp_state open[] = {ZTP_STATE_RECEIVED,
					      ZTP_STATE_REQUESTED};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 2; i++) {
		int64_t n = life_put(c, PUMP, (int)i, open[i], ZTP_OWED_NONE);

		withdraw(c, PUMP, life_id(c, n), "ca_removed");
		life_is(c, n, ZTP_STATE_WITHDRAWN);
		/* The gate has ended its session: nobody is to be told. */
		life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
		life_result(c, life_id(c, n), "withdrawn");
		assert_string_equal(life_member(c, "code"), "409");
		assert_string_equal(life_member(c, "status"), "ABORTED");
		assert_string_equal(life_member(c, "message"),
				    "the candidate was withdrawn at the gate: "
				    "ca_removed");
		acknowledged(c, life_id(c, n));
	}
	/* The gate repeats itself until it is acknowledged. */
	withdraw(c, PUMP, "r-1", "ca_removed");
	life_no_record(c, STORE_RESULTS);
	acknowledged(c, "r-1");
}

static void without_a_reason(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	withdraw(c, PUMP, "r-1", "");
	life_result(c, "r-1", "withdrawn");
	assert_string_equal(life_member(c, "message"),
			    "the candidate was withdrawn at the gate");
}

/* Unknown ids are acknowledged, too, or the gate would go on for ever. */
static void who_is_not_concerned(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	withdraw(c, PUMP, "nobody", "ended");
	acknowledged(c, "nobody");
	withdraw(c, VALVE, "r-1", "ended");
	acknowledged(c, "r-1");
	life_is(c, 1, ZTP_STATE_REQUESTED);
	life_no_record(c, STORE_RESULTS);
}

/* The decision came first; the answer to createDevice tells. */
static void what_is_decided_stays_so(void **state)
{
	static const enum ztp_state decided[] = {
		ZTP_STATE_APPROVED,  ZTP_STATE_REGISTERED, ZTP_STATE_DELIVERED,
		ZTP_STATE_ONBOARDED, ZTP_STATE_REJECTED,   ZTP_STATE_EXPIRED};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(decided) / sizeof(*decided); i++) {
		int64_t n =
			life_put(c, PUMP, (int)i, decided[i], ZTP_OWED_NONE);

		withdraw(c, PUMP, life_id(c, n), "ca_removed");
		life_is(c, n, decided[i]);
		life_no_record(c, STORE_RESULTS);
		acknowledged(c, life_id(c, n));
	}
}

static void the_gate_creates_no_device(void **state)
{
	struct life_case *c = *state;
	struct registrar *g = &c->registrar;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	static const char *const said[] = {"its CA was removed", ""};
	static const char *const want[] = {"its CA was removed",
					   "withdrawn at the gate"};
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(g->words[0].code, sizeof(g->words[0].code), "ABORTED");
		snprintf(g->words[0].message, sizeof(g->words[0].message), "%s",
			 said[i]);
		g->answers[0] = (struct registrar_answer){n, REGISTRAR_CREATE,
							  &g->words[0], false};
		g->answer_count = 1;
		life_ok(c, gate_answers_apply(&c->b, &c->error));
		life_is(c, n, ZTP_STATE_WITHDRAWN);
		life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
		life_result(c, life_id(c, n), "withdrawn");
		assert_string_equal(life_member(c, "message"), want[i]);
		assert_string_equal(life_member(c, "decision.topic"),
				    "ztp.decisions");
		n = life_put(c, PUMP, 2, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	}
}

/* Its CA is trusted again: a new candidate, a new request. */
static void it_may_come_again(void **state)
{
	struct life_case *c = *state;

	life_knock_as(c, PUMP, 1, "g-1");
	withdraw(c, PUMP, "g-1", "ended");
	life_result(c, "g-1", "withdrawn");
	life_knock_as(c, PUMP, 1, "g-1"); /* late */
	assert_int_equal(life_newest(c), 1);
	life_knock_as(c, PUMP, 1, "g-2");
	life_is(c, 2, ZTP_STATE_RECEIVED);
	assert_int_equal(life_row(c, 2).attempt, 2);
}

/* Without a gate it is not even subscribed to; an entry may be of before. */
static void without_a_gate_nobody_is_answered(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	withdraw(c, PUMP, "r-1", "ended");
	life_is(c, 1, ZTP_STATE_WITHDRAWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(its_request_ends),
		GATE_TEST(without_a_reason),
		GATE_TEST(who_is_not_concerned),
		GATE_TEST(what_is_decided_stays_so),
		GATE_TEST(the_gate_creates_no_device),
		GATE_TEST(it_may_come_again),
		LIFE_TEST(without_a_gate_nobody_is_answered),
	};

	return cmocka_run_group_tests_name("bridge_life_withdrawn", tests, NULL,
					   NULL);
}
