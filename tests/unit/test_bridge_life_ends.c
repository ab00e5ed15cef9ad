/* How a request ends: the move, the result, and whether the device gets a
 * notice. */
#include "life_case.h"

#include "bridge/life/moves.h"

static int finish(struct life_case *c, int64_t n, enum ztp_state to)
{
	struct store_request r = life_row(c, n);

	return move_finish(&c->b, &r, to, "it has ended", NULL, &c->error);
}

/* A state from which a request may end like that. */
static enum ztp_state before(enum ztp_state end)
{
	switch (end) {
	case ZTP_STATE_FAILED:
		return ZTP_STATE_APPROVED;
	case ZTP_STATE_UNDELIVERABLE:
		return ZTP_STATE_REGISTERED;
	case ZTP_STATE_ONBOARDED:
		return ZTP_STATE_DELIVERED;
	default:
		return ZTP_STATE_REQUESTED;
	}
}

/* --- what is owed afterwards */

enum { GATE = 1, QUIET = 2 /* notify_rejected: false */ };

static const struct end {
	enum ztp_state to;
	int with;
	enum ztp_owed owed;
} ends[] = {
	{ZTP_STATE_REJECTED, 0, ZTP_OWED_NOTICE_SEND},
	{ZTP_STATE_REJECTED, QUIET, ZTP_OWED_NONE},
	{ZTP_STATE_REJECTED, GATE, ZTP_OWED_NOTICE_CHECK},
	{ZTP_STATE_REJECTED, GATE | QUIET, ZTP_OWED_RELEASE},
	{ZTP_STATE_EXPIRED, 0, ZTP_OWED_NOTICE_SEND},
	{ZTP_STATE_EXPIRED, QUIET, ZTP_OWED_NONE},
	{ZTP_STATE_EXPIRED, GATE, ZTP_OWED_NOTICE_CHECK},
	{ZTP_STATE_EXPIRED, GATE | QUIET, ZTP_OWED_RELEASE},
	/* Without a gate the winner would get it too. */
	{ZTP_STATE_CONFLICT, 0, ZTP_OWED_NONE},
	{ZTP_STATE_CONFLICT, GATE, ZTP_OWED_NOTICE_CHECK},
	{ZTP_STATE_CONFLICT, GATE | QUIET, ZTP_OWED_RELEASE},
	/* The gate refused, which is not the device's business. */
	{ZTP_STATE_FAILED, 0, ZTP_OWED_NONE},
	{ZTP_STATE_FAILED, GATE, ZTP_OWED_RELEASE},
	/* It may still come, or it has all it needs. */
	{ZTP_STATE_UNDELIVERABLE, 0, ZTP_OWED_WAIT_DEVICE},
	{ZTP_STATE_UNDELIVERABLE, GATE, ZTP_OWED_WAIT_DEVICE},
	{ZTP_STATE_ONBOARDED, 0, ZTP_OWED_NONE},
	{ZTP_STATE_ONBOARDED, GATE, ZTP_OWED_NONE},
};

static void what_is_owed_after_the_end(void **state)
{
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		const struct end *end = &ends[i];
		const char *outcome =
			ztp_outcome_name(ztp_life_outcome(end->to));
		char path[64];
		int64_t n;

		snprintf(path, sizeof(path),
			 "subscriptions/s/registries/r/devices/d%zu", i);
		c->b.registrar = end->with & GATE ? &c->registrar : NULL;
		c->config.onboarding.notify_rejected = !(end->with & QUIET);
		n = life_put(c, path, 1, before(end->to), ZTP_OWED_NONE);
		life_ok(c, finish(c, n, end->to));
		life_is(c, n, end->to);
		if (life_row(c, n).owed.what != end->owed)
			fail_msg("%s with %d owes %s", outcome, end->with,
				 ztp_owed_name(life_row(c, n).owed.what));
		assert_int_equal(life_row(c, n).finished_at, LIFE_NOW);
		life_result(c, life_id(c, n), outcome);
		assert_string_equal(life_member(c, "message"), "it has ended");
		assert_true(life_logged(c, "request_ended"));
	}
}

/* --- a notice that others would get */

static void a_rejection_is_said_where_nobody_else_may_hear_it(void **state)
{
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 2 * LIFE_OTHERS; i++) {
		bool gate = i % 2, safe = life_others[i / 2].free;
		char path[64];
		int64_t n;

		snprintf(path, sizeof(path),
			 "subscriptions/s/registries/r/devices/d%zu", i);
		/* A gate distinguishes the devices of a path. */
		c->b.registrar = gate ? &c->registrar : NULL;
		life_put(c, path, 1, life_others[i / 2].state, ZTP_OWED_NONE);
		n = life_put(c, path, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
		life_ok(c, finish(c, n, ZTP_STATE_EXPIRED));
		if (gate)
			life_owes(c, n, ZTP_OWED_NOTICE_CHECK, 0, 5000);
		else if (safe)
			life_owes(c, n, ZTP_OWED_NOTICE_SEND, 0, 5000);
		else
			life_owes(c, n, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	}
}

/* --- which decision a result names */

static void a_result_names_the_decision_behind_it(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_NONE);
	struct store_request r = life_row(c, n);

	life_ok(c, move_finish_decided(&c->b, &r, ZTP_STATE_FAILED, "why",
				       &c->error));
	life_result(c, "r-1", "failed");
	assert_string_equal(life_member(c, "decision.offset"), "101");
}

/* The timeout's decision has no position, and some requests have no
 * decision. */
static void a_result_may_have_no_decision_behind_it(void **state)
{
	struct store_decision timeout = {.verdict = ZTP_APPROVE,
					 .topic = "not read from anywhere"};
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_NONE);
	int64_t none =
		life_put(c, VALVE, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	struct store_request r = life_row(c, n);

	life_ok(c, store_decision_put(c->b.store, &r, &timeout, &c->error));
	life_ok(c, move_finish_decided(&c->b, &r, ZTP_STATE_FAILED, "why",
				       &c->error));
	life_result(c, "r-1", "failed");
	assert_string_equal(life_member(c, "decision.topic"), "");
	r = life_row(c, none);
	life_ok(c, move_finish_decided(&c->b, &r, ZTP_STATE_CONFLICT, "why",
				       &c->error));
	life_result(c, "r-2", "conflict");
	assert_string_equal(life_member(c, "decision.topic"), "");
}

/* --- illegal moves */

static void an_illegal_move_changes_nothing(void **state)
{
	struct life_case *c = *state;
	int64_t ended =
		life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	struct store_request r = life_row(c, ended);

	life_commit(c);
	assert_int_equal(finish(c, ended, ZTP_STATE_REJECTED),
			 ZTP_ERR_ILLEGAL_MOVE);
	assert_int_equal(move_approve(&c->b, &r, &c->error),
			 ZTP_ERR_ILLEGAL_MOVE);
	assert_int_equal(move_register(&c->b, &r, true, &c->error),
			 ZTP_ERR_ILLEGAL_MOVE);
	assert_int_equal(r.state, ZTP_STATE_ONBOARDED);
	assert_false(store_dirty(c->b.store));
	life_no_record(c, STORE_RESULTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(what_is_owed_after_the_end),
		LIFE_TEST(a_rejection_is_said_where_nobody_else_may_hear_it),
		LIFE_TEST(a_result_names_the_decision_behind_it),
		LIFE_TEST(a_result_may_have_no_decision_behind_it),
		LIFE_TEST(an_illegal_move_changes_nothing),
	};

	return cmocka_run_group_tests_name("bridge_life_ends", tests, NULL,
					   NULL);
}
