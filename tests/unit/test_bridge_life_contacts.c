/* What comes of a device's answer, and of a device that comes again. */
#include "life_case.h"

#include "bridge/life/contacts.h"

/* --- the device's own answer */

static bool is_it(void *arg, int64_t n)
{
	return *(const int64_t *)arg == n;
}

static int64_t none, first = 1;
static const struct contacts_sender nobody = {is_it, &none};
static const struct contacts_sender on_its_way = {is_it, &first};

static void says(struct life_case *c, const char *path, int64_t n, bool applied,
		 const char *message)
{
	struct contacts_answer a = {.said.applied = applied};

	snprintf(a.path, sizeof(a.path), "%s", path);
	snprintf(a.said.request_id, sizeof(a.said.request_id), "%s",
		 life_id(c, n));
	snprintf(a.said.message, sizeof(a.said.message), "%s", message);
	life_ok(c, contacts_answered(&c->b, &a, &nobody, &c->error));
}

#define S(state) ZTP_STATE_##state
#define O(owed)	 ZTP_OWED_##owed

static const struct answer_line {
	enum ztp_state at;
	enum ztp_owed owed;
	int applied; /* or failed */
	enum ztp_state then;
	const char *outcome, *delivery; /* NULL: nothing happens */
	int not_new;			/* the request had ended before */
} by_device[] = {
	{S(DELIVERED), O(SEND), true, S(ONBOARDED), "onboarded", "device", 0},
	{S(DELIVERED), O(SEND), false, S(UNDELIVERABLE), "undeliverable", "",
	 0},
	{S(DELIVERED), O(WAIT_DEVICE), true, S(ONBOARDED), "onboarded",
	 "device", 0},
	/* before the broker's PUBACK */
	{S(REGISTERED), O(SEND), true, S(ONBOARDED), "onboarded", "device", 0},
	{S(REGISTERED), O(SEND), false, S(UNDELIVERABLE), "undeliverable", "",
	 0},
	/* after the deadline: success counts, failure changes nothing */
	{S(UNDELIVERABLE), O(WAIT_DEVICE), true, S(ONBOARDED), "onboarded",
	 "device", 0},
	{S(UNDELIVERABLE), O(WAIT_DEVICE), false, S(UNDELIVERABLE), NULL, NULL,
	 0},
	/* about a command that was never sent, or is not owed any more */
	{S(UNDELIVERABLE), O(NONE), true, S(UNDELIVERABLE), NULL, NULL, 0},
	{S(REGISTERED), O(NONE), true, S(REGISTERED), NULL, NULL, 0},
	{S(APPROVED), O(REGISTER), true, S(APPROVED), NULL, NULL, 0},
	{S(REQUESTED), O(NONE), true, S(REQUESTED), NULL, NULL, 0},
	{S(REJECTED), O(NOTICE_SEND), true, S(REJECTED), NULL, NULL, 0},
	/* after the end: it is a result of its own */
	{S(ONBOARDED), O(NONE), true, S(ONBOARDED), "applied", "", true},
	{S(ONBOARDED), O(SEND), false, S(ONBOARDED), "apply_failed", "", true},
};

static void what_a_device_answers(void **state)
{
	struct life_case *c = *state;
	size_t i;

	c->config.mqtt.delivery_ack = CONFIG_ACK_DEVICE;
	for (i = 0; i < sizeof(by_device) / sizeof(*by_device); i++) {
		const struct answer_line *line = &by_device[i];
		int64_t n = life_put(c, PUMP, (int)i, line->at, line->owed);

		says(c, PUMP, n, line->applied, "");
		life_is(c, n, line->then);
		if (!line->outcome) {
			life_no_record(c, STORE_RESULTS);
			continue;
		}
		life_result(c, life_id(c, n), line->outcome);
		assert_string_equal(
			life_member(c, "message"),
			line->applied ? "the device has applied the command"
				      : "the device could not apply the "
					"command");
		assert_string_equal(life_member(c, "delivery"), line->delivery);
		assert_string_equal(life_member(c, "decision.topic"),
				    "ztp.decisions");
		assert_int_equal(life_row(c, n).delivered_at,
				 line->not_new ? LIFE_NOW - LIFE_MIN
				 : line->at == S(DELIVERED)
					 ? LIFE_NOW - LIFE_MIN
					 : LIFE_NOW);
	}
}

/* With the broker's word for the delivery, `applied` before it is the better
 * one. A device that failed has been given its command all the same. */
