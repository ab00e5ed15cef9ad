/* The complete matrix of legal moves and both lists of rules, as tables. */
#include "ztp/life.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/exact.h"

#define COUNT (sizeof(states) / sizeof(*states))

/* Columns and rows of the matrix. */
static const enum ztp_state states[] = {
	ZTP_STATE_NONE,	     ZTP_STATE_RECEIVED,   ZTP_STATE_REQUESTED,
	ZTP_STATE_APPROVED,  ZTP_STATE_REGISTERED, ZTP_STATE_DELIVERED,
	ZTP_STATE_ONBOARDED, ZTP_STATE_REJECTED,   ZTP_STATE_EXPIRED,
	ZTP_STATE_CONFLICT,  ZTP_STATE_FAILED,	   ZTP_STATE_UNDELIVERABLE,
	ZTP_STATE_WITHDRAWN,
};

_Static_assert(COUNT == ZTP_STATE_END, "a state has no row in the matrix");

/* clang-format off */
static const char *const matrix[] = {
	/*  to:         n r q a g d o j e c f u w */
	/* none */          ". x . . . . . . . . . . .",
	/* received */      ". . x . . . . . x x . . x",
	/* requested */     ". . . x . . . x x x . . x",
	/* approved */      ". . . . x . . . . x x . x",
	/* registered */    ". . . . . x . . . . . x .",
	/* delivered */     ". . . . . . x . . . . x .",
	/* onboarded */     ". . . . . . . . . . . . .",
	/* rejected */      ". . . . . . . . . . . . .",
	/* expired */       ". . . . . . . . . . . . .",
	/* conflict */      ". . . . . . . . . . . . .",
	/* failed */        ". . . . . . . . . . . . .",
	/* undeliverable */ ". . . . . x . . . . . . .",
	/* withdrawn */     ". . . . . . . . . . . . .",
};
/* clang-format on */

static void every_move(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < COUNT; j++) {
			bool legal = matrix[i][2 * j] == 'x';
			enum ztp_state at = states[i];
			struct ztp_error error = {.code = ZTP_OK};
			int rc = ztp_life_move(&at, states[j], &error);

			exact_code(matrix[i], rc,
				   legal ? 0 : ZTP_ERR_ILLEGAL_MOVE);
			assert_int_equal(at, legal ? states[j] : states[i]);
			assert_int_equal(error.code, rc);
		}
}

static void numbers_that_are_no_states(void **state)
{
	static const int wild[] = {-1, ZTP_STATE_END, 32, 33, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(wild) / sizeof(*wild); i++) {
		enum ztp_state at = (enum ztp_state)wild[i];

		assert_int_equal(ztp_life_move(&at, ZTP_STATE_REQUESTED, NULL),
				 ZTP_ERR_ILLEGAL_MOVE);
		assert_int_equal((int)at, wild[i]);
		at = ZTP_STATE_RECEIVED;
		assert_int_equal(
			ztp_life_move(&at, (enum ztp_state)wild[i], NULL),
			ZTP_ERR_ILLEGAL_MOVE);
		assert_int_equal(at, ZTP_STATE_RECEIVED);
		assert_string_equal(ztp_state_name((enum ztp_state)wild[i]),
				    "none");
	}
}

static void names_and_numbers_are_stable(void **state)
{
	static const char *const names[] = {
		"none",	      "received",  "requested", "approved",
		"registered", "delivered", "onboarded", "rejected",
		"expired",    "conflict",  "failed",	"undeliverable",
		"withdrawn",
	};
	enum ztp_state parsed;

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(states[i], i);
		assert_string_equal(ztp_state_name(states[i]), names[i]);
		assert_int_equal(ztp_state_parse(&parsed, names[i]), i > 0);
		if (i > 0)
			assert_int_equal(parsed, states[i]);
	}
	assert_false(ztp_state_parse(&parsed, "Approved"));
	assert_false(ztp_state_parse(&parsed, ""));
}

