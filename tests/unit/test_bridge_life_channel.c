/* Two device paths with the same command topic: a template without the whole
 * path, and no gate. Each device would get the other's messages, so the second
 * one loses. */
#include "life_case.h"

/* The same device id in another registry. */
#define TWIN  "subscriptions/acme/registries/plant-8/devices/pump-42"
#define TOPIC "cmd/pump-42"

static int setup(void **state)
{
	static char by_device[] = "cmd/{device}";
	struct life_case *c;

	life_setup(state);
	c = *state;
	c->config.mqtt.command_topic = by_device;
	c->b.channels = true;
	return 0;
}

/* Device i of a registry; each has its own topic. */
static const char *path_of(const char *registry, int i)
{
	static char paths[2][64];
	char *path = paths[strcmp(registry, "a") == 0];

	snprintf(path, sizeof(paths[0]),
		 "subscriptions/s/registries/%s/devices/d%d", registry, i);
	return path;
}

static void a_request_keeps_its_topic(void **state)
{
	struct life_case *c = *state;

	life_knock(c, PUMP, 1);
	assert_string_equal(life_row(c, 1).channel, TOPIC);
}

static void the_second_path_of_a_topic_loses(void **state)
{
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < LIFE_OTHERS; i++) {
		bool free = life_others[i].free;

		life_put(c, path_of("a", (int)i), 1, life_others[i].state,
			 ZTP_OWED_NONE);
		life_knock(c, path_of("b", (int)i), 2);
		life_is(c, life_newest(c),
			free ? ZTP_STATE_RECEIVED : ZTP_STATE_CONFLICT);
		assert_int_equal(life_record(c, STORE_REQUESTS), free);
		if (free)
			continue;
		life_result(c, NULL, "conflict");
		assert_string_equal(
			life_member(c, "message"),
			"another device path has this command topic");
	}
	assert_int_equal(c->b.core.tally.pending[TALLY_PENDING_CONFLICT], 7);
}

static void contenders_of_one_path_share_its_topic(void **state)
{
	struct life_case *c = *state;

	life_knock(c, PUMP, 1);
	life_knock(c, PUMP, 2);
	life_is(c, 2, ZTP_STATE_RECEIVED);
}

static void an_approval_ends_the_other_paths_request(void **state)
{
	struct life_case *c = *state;
	int64_t winner =
		life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	int64_t loser =
		life_put(c, TWIN, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	int64_t other =
		life_put(c, VALVE, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);

	life_approve(c, winner);
	life_is(c, winner, ZTP_STATE_REGISTERED);
	life_is(c, loser, ZTP_STATE_CONFLICT);
	life_is(c, other, ZTP_STATE_REQUESTED);
	life_result(c, life_id(c, loser), "conflict");
}

/* The other path's device would take the rejection as its own. */
static void a_rejection_is_not_said_where_another_listens(void **state)
{
	struct life_case *c = *state;
	size_t i;

	for (i = 0; i < LIFE_OTHERS; i++) {
		int64_t n = life_put(c, path_of("a", (int)i), 1,
				     ZTP_STATE_REQUESTED, ZTP_OWED_NONE);

		life_put(c, path_of("b", (int)i), 2, life_others[i].state,
			 ZTP_OWED_NONE);
		life_reject(c, n);
		assert_int_equal(life_row(c, n).owed.what,
				 life_others[i].free ? ZTP_OWED_NOTICE_SEND
						     : ZTP_OWED_NONE);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, life_teardown)
	const struct CMUnitTest tests[] = {
		T(a_request_keeps_its_topic),
		T(the_second_path_of_a_topic_loses),
		T(contenders_of_one_path_share_its_topic),
		T(an_approval_ends_the_other_paths_request),
		T(a_rejection_is_not_said_where_another_listens),
	};

	return cmocka_run_group_tests_name("bridge_life_channel", tests, NULL,
					   NULL);
}