static void the_first_answer_counts(void **state)
{
	static const enum ztp_state at[] = {S(REGISTERED), S(UNDELIVERABLE),
					    S(DELIVERED)};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 3; i++) {
		int64_t n = life_put(c, PUMP, (int)i, at[i], O(SEND));

		says(c, PUMP, n, true, "");
		life_result(c, life_id(c, n), "onboarded");
		assert_string_equal(life_member(c, "delivery"), "device");
		says(c, PUMP, n, false, "");
		says(c, PUMP, n, true, "");
		life_no_record(c, STORE_RESULTS);
		life_owes(c, n, O(NONE), LIFE_NEVER, LIFE_NEVER);
	}
	for (i = 0; i < 3; i++) {
		int64_t n = life_put(c, PUMP, (int)i, at[i], O(SEND));

		says(c, PUMP, n, false, "no space");
		assert_true(life_record(c, STORE_RESULTS));
		assert_string_equal(life_member(c, "outcome"), "onboarded");
		assert_string_equal(life_member(c, "delivery"), "broker");
		life_result(c, life_id(c, n), "apply_failed");
		assert_string_equal(life_member(c, "message"), "no space");
		assert_string_equal(life_member(c, "status"), "INTERNAL");
	}
}

static void a_failure_is_told_once_and_success_once_more(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, S(ONBOARDED), O(SEND));

	says(c, PUMP, n, false, "no space");
	life_result(c, "r-1", "apply_failed");
	assert_string_equal(life_member(c, "delivered_at"),
			    "2025-12-31T23:59:00.000Z");
	says(c, PUMP, n, false, "no space");
	life_no_record(c, STORE_RESULTS);
	says(c, PUMP, n, true, "");
	life_result(c, "r-1", "applied");
	/* Nothing is sent to it any more. */
	life_owes(c, n, O(NONE), LIFE_NEVER, LIFE_NEVER);
	says(c, PUMP, n, true, "");
	says(c, PUMP, n, false, "");
	life_no_record(c, STORE_RESULTS);
	assert_int_equal(c->b.core.tally.results[ZTP_OUTCOME_APPLIED], 1);
	assert_int_equal(c->b.core.tally.results[ZTP_OUTCOME_APPLY_FAILED], 1);
}

static void a_device_may_say_more(void **state)
{
	struct life_case *c = *state;
	int i;

	c->config.mqtt.delivery_ack = CONFIG_ACK_DEVICE;
	for (i = 0; i < 2; i++) {
		int64_t n = life_put(c, PUMP, i, S(DELIVERED), ZTP_OWED_SEND);

		says(c, PUMP, n, i == 0, "4 of 5 files");
		life_result(c, life_id(c, n),
			    i == 0 ? "onboarded" : "undeliverable");
		assert_string_equal(life_member(c, "message"), "4 of 5 files");
		/* It may have quoted its payload. */
		life_why(c, n,
			 i == 0 ? ""
				: "the device answered that it failed; its "
				  "message is in the result");
	}
}

/* A device can answer only for its own request, on its own topic. */
static void only_the_device_speaks_for_its_request(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, S(DELIVERED), ZTP_OWED_SEND);

	says(c, VALVE, n, true, "");
	life_is(c, n, S(DELIVERED));
	life_no_record(c, STORE_RESULTS);
	assert_int_equal(c->b.core.tally.answers[TALLY_ANSWER_UNKNOWN], 1);
}

/* It must be about something: of the requests of its path, the newest that
 * waits. */
static void an_answer_without_a_request(void **state)
{
	struct contacts_answer a = {.path = PUMP, .unreadable = "why"};
	struct life_case *c = *state;

	life_put(c, PUMP, 1, S(ONBOARDED), O(NONE));
	life_put(c, PUMP, 2, S(ONBOARDED), O(NONE));
	life_put(c, PUMP, 3, S(REJECTED), O(NONE));
	life_ok(c, contacts_answered(&c->b, &a, &nobody, &c->error));
	life_result(c, "r-2", "apply_failed");
	assert_string_equal(life_member(c, "message"),
			    "the device's answer is not understood: why");
	life_ok(c, contacts_answered(&c->b, &a, &nobody, &c->error));
	life_result(c, "r-1", "apply_failed");
	life_ok(c, contacts_answered(&c->b, &a, &nobody, &c->error));
	life_no_record(c, STORE_RESULTS);
	says(c, PUMP, 2, true, "");
	life_result(c, "r-2", "applied");
}

/* Otherwise a word about an earlier command, or one that is nobody's, would end
 * a request whose device has not been told yet. */