static void ends_and_their_outcomes(void **state)
{
	static const struct {
		enum ztp_state at;
		enum ztp_outcome outcome;
	} ends[] = {
		{ZTP_STATE_ONBOARDED, ZTP_OUTCOME_ONBOARDED},
		{ZTP_STATE_REJECTED, ZTP_OUTCOME_REJECTED},
		{ZTP_STATE_EXPIRED, ZTP_OUTCOME_EXPIRED},
		{ZTP_STATE_CONFLICT, ZTP_OUTCOME_CONFLICT},
		{ZTP_STATE_FAILED, ZTP_OUTCOME_FAILED},
		{ZTP_STATE_UNDELIVERABLE, ZTP_OUTCOME_UNDELIVERABLE},
		{ZTP_STATE_WITHDRAWN, ZTP_OUTCOME_WITHDRAWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		assert_true(ztp_state_finished(ends[i].at));
		assert_int_equal(ztp_state_in_vain(ends[i].at),
				 ends[i].at != ZTP_STATE_ONBOARDED &&
					 ends[i].at != ZTP_STATE_UNDELIVERABLE);
		assert_int_equal(ztp_life_outcome(ends[i].at), ends[i].outcome);
	}
	for (int i = ZTP_STATE_NONE; i <= ZTP_STATE_DELIVERED; i++) {
		assert_false(ztp_state_finished((enum ztp_state)i));
		assert_int_equal(ztp_life_outcome((enum ztp_state)i),
				 ZTP_OUTCOME_COUNT);
		assert_int_equal(ztp_state_undecided((enum ztp_state)i),
				 i == ZTP_STATE_RECEIVED ||
					 i == ZTP_STATE_REQUESTED);
	}
}

/* --- pending events. now is 1000, the interval 100, the cool-down 200. */

enum { GATE = 1, SAME_ID = 2, TAKEN = 4, LATE = 8, TWIN = 16 };

struct pending_line {
	const char *what;
	int flags;
	enum ztp_state state;
	int64_t ago; /* since announced or finished */
	int live;
	enum ztp_on_pending want;
};

#define P(what, flags, state, ago, live, want)                                 \
	{                                                                      \
		what, flags, ZTP_STATE_##state, ago, live, ZTP_PENDING_##want  \
	}

/* clang-format off */
static const struct pending_line pending_lines[] = {
	P("first of its path", 0, NONE, 0, 0, NEW),
	P("first of its path, gate", GATE, NONE, 0, 0, NEW),
	P("eighth contender", 0, NONE, 0, 7, NEW),
	P("ninth contender", 0, NONE, 0, 8, TOO_MANY),
	P("ninth contender, gate", GATE, NONE, 0, 8, TOO_MANY),
	P("ninth, but live already", 0, REQUESTED, 0, 9, MERGE),
	P("another certificate won", TAKEN, NONE, 0, 0, CONFLICT),
	P("another won, and full", TAKEN, NONE, 0, 8, CONFLICT),
	P("another won: the gate's to say", GATE | TAKEN, NONE, 0, 0, NEW),
	P("late", LATE, NONE, 0, 0, EXPIRED),
	P("late, gate", GATE | LATE, NONE, 0, 0, EXPIRED),
	P("late, another won", LATE | TAKEN, NONE, 0, 0, EXPIRED),
	P("late, and full", LATE, NONE, 0, 8, EXPIRED),
	/* live */
	P("not announced yet", 0, RECEIVED, 500, 1, MERGE),
	P("announced just now", 0, REQUESTED, 99, 1, MERGE),
	P("announced long ago", 0, REQUESTED, 100, 1, REANNOUNCE),
	P("announced long ago, gate", GATE, REQUESTED, 100, 1, REANNOUNCE),
	P("the same offer again", GATE | SAME_ID, REQUESTED, 500, 1,
	  REANNOUNCE),
	P("clock went back", 0, REQUESTED, -500, 1, MERGE),
	P("late but live", LATE, REQUESTED, 500, 1, MERGE),
	P("late but live, received", LATE, RECEIVED, 0, 1, MERGE),
	P("approved", 0, APPROVED, 500, 1, MERGE),
	P("registered", 0, REGISTERED, 500, 1, MERGE),
	P("delivered", 0, DELIVERED, 500, 1, MERGE),
	P("approved, gate", GATE, APPROVED, 500, 1, MERGE),
	P("registered, gate, same id", GATE | SAME_ID, REGISTERED, 500, 1,
	  MERGE),
	P("registered, gate", GATE, REGISTERED, 500, 1, DOUBT),
	P("registered, gate, late", GATE | LATE, REGISTERED, 500, 1, DOUBT),
	P("delivered, gate", GATE, DELIVERED, 500, 1, DOUBT),
	P("delivered, gate, same id", GATE | SAME_ID, DELIVERED, 500, 1,
	  MERGE),
	P("approved, late", LATE, APPROVED, 500, 1, MERGE),
	/* rejected */
	P("cooling down", 0, REJECTED, 199, 0, COOLDOWN),
	P("cooling down, gate", GATE, REJECTED, 199, 0, COOLDOWN),
	P("cooling down, same id", GATE | SAME_ID, REJECTED, 0, 0, COOLDOWN),
	P("cooling down, late", LATE, REJECTED, 0, 0, COOLDOWN),
	P("cooling down, another won", TAKEN, REJECTED, 0, 0, COOLDOWN),
	P("cooling down, clock went back", 0, REJECTED, -500, 0, COOLDOWN),
	P("its twin is cooling down", TWIN, NONE, 199, 0, COOLDOWN),
	P("its twin is cooling down, gate", GATE | TWIN, NONE, 199, 0,
	  COOLDOWN),
	P("its twin has cooled down", TWIN, NONE, 200, 0, NEW),
	P("its twin is cooling down, live", TWIN, RECEIVED, 0, 1, MERGE),
	P("its twin was rejected later", TWIN, EXPIRED, 0, 0, COOLDOWN),
	P("approved, its twin is cooling down", TWIN, ONBOARDED, 0, 0,
	  REDELIVER),
	P("not reached, its twin is cooling down", TWIN, UNDELIVERABLE, 0, 0,
	  REDELIVER),
	P("gone at the gate, its twin is cooling down", GATE | TWIN, ONBOARDED,
	  0, 0, COOLDOWN),
	P("cooled down", 0, REJECTED, 200, 0, NEW),
	P("cooled down, gate", GATE, REJECTED, 200, 0, NEW),
	P("cooled down, same id", SAME_ID, REJECTED, 200, 0, NEW),
	P("cooled down, gate, same id", GATE | SAME_ID, REJECTED, 200, 0,
	  MERGE),
	P("cooled down, another won", TAKEN, REJECTED, 200, 0, CONFLICT),
	P("cooled down, late", LATE, REJECTED, 200, 0, EXPIRED),
	P("cooled down, full", 0, REJECTED, 200, 8, TOO_MANY),
	/* expired */
	P("expired", 0, EXPIRED, 1, 0, NEW),
	P("expired, gate", GATE, EXPIRED, 1, 0, NEW),
	P("expired, gate, same id", GATE | SAME_ID, EXPIRED, 1, 0, MERGE),
	P("expired, late", LATE, EXPIRED, 1, 0, EXPIRED),
	P("expired, the late one again", LATE | SAME_ID, EXPIRED, 1, 0, MERGE),
	P("expired, another won", TAKEN, EXPIRED, 1, 0, CONFLICT),
	/* conflict and failed */
	P("lost before", TAKEN, CONFLICT, 1, 0, CONFLICT),
	P("lost, but the winner is gone", 0, CONFLICT, 1, 0, NEW),
	P("lost, gate", GATE, CONFLICT, 1, 0, NEW),
	P("lost, gate, same id", GATE | SAME_ID, CONFLICT, 1, 0, MERGE),
	P("failed", 0, FAILED, 1, 0, NEW),
	P("failed, gate", GATE, FAILED, 1, 0, NEW),
	P("failed, gate, same id", GATE | SAME_ID, FAILED, 1, 0, MERGE),
	P("failed, late", LATE, FAILED, 1, 0, EXPIRED),
	/* approved for good */
	P("onboarded", 0, ONBOARDED, 1, 0, REDELIVER),
	P("onboarded, same id", SAME_ID, ONBOARDED, 1, 0, REDELIVER),
	P("onboarded, late", LATE, ONBOARDED, 1, 0, REDELIVER),
	P("onboarded, contenders", 0, ONBOARDED, 1, 8, REDELIVER),
	P("onboarded, gate", GATE, ONBOARDED, 1, 0, NEW),
	P("onboarded, gate, same id", GATE | SAME_ID, ONBOARDED, 1, 0, MERGE),
	P("onboarded, gate, late", GATE | LATE, ONBOARDED, 1, 0, EXPIRED),
	P("undeliverable", 0, UNDELIVERABLE, 1, 0, REDELIVER),
	P("undeliverable, late", LATE, UNDELIVERABLE, 1, 0, REDELIVER),
	P("undeliverable, gate", GATE, UNDELIVERABLE, 1, 0, NEW),
	P("undeliverable, gate, same id", GATE | SAME_ID, UNDELIVERABLE, 1, 0,
	  MERGE),
};
/* clang-format on */

static void on_pending(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pending_lines) / sizeof(*pending_lines);
	     i++) {
		const struct pending_line *line = &pending_lines[i];
		struct ztp_pending_facts facts = {
			.gate = line->flags & GATE,
			.now = 1000,
			.expires_at = line->flags & LATE ? 1000 : 1001,
			.state = line->state,
			.announced_at = 1000 - line->ago,
			.finished_at = 1000 - line->ago,
			.same_id = line->flags & SAME_ID,
			.twin_rejected_at =
				line->flags & TWIN ? 1000 - line->ago : 0,
			.live = line->live,
			.path_taken = line->flags & TAKEN,
			.renotify_interval = 100,
			.reject_cooldown = 200,
		};
		enum ztp_on_pending got = ztp_life_on_pending(&facts);

		if (got != line->want)
			fail_msg("%s: %d, not %d", line->what, (int)got,
				 (int)line->want);
	}
}

