/* Messages to a device: topic, payload, properties, and what cannot be sent. */
#include "life_case.h"

#include "bridge/life/command_send.h"
#include "bridge/life/moves.h"

static struct played_said *say(struct life_case *c)
{
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
	return &c->mqtt.said[0];
}

/* --- the approval */

static void an_approval_is_said(void **state)
{
	struct life_case *c = *state;
	struct played_said *said;

	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	said = say(c);
	assert_string_equal(said->topic, PUMP "/commands/provisioning");
	assert_string_equal(said->text,
			    "{\"type\":\"provisioning\",\"request_id\":\"r-1\","
			    "\"status\":\"approved\",\"device_path\":\"" PUMP
			    "\",\"payload\":{\"a\":1}}");
	assert_string_equal(said->content_type, "application/json");
	assert_string_equal(said->request_id, "r-1");
	assert_string_equal(said->correlation, "r-1");
	assert_string_equal(said->status, "approved");
	assert_int_equal(said->expiry_s, 60);
}

static void mqtt_3_has_no_properties(void **state)
{
	struct life_case *c = *state;
	struct played_said *said;

	c->config.mqtt.version = 4;
	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	said = say(c);
	assert_non_null(strstr(said->text, "\"payload\":{\"a\":1}"));
	assert_string_equal(said->request_id, "");
	assert_int_equal(said->expiry_s, 0);
}

static void a_raw_approval_is_the_payload(void **state)
{
	struct life_case *c = *state;
	struct played_said *said;

	c->config.mqtt.command_format = ZTP_COMMAND_RAW;
	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	said = say(c);
	assert_string_equal(said->text, "{\"a\":1}");
	assert_string_equal(said->content_type, "application/json");
	assert_string_equal(said->status, "approved");
}

/* The broker need not keep a message beyond its deadline. */
static void a_message_expires_with_its_deadline(void **state)
{
	static const struct {
		int64_t due_in; /* 0: never */
		uint32_t expiry_s;
	} lines[] = {{LIFE_MIN, 60},
		     {LIFE_MIN + 1, 61},
		     {1, 1},
		     {-LIFE_MIN, 1},
		     {0, 300}};
	struct life_case *c = *state;
	size_t i;

	life_up(c, 10);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n = life_put(c, PUMP, (int)i, ZTP_STATE_REGISTERED,
				     ZTP_OWED_SEND);
		struct store_request r = life_row(c, n);

		r.owed.due_at =
			lines[i].due_in ? LIFE_NOW + lines[i].due_in : 0;
		life_save(c, &r);
		life_pump(c);
		assert_int_equal(c->mqtt.said[i].expiry_s, lines[i].expiry_s);
	}
}

/* It was the broker that was away, or the bridge, and not the device. */
static void what_a_command_waited_is_not_the_device_s(void **state)
{
	static const struct {
		int64_t due_in, waited;
		int losses; /* with their connections */
		uint32_t expiry_s;
	} lines[] = {{30000, 4 * LIFE_MIN, 0, 270},
		     {30000, 60 * LIFE_MIN, 0, 300}, /* the delivery_timeout */
		     {30000, -LIFE_MIN, 0, 30},
		     {-1000, LIFE_MIN, 0, 59},
		     {-LIFE_MIN, 0, 0, 1},
		     {30000, 200, 1, 300},
		     {-1000, -200, 2, 300}};
	struct life_case *c = *state;
	size_t i;

	life_up(c, 10);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n = life_put(c, PUMP, (int)i, ZTP_STATE_REGISTERED,
				     ZTP_OWED_SEND);
		struct store_request r = life_row(c, n);
		struct command_sent sent;

		r.owed.due_at = LIFE_NOW + lines[i].due_in;
		r.owed.retry_at = LIFE_NOW - lines[i].waited;
		r.owed.losses = lines[i].losses;
		assert_int_equal(command_send(&c->b, &r, &sent, &c->error), 0);
		assert_int_equal(c->mqtt.said[i].expiry_s, lines[i].expiry_s);
	}
}

/* --- the rejection */

static void a_rejection_says_why(void **state)
{
	static const struct {
		enum ztp_state end;
		const char *why;
	} lines[] = {
		{ZTP_STATE_REJECTED,
		 "\"reason\":\"not_ours\",\"message\":\"not ours\"}"},
		{ZTP_STATE_EXPIRED, "\"reason\":\"expired\"}"},
		{ZTP_STATE_CONFLICT, "\"reason\":\"conflict\"}"},
	};
	struct life_case *c = *state;
	int i;

	life_up(c, 10);
	for (i = 0; i < 3; i++) {
		struct played_said *said = &c->mqtt.said[i];

		life_put(c, PUMP, i, lines[i].end, ZTP_OWED_NOTICE_SEND);
		life_pump(c);
		assert_int_equal(c->mqtt.count, i + 1);
		assert_non_null(strstr(said->text, "\"status\":\"rejected\""));
		assert_non_null(strstr(said->text, lines[i].why));
		assert_null(strstr(said->text, "payload"));
		assert_string_equal(said->status, "rejected");
		assert_int_equal(said->expiry_s, 60);
	}
}

