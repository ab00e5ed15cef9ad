/* What devices publish about their commands: which messages are answers, and
 * that one device costs no other anything. */
#include "life_case.h"

#define TO	   "/events/provisioning"
#define ANSWERS_TO PUMP TO
#define APPLIED	   "{\"request_id\":\"r-1\",\"status\":\"applied\"}"
#define FAILED	   "{\"request_id\":\"r-1\",\"status\":\"failed\"}"

static bool hear_bytes(struct life_case *c, const char *topic, const char *text,
		       size_t n)
{
	struct mqtt_out_user *user = c->mqtt.user;

	return user->message(user->arg, topic, text, n);
}

static bool hear(struct life_case *c, const char *topic, const char *text)
{
	return hear_bytes(c, topic, text, strlen(text));
}

/* Whoever must answer for the delivery: what a device says is news. */
static void the_bridge_listens_to_devices(void **state)
{
	struct life_case *c = *state;
	int ack;

	for (ack = CONFIG_ACK_BROKER; ack <= CONFIG_ACK_DEVICE; ack++) {
		c->config.mqtt.delivery_ack = (enum config_ack)ack;
		c->mqtt.subscribed[0] = '\0';
		life_up(c, 10);
		assert_string_equal(c->mqtt.subscribed,
				    "subscriptions/+/registries/+/devices/+"
				    "/events/provisioning");
		assert_int_equal(c->mqtt.needed, ack == CONFIG_ACK_DEVICE);
	}
	assert_false(life_logged(c, "mqtt_subscribe_failed"));
	c->mqtt.rc_sub = MOSQ_ERR_NO_CONN;
	life_up(c, 10);
	assert_true(life_logged(c, "mqtt_subscribe_failed"));
}

static void an_answer_is_applied_with_the_turn(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_DELIVERED, ZTP_OWED_SEND);
	assert_true(hear(c, ANSWERS_TO, APPLIED));
	life_is(c, 1, ZTP_STATE_DELIVERED);
	life_turn(c);
	life_is(c, 1, ZTP_STATE_ONBOARDED);
	life_result(c, "r-1", "onboarded");
	life_turn(c); /* and no other result */
	life_no_record(c, STORE_RESULTS);
}

/* Of a device that has failed nothing more is expected, whether the broker's word
 * comes with its own, or after it, or it is told again. */
static void a_failure_is_the_end(struct life_case *c)
{
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
	life_owes(c, 1, ZTP_OWED_WAIT_DEVICE, LIFE_NEVER, LIFE_NEVER);
	life_pass(c, 10 * LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
	life_no_record(c, STORE_RESULTS);
}

static void a_device_that_failed_is_not_waited_for(void **state)
{
	struct life_case *c = *state;
	int later;

	c->config.mqtt.delivery_ack = CONFIG_ACK_DEVICE;
	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	life_up(c, 10);
	for (later = 0; later <= 1; later++) {
		life_pump(c);
		assert_true(hear(c, ANSWERS_TO, FAILED));
		if (later == 1)
			life_turn(c);
		assert_true(life_puback(c, later, 0));
		life_turn(c);
		if (later == 0)
			life_result(c, "r-1", "undeliverable");
		a_failure_is_the_end(c);
		life_knock(c, PUMP, 1); /* it comes again */
		life_owes(c, 1, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
	}
	life_pump(c);
	assert_true(hear(c, ANSWERS_TO, APPLIED));
	assert_true(life_puback(c, later, 0));
	life_turn(c);
	life_is(c, 1, ZTP_STATE_ONBOARDED);
	life_result(c, "r-1", "onboarded");
}

static void what_is_no_answer(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_DELIVERED, ZTP_OWED_SEND);
	assert_false(hear(c, "$CONTROL/ztp/v1/response", "{}"));
	assert_false(hear(c, TO, APPLIED));
	assert_false(life_logged(c, "answers_dropped"));
	assert_true(hear(c, "nowhere" TO, APPLIED));
	assert_true(life_logged(c, "answers_dropped"));
	life_turn(c);
	life_is(c, 1, ZTP_STATE_DELIVERED);
	life_no_record(c, STORE_RESULTS);
}

/* The customer learns of what cannot be read, at once. */
static void what_cannot_be_read_is_said(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *why;
	} lines[] = {
		{"", 0, "the device's answer is not understood: it is empty"},
		{"\0", 1, "the device's answer is not understood: it is empty"},
		{"{\"request_id\":\"r-3\"}", 20,
		 "the device's answer is not understood: status is missing"},
		{"{\"status\":\"applied\"}", 20,
		 "the device's answer is not understood: request_id is "
		 "missing"},
		{"{\"request_id\":\"r-77\",\"status\":\"applied\"}", 40,
		 "the device's answer is not understood: it names a request "
		 "that is not the device's own"},
	};
	struct life_case *c = *state;
	size_t i;

	c->config.mqtt.delivery_ack = CONFIG_ACK_DEVICE;
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int64_t n = life_put(c, PUMP, 1, ZTP_STATE_DELIVERED,
				     ZTP_OWED_SEND);

		assert_true(
			hear_bytes(c, ANSWERS_TO, lines[i].text, lines[i].n));
		life_turn(c);
		life_is(c, n, ZTP_STATE_UNDELIVERABLE);
		life_result(c, life_id(c, n), "undeliverable");
		assert_string_equal(life_member(c, "message"), lines[i].why);
		assert_true(life_logged(c, "device_answered"));
	}
	assert_int_equal(c->b.core.tally.answers[TALLY_ANSWER_UNREADABLE], 4);
	assert_int_equal(c->b.core.tally.answers[TALLY_ANSWER_UNKNOWN], 1);
}