/* --- decisions. The request is of path and fingerprint 1; decided ones have
 * an approval with payload {} at topic d, partition 1, offset 7. */

static const char path[] = "subscriptions/a/registries/b/devices/c";
static const char other[] = "subscriptions/a/registries/b/devices/d";

enum {
	DECIDED = 1,  /* by the approval */
	REJECTS = 2,  /* the decision is a rejection */
	PAYLOAD = 4,  /* the decision has another payload */
	ELSE = 8,     /* the decision names another path */
	NO_PATH = 16, /* it names none */
	PRINT = 32,   /* the right fingerprint */
	WRONG = 64,   /* a wrong fingerprint */
	AGAIN = 128,  /* read at the position of the stored one */
	REMARK = 256, /* another reason, message, decided_by */
};

struct decision_line {
	const char *what;
	int flags;
	enum ztp_state state;
	enum ztp_on_decision want;
};

#define D(what, flags, state, want)                                            \
	{                                                                      \
		what, flags, ZTP_STATE_##state, ZTP_DECISION_##want            \
	}

/* clang-format off */
static const struct decision_line decision_lines[] = {
	D("never made", 0, NONE, UNKNOWN),
	D("never made, wrong fingerprint", WRONG, NONE, UNKNOWN),
	D("approve", 0, REQUESTED, APPROVE),
	D("reject", REJECTS, REQUESTED, REJECT),
	D("approve before the announcement is known", 0, RECEIVED, APPROVE),
	D("reject before it", REJECTS, RECEIVED, REJECT),
	D("approve with the fingerprint", PRINT, REQUESTED, APPROVE),
	D("no path", NO_PATH, REQUESTED, APPROVE),
	D("other path", ELSE, REQUESTED, MISMATCH),
	D("wrong fingerprint", WRONG, REQUESTED, MISMATCH),
	D("no path, wrong fingerprint", NO_PATH | WRONG, REQUESTED, MISMATCH),
	D("reject for another path", ELSE | REJECTS, REQUESTED, MISMATCH),
	D("other path, undecided", ELSE, RECEIVED, MISMATCH),
	D("other path, decided", DECIDED | ELSE, ONBOARDED, MISMATCH),
	D("other path, conflict", ELSE, CONFLICT, MISMATCH),
	D("wrong fingerprint, expired", WRONG, EXPIRED, MISMATCH),
	/* the same record again, whatever has become of the request */
	D("again, approved", DECIDED | AGAIN, APPROVED, REDELIVERED),
	D("again, onboarded", DECIDED | AGAIN, ONBOARDED, REDELIVERED),
	D("again, rejected", DECIDED | AGAIN, REJECTED, REDELIVERED),
	D("again, failed", DECIDED | AGAIN, FAILED, REDELIVERED),
	D("again, undeliverable", DECIDED | AGAIN, UNDELIVERABLE, REDELIVERED),
	D("again, conflict", DECIDED | AGAIN, CONFLICT, REDELIVERED),
	D("again, before mismatch", DECIDED | AGAIN | ELSE, APPROVED,
	  REDELIVERED),
	D("that position, but nothing stored", AGAIN, REQUESTED, APPROVE),
	/* decided before */
	D("same, approved", DECIDED, APPROVED, DUPLICATE),
	D("same, registered", DECIDED, REGISTERED, DUPLICATE),
	D("same, delivered", DECIDED, DELIVERED, DUPLICATE),
	D("same, onboarded", DECIDED, ONBOARDED, DUPLICATE),
	D("same, failed", DECIDED, FAILED, DUPLICATE),
	D("same, undeliverable", DECIDED, UNDELIVERABLE, DUPLICATE),
	D("same with other remarks", DECIDED | REMARK, ONBOARDED, DUPLICATE),
	D("same without path", DECIDED | NO_PATH, ONBOARDED, DUPLICATE),
	D("other payload", DECIDED | PAYLOAD, ONBOARDED, ALREADY),
	D("other verdict", DECIDED | REJECTS, APPROVED, ALREADY),
	D("rejected, then approved", DECIDED | REJECTS, REJECTED, ALREADY),
	D("decided by the deadline", 0, APPROVED, ALREADY),
	D("decided by the deadline, reject", REJECTS, ONBOARDED, ALREADY),
	/* ended without the customer */
	D("conflict", 0, CONFLICT, CONFLICT),
	D("conflict, reject", REJECTS, CONFLICT, CONFLICT),
	D("conflict after this approval", DECIDED, CONFLICT, CONFLICT),
	D("conflict after another", DECIDED | PAYLOAD, CONFLICT, CONFLICT),
	D("expired", 0, EXPIRED, EXPIRED),
	D("expired, reject", REJECTS, EXPIRED, EXPIRED),
};
/* clang-format on */

