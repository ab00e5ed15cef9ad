/* Pending events with a gate, which knows which devices exist: which events it
 * may forget, and when we have to ask it. */
#include "life_case.h"

/* --- the gate sends an event again until it is acknowledged */

static void the_gate_is_told_what_is_dealt_with(void **state)
{
	static const struct {
		const char *what;
		enum ztp_state before; /* of this certificate's request */
		enum ztp_owed owed;
		bool told;
	} lines[] = {
		{"asked", ZTP_STATE_NONE, ZTP_OWED_NONE, true},
		{"merged", ZTP_STATE_REQUESTED, ZTP_OWED_NONE, true},
		{"merged, approved", ZTP_STATE_APPROVED, ZTP_OWED_REGISTER,
		 true},
		{"cooling down", ZTP_STATE_REJECTED, ZTP_OWED_RELEASE, true},
		{"asked anew", ZTP_STATE_ONBOARDED, ZTP_OWED_NONE, true},
		{"in doubt", ZTP_STATE_REGISTERED, ZTP_OWED_SEND, false},
		{"in doubt", ZTP_STATE_DELIVERED, ZTP_OWED_WAIT_DEVICE, false},
	};
	struct life_case *c = *state;
	int told = 0;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char path[64], id[16];

		snprintf(path, sizeof(path),
			 "subscriptions/s/registries/r/devices/d%zu", i);
		snprintf(id, sizeof(id), "event-%zu", i);
		if (lines[i].before != ZTP_STATE_NONE)
			life_put(c, path, 1, lines[i].before, lines[i].owed);
		life_knock_as(c, path, 1, id);
		told += lines[i].told;
		if (c->registrar.disposed_count != told)
			fail_msg("%s", lines[i].what);
		if (lines[i].told)
			assert_string_equal(c->registrar.disposed[told - 1],
					    id);
	}
}

static void an_event_without_a_name_is_not_the_gates(void **state)
{
	struct life_case *c = *state;

	life_knock(c, PUMP, 1);
	assert_int_equal(c->registrar.disposed_count, 0);
}

static void a_dead_letter_is_dealt_with(void **state)
{
	struct life_case *c = *state;
	struct journal_entry e = {
		.kind = ENTRY_DEAD,
		.path = PUMP,
		.request_id = "event-1",
		.topic = "ztp/v1/pending",
		.text = "",
	};

	life_take(c, &e);
	assert_int_equal(c->registrar.disposed_count, 1);
	assert_string_equal(c->registrar.disposed[0], "event-1");
	e.request_id = "";
	life_take(c, &e);
	assert_int_equal(c->registrar.disposed_count, 1);
}

static void what_is_held_back_is_not_dealt_with(void **state)
{
	struct life_case *c = *state;

	c->config.store.max_requests = 1;
	life_knock_as(c, PUMP, 1, "event-1");
	life_knock_as(c, VALVE, 2, "event-2");
	assert_true(c->blocked);
	assert_int_equal(c->registrar.disposed_count, 1);
}

/* --- a device that the gate should already have */

/* Either the device was deleted, or the approval overtook this event. The gate
 * knows, and will send the event again. */
static void the_gate_is_asked_whether_it_has_the_device(void **state)
{
	static const enum ztp_state states[] = {ZTP_STATE_REGISTERED,
						ZTP_STATE_DELIVERED};
	struct life_case *c = *state;
	int i;

	for (i = 0; i < 2; i++) {
		int64_t n = life_put(c, i ? VALVE : PUMP, 1, states[i],
				     ZTP_OWED_WAIT_DEVICE);

		life_knock_as(c, i ? VALVE : PUMP, 1, "event-1");
		assert_int_equal(c->registrar.asked_count, i + 1);
		assert_int_equal(c->registrar.asked[i], n);
		assert_int_equal(life_newest(c), n);
		life_owes(c, n, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, LIFE_MIN);
	}
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_MERGED], 2);
}

/* The event that created the request, sent again. */
static void an_event_that_is_known_raises_no_doubt(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	life_knock_as(c, PUMP, 1, "r-1");
	assert_int_equal(c->registrar.asked_count, 0);
	assert_int_equal(c->registrar.disposed_count, 1);
}

