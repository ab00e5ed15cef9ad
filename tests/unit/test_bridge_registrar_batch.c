/* Commands about single devices: those of one pump share messages, none stops
 * its neighbours, and acknowledgements wait for each other. */
#include "registrar_case.h"

#include "bridge/core/batching.h"

static struct store_request approved(struct ask_case *c, int i)
{
	struct store_request r = store_case_request(i);

	snprintf(r.id, sizeof(r.id), "r-%03d", i);
	snprintf(r.path, sizeof(r.path), PATH, i);
	r.state = ZTP_STATE_APPROVED;
	r.owed.what = ZTP_OWED_REGISTER;
	r.owed.retry_at = 900;
	assert_int_equal(
		store_request_add(c->store->store, &r, &c->store->error), 0);
	return r;
}

static void start(struct ask_case *c, int from, int to)
{
	int i;

	for (i = from; i < to; i++) {
		struct store_request r = approved(c, i);

		assert_true(registrar_send(c->g, &r));
	}
}

static int creations(const struct ask_case *c)
{
	int i, n = 0;

	for (i = 0; i < c->mqtt.count; i++) {
		const char *at = c->mqtt.sent[i];

		while ((at = strstr(at, "createDevice")) != NULL) {
			at++;
			n++;
		}
	}
	return n;
}

static void commands_of_one_pump_share_messages(void **state)
{
	struct ask_case *c = *state;
	int i;

	connect_to(c, 1000);
	start(c, 0, 100);
	assert_true(registrar_flush(c->g));
	assert_int_equal(creations(c), 100);
	assert_in_range(c->mqtt.count, 4, 7);
	for (i = 0; i < c->mqtt.count; i++)
		assert_true(strlen(c->mqtt.sent[i]) <= 8192);
	assert_int_equal(registrar_in_flight(c->g), 100);
	answer(c);
	assert_int_equal(registrar_in_flight(c->g), 0);
	/* Nothing is sent twice. */
	i = c->mqtt.count;
	assert_true(registrar_flush(c->g));
	assert_int_equal(c->mqtt.count, i);
}

static void an_older_gate_gets_them_one_by_one(void **state)
{
	struct ask_case *c = *state;

	connect_to(c, 0);
	start(c, 0, 5);
	assert_true(registrar_flush(c->g));
	assert_int_equal(c->mqtt.count, 5);
	assert_int_equal(creations(c), 5);
}

/* One of ten has metadata that the broker does not take. */
static void too_large_a_command_does_not_stop_its_neighbours(void **state)
{
	struct ask_case *c = *state;
	struct op *op;
	int i;

	connect_to(c, 1000);
	start(c, 0, 10);
	op = &c->g->ops[4];
	assert_non_null(cJSON_AddStringToObject(
		cJSON_GetArrayItem(c->g->batch.message.list, 4), "much",
		"a text that makes this command larger than all the others of "
		"this message, and larger than what this broker accepts"));
	c->mqtt.max = 320;
	assert_true(registrar_flush(c->g));
	assert_int_equal(creations(c), 9);
	assert_int_equal(c->mqtt.count, 9);
	assert_true(op->done && !op->lost);
	assert_string_equal(op->answer.code, "RESOURCE_EXHAUSTED");
	for (i = 0; i < 10; i++)
		assert_true(i == 4 || !c->g->ops[i].done);
	assert_int_equal(registrar_next(c->g), c->core.now);
}

/* The connection takes none: they are owed as before. */
static void what_was_not_sent_is_not_in_flight(void **state)
{
	struct ask_case *c = *state;

	connect_to(c, 1000);
	start(c, 0, 3);
	c->mqtt.full = true;
	assert_false(registrar_flush(c->g));
	assert_int_equal(registrar_in_flight(c->g), 0);
}

static void acknowledgements_are_sent_in_parts(void **state)
{
	struct ask_case *c = *state;
	char id[ZTP_REQUEST_ID_MAX + 1];
	int i, rounds = 0;

	for (i = 0; i < 500; i++) {
		snprintf(id, sizeof(id), "%0100d", i);
		registrar_disposed(c->g, id);
	}
	connect_to(c, 1000);
	c->mqtt.max = 5000; /* the first try is too large */
	c->core.now += BATCHING_ACK_MS;
	while (c->g->acks.count > 0) {
		assert_true(++rounds < 50);
		registrar_pump(c->g);
		for (i = 0; i < c->mqtt.count; i++)
			assert_true(strlen(c->mqtt.sent[i]) <= 5000);
		c->mqtt.count = 0;
	}
	assert_in_range(rounds, 10, 40);
}

/* Nothing waits for them, so they wait for each other, and no longer. */
static void acknowledgements_wait_for_each_other(void **state)
{
	struct ask_case *c = *state;
	int i;

	connect_to(c, 1000);
	for (i = 0; i < 10; i++) {
		registrar_disposed(c->g, "r-1");
		registrar_settle(c->g);
		registrar_pump(c->g);
		assert_int_equal(c->mqtt.count, 0);
		assert_int_equal(registrar_next(c->g), 1000 + BATCHING_ACK_MS);
		c->core.now++;
	}
	c->core.now = 1000 + BATCHING_ACK_MS;
	c->mqtt.full = true; /* it is not tried again and again */
	registrar_pump(c->g);
	assert_true(registrar_next(c->g) > c->core.now);
	c->mqtt.full = false;
	c->core.now += BATCHING_ACK_MS;
	registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 1);
	registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 1);
	/* A bridge that stops does not wait. */
	registrar_disposed(c->g, "r-2");
	registrar_settle(c->g);
	c->core.stopping = true;
	registrar_pump(c->g);
	assert_int_equal(c->mqtt.count, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(commands_of_one_pump_share_messages),
		T(an_older_gate_gets_them_one_by_one),
		T(too_large_a_command_does_not_stop_its_neighbours),
		T(what_was_not_sent_is_not_in_flight),
		T(acknowledgements_are_sent_in_parts),
		T(acknowledgements_wait_for_each_other),
	};

	return cmocka_run_group_tests_name("bridge_registrar_batch", tests,
					   NULL, NULL);
}
