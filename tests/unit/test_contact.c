/* What a device's answer means in each state, and when a device that comes again
 * is told again. */
#include "ztp/contact.h"

#include <stdio.h>

#include "tests/unit/exact.h"

/* --- answers */

#define S(state) ZTP_STATE_##state
#define A(what)	 ZTP_ANSWER_##what

/* clang-format off */
static const struct answer_line {
	enum ztp_state state;
	bool owed;
	/* delivery_ack: broker, then device */
	enum ztp_on_answer applied[2], failed[2];
} answer_lines[] = {
	{S(NONE), false, {A(IGNORED), A(IGNORED)}, {A(IGNORED), A(IGNORED)}},
	{S(RECEIVED), false, {A(IGNORED), A(IGNORED)},
	 {A(IGNORED), A(IGNORED)}},
	{S(REQUESTED), false, {A(IGNORED), A(IGNORED)},
	 {A(IGNORED), A(IGNORED)}},
	/* It has not been sent anything yet. */
	{S(APPROVED), false, {A(IGNORED), A(IGNORED)},
	 {A(IGNORED), A(IGNORED)}},
	{S(REGISTERED), false, {A(IGNORED), A(IGNORED)},
	 {A(IGNORED), A(IGNORED)}},
	/* Before the PUBACK, or before the deadline. */
	{S(REGISTERED), true, {A(ONBOARDED), A(ONBOARDED)},
	 {A(ONBOARDED_FAILED), A(UNDELIVERABLE)}},
	{S(DELIVERED), false, {A(ONBOARDED), A(ONBOARDED)},
	 {A(ONBOARDED_FAILED), A(UNDELIVERABLE)}},
	{S(DELIVERED), true, {A(ONBOARDED), A(ONBOARDED)},
	 {A(ONBOARDED_FAILED), A(UNDELIVERABLE)}},
	/* After the deadline. */
	{S(UNDELIVERABLE), true, {A(ONBOARDED), A(ONBOARDED)},
	 {A(ONBOARDED_FAILED), A(IGNORED)}},
	{S(UNDELIVERABLE), false, {A(IGNORED), A(IGNORED)},
	 {A(IGNORED), A(IGNORED)}},
	/* After the end. */
	{S(ONBOARDED), false, {A(APPLIED), A(APPLIED)},
	 {A(APPLY_FAILED), A(APPLY_FAILED)}},
	{S(ONBOARDED), true, {A(APPLIED), A(APPLIED)},
	 {A(APPLY_FAILED), A(APPLY_FAILED)}},
	{S(REJECTED), false, {A(IGNORED), A(IGNORED)},
	 {A(IGNORED), A(IGNORED)}},
	{S(EXPIRED), false, {A(IGNORED), A(IGNORED)}, {A(IGNORED), A(IGNORED)}},
	{S(CONFLICT), false, {A(IGNORED), A(IGNORED)},
	 {A(IGNORED), A(IGNORED)}},
	{S(FAILED), false, {A(IGNORED), A(IGNORED)}, {A(IGNORED), A(IGNORED)}},
};
/* clang-format on */

static void what_an_answer_means(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answer_lines) / sizeof(*answer_lines);
	     i++) {
		const struct answer_line *line = &answer_lines[i];

		for (int ack = 0; ack < 2; ack++) {
			struct ztp_answer_facts facts = {
				.state = line->state,
				.command_owed = line->owed,
				.must_answer = ack == 1,
			};

			exact_code(ztp_state_name(line->state),
				   (int)ztp_contact_answer(&facts),
				   (int)line->failed[ack]);
			assert_int_equal(ztp_contact_awaits(&facts),
					 line->failed[ack] != A(IGNORED));
			facts.applied = true;
			exact_code(ztp_state_name(line->state),
				   (int)ztp_contact_answer(&facts),
				   (int)line->applied[ack]);
		}
	}
}

