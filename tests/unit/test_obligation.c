/* Obligations: every event in every state, as matrices, and then the numbers
 * that change with the state. */
#include "ztp/obligation.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/exact.h"

#define NOW	   1000000
#define SOME_RETRY (NOW - 7)
#define SOME_DUE   (NOW + 70)
#define DEADLINE   (NOW + 500)
#define NOT_BEFORE (NOW + 900)
#define TIMEOUT	   86400000

/* Columns of the matrices, and their letters. */
static const enum ztp_owed states[] = {
	ZTP_OWED_NONE,	      ZTP_OWED_REGISTER,     ZTP_OWED_WAIT_DEVICE,
	ZTP_OWED_SEND,	      ZTP_OWED_NOTICE_CHECK, ZTP_OWED_NOTICE_WAIT,
	ZTP_OWED_NOTICE_SEND, ZTP_OWED_RELEASE,
};
static const char letters[] = "-gwscntr";

#define COUNT (sizeof(states) / sizeof(*states))

_Static_assert(sizeof(letters) == COUNT + 1, "a letter for each state");
_Static_assert(ZTP_OWED_END == COUNT, "a column for each state");

/* A state as it is stored, with a retry time if it has to be tried. */
static struct ztp_obligation in_state(enum ztp_owed what, int tries)
{
	bool waits = what == ZTP_OWED_NONE || what == ZTP_OWED_WAIT_DEVICE ||
		     what == ZTP_OWED_NOTICE_WAIT;

	return (struct ztp_obligation){
		.what = what,
		.tries = tries,
		.retry_at = waits ? 0 : SOME_RETRY,
		.due_at = SOME_DUE,
	};
}

static char letter_of(enum ztp_owed what)
{
	for (size_t i = 0; i < COUNT; i++)
		if (states[i] == what)
			return letters[i];
	return '?';
}

struct matrix_line {
	enum ztp_owed_event event;
	const char *name, *to; /* '.': nothing changes */
};

#define L(event, to)                                                           \
	{                                                                      \
		ZTP_ON_##event, #event, to                                     \
	}

static void expect_matrix(const struct matrix_line *lines, size_t count,
			  int tries, struct ztp_owed_facts facts)
{
	facts.now = NOW;
	facts.deadline = DEADLINE;
	facts.not_before = NOT_BEFORE;
	facts.delivery_timeout = TIMEOUT;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < COUNT; j++) {
			struct ztp_obligation before =
				in_state(states[j], tries);
			struct ztp_obligation after = before;
			bool changed = ztp_obligation_change(
				&after, lines[i].event, &facts);
			char got = changed ? letter_of(after.what) : '.';

			if (got != lines[i].to[2 * j])
				fail_msg("%s in %s: %c instead of %c",
					 lines[i].name,
					 ztp_owed_name(states[j]), got,
					 lines[i].to[2 * j]);
			if (!changed)
				assert_memory_equal(&before, &after,
						    sizeof(after));
			/* States that wait have no retry time; all others
			 * have one. */
			assert_int_equal(after.retry_at == 0,
					 in_state(after.what, 0).retry_at == 0);
		}
}

/* clang-format off */
/* A gate; the device is away. */
static const struct matrix_line gate_away[] = {
	/* in:                 - g w s c n t r */
	L(RECEIVED,           "- . . . . . . ."),
	L(APPROVED,           "g . . . . . . ."),
	L(CREATED,            ". w . . . . . ."),
	L(ENDED,              "r r r r r r r r"),
	L(DONE,               "- - - - - - - -"),
	L(GIVEN_UP,           "w w w w w w w w"),
	L(PUBACK,             ". . - - r r r ."),
	L(NO_SUBSCRIBER,      ". . . w r r r ."),
	L(REFUSED,            ". . . s r r r ."),
	L(LOST,               ". g w s c n t r"),
	L(DEADLINE,           "- g w w r r r r"),
	L(SUBSCRIBED,         ". . s . . . . ."),
	L(HELD_SUBSCRIBED,    ". . . . . c . ."),
	L(HELD,               ". . . . n n n ."),
	L(NOT_HELD,           ". . . . r r r ."),
	L(RETURNED,           "s . . . . . . ."),
	L(KNOCKED,            ". . . . . . . ."),
	L(KEEP_AWAY,          "r . . . . . . ."),
	L(RELEASED,           ". . . . . . . -"),
	L(DENIED,             ". g . . c . . r"),
	L(UNAVAILABLE,        ". g . . c . . r"),
	L(CONNECTION_LOST,    ". . . w . . c ."),
	L(GONE,               "- - - - - - - -"),
};

