/* What was tried without an answer: it is suspected, tried apart, and given up
 * in the end. */
#include "ztp/obligation.h"

#include <stdio.h>

#include "tests/unit/exact.h"

#define NOW	1000000
#define TIMEOUT 86400000

static const struct ztp_owed_facts with_gate = {
	.gate = true, .now = NOW, .delivery_timeout = TIMEOUT};
static const struct ztp_owed_facts without = {.now = NOW,
					      .delivery_timeout = TIMEOUT};

static struct ztp_obligation lost(enum ztp_owed what, int losses)
{
	return (struct ztp_obligation){.what = what,
				       .tries = 2,
				       .losses = losses,
				       .retry_at = NOW - 7,
				       .due_at = NOW + 70};
}

static void it_pauses_longer_each_time(void **state)
{
	static const enum ztp_owed sent[] = {
		ZTP_OWED_REGISTER, ZTP_OWED_SEND, ZTP_OWED_RELEASE,
		ZTP_OWED_NOTICE_CHECK, ZTP_OWED_NOTICE_SEND};
	static const int pauses[] = {188, 375, 750}; /* random is 0: 3/4 */
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < sizeof(sent) / sizeof(*sent); i++) {
		struct ztp_obligation o = lost(sent[i], 0);

		assert_false(ztp_obligation_suspect(&o));
		for (n = 0; n < 3; n++) {
			assert_true(ztp_obligation_change(&o, ZTP_ON_LOST,
							  &with_gate));
			assert_int_equal(o.what, sent[i]);
			assert_int_equal(o.losses, n + 1);
			assert_int_equal(o.retry_at, NOW + pauses[n]);
			assert_int_equal(o.due_at, NOW + 70);
			assert_true(ztp_obligation_suspect(&o));
			assert_false(ztp_obligation_hopeless(&o));
		}
		/* Asking the gate about a candidate does not tell it. */
		exact_code("tries", o.tries,
			   sent[i] == ZTP_OWED_NOTICE_CHECK ? 2 : 5);
	}
}

/* ... unless it may be nobody's fault. */
static void what_proves_nothing_is_never_the_last(void **state)
{
	struct ztp_owed_facts facts = without;
	struct ztp_obligation o = lost(ZTP_OWED_NOTICE_SEND, 0);
	int n;

	(void)state;
	facts.unproven = true;
	for (n = 1; n <= 20; n++) {
		assert_true(ztp_obligation_change(&o, ZTP_ON_LOST, &facts));
		assert_int_equal(o.what, ZTP_OWED_NOTICE_SEND);
		assert_int_equal(o.losses, n < ZTP_LOSSES_UNPROVEN
						   ? n
						   : ZTP_LOSSES_UNPROVEN);
		assert_true(o.retry_at > NOW);
	}
	/* One that proves something is not enough, and stays. */
	facts.unproven = false;
	assert_true(ztp_obligation_change(&o, ZTP_ON_LOST, &facts));
	assert_int_equal(o.losses, ZTP_LOSSES_UNPROVEN + 1);
	assert_false(ztp_obligation_hopeless(&o));
	facts.unproven = true;
	assert_true(ztp_obligation_change(&o, ZTP_ON_LOST, &facts));
	assert_int_equal(o.losses, ZTP_LOSSES_UNPROVEN + 1);
}

/* ... but for what the gate is told (below). The bridge ends the requests of the
 * commands. */