/* A failure is told once, and success after it once more. */
static void only_the_first_word_counts_or_a_better_one(void **state)
{
	static const struct {
		enum ztp_heard heard;
		bool applied;
		enum ztp_on_answer then;
	} lines[] = {
		{ZTP_HEARD_NOTHING, true, A(APPLIED)},
		{ZTP_HEARD_NOTHING, false, A(APPLY_FAILED)},
		{ZTP_HEARD_FAILED, true, A(APPLIED)},
		{ZTP_HEARD_FAILED, false, A(IGNORED)},
		{ZTP_HEARD_APPLIED, true, A(IGNORED)},
		{ZTP_HEARD_APPLIED, false, A(IGNORED)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct ztp_answer_facts facts = {
			.state = S(ONBOARDED),
			.applied = lines[i].applied,
			.heard = lines[i].heard,
		};

		assert_int_equal(ztp_contact_answer(&facts), lines[i].then);
	}
}

/* --- coming again */

#define NOW	  10000000
#define DELIVERED (NOW - 3600000)

static const struct ztp_return_facts usual = {
	.state = S(ONBOARDED),
	.certificate = true,
	.kept = true,
	.connection = 7,
	.now = NOW,
	.delivered_at = DELIVERED,
};

static enum ztp_on_return returns(const struct ztp_contact *contact,
				  const struct ztp_return_facts *facts)
{
	int64_t at = -1;
	enum ztp_on_return what = ztp_contact_return(contact, facts, &at);

	assert_int_equal(at != -1, what == ZTP_RETURN_RESEND);
	return what;
}

static void a_device_that_comes_again_is_told_again(void **state)
{
	struct ztp_contact contact = {.connection = 6};
	struct ztp_return_facts facts = usual;
	int64_t at;

	(void)state;
	assert_int_equal(ztp_contact_return(&contact, &facts, &at),
			 ZTP_RETURN_RESEND);
	assert_int_equal(at, NOW);
	contact.heard = ZTP_HEARD_FAILED;
	assert_int_equal(returns(&contact, &facts), ZTP_RETURN_RESEND);
}

static void once_on_a_connection(void **state)
{
	struct ztp_contact contact = {.connection = 7};
	struct ztp_return_facts facts = usual;

	(void)state;
	assert_int_equal(returns(&contact, &facts), ZTP_RETURN_TOLD);
	facts.asked = true; /* by an operator, on whatever connection */
	assert_int_equal(returns(&contact, &facts), ZTP_RETURN_RESEND);
}

/* A device that was held is told as soon as it has been created. A gate that
 * does not say on which connection says it a moment later. */
static void soon_after_the_delivery_it_is_the_same_connection(void **state)
{
	struct ztp_contact contact = {0};
	struct ztp_return_facts facts = usual;

	(void)state;
	facts.delivered_at = NOW - 59999;
	assert_int_equal(returns(&contact, &facts), ZTP_RETURN_TOLD);
	facts.delivered_at = NOW - 60000;
	assert_int_equal(returns(&contact, &facts), ZTP_RETURN_RESEND);
	contact.resends = 1;
	facts.delivered_at = NOW - 59999;
	assert_int_equal(returns(&contact, &facts), ZTP_RETURN_RESEND);
}

static void five_times_and_a_minute_apart(void **state)
{
	struct ztp_contact contact = {
		.connection = 6, .resends = 4, .resent_at = NOW - 1000};
	struct ztp_return_facts facts = usual;
	int64_t at;

	(void)state;
	assert_int_equal(ztp_contact_return(&contact, &facts, &at),
			 ZTP_RETURN_RESEND);
	assert_int_equal(at, NOW + 59000);
	contact.resent_at = NOW - 60000;
	assert_int_equal(ztp_contact_return(&contact, &facts, &at),
			 ZTP_RETURN_RESEND);
	assert_int_equal(at, NOW);
	contact.resends = 5;
	assert_int_equal(returns(&contact, &facts), ZTP_RETURN_IGNORED);
	facts.asked = true; /* an operator may, though not more often */
	contact.resent_at = NOW - 1000;
	assert_int_equal(ztp_contact_return(&contact, &facts, &at),
			 ZTP_RETURN_RESEND);
	assert_int_equal(at, NOW + 59000);
}

static const struct {
	const char *what;
	enum ztp_state state;
	enum ztp_heard heard;
	int64_t connection; /* that of the last time was 6 */
	bool certificate, kept, owed, anonymous;
	bool asking_helps;
	enum ztp_on_return then;
} not_told[] = {
	{"with the registered key", S(ONBOARDED), 0, 7, 0, 1, 0, 0, true,
	 ZTP_RETURN_IGNORED},
	{"no connection", S(ONBOARDED), 0, 0, 1, 1, 0, 0, true,
	 ZTP_RETURN_IGNORED},
	{"applied", S(ONBOARDED), ZTP_HEARD_APPLIED, 7, 1, 1, 0, 0, false,
	 ZTP_RETURN_IGNORED},
	{"erased", S(ONBOARDED), 0, 7, 1, 0, 0, 0, false, ZTP_RETURN_IGNORED},
	{"raw on 3.1.1", S(ONBOARDED), 0, 7, 1, 1, 0, 1, false,
	 ZTP_RETURN_IGNORED},
	{"rejected", S(REJECTED), 0, 7, 1, 1, 0, 0, false, ZTP_RETURN_IGNORED},
	{"being told", S(REGISTERED), 0, 7, 1, 0, 1, 0, false, ZTP_RETURN_TOLD},
	{"being told again", S(ONBOARDED), 0, 7, 1, 1, 1, 0, false,
	 ZTP_RETURN_TOLD},
};

static void who_is_not_told_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(not_told) / sizeof(*not_told); i++) {
		const struct ztp_contact contact = {.connection = 6,
						    .heard = not_told[i].heard};
		struct ztp_return_facts facts = {
			.state = not_told[i].state,
			.kept = not_told[i].kept,
			.command_owed = not_told[i].owed,
			.certificate = not_told[i].certificate,
			.anonymous = not_told[i].anonymous,
			.connection = not_told[i].connection,
			.now = NOW,
		};

		exact_code(not_told[i].what, (int)returns(&contact, &facts),
			   (int)not_told[i].then);
		facts.asked = true;
		exact_code(not_told[i].what, (int)returns(&contact, &facts),
			   not_told[i].asking_helps ? (int)ZTP_RETURN_RESEND
						    : (int)not_told[i].then);
		if (not_told[i].asking_helps)
			assert_null(ztp_contact_why_not(&contact, &facts));
		else if (not_told[i].then == ZTP_RETURN_IGNORED)
			assert_non_null(ztp_contact_why_not(&contact, &facts));
	}
}

static void why_it_is_not_told_again(void **state)
{
	struct ztp_contact contact = {.heard = ZTP_HEARD_APPLIED};
	struct ztp_return_facts facts = {.state = ZTP_STATE_ONBOARDED};

	(void)state;
	assert_string_equal(ztp_contact_why_not(&contact, &facts), "applied");
	contact.heard = ZTP_HEARD_NOTHING;
	assert_string_equal(ztp_contact_why_not(&contact, &facts),
			    "payload_not_kept");
	facts.state = ZTP_STATE_REJECTED;
	assert_string_equal(ztp_contact_why_not(&contact, &facts),
			    "not_onboarded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_answer_means),
		cmocka_unit_test(only_the_first_word_counts_or_a_better_one),
		cmocka_unit_test(a_device_that_comes_again_is_told_again),
		cmocka_unit_test(once_on_a_connection),
		cmocka_unit_test(
			soon_after_the_delivery_it_is_the_same_connection),
		cmocka_unit_test(five_times_and_a_minute_apart),
		cmocka_unit_test(who_is_not_told_again),
		cmocka_unit_test(why_it_is_not_told_again),
	};

	return cmocka_run_group_tests_name("contact", tests, NULL, NULL);
}