/* The id counts, whichever of the path's requests has it. */
static void an_older_event_is_known_too(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_EXPIRED, ZTP_OWED_NONE);
	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	life_knock_as(c, PUMP, 1, "r-1");
	assert_int_equal(life_newest(c), 2);
	/* The same id under another certificate says nothing about it. */
	life_put(c, PUMP, 2, ZTP_STATE_EXPIRED, ZTP_OWED_NONE);
	life_knock_as(c, PUMP, 2, "r-1");
	assert_int_equal(life_newest(c), 4);
}

/* --- a new candidate with the key of a former device */

static void nothing_is_owed_to_a_device_that_is_no_more(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_UNDELIVERABLE, ZTP_OWED_WAIT_DEVICE);
	life_knock_as(c, PUMP, 1, "event-2");
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	life_is(c, 2, ZTP_STATE_RECEIVED);
	assert_true(life_record(c, STORE_REQUESTS));
}

static void an_onboarded_device_that_is_no_more_is_asked_about(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	life_knock_as(c, PUMP, 1, "event-2");
	life_is(c, 1, ZTP_STATE_ONBOARDED);
	life_is(c, 2, ZTP_STATE_RECEIVED);
	assert_int_equal(life_row(c, 2).attempt, 2);
}

/* The gate decides when it is asked to create the device. */
static void another_certificate_is_the_gates_to_judge(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	life_knock_as(c, PUMP, 2, "event-2");
	life_is(c, 2, ZTP_STATE_RECEIVED);
}

/* --- a rejected device that comes again too early */

static void the_gate_is_to_keep_a_rejected_device_away(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NONE);
	life_knock_as(c, PUMP, 1, "event-2");
	life_owes(c, 1, ZTP_OWED_RELEASE, 0, LIFE_NEVER);
	assert_int_equal(life_newest(c), 1);
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_COOLDOWN], 1);
}

/* The gate finds by the rejected one's fingerprint whoever has the same
 * certificate. */
static void the_gate_is_to_keep_its_twin_away(void **state)
{
	struct life_case *c = *state;
	struct journal_entry twin = life_entry(c, PUMP, 2);

	memset(twin.cert.identity, 1, sizeof(twin.cert.identity));
	twin.request_id = "event-2";
	life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NONE);
	life_take(c, &twin);
	life_owes(c, 1, ZTP_OWED_RELEASE, 0, LIFE_NEVER);
	assert_int_equal(life_newest(c), 1);
}

/* It is the old event: the device has not come back. */
static void an_old_event_keeps_nobody_away(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NONE);
	life_knock_as(c, PUMP, 1, "r-1");
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
}

static void a_notice_that_is_owed_goes_first(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NOTICE_WAIT);
	life_knock_as(c, PUMP, 1, "event-2");
	life_owes(c, 1, ZTP_OWED_NOTICE_WAIT, LIFE_NEVER, LIFE_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(the_gate_is_told_what_is_dealt_with),
		GATE_TEST(an_event_without_a_name_is_not_the_gates),
		GATE_TEST(a_dead_letter_is_dealt_with),
		GATE_TEST(what_is_held_back_is_not_dealt_with),
		GATE_TEST(the_gate_is_asked_whether_it_has_the_device),
		GATE_TEST(an_event_that_is_known_raises_no_doubt),
		GATE_TEST(an_older_event_is_known_too),
		GATE_TEST(nothing_is_owed_to_a_device_that_is_no_more),
		GATE_TEST(an_onboarded_device_that_is_no_more_is_asked_about),
		GATE_TEST(another_certificate_is_the_gates_to_judge),
		GATE_TEST(the_gate_is_to_keep_a_rejected_device_away),
		GATE_TEST(the_gate_is_to_keep_its_twin_away),
		GATE_TEST(an_old_event_keeps_nobody_away),
		GATE_TEST(a_notice_that_is_owed_goes_first),
	};

	return cmocka_run_group_tests_name("bridge_life_pending_gate", tests,
					   NULL, NULL);
}