static void make_decision(struct ztp_decision *decision, int flags)
{
	static uint8_t payloads[2][3] = {"{}", "[]"};

	memset(decision, 0, sizeof(*decision));
	if (!(flags & NO_PATH))
		(void)snprintf(decision->path, sizeof(decision->path), "%s",
			       flags & ELSE ? other : path);
	decision->verdict = flags & REJECTS ? ZTP_REJECT : ZTP_APPROVE;
	decision->has_fingerprint = flags & (PRINT | WRONG);
	memset(decision->fingerprint, flags & WRONG ? 2 : 1, ZTP_SHA256_LEN);
	decision->payload.kind = ZTP_PAYLOAD_JSON;
	decision->payload.data = payloads[!!(flags & PAYLOAD)];
	decision->payload.len = 2;
	if (flags & REMARK) {
		memcpy(decision->reason, "because", sizeof("because"));
		memcpy(decision->message, "because", sizeof("because"));
		memcpy(decision->decided_by, "somebody", sizeof("somebody"));
	}
}

static void on_decision(void **state)
{
	static uint8_t fingerprint[ZTP_SHA256_LEN];
	char topic[] = "d";

	(void)state;
	memset(fingerprint, 1, sizeof(fingerprint));
	for (size_t i = 0; i < sizeof(decision_lines) / sizeof(*decision_lines);
	     i++) {
		const struct decision_line *line = &decision_lines[i];
		struct ztp_position position = {"d", 1,
						line->flags & AGAIN ? 7 : 8};
		struct ztp_held held = {.state = line->state,
					.path = path,
					.fingerprint = fingerprint,
					.decided = line->flags & DECIDED};
		struct ztp_decision first, decision;
		enum ztp_on_decision got;

		make_decision(&first, 0);
		if (held.decided) {
			ztp_decision_digest(held.digest, &first);
			held.position = (struct ztp_position){topic, 1, 7};
		}
		make_decision(&decision, line->flags);
		got = ztp_life_on_decision(&held, &decision, &position);
		if (got != line->want)
			fail_msg("%s: %d, not %d", line->what, (int)got,
				 (int)line->want);
	}
}