/* What is added by mistake changes nothing. */
static void an_answer_may_end_with_a_nul(void **state)
{
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_DELIVERED, ZTP_OWED_SEND);
	assert_true(hear_bytes(c, ANSWERS_TO, APPLIED, sizeof(APPLIED)));
	life_turn(c);
	life_result(c, "r-1", "onboarded");
}

static uint64_t dropped(const struct life_case *c)
{
	return c->b.total.answers[TALLY_ANSWER_DROPPED];
}

/* A device may answer now and then, and no other device notices more. */
static void a_flood_costs_its_device_alone(void **state)
{
	struct life_case *c = *state;
	int i;

	life_put(c, PUMP, 1, ZTP_STATE_DELIVERED, ZTP_OWED_SEND);
	for (i = 0; i < 100000; i++)
		assert_true(hear(c, VALVE TO, "nonsense"));
	assert_int_equal(dropped(c), 100000 - 8);
	assert_true(life_logged(c, "answers_dropped"));
	assert_true(hear(c, ANSWERS_TO, APPLIED));
	life_turn(c);
	life_is(c, 1, ZTP_STATE_ONBOARDED);
	assert_int_equal(scratch_files(&c->scratch, "log", NULL), 1);
	/* One line in ten seconds tells of the rest. */
	assert_true(hear(c, VALVE TO, "nonsense"));
	assert_false(life_logged(c, "answers_dropped"));
	life_pass(c, 10000);
	for (i = 0; i < 9; i++)
		assert_true(hear(c, VALVE TO, "nonsense"));
	assert_true(life_logged(c, "answers_dropped"));
	/* Later it is listened to again, once a second. */
	life_turn(c);
	life_pass(c, 1000);
	i = (int)dropped(c);
	assert_true(hear(c, VALVE TO, "nonsense"));
	assert_int_equal(dropped(c), i);
	assert_true(hear(c, VALVE TO, "nonsense"));
	assert_int_equal(dropped(c), i + 1);
}

/* Devices that meet in the same place of the table do not pay for each
 * other: of 4000 in 1024 places, each is heard. */
static void many_devices_are_heard(void **state)
{
	struct life_case *c = *state;
	char topic[256];
	int i;

	for (i = 0; i < 4000; i++) {
		snprintf(topic, sizeof(topic),
			 "subscriptions/s/registries/r/devices/d%d" TO, i);
		assert_true(hear(c, topic, APPLIED));
		if (i % 100 == 99)
			life_turn(c);
	}
	assert_int_equal(dropped(c), 0);
}

static void a_turn_takes_no_more_than_it_can_hold(void **state)
{
	struct life_case *c = *state;
	char topic[256];
	int i;

	for (i = 0; i < 513; i++) {
		assert_int_equal(dropped(c), 0);
		snprintf(topic, sizeof(topic),
			 "subscriptions/s/registries/r/devices/d%d" TO, i);
		assert_true(hear(c, topic, APPLIED));
	}
	assert_int_equal(dropped(c), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(the_bridge_listens_to_devices),
		LIFE_TEST(an_answer_is_applied_with_the_turn),
		LIFE_TEST(a_device_that_failed_is_not_waited_for),
		LIFE_TEST(what_is_no_answer),
		LIFE_TEST(what_cannot_be_read_is_said),
		LIFE_TEST(an_answer_may_end_with_a_nul),
		LIFE_TEST(a_flood_costs_its_device_alone),
		LIFE_TEST(many_devices_are_heard),
		LIFE_TEST(a_turn_takes_no_more_than_it_can_hold),
	};

	return cmocka_run_group_tests_name("bridge_life_answers", tests, NULL,
					   NULL);
}