/* What differs when the device is there, gets a notice, and must answer. */
static const struct matrix_line gate_there[] = {
	/* in:                 - g w s c n t r */
	L(APPROVED,           "g . . . . . . ."),
	L(CREATED,            ". s . . . . . ."),
	L(ENDED,              "c c c c c c c c"),
	L(PUBACK,             ". . w w r r r ."),
	L(NO_SUBSCRIBER,      ". . . w r r r ."),
	L(REFUSED,            ". . . s r r r ."),
	L(HELD,               ". . . . t t t ."),
};

/* Without a gate we do not hear which devices are there. */
static const struct matrix_line alone[] = {
	/* in:                 - g w s c n t r */
	L(RECEIVED,           "- . . . . . . ."),
	L(APPROVED,           "s . . . . . . ."),
	L(ENDED,              "- - - - - - - -"),
	L(DONE,               "- - - - - - - -"),
	L(GIVEN_UP,           "w w w w w w w w"),
	L(PUBACK,             ". . - - - - - ."),
	L(NO_SUBSCRIBER,      ". . . s - - - ."),
	L(REFUSED,            ". . . s - - - ."),
	L(LOST,               ". g w s c n t r"),
	L(DEADLINE,           "- g w w - - - r"),
	L(AGAIN,              "s . s . . . . ."), /* it is on its way */
	L(KNOCKED,            ". . s . . . . ."), /* likewise */
	L(GONE,               "- - - - - - - -"),
};

static const struct matrix_line alone_told[] = {
	/* in:                 - g w s c n t r */
	L(ENDED,              "t t t t t t t t"),
	L(PUBACK,             ". . s s - - - ."),
};

/* The same after two tries. */
static const struct matrix_line alone_tried[] = {
	/* in:                 - g w s c n t r */
	L(AGAIN,              "s . s s . . . ."),
	L(KNOCKED,            ". . s s . . . ."),
};

/* One try is enough if the broker said that it took the command, but the device
 * has not answered: it may have subscribed since. */
static const struct matrix_line alone_unanswered[] = {
	/* in:                 - g w s c n t r */
	L(KNOCKED,            ". . s s . . . ."),
};

/* A notice or a command still in our own queue: never tried, and tried. */
static const struct matrix_line queued[] = {
	/* in:                 - g w s c n t r */
	L(DEADLINE,           "- g w s c r t r"),
};
static const struct matrix_line queued_tried[] = {
	/* in:                 - g w s c n t r */
	L(DEADLINE,           "- g w s r r r r"),
};
/* clang-format on */

#define EXPECT(lines, tries, ...)                                              \
	expect_matrix(lines, sizeof(lines) / sizeof(*(lines)), tries,          \
		      (struct ztp_owed_facts){__VA_ARGS__})

static void every_event_in_every_state(void **state)
{
	(void)state;
	EXPECT(gate_away, 0, .gate = true);
	EXPECT(gate_away, 5, .gate = true);
	EXPECT(gate_there, 0, .gate = true, .there = true, .notify = true,
	       .answers = true);
	EXPECT(alone, 0, .gate = false);
	EXPECT(alone_told, 0, .notify = true, .answers = true);
	EXPECT(alone_tried, 2, .gate = false);
	EXPECT(alone_unanswered, 1, .answers = true);
	EXPECT(queued, 0, .gate = true, .queued = true);
	EXPECT(queued_tried, 1, .gate = true, .queued = true);
}

/* An event in no matrix would be one that nobody has thought about. */
static void every_event_is_in_a_matrix(void **state)
{
	bool seen[ZTP_ON_END] = {false};

	(void)state;
	for (size_t i = 0; i < sizeof(gate_away) / sizeof(*gate_away); i++)
		seen[gate_away[i].event] = true;
	for (size_t i = 0; i < sizeof(alone) / sizeof(*alone); i++)
		seen[alone[i].event] = true;
	for (size_t i = 0; i < ZTP_ON_END; i++)
		assert_true(seen[i]);
}

/* --- the numbers */

