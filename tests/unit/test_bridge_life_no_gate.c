/* The bridge has no gate any more: mqtt.registrar was changed. */
#include "life_case.h"

#include "bridge/life/delivery.h"

/* The device is told what the customer has said, and what the gate was to be told
 * is nobody's. */
static void what_the_gate_was_owed_is_told_to_nobody(void **state)
{
	struct life_case *c = *state;
	int64_t made =
		life_put(c, PUMP, 1, ZTP_STATE_APPROVED, ZTP_OWED_REGISTER);
	int64_t let_go =
		life_put(c, VALVE, 1, ZTP_STATE_REJECTED, ZTP_OWED_RELEASE);
	int64_t told = life_put(c, VALVE, 2, ZTP_STATE_REJECTED,
				ZTP_OWED_NOTICE_CHECK);
	int i;

	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
	life_turn(c);
	life_is(c, made, ZTP_STATE_REGISTERED);
	life_owes(c, made, ZTP_OWED_SEND, 0, 5 * LIFE_MIN);
	life_owes(c, let_go, ZTP_OWED_NONE, LIFE_NEVER, LIFE_NEVER);
	life_owes(c, told, ZTP_OWED_NOTICE_SEND, 0, 5000);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 2);
	for (i = 0; i < 2; i++) {
		bool is_made = strcmp(c->mqtt.said[i].request_id,
				      life_id(c, made)) == 0;

		assert_string_equal(c->mqtt.said[i].status,
				    is_made ? "approved" : "rejected");
		assert_true(life_puback(c, i, 0));
	}
	life_turn(c);
	life_pump(c);
	life_is(c, made, ZTP_STATE_ONBOARDED);
	assert_int_equal(c->mqtt.count, 2);
	assert_int_equal(store_next_retry(c->b.store, true), 0);
}

/* It was connected to the gate's broker, and comes to this one. */
static void who_waited_for_the_gates_word_is_told_when_it_comes(void **state)
{
	struct life_case *c = *state;
	int64_t n = life_put(c, PUMP, 1, ZTP_STATE_REGISTERED,
			     ZTP_OWED_WAIT_DEVICE);
	struct store_request r = life_row(c, n);

	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 0);
	life_ok(c, delivery_knocked(&c->b, &r, &c->error));
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
	assert_string_equal(c->mqtt.said[0].status, "approved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(what_the_gate_was_owed_is_told_to_nobody),
		LIFE_TEST(who_waited_for_the_gates_word_is_told_when_it_comes),
	};

	return cmocka_run_group_tests_name("bridge_life_no_gate", tests, NULL,
					   NULL);
}