static void nor_about_what_was_never_sent(void **state)
{
	struct contacts_answer a = {.path = PUMP, .unreadable = "why"};
	struct life_case *c = *state;
	struct store_request r;

	life_put(c, PUMP, 1, S(REGISTERED), O(SEND));
	life_ok(c, contacts_answered(&c->b, &a, &nobody, &c->error));
	life_is(c, 1, S(REGISTERED));
	life_no_record(c, STORE_RESULTS);
	/* A lost connection counts as sent, and so does a try. */
	r = life_row(c, 1);
	r.owed.losses = 1;
	life_save(c, &r);
	life_ok(c, contacts_answered(&c->b, &a, &nobody, &c->error));
	life_is(c, 1, S(ONBOARDED));
	assert_true(life_record(c, STORE_RESULTS));
	assert_string_equal(life_member(c, "outcome"), "onboarded");
	life_result(c, "r-1", "apply_failed");
}

static void but_about_what_is_on_its_way(void **state)
{
	struct contacts_answer a = {.path = PUMP, .unreadable = "why"};
	struct life_case *c = *state;

	life_put(c, PUMP, 1, S(REGISTERED), O(SEND));
	life_ok(c, contacts_answered(&c->b, &a, &on_its_way, &c->error));
	life_is(c, 1, S(ONBOARDED));
	assert_true(life_record(c, STORE_RESULTS));
	assert_string_equal(life_member(c, "outcome"), "onboarded");
	life_result(c, "r-1", "apply_failed");
}

/* --- payloads */

static bool has_payload(struct life_case *c, int64_t n)
{
	struct store_decision d;
	bool erased;

	assert_int_equal(life_decision(c, n, true, &d), 1);
	erased = d.payload_erased;
	assert_int_equal(d.payload.kind == ZTP_PAYLOAD_NONE, erased);
	store_decision_clear(&d);
	return !erased;
}

static void what_is_applied_is_erased(void **state)
{
	struct life_case *c = *state;
	int64_t before = life_put(c, PUMP, 1, S(REGISTERED), O(SEND));
	int64_t after = life_put(c, PUMP, 2, S(ONBOARDED), O(NONE));
	int64_t failed = life_put(c, PUMP, 3, S(ONBOARDED), O(NONE));

	says(c, PUMP, failed, false, "");
	assert_true(has_payload(c, failed));
	assert_true(has_payload(c, before));
	says(c, PUMP, before, true, "");
	assert_false(has_payload(c, before));
	says(c, PUMP, after, true, "");
	assert_false(has_payload(c, after));
	assert_true(has_payload(c, failed));
	says(c, PUMP, failed, true, "");
	assert_false(has_payload(c, failed));
}

/* --- a device that comes again */

enum { CERTIFICATE = 1, ASKED = 2 };

static void comes(struct life_case *c, const char *path, int cert, int how,
		  int64_t connection)
{
	uint8_t fingerprint[ZTP_SHA256_LEN];
	struct contacts_report report = {
		.path = path,
		.fingerprint = cert ? fingerprint : NULL,
		.connection = connection,
		.certificate = how & CERTIFICATE,
		.asked = how & ASKED,
	};

	memset(fingerprint, cert, sizeof(fingerprint));
	life_ok(c, contacts_returned(&c->b, &report, &c->error));
}

static struct ztp_contact kept(struct life_case *c, int64_t n)
{
	struct ztp_contact contact;

	life_ok(c, store_contact_get(c->b.store, n, &contact, &c->error));
	return contact;
}

/* Delivered a minute ago, and on which connection is not known. */
static void a_device_that_comes_again_is_told_again(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, S(ONBOARDED), O(NONE));

	comes(c, PUMP, 1, CERTIFICATE, 7);
	life_owes(c, n, O(SEND), 0, 5 * LIFE_MIN);
	assert_int_equal(life_row(c, n).owed.tries, 1); /* the shared rate */
	assert_true(life_logged(c, "command_resent"));
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
	assert_true(life_puback(c, 0, 0));
	life_turn(c);
	life_owes(c, n, O(NONE), LIFE_NEVER, LIFE_NEVER);
	life_no_record(c, STORE_RESULTS); /* no second onboarding */
	/* The same connection, then another one, too soon. */
	life_pass(c, 10000);
	comes(c, PUMP, 1, CERTIFICATE, 7);
	life_owes(c, n, O(NONE), LIFE_NEVER, LIFE_NEVER);
	comes(c, PUMP, 1, CERTIFICATE, 8);
	life_owes(c, n, O(SEND), 50000, 5 * LIFE_MIN);
	assert_int_equal(kept(c, n).resends, 2);
	assert_int_equal(kept(c, n).connection, 8);
	/* It is about to be told on whatever connection it has then. */
	comes(c, PUMP, 1, CERTIFICATE, 9);
	assert_int_equal(kept(c, n).resends, 2);
	assert_int_equal(kept(c, n).connection, 9);
	comes(c, PUMP, 1, CERTIFICATE, 9);
	comes(c, PUMP, 1, CERTIFICATE, 0);
	assert_int_equal(kept(c, n).connection, 9);
}