#define GATE	  1
#define TOLD	  2 /* there, told, answering, queued: what the event asks for */
#define KEPT	  (-1)
#define AFTER(ms) (NOW + (ms))

struct number_line {
	const char *what;
	int flags;
	enum ztp_owed from;
	int tries;
	enum ztp_owed_event event;
	int want_tries;
	int64_t want_retry, want_due;
};

#define N(what, flags, from, tries, event, want_tries, want_retry, want_due)   \
	{                                                                      \
		what, flags, ZTP_OWED_##from, tries, ZTP_ON_##event,           \
			want_tries, want_retry, want_due                       \
	}

/* The random number is 0, so a pause is 3/4 of its nominal length. */
/* clang-format off */
static const struct number_line number_lines[] = {
	N("a request's deadline is the decision's", 0, NONE, 0, RECEIVED,
	  0, 0, DEADLINE),
	/* The gate's answer has no deadline. */
	N("approved, gate", GATE, NONE, 0, APPROVED, 0, NOW, 0),
	N("approved, behind those who lost", GATE | TOLD, NONE, 0, APPROVED,
	  0, AFTER(1), 0),
	N("approved", 0, NONE, 0, APPROVED, 0, NOW, AFTER(TIMEOUT)),
	N("created, away", GATE, REGISTER, 4, CREATED, 0, 0, AFTER(TIMEOUT)),
	N("created, there", GATE | TOLD, REGISTER, 4, CREATED,
	  0, NOW, AFTER(TIMEOUT)),
	/* the end */
	N("ended, told", TOLD, NONE, 3, ENDED, 0, NOW, AFTER(5000)),
	N("ended, told, gate", GATE | TOLD, REGISTER, 3, ENDED,
	  0, NOW, AFTER(5000)),
	N("ended, gate", GATE, NONE, 3, ENDED, 0, NOW, 0),
	N("ended", 0, NONE, 3, ENDED, 0, 0, 0),
	N("done", 0, SEND, 3, DONE, 3, 0, 0),
	N("given up", 0, SEND, 3, GIVEN_UP, 3, 0, 0),
	/* a publish */
	N("nobody there", 0, SEND, 0, NO_SUBSCRIBER, 1, AFTER(188), KEPT),
	N("nobody there, twice", 0, SEND, 1, NO_SUBSCRIBER,
	  2, AFTER(375), KEPT),
	N("nobody there, gate", GATE, SEND, 1, NO_SUBSCRIBER, 2, 0, KEPT),
	N("refused", 0, SEND, 2, REFUSED, 3, AFTER(750), KEPT),
	N("refused, gate", GATE, SEND, 2, REFUSED, 3, AFTER(750), KEPT),
	N("time to answer", TOLD, SEND, 0, PUBACK, 1, AFTER(5000), KEPT),
	N("more time to answer", TOLD, SEND, 14, PUBACK,
	  15, AFTER(225000), KEPT),
	N("time to answer, gate", GATE | TOLD, SEND, 0, PUBACK, 1, 0, KEPT),
	N("notice told", 0, NOTICE_SEND, 0, PUBACK, 0, 0, 0),
	N("notice told, gate", GATE, NOTICE_SEND, 1, PUBACK, 0, NOW, 0),
	/* the deadline */
	N("notice in the queue", TOLD, NOTICE_SEND, 0, DEADLINE,
	  0, KEPT, AFTER(30000)),
	N("command in the queue", TOLD, SEND, 3, DEADLINE,
	  3, KEPT, AFTER(30000)),
	N("the gate is away", GATE | TOLD, REGISTER, 3, DEADLINE,
	  3, KEPT, AFTER(30000)),
	N("notice too late, gate", GATE, NOTICE_CHECK, 0, DEADLINE,
	  0, NOW, 0),
	N("notice too late", 0, NOTICE_SEND, 0, DEADLINE, 0, 0, 0),
	N("command too late", 0, SEND, 3, DEADLINE, 3, 0, 0),
	N("nothing is too late", 0, RELEASE, 3, DEADLINE, 3, KEPT, 0),
	/* what the gate says */
	N("it is there", GATE, WAIT_DEVICE, 3, SUBSCRIBED, 0, NOW, KEPT),
	/* A repeated delivery shares the retry rate. */
	N("it is there again", GATE | TOLD, WAIT_DEVICE, 3, SUBSCRIBED,
	  1, NOW, KEPT),
	N("the held one is there", GATE, NOTICE_WAIT, 0, HELD_SUBSCRIBED,
	  0, NOW, KEPT),
	/* Asking the gate counts as a try: it shares the retry rate. */
	N("held and there", GATE | TOLD, NOTICE_CHECK, 0, HELD,
	  1, NOW, AFTER(5000)),
	N("held and away", GATE, NOTICE_CHECK, 0, HELD, 0, 0, AFTER(5000)),
	N("not held", GATE, NOTICE_CHECK, 0, NOT_HELD, 0, NOW, 0),
	N("released", GATE, RELEASE, 2, RELEASED, 2, 0, 0),
	N("denied", GATE, REGISTER, 2, DENIED, 3, AFTER(5000), KEPT),
	N("unavailable", GATE, REGISTER, 2, UNAVAILABLE, 3, AFTER(750), KEPT),
	N("unavailable, for long", GATE, RELEASE, 20, UNAVAILABLE,
	  21, AFTER(22500), KEPT),
	N("unavailable, asked about", GATE, NOTICE_CHECK, 0, UNAVAILABLE,
	  0, AFTER(5000), KEPT),
	N("denied, asked about", GATE, NOTICE_CHECK, 0, DENIED,
	  0, AFTER(5000), KEPT),
	N("lost: command", GATE, SEND, 3, CONNECTION_LOST, 0, 0, KEPT),
	N("lost: notice", GATE, NOTICE_SEND, 1, CONNECTION_LOST,
	  0, KEPT, KEPT),
	N("gone", GATE, SEND, 3, GONE, 3, 0, 0),
	/* the device comes again */
	N("again after the end", 0, NONE, 3, AGAIN, 0, NOW, AFTER(TIMEOUT)),
	N("again while tried", 0, SEND, 1, AGAIN, 0, NOW, AFTER(TIMEOUT)),
	N("returned", GATE, NONE, 0, RETURNED, 1, NOT_BEFORE, AFTER(TIMEOUT)),
	N("knocked, unanswered", TOLD, SEND, 1, KNOCKED, 1, NOW, KEPT),
	N("knocked", 0, SEND, 9, KNOCKED, 1, NOW, KEPT),
	N("too early", GATE, NONE, 3, KEEP_AWAY, 0, NOW, KEPT),
};
/* clang-format on */

