/* A customer's decision has an effect, gets a result that says why it has none,
 * or becomes a dead letter. */
#include "life_case.h"
#include "ztp/gate_protocol.h"

#define NAMES(id, path)                                                        \
	"{\"request_id\":\"" id "\",\"device_path\":\"" path "\","

static void take(struct life_case *c, const char *json)
{
	struct consumer_record record = life_next(c, json);

	life_ok(c, life_decide(c, &record));
}

static int64_t asked(struct life_case *c, const char *path, int cert)
{
	return life_put(c, path, cert, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
}

/* --- approve */

static void an_approved_device_is_owed_its_command(void **state)
{
	struct life_case *c = *state;
	struct store_decision d;

	c->offset = 17;
	asked(c, PUMP, 1);
	take(c, NAMES("r-1", PUMP) "\"decision\":\"approve\",\"reason\":\"ok\","
				   "\"payload\":{\"a\":1.0}}");
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_owes(c, 1, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
	life_no_record(c, STORE_RESULTS); /* it has not ended */
	assert_int_equal(life_decision(c, 1, true, &d), 1);
	assert_true(d.by_customer);
	assert_int_equal(d.verdict, ZTP_APPROVE);
	assert_string_equal(d.topic, "ztp.decisions");
	assert_int_equal(d.offset, 17);
	assert_string_equal(d.reason, "ok");
	assert_int_equal(d.payload.len, 9);
	assert_memory_equal(d.payload.data, "{\"a\":1.0}", 9);
	store_decision_clear(&d);
	assert_int_equal(c->b.core.tally.decisions[ZTP_APPROVE], 1);
	assert_true(life_logged(c, "decision_taken"));
}

/* The customer decided before Kafka acknowledged the request. */
static void a_decision_may_come_before_the_question_is_known_asked(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_RECEIVED, ZTP_OWED_NONE);
	life_put(c, VALVE, 1, ZTP_STATE_RECEIVED, ZTP_OWED_NONE);
	life_approve(c, 1);
	life_reject(c, 2);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_is(c, 2, ZTP_STATE_REJECTED);
}

static void a_decision_need_not_name_the_path(void **state)
{
	struct life_case *c = *state;

	asked(c, PUMP, 1);
	take(c, "{\"request_id\":\"r-1\",\"isApprove\":true}");
	life_is(c, 1, ZTP_STATE_REGISTERED);
}

/* Without a gate the first to be approved gets the path. */
static void an_approval_ends_the_contenders(void **state)
{
	struct life_case *c = *state;
	int64_t winner;

	asked(c, PUMP, 1);
	winner = asked(c, PUMP, 2);
	life_put(c, PUMP, 3, ZTP_STATE_RECEIVED, ZTP_OWED_NONE);
	life_put(c, PUMP, 4, ZTP_STATE_REJECTED, ZTP_OWED_NONE);
	asked(c, VALVE, 5);
	life_approve(c, winner);
	life_is(c, winner, ZTP_STATE_REGISTERED);
	life_is(c, 1, ZTP_STATE_CONFLICT);
	life_is(c, 3, ZTP_STATE_CONFLICT);
	life_is(c, 4, ZTP_STATE_REJECTED);
	life_is(c, 5, ZTP_STATE_REQUESTED);
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);

	assert_true(life_record(c, STORE_RESULTS));
	assert_string_equal(life_member(c, "request_id"), "r-1");
	assert_string_equal(life_member(c, "outcome"), "conflict");
	assert_string_equal(life_member(c, "message"),
			    "another certificate for this device path was "
			    "approved first");
	assert_string_equal(life_member(c, "decision.topic"), "");
	life_result(c, "r-3", "conflict");
}

static void the_time_to_decide_is_counted(void **state)
{
	struct life_case *c = *state;
	int bucket = 0;

	asked(c, PUMP, 1); /* a minute ago */
	life_approve(c, 1);
	while (tally_latency_bounds[bucket] < 60)
		bucket++;
	assert_int_equal(c->b.core.tally.latency[bucket], 1);
}

/* --- approve, with a gate */

static void the_gate_makes_the_device_first(void **state)
{
	struct life_case *c = *state;

	asked(c, PUMP, 1);
	life_approve(c, 1);
	life_is(c, 1, ZTP_STATE_APPROVED);
	life_owes(c, 1, ZTP_OWED_REGISTER, 0, LIFE_NEVER);
}

/* Its device is made when they know, so they are first, however many are
 * approved at a time. */
static void those_who_lost_are_told_first(void **state)
{
	struct life_case *c = *state;

	asked(c, PUMP, 1);
	asked(c, PUMP, 2);
	life_approve(c, 1);
	life_owes(c, 1, ZTP_OWED_REGISTER, 1, LIFE_NEVER);
	life_owes(c, 2, ZTP_OWED_NOTICE_CHECK, 0, 5000);
	/* Nobody is told: nobody waits. */
	c->config.onboarding.notify_rejected = false;
	asked(c, VALVE, 1);
	asked(c, VALVE, 2);
	life_approve(c, 3);
	life_owes(c, 3, ZTP_OWED_REGISTER, 0, LIFE_NEVER);
}