static void who_is_not_told_again(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, S(ONBOARDED), O(NONE));

	comes(c, PUMP, 1, 0, 7);
	comes(c, PUMP, 2, CERTIFICATE, 7); /* another key */
	comes(c, VALVE, 1, CERTIFICATE, 7);
	c->config.mqtt.command_format = ZTP_COMMAND_RAW;
	c->config.mqtt.version = 4;
	comes(c, PUMP, 1, CERTIFICATE, 7);
	c->config.mqtt.version = 5;
	life_owes(c, n, O(NONE), LIFE_NEVER, LIFE_NEVER);
	life_pass(c, 29 * LIFE_MIN);
	comes(c, PUMP, 1, CERTIFICATE, 7); /* its payload is due */
	life_owes(c, n, O(NONE), LIFE_NEVER, LIFE_NEVER);
	life_pass(c, -1);
	comes(c, PUMP, 1, CERTIFICATE, 7);
	life_owes(c, n, O(SEND), 0, 5 * LIFE_MIN);
}

/* Without a gate, an onboarding is kept beyond its time. */
static void what_is_only_remembered_is_not_told(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, S(ONBOARDED), O(NONE));
	struct store_request r = life_row(c, n);

	r.finished_at = 0;
	life_save(c, &r);
	comes(c, PUMP, 1, CERTIFICATE, 7);
	life_owes(c, n, O(NONE), LIFE_NEVER, LIFE_NEVER);
}

static void only_its_newest_request_is_told(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, S(ONBOARDED), O(NONE));
	life_put(c, PUMP, 1, S(ONBOARDED), O(NONE));
	life_put(c, PUMP, 2, S(ONBOARDED), O(NONE));
	comes(c, PUMP, 1, CERTIFICATE, 7);
	life_owes(c, 1, O(NONE), LIFE_NEVER, LIFE_NEVER);
	life_owes(c, 2, O(SEND), 0, 5 * LIFE_MIN);
	life_owes(c, 3, O(NONE), LIFE_NEVER, LIFE_NEVER);
	comes(c, PUMP, 0, CERTIFICATE, 7); /* a gate that does not say whose */
	life_owes(c, 3, O(SEND), 0, 5 * LIFE_MIN);
}

static void an_operator_may_ask_for_it(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, S(ONBOARDED), O(NONE));

	comes(c, PUMP, 1, ASKED, 0);
	life_owes(c, n, O(SEND), 0, 5 * LIFE_MIN);
	assert_int_equal(kept(c, n).resends, 0);
	assert_int_equal(kept(c, n).resent_at, LIFE_NOW);
	assert_true(life_logged(c, "command_resent"));
}

static void and_is_told_why_nothing_is_sent(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, S(ONBOARDED), O(NONE));

	says(c, PUMP, n, true, "");
	comes(c, PUMP, 1, CERTIFICATE, 7); /* by itself: that is usual */
	assert_false(life_logged(c, "command_not_resent"));
	comes(c, PUMP, 1, ASKED, 0);
	assert_true(life_logged(c, "command_not_resent"));
	life_owes(c, n, O(NONE), LIFE_NEVER, LIFE_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(what_a_device_answers),
		LIFE_TEST(the_first_answer_counts),
		LIFE_TEST(a_failure_is_told_once_and_success_once_more),
		LIFE_TEST(a_device_may_say_more),
		LIFE_TEST(only_the_device_speaks_for_its_request),
		LIFE_TEST(an_answer_without_a_request),
		LIFE_TEST(nor_about_what_was_never_sent),
		LIFE_TEST(but_about_what_is_on_its_way),
		LIFE_TEST(what_is_applied_is_erased),
		GATE_TEST(a_device_that_comes_again_is_told_again),
		GATE_TEST(who_is_not_told_again),
		LIFE_TEST(what_is_only_remembered_is_not_told),
		GATE_TEST(only_its_newest_request_is_told),
		GATE_TEST(an_operator_may_ask_for_it),
		GATE_TEST(and_is_told_why_nothing_is_sent),
	};

	return cmocka_run_group_tests_name("bridge_life_contacts", tests, NULL,
					   NULL);
}