static void every_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(number_lines) / sizeof(*number_lines);
	     i++) {
		const struct number_line *line = &number_lines[i];
		bool gate = line->flags & GATE, told = line->flags & TOLD;
		struct ztp_owed_facts facts = {
			.gate = gate,
			.there = told,
			.notify = told,
			.answers = told,
			.queued = told,
			.repeated = told,
			.behind = told,
			.now = NOW,
			.not_before = NOT_BEFORE,
			.deadline = DEADLINE,
			.delivery_timeout = TIMEOUT,
		};
		struct ztp_obligation o = in_state(line->from, line->tries);
		struct ztp_obligation before = o;

		assert_true(ztp_obligation_change(&o, line->event, &facts));
		exact_code(line->what, o.tries, line->want_tries);
		exact_code(line->what, (int)o.retry_at,
			   (int)(line->want_retry == KEPT ? before.retry_at
							  : line->want_retry));
		exact_code(line->what, (int)o.due_at,
			   (int)(line->want_due == KEPT ? before.due_at
							: line->want_due));
	}
}

/* Waiting for an answer sets a deadline if there is none, and keeps one that is
 * there. */
static void an_awaited_answer_has_a_deadline(void **state)
{
	struct ztp_owed_facts facts = {
		.answers = true, .now = NOW, .delivery_timeout = TIMEOUT};
	struct ztp_obligation o = {.what = ZTP_OWED_SEND, .retry_at = NOW};

	(void)state;
	assert_true(ztp_obligation_change(&o, ZTP_ON_PUBACK, &facts));
	assert_int_equal(o.due_at, NOW + TIMEOUT);
	o.due_at = NOW + 1;
	assert_true(ztp_obligation_change(&o, ZTP_ON_PUBACK, &facts));
	assert_int_equal(o.due_at, NOW + 1);
}