/* The customer had approved, but the gate already had a device with this path:
 * nobody gets the payload. */
static void a_rejection_never_has_the_payload(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_NONE);
	struct store_request r = life_row(c, n);
	struct played_said *said;

	c->config.mqtt.command_format = ZTP_COMMAND_RAW;
	life_ok(c, move_finish_decided(&c->b, &r, ZTP_STATE_CONFLICT, "why",
				       &c->error));
	r.owed.what = ZTP_OWED_NOTICE_SEND;
	r.owed.retry_at = LIFE_NOW;
	life_save(c, &r);
	said = say(c);
	assert_string_equal(said->status, "rejected");
	assert_non_null(strstr(said->text, "\"reason\":\"conflict\"}"));
	assert_null(strstr(said->text, "payload"));
}

/* There is nothing to send raw, and an empty message would be an approval's. */
static void a_raw_rejection_is_an_envelope(void **state)
{
	struct life_case *c = *state;
	struct played_said *said;

	c->config.mqtt.command_format = ZTP_COMMAND_RAW;
	life_put(c, PUMP, 1, ZTP_STATE_REJECTED, ZTP_OWED_NOTICE_SEND);
	said = say(c);
	assert_non_null(strstr(said->text, "\"status\":\"rejected\""));
	assert_string_equal(said->content_type, "application/json");
	assert_string_equal(said->status, "rejected");
}

/* --- what cannot be sent */