/* A store of an older version has the digest of the text as it was written. */
static void an_older_digest_is_the_same(void **state)
{
	static const uint8_t fingerprint[ZTP_SHA256_LEN];
	static uint8_t text[] = "{\"b\": 1, \"a\": 2}";
	struct ztp_held held = {.state = ZTP_STATE_APPROVED,
				.path = path,
				.fingerprint = fingerprint,
				.decided = true,
				.position = {"d", 1, 7}};
	struct ztp_position position = {"d", 1, 8};
	struct ztp_decision decision;

	(void)state;
	make_decision(&decision, 0);
	decision.payload.kind = ZTP_PAYLOAD_JSON;
	decision.payload.data = text;
	decision.payload.len = sizeof(text) - 1;
	ztp_decision_digest_written(held.digest, &decision);
	assert_int_equal(ztp_life_on_decision(&held, &decision, &position),
			 ZTP_DECISION_DUPLICATE);
	ztp_decision_digest(held.digest, &decision);
	assert_int_equal(ztp_life_on_decision(&held, &decision, &position),
			 ZTP_DECISION_DUPLICATE);
	held.digest[0] ^= 1;
	assert_int_equal(ztp_life_on_decision(&held, &decision, &position),
			 ZTP_DECISION_ALREADY);
}

static void only_the_whole_position_is_the_same(void **state)
{
	static const struct ztp_position others[] = {
		{"d", 1, 8}, {"d", 2, 7}, {"e", 1, 7}, {NULL, 1, 7}};
	static const uint8_t fingerprint[ZTP_SHA256_LEN];
	struct ztp_held held = {.state = ZTP_STATE_APPROVED,
				.path = path,
				.fingerprint = fingerprint,
				.decided = true,
				.position = {"d", 1, 7}};
	struct ztp_decision decision;

	(void)state;
	make_decision(&decision, 0);
	ztp_decision_digest(held.digest, &decision);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(
			ztp_life_on_decision(&held, &decision, &others[i]),
			ZTP_DECISION_DUPLICATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_move),
		cmocka_unit_test(numbers_that_are_no_states),
		cmocka_unit_test(names_and_numbers_are_stable),
		cmocka_unit_test(ends_and_their_outcomes),
		cmocka_unit_test(on_pending),
		cmocka_unit_test(on_decision),
		cmocka_unit_test(an_older_digest_is_the_same),
		cmocka_unit_test(only_the_whole_position_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