static void the_fourth_time_is_the_last(void **state)
{
	static const struct {
		const struct ztp_owed_facts *facts;
		enum ztp_owed from, to;
	} lines[] = {
		{&with_gate, ZTP_OWED_REGISTER, ZTP_OWED_REGISTER},
		{&with_gate, ZTP_OWED_SEND, ZTP_OWED_SEND},
		{&without, ZTP_OWED_SEND, ZTP_OWED_SEND},
		{&with_gate, ZTP_OWED_RELEASE, ZTP_OWED_RELEASE},
		{&with_gate, ZTP_OWED_NOTICE_CHECK, ZTP_OWED_RELEASE},
		{&with_gate, ZTP_OWED_NOTICE_SEND, ZTP_OWED_RELEASE},
		{&without, ZTP_OWED_NOTICE_SEND, ZTP_OWED_NONE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct ztp_obligation o =
			lost(lines[i].from, ZTP_LOSSES_MAX - 1);

		assert_true(
			ztp_obligation_change(&o, ZTP_ON_LOST, lines[i].facts));
		assert_int_equal(o.what, lines[i].to);
		assert_true(ztp_obligation_hopeless(&o));
	}
}

/* It is asked about, or asked for again, for as long as a device has. */
static struct ztp_obligation silent(enum ztp_owed what)
{
	struct ztp_obligation o = lost(what, ZTP_LOSSES_MAX - 2);
	int n;

	o.due_at = 0;
	assert_true(ztp_obligation_change(&o, ZTP_ON_LOST, &with_gate));
	assert_int_equal(o.due_at, 0);
	for (n = 0; n < 20; n++) {
		assert_true(ztp_obligation_change(&o, ZTP_ON_LOST, &with_gate));
		assert_int_equal(o.what, what);
		assert_true(ztp_obligation_hopeless(&o));
		assert_int_equal(o.due_at, NOW + TIMEOUT);
		assert_in_range(o.retry_at, NOW + 1500, NOW + 225000);
	}
	/* A gate that cannot answer now is not silent, and does not tell. */
	o.due_at = NOW + 1;
	assert_true(ztp_obligation_change(&o, ZTP_ON_UNAVAILABLE, &with_gate));
	assert_int_equal(o.due_at, NOW + TIMEOUT);
	o.due_at = NOW + 1;
	assert_true(ztp_obligation_change(&o, ZTP_ON_DENIED, &with_gate));
	assert_int_equal(o.due_at, NOW + TIMEOUT);
	assert_int_equal(o.losses, 16);
	return o;
}

static void what_the_gate_is_told_is_not_given_up(void **state)
{
	struct ztp_owed_facts away = with_gate;
	struct ztp_obligation o = silent(ZTP_OWED_REGISTER);

	(void)state;
	away.queued = true;
	assert_true(ztp_obligation_change(&o, ZTP_ON_CREATED, &with_gate));
	assert_int_equal(o.losses, 0);
	assert_int_equal(o.what, ZTP_OWED_WAIT_DEVICE);
	o = silent(ZTP_OWED_RELEASE);
	assert_true(ztp_obligation_change(&o, ZTP_ON_RELEASED, &with_gate));
	assert_int_equal(o.losses, 0);
	assert_int_equal(o.what, ZTP_OWED_NONE);
	o = silent(ZTP_OWED_RELEASE);
	assert_true(ztp_obligation_change(&o, ZTP_ON_DEADLINE, &away));
	assert_int_equal(o.what, ZTP_OWED_RELEASE);
	assert_int_equal(o.due_at, NOW + 30000);
	assert_true(ztp_obligation_change(&o, ZTP_ON_DEADLINE, &with_gate));
	assert_int_equal(o.what, ZTP_OWED_NONE);
	assert_int_equal(o.due_at, 0);
}

static void what_is_hopeless_is_not_kept_for_its_device(void **state)
{
	struct ztp_obligation o = lost(ZTP_OWED_SEND, ZTP_LOSSES_MAX);

	(void)state;
	assert_true(ztp_obligation_change(&o, ZTP_ON_GIVEN_UP, &with_gate));
	assert_int_equal(o.what, ZTP_OWED_NONE);
	assert_int_equal(o.retry_at, 0);
	assert_int_equal(o.due_at, 0);
	assert_false(ztp_obligation_change(&o, ZTP_ON_SUBSCRIBED, &with_gate));
	o = lost(ZTP_OWED_SEND, ZTP_LOSSES_MAX - 1);
	assert_true(ztp_obligation_change(&o, ZTP_ON_GIVEN_UP, &with_gate));
	assert_int_equal(o.what, ZTP_OWED_WAIT_DEVICE);
}

static void an_answer_clears_it(void **state)
{
	static const struct {
		enum ztp_owed from;
		enum ztp_owed_event event;
		bool clears;
	} lines[] = {
		{ZTP_OWED_NONE, ZTP_ON_APPROVED, true},
		{ZTP_OWED_REGISTER, ZTP_ON_CREATED, true},
		{ZTP_OWED_REGISTER, ZTP_ON_ENDED, true},
		{ZTP_OWED_REGISTER, ZTP_ON_DENIED, true},
		{ZTP_OWED_RELEASE, ZTP_ON_RELEASED, true},
		{ZTP_OWED_NOTICE_CHECK, ZTP_ON_NOT_HELD, true},
		{ZTP_OWED_NOTICE_CHECK, ZTP_ON_HELD, false}, /* not yet sent */
		{ZTP_OWED_SEND, ZTP_ON_DONE, true},
		{ZTP_OWED_SEND, ZTP_ON_PUBACK, true},
		{ZTP_OWED_SEND, ZTP_ON_NO_SUBSCRIBER, true},
		{ZTP_OWED_SEND, ZTP_ON_REFUSED, true},
		{ZTP_OWED_SEND, ZTP_ON_DEADLINE, false},
		{ZTP_OWED_SEND, ZTP_ON_GIVEN_UP, false},
		{ZTP_OWED_SEND, ZTP_ON_CONNECTION_LOST, false},
		{ZTP_OWED_WAIT_DEVICE, ZTP_ON_SUBSCRIBED, false},
		{ZTP_OWED_NOTICE_WAIT, ZTP_ON_HELD_SUBSCRIBED, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct ztp_obligation o = lost(lines[i].from, 3);

		assert_true(
			ztp_obligation_change(&o, lines[i].event, &with_gate));
		exact_code(ztp_owed_name(lines[i].from), o.losses,
			   lines[i].clears ? 0 : 3);
	}
}

/* Neither the gate's word nor the device's hurries a suspect. */
static void nobody_shortens_the_pause(void **state)
{
	struct ztp_obligation o = lost(ZTP_OWED_WAIT_DEVICE, 2), before;

	(void)state;
	o.retry_at = 0;
	assert_true(ztp_obligation_change(&o, ZTP_ON_SUBSCRIBED, &with_gate));
	assert_int_equal(o.what, ZTP_OWED_SEND);
	assert_int_equal(o.retry_at, NOW + 375);
	before = o = lost(ZTP_OWED_SEND, 2);
	assert_false(ztp_obligation_change(&o, ZTP_ON_KNOCKED, &without));
	assert_false(ztp_obligation_change(&o, ZTP_ON_AGAIN, &without));
	assert_memory_equal(&o, &before, sizeof(o));
}

/* A device that was given up may come again; each time it costs more. */
static void it_may_come_again_after_the_end(void **state)
{
	struct ztp_obligation o = lost(ZTP_OWED_NONE, ZTP_LOSSES_MAX);
	int n;

	(void)state;
	for (n = 0; n < 30; n++) {
		assert_true(ztp_obligation_change(&o, ZTP_ON_AGAIN, &without));
		assert_int_equal(o.what, ZTP_OWED_SEND);
		assert_int_equal(o.due_at, NOW + TIMEOUT);
		assert_true(o.retry_at >= NOW + 1500);
		assert_true(ztp_obligation_change(&o, ZTP_ON_LOST, &without));
		assert_true(
			ztp_obligation_change(&o, ZTP_ON_GIVEN_UP, &without));
		assert_int_equal(o.what, ZTP_OWED_NONE);
	}
	assert_int_equal(o.losses, 16);
	assert_true(ztp_obligation_change(&o, ZTP_ON_AGAIN, &without));
	assert_int_equal(o.retry_at, NOW + 225000);
}

/* Its answer may come late: the loss counts all the same. */
static void what_waits_again_remembers_it(void **state)
{
	struct ztp_obligation o = lost(ZTP_OWED_WAIT_DEVICE, 0);

	(void)state;
	o.retry_at = 0;
	assert_true(ztp_obligation_change(&o, ZTP_ON_LOST, &with_gate));
	assert_int_equal(o.what, ZTP_OWED_WAIT_DEVICE);
	assert_int_equal(o.losses, 1);
	assert_int_equal(o.tries, 2);
	assert_int_equal(o.retry_at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_pauses_longer_each_time),
		cmocka_unit_test(the_fourth_time_is_the_last),
		cmocka_unit_test(what_proves_nothing_is_never_the_last),
		cmocka_unit_test(what_the_gate_is_told_is_not_given_up),
		cmocka_unit_test(what_is_hopeless_is_not_kept_for_its_device),
		cmocka_unit_test(an_answer_clears_it),
		cmocka_unit_test(nobody_shortens_the_pause),
		cmocka_unit_test(it_may_come_again_after_the_end),
		cmocka_unit_test(what_waits_again_remembers_it),
	};

	return cmocka_run_group_tests_name("obligation_losses", tests, NULL,
					   NULL);
}