/* Its request ends at once and says why. Others are not affected. */
static void what_the_broker_would_never_take_is_given_up(void **state)
{
#define TOO_LARGE                                                              \
	"the command of 300 bytes exceeds the broker's Maximum Packet Size"
	static const struct {
		int code;
		const char *why;
	} lines[] = {
		{MOSQ_ERR_PAYLOAD_SIZE, TOO_LARGE},
		{MOSQ_ERR_OVERSIZE_PACKET, TOO_LARGE},
		{MOSQ_ERR_INVAL, "the command cannot be sent: "},
		{MOSQ_ERR_MALFORMED_UTF8, "the command cannot be sent: "},
	};
	struct life_case *c = *state;
	int i;

	life_up(c, 10);
	for (i = 0; i < 4; i++) {
		int64_t n = life_put(c, PUMP, i, ZTP_STATE_REGISTERED,
				     ZTP_OWED_SEND);

		c->mqtt.rc = lines[i].code;
		life_pump(c);
		assert_true(commands_busy(c->b.commands, n));
		life_turn(c);
		assert_true(life_logged(c, "command_given_up"));
		assert_false(commands_busy(c->b.commands, n));
		life_is(c, n, ZTP_STATE_UNDELIVERABLE);
		/* The device may come back when the broker takes more. */
		life_owes(c, n, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, LIFE_NEVER);
		life_result(c, life_id(c, n), "undeliverable");
		assert_memory_equal(life_member(c, "message"), lines[i].why,
				    strlen(lines[i].why));
		assert_int_equal(
			c->b.core.tally.commands[TALLY_COMMAND_GIVEN_UP],
			i + 1);
	}
	c->mqtt.rc = 0;
	life_put(c, VALVE, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
}

/* The loop notices by itself when the connection is lost. */
static void what_the_connection_does_not_take_now_is_said_later(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	life_put(c, PUMP, 2, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	life_up(c, 10);
	c->mqtt.rc = MOSQ_ERR_NO_CONN;
	life_pump(c);
	assert_int_equal(commands_in_flight(c->b.commands), 0);
	assert_int_equal(life_row(c, 1).owed.tries, 0);
	c->mqtt.rc = 0;
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
}

/* The row was written by another program, or is damaged. */
static void a_path_that_is_none_costs_itself_alone(void **state)
{
	struct life_case *c = *state;

	life_put(c, "nowhere", 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
	assert_string_equal(c->mqtt.said[0].request_id, "r-2");
	life_turn(c);
	assert_true(life_logged(c, "command_given_up"));
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
}

/* --- a payload that is erased */

static void erase(struct life_case *c, int64_t n)
{
	struct store_request r = life_row(c, n);

	life_ok(c, store_payload_erase(c->b.store, &r, &c->error));
}

static void an_approval_without_what_is_erased(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_UNDELIVERABLE, ZTP_OWED_SEND);
	erase(c, 1);
	assert_string_equal(say(c)->text,
			    "{\"type\":\"provisioning\",\"request_id\":\"r-1\","
			    "\"status\":\"approved\",\"device_path\":\"" PUMP
			    "\",\"payload_erased\":true}");
}

/* Raw is nothing but the payload: the device would take an empty one for it. */
static void what_is_erased_is_not_sent_raw(void **state)
{
	struct life_case *c = *state;

	c->config.mqtt.command_format = ZTP_COMMAND_RAW;
	life_put(c, PUMP, 1, ZTP_STATE_UNDELIVERABLE, ZTP_OWED_SEND);
	life_put(c, VALVE, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_SEND);
	erase(c, 1);
	erase(c, 2);
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
	assert_true(life_logged(c, "command_erased"));
	life_turn(c);
	assert_int_equal(c->b.core.tally.commands[TALLY_COMMAND_ERASED], 2);
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	life_owes(c, 2, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	life_no_record(c, STORE_RESULTS);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
}

/* Long after its end an onboarded request has nothing but its row, and its device
 * comes again with its certificate. */
static void comes_again(struct life_case *c)
{
	life_commit(c);
	assert_int_equal(store_evict(c->b.store, 0, true, 9, &c->error), 1);
	life_knock(c, PUMP, 1);
	life_is(c, 1, ZTP_STATE_ONBOARDED);
	life_owes(c, 1, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
}

/* It would take an approval without a payload for its new configuration. */
static void what_is_evicted_is_erased(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	comes_again(c);
	assert_non_null(strstr(say(c)->text, "\"payload_erased\":true}"));
}

static void what_was_erased_before_is_evicted(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	erase(c, 1);
	comes_again(c);
	assert_non_null(strstr(say(c)->text, "\"payload_erased\":true}"));
}

static void what_is_evicted_is_not_sent_raw(void **state)
{
	struct life_case *c = *state;

	c->config.mqtt.command_format = ZTP_COMMAND_RAW;
	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	comes_again(c);
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
	assert_true(life_logged(c, "command_erased"));
	life_turn(c);
	life_owes(c, 1, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
}

static void approve_without_a_payload(struct life_case *c)
{
	const struct store_decision d = {.by_customer = true,
					 .verdict = ZTP_APPROVE,
					 .topic = "ztp.decisions"};
	struct store_request r;

	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	r = life_row(c, 1);
	life_ok(c, store_decision_put(c->b.store, &r, &d, &c->error));
	life_save(c, &r);
}

/* Nothing was erased of an approval that had no payload, and it says as much as
 * before. */
static void what_had_no_payload_has_none_again(void **state)
{
	struct life_case *c = *state;

	approve_without_a_payload(c);
	comes_again(c);
	assert_string_equal(say(c)->text,
			    "{\"type\":\"provisioning\",\"request_id\":\"r-1\","
			    "\"status\":\"approved\",\"device_path\":\"" PUMP
			    "\"}");
	/* It still does when it was saved since. */
	assert_true(life_puback(c, 0, 0));
	life_turn(c);
	life_pass(c, 60 * LIFE_MIN);
	life_knock(c, PUMP, 1);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
	assert_null(strstr(c->mqtt.said[1].text, "payload"));
}

/* A release before this one has not noted whether there was one. */
static void what_is_not_known_counts_as_erased(void **state)
{
	struct life_case *c = *state;
	struct store_request r;

	approve_without_a_payload(c);
	comes_again(c);
	r = life_row(c, 1);
	r.decision = 0;
	life_save(c, &r);
	assert_non_null(strstr(say(c)->text, "\"payload_erased\":true}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(an_approval_is_said),
		LIFE_TEST(mqtt_3_has_no_properties),
		LIFE_TEST(a_raw_approval_is_the_payload),
		LIFE_TEST(a_message_expires_with_its_deadline),
		LIFE_TEST(what_a_command_waited_is_not_the_device_s),
		LIFE_TEST(a_rejection_says_why),
		LIFE_TEST(a_rejection_never_has_the_payload),
		LIFE_TEST(a_raw_rejection_is_an_envelope),
		LIFE_TEST(what_the_broker_would_never_take_is_given_up),
		LIFE_TEST(what_the_connection_does_not_take_now_is_said_later),
		LIFE_TEST(a_path_that_is_none_costs_itself_alone),
		LIFE_TEST(an_approval_without_what_is_erased),
		LIFE_TEST(what_is_erased_is_not_sent_raw),
		LIFE_TEST(what_is_evicted_is_erased),
		LIFE_TEST(what_was_erased_before_is_evicted),
		LIFE_TEST(what_is_evicted_is_not_sent_raw),
		LIFE_TEST(what_had_no_payload_has_none_again),
		LIFE_TEST(what_is_not_known_counts_as_erased),
	};

	return cmocka_run_group_tests_name("bridge_life_publish", tests, NULL,
					   NULL);
}
