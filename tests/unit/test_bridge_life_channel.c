/* Two device paths with the same command topic: a template without the whole
 * path, and no gate. Each device would get the other's messages, so the second
 * one loses. */
#include "life_case.h"

#include "bridge/life/channels.h"

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

/* --- after a change of mqtt.command_topic */

static struct channels channels;

/* The bridge starts with this template. */
static void start(struct life_case *c, char *template)
{
	c->config.mqtt.command_topic = template;
	c->b.channels = !ztp_topic_unique(template);
	channels = (struct channels){0};
	life_ok(c, channels_look(&c->b, &c->error));
}

/* All rows, so many at a time. Returns how many turns it took. */
static int compare(struct life_case *c, int limit)
{
	int turns = 0;

	while (c->b.comparing) {
		life_ok(c, channels_apply(&channels, &c->b, limit, &c->error));
		life_commit(c);
		channels_settle(&channels, &c->b);
		turns++;
	}
	return turns;
}

static char by_path[] = "{device_path}/commands";
static char by_device[] = "devices/{device}/commands";
static char in_registry[] = "{registry}/{device}/commands";

static void without_a_change_nothing_is_compared(void **state)
{
	struct life_case *c = *state;

	start(c, by_device);
	assert_false(c->b.comparing); /* there is nothing yet */
	life_knock(c, PUMP, 1);
	life_knock(c, VALVE, 1);
	start(c, by_device);
	assert_false(c->b.comparing);
	assert_false(life_logged(c, "command_topic_changed"));
}

static void one_that_nobody_shares_needs_none(void **state)
{
	struct life_case *c = *state;

	start(c, by_device);
	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_put(c, TWIN, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	start(c, by_path);
	assert_false(c->b.comparing);
	/* What is left of the former one says nothing. */
	life_approve(c, 1);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_is(c, 2, ZTP_STATE_REQUESTED);
	life_approve(c, 2);
	life_is(c, 2, ZTP_STATE_REGISTERED);
}

static void all_get_the_topic_of_now(void **state)
{
	struct life_case *c = *state;
	char want[64];
	int i;

	start(c, by_path);
	for (i = 0; i < 10; i++)
		life_put(c, path_of("a", i), 1, ZTP_STATE_ONBOARDED,
			 ZTP_OWED_NONE);
	start(c, by_device);
	assert_true(c->b.comparing);
	assert_true(life_logged(c, "command_topic_changed"));
	assert_int_equal(compare(c, 3), 5);
	assert_true(life_logged(c, "command_topics_compared"));
	for (i = 0; i < 10; i++) {
		snprintf(want, sizeof(want), "devices/d%d/commands", i);
		assert_string_equal(life_row(c, i + 1).channel, want);
	}
	start(c, by_device);
	assert_false(c->b.comparing);
	start(c, in_registry);
	assert_true(c->b.comparing);
	assert_int_equal(compare(c, 100), 2);
	assert_string_equal(life_row(c, 1).channel, "a/d0/commands");
}

/* Killed, or undone: what is not committed is gone over again. */
static void it_goes_on_where_it_was(void **state)
{
	struct life_case *c = *state;
	int i;

	start(c, by_path);
	for (i = 0; i < 10; i++)
		life_put(c, path_of("a", i), 1, ZTP_STATE_ONBOARDED,
			 ZTP_OWED_NONE);
	life_commit(c);
	start(c, by_device);
	life_ok(c, channels_apply(&channels, &c->b, 4, &c->error));
	store_rollback(c->b.store);
	channels_rollback(&channels);
	assert_string_equal(life_row(c, 1).channel, "");
	life_ok(c, channels_apply(&channels, &c->b, 4, &c->error));
	life_commit(c);
	channels_settle(&channels, &c->b);
	start(c, by_device);
	assert_true(c->b.comparing);
	compare(c, 4);
	assert_string_equal(life_row(c, 1).channel, "devices/d0/commands");
	assert_string_equal(life_row(c, 10).channel, "devices/d9/commands");
}

/* Each had a topic of its own when the first one was onboarded. */
static void who_comes_later_loses(void **state)
{
	struct life_case *c = *state;

	start(c, by_path);
	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	life_put(c, TWIN, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	start(c, by_device);
	compare(c, 100);
	life_knock(c, "subscriptions/acme/registries/plant-9/devices/pump-42",
		   3);
	life_is(c, 3, ZTP_STATE_CONFLICT);
	life_result(c, NULL, "conflict");
	/* It was asked for before. */
	life_approve(c, 2);
	life_is(c, 2, ZTP_STATE_CONFLICT);
	life_result(c, "r-2", "conflict");
	assert_string_equal(life_member(c, "message"),
			    "another device path has this command topic");
	assert_string_equal(life_member(c, "decision.topic"), "ztp.decisions");
}

static void its_payload_is_not_kept(void **state)
{
	static const char approval[] =
		"{\"request_id\":\"r-2\",\"device_path\":\"" TWIN
		"\",\"decision\":\"approve\",\"payload\":{\"key\":1}}";
	struct life_case *c = *state;
	struct consumer_record record;
	struct store_decision d;

	start(c, by_path);
	life_put(c, PUMP, 1, ZTP_STATE_ONBOARDED, ZTP_OWED_NONE);
	life_put(c, TWIN, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	start(c, by_device);
	compare(c, 100);
	record = life_next(c, approval);
	life_ok(c, life_decide(c, &record));
	life_is(c, 2, ZTP_STATE_CONFLICT);
	assert_int_equal(life_decision(c, 2, true, &d), 1);
	assert_true(d.payload_erased);
	store_decision_clear(&d);
}

/* Both were approved: either would get the other's payload. */
static void neither_of_two_is_sent_anything(void **state)
{
	struct life_case *c = *state;

	start(c, by_path);
	life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	life_put(c, TWIN, 2, ZTP_STATE_ONBOARDED, ZTP_OWED_SEND);
	life_put(c, VALVE, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	start(c, by_device);
	compare(c, 100);
	life_up(c, 10);
	life_pump(c);
	assert_int_equal(c->mqtt.count, 1);
	assert_string_equal(c->mqtt.said[0].topic, "devices/valve-1/commands");
	life_turn(c);
	assert_true(life_logged(c, "command_given_up"));
	life_is(c, 1, ZTP_STATE_UNDELIVERABLE);
	life_result(c, "r-1", "undeliverable");
	assert_string_equal(life_member(c, "message"),
			    "another device path has this command topic");
	life_is(c, 2, ZTP_STATE_ONBOARDED);
	/* Nor when it comes again. */
	life_knock(c, TWIN, 2);
	life_pump(c);
	life_turn(c);
	assert_int_equal(c->mqtt.count, 1);
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
		T(without_a_change_nothing_is_compared),
		T(one_that_nobody_shares_needs_none),
		T(all_get_the_topic_of_now),
		T(it_goes_on_where_it_was),
		T(who_comes_later_loses),
		T(its_payload_is_not_kept),
		T(neither_of_two_is_sent_anything),
	};

	return cmocka_run_group_tests_name("bridge_life_channel", tests, NULL,
					   NULL);
}