static void numbers_that_are_no_states(void **state)
{
	static const int wild[] = {-1, ZTP_OWED_END, 32, 1000};
	struct ztp_owed_facts facts = {.gate = true, .now = NOW};

	(void)state;
	for (size_t i = 0; i < sizeof(wild) / sizeof(*wild); i++) {
		struct ztp_obligation o = {.what = (enum ztp_owed)wild[i]};

		for (int event = 0; event < ZTP_ON_END; event++)
			assert_false(ztp_obligation_change(
				&o, (enum ztp_owed_event)event, &facts));
		assert_int_equal((int)o.what, wild[i]);
		assert_string_equal(ztp_owed_name(o.what), "unknown");
		assert_false(ztp_owed_is_command(o.what));
		assert_false(ztp_owed_is_notice(o.what));
	}
}

static void commands_and_notices(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(ztp_owed_is_command(states[i]),
				 strchr("ws", letters[i]) != NULL);
		assert_int_equal(ztp_owed_is_notice(states[i]),
				 strchr("cnt", letters[i]) != NULL);
		assert_string_not_equal(ztp_owed_name(states[i]), "unknown");
	}
	assert_string_equal(ztp_owed_name(ZTP_OWED_WAIT_DEVICE), "wait_device");
}

/* They are stored on disk, so they never change. */
static void numbers_stay(void **state)
{
	(void)state;
	assert_int_equal(ZTP_OWED_NONE, 0);
	assert_int_equal(ZTP_OWED_REGISTER, 1);
	assert_int_equal(ZTP_OWED_SEND, 2);
	assert_int_equal(ZTP_OWED_RELEASE, 3);
	assert_int_equal(ZTP_OWED_NOTICE_SEND, 4);
	assert_int_equal(ZTP_OWED_WAIT_DEVICE, 5);
	assert_int_equal(ZTP_OWED_NOTICE_CHECK, 6);
	assert_int_equal(ZTP_OWED_NOTICE_WAIT, 7);
}

/* --- the pauses between tries without a subscriber */

/* The pause without jitter, halfway between its ends at 3/4 and 5/4. */
static int64_t middle(int tries)
{
	int64_t least = INT64_MAX, most = 0;
	uint32_t r;

	for (r = 0; r < 400000; r += 25) {
		int64_t ms = ztp_obligation_backoff(tries, r);

		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	return (least + most + 1) / 2;
}

static void doubles_to_ten_seconds(void **state)
{
	static const int64_t want[] = {250,  500,   1000,  2000,  4000,
				       8000, 10000, 10000, 10000, 10000};
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_in_range(middle(i + 1), want[i] * 98 / 100,
				want[i] * 102 / 100);
}

static void then_to_five_minutes(void **state)
{
	static const int64_t want[] = {20000,  40000,  80000,
				       160000, 300000, 300000};
	int i;

	(void)state;
	for (i = 0; i < 6; i++)
		assert_in_range(middle(i + 11), want[i] * 98 / 100,
				want[i] * 102 / 100);
	assert_in_range(middle(100000), 294000, 306000);
	assert_in_range(middle(INT_MAX), 294000, 306000);
}

static void jitter_has_bounds(void **state)
{
	static const uint32_t randoms[] = {
		0, 1, 124, 125, 126, 0x7fffffff, 0x80000000, 0xffffffff};
	int tries;
	size_t i;

	(void)state;
	for (tries = -1; tries < 30; tries++)
		for (i = 0; i < sizeof(randoms) / sizeof(*randoms); i++) {
			int64_t ms = ztp_obligation_backoff(tries, randoms[i]);

			assert_true(ms >= 187);
			assert_true(ms <= (tries <= 10 ? 12500 : 375000));
		}
	/* Devices that left together are spread over half the pause. */
	assert_int_equal(ztp_obligation_backoff(1, 0), 188);
	assert_int_equal(ztp_obligation_backoff(1, 125), 313);
	assert_int_equal(ztp_obligation_backoff(1, 126), 188);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_in_every_state),
		cmocka_unit_test(every_event_is_in_a_matrix),
		cmocka_unit_test(every_number),
		cmocka_unit_test(an_awaited_answer_has_a_deadline),
		cmocka_unit_test(numbers_that_are_no_states),
		cmocka_unit_test(commands_and_notices),
		cmocka_unit_test(numbers_stay),
		cmocka_unit_test(doubles_to_ten_seconds),
		cmocka_unit_test(then_to_five_minutes),
		cmocka_unit_test(jitter_has_bounds),
	};

	return cmocka_run_group_tests_name("obligation", tests, NULL, NULL);
}