/* Only the gate knows whether it has already created the device. */
static void what_was_approved_before_is_the_gates_to_end(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	asked(c, PUMP, 2);
	life_approve(c, 2);
	life_is(c, 1, ZTP_STATE_APPROVED);
	life_is(c, 2, ZTP_STATE_APPROVED);
	life_no_record(c, STORE_RESULTS);
}

static void losers_are_told_through_the_gate(void **state)
{
	struct life_case *c = *state;

	asked(c, PUMP, 1);
	asked(c, PUMP, 2);
	life_approve(c, 1);
	life_is(c, 2, ZTP_STATE_CONFLICT);
	life_owes(c, 2, ZTP_OWED_NOTICE_CHECK, 0, 5000);
}

/* An approval with this many bytes of metadata. */
static void approve_with(struct life_case *c, const char *id, size_t bytes)
{
	char *text = malloc(bytes + 256);
	int n;

	assert_non_null(text);
	n = snprintf(text, bytes + 256,
		     NAMES("%s", PUMP) "\"decision\":\"approve\","
				       "\"metadata\":{\"k\":\"%0*d\"}}",
		     id, (int)bytes - 8, 0);
	assert_true(n > 0 && (size_t)n < bytes + 256);
	take(c, text);
	free(text);
}

static size_t metadata_of(struct life_case *c, int64_t n)
{
	struct store_decision d;
	size_t len;

	assert_int_equal(life_decision(c, n, true, &d), 1);
	len = strlen(d.metadata);
	store_decision_clear(&d);
	return len;
}

static void remarks_are_kept_for_the_gate(void **state)
{
	static const struct {
		size_t bytes;
		bool kept;
	} lines[] = {{100, true},
		     {ZTP_CONTROL_METADATA_MAX, true},
		     {ZTP_CONTROL_METADATA_MAX + 1, false}};
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < 3; i++) {
		int64_t n = asked(c, PUMP, (int)i);

		approve_with(c, life_id(c, n), lines[i].bytes);
		life_is(c, n, ZTP_STATE_APPROVED);
		assert_int_equal(metadata_of(c, n),
				 lines[i].kept ? lines[i].bytes : 0);
		assert_int_equal(life_logged(c, "metadata_left_out"),
				 !lines[i].kept);
	}
}

static void remarks_are_for_nobody_without_a_gate(void **state)
{
	struct life_case *c = *state;

	asked(c, PUMP, 1);
	approve_with(c, "r-1", 100);
	assert_int_equal(metadata_of(c, 1), 0);
	assert_false(life_logged(c, "metadata_left_out"));
}

/* --- reject */

static void a_rejected_request_ends(void **state)
{
	struct life_case *c = *state;

	c->offset = 17;
	asked(c, PUMP, 1);
	take(c, NAMES("r-1", PUMP) "\"decision\":\"reject\","
				   "\"message\":\"not one of ours\"}");
	life_is(c, 1, ZTP_STATE_REJECTED);
	life_owes(c, 1, ZTP_OWED_NOTICE_SEND, 0, 5000);
	assert_int_equal(life_row(c, 1).finished_at, LIFE_NOW);
	assert_int_equal(c->b.core.tally.decisions[ZTP_REJECT], 1);
	life_result(c, "r-1", "rejected");
	assert_string_equal(life_member(c, "message"), "not one of ours");
	assert_string_equal(life_member(c, "decision.topic"), "ztp.decisions");
	assert_string_equal(life_member(c, "decision.offset"), "17");
	assert_string_equal(c->record.key, PUMP);
	assert_string_equal(played_header(&c->record, "traceparent"),
			    LIFE_TRACE);
}

static void a_rejection_need_not_say_why(void **state)
{
	struct life_case *c = *state;

	asked(c, PUMP, 1);
	life_reject(c, 1);
	life_result(c, "r-1", "rejected");
	assert_string_equal(life_member(c, "message"),
			    "rejected by the customer");
}

/* Rejecting one certificate does not affect the others. */
static void a_rejection_leaves_the_contenders(void **state)
{
	struct life_case *c = *state;

	asked(c, PUMP, 1);
	asked(c, PUMP, 2);
	life_reject(c, 1);
	life_is(c, 2, ZTP_STATE_REQUESTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(an_approved_device_is_owed_its_command),
		LIFE_TEST(
			a_decision_may_come_before_the_question_is_known_asked),
		LIFE_TEST(a_decision_need_not_name_the_path),
		LIFE_TEST(an_approval_ends_the_contenders),
		LIFE_TEST(the_time_to_decide_is_counted),
		GATE_TEST(the_gate_makes_the_device_first),
		GATE_TEST(those_who_lost_are_told_first),
		GATE_TEST(what_was_approved_before_is_the_gates_to_end),
		GATE_TEST(losers_are_told_through_the_gate),
		GATE_TEST(remarks_are_kept_for_the_gate),
		LIFE_TEST(remarks_are_for_nobody_without_a_gate),
		LIFE_TEST(a_rejected_request_ends),
		LIFE_TEST(a_rejection_need_not_say_why),
		LIFE_TEST(a_rejection_leaves_the_contenders),
	};

	return cmocka_run_group_tests_name("bridge_life_decisions", tests, NULL,
					   NULL);
}
