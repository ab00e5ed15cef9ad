/* A member whose handle librdkafka does not make: here for a session that is longer
 * than it takes, in an operation for the file descriptors or the key file that are
 * missing for a while. */
#include "core_case.h"

#include "base/clock.h"
#include "bridge/standby/standby.h"

#define TOO_LONG_MS 99999999
#define AGAIN_MS    5000

struct join_case {
	struct core_case in;
	struct standby *standby;
	struct ztp_error error;
	int looks, left; /* whether it may join; times that it gave up */
};

static bool ready(void *arg)
{
	struct join_case *c = arg;

	c->looks++;
	return true;
}

static void positions(void *arg, bool whole, struct positions *positions)
{
	(void)arg, (void)whole, (void)positions;
}

static void act(void *arg, enum ztp_role_action action)
{
	struct join_case *c = arg;

	c->left += action == ZTP_ROLE_CLOSE;
}

static int setup(void **state)
{
	static const struct member_options options = {
		.instance = "zulu",
		.advertise = "",
		.session_ms = TOO_LONG_MS,
		.wake_fd = -1,
	};
	struct join_case *c = calloc(1, sizeof(*c));
	const struct standby_user user = {ready, positions, act, NULL, c};

	assert_non_null(c);
	core_case_make(&c->in, "kafka: {brokers: \"127.0.0.1:1\"}\n");
	assert_int_equal(standby_new(&c->standby, &c->in.core, &options, &user,
				     &c->error),
			 0);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct join_case *c = *state;

	standby_free(c->standby);
	core_case_end(&c->in);
	free(c);
	return 0;
}

static void it_is_out_and_says_why(void **state)
{
	struct join_case *c = *state;

	standby_turn(c->standby);
	assert_int_equal(standby_state(c->standby), ZTP_ROLE_OUT);
	assert_int_equal(c->left, 1);
	assert_string_not_equal(standby_trouble(c->standby), "");
}

/* After a pause, and not in each turn. */
static void it_tries_again(void **state)
{
	struct join_case *c = *state;
	int64_t before = ztp_clock_boot(), next;

	standby_turn(c->standby);
	standby_turn(c->standby);
	assert_int_equal(c->looks, 1);
	next = standby_next(c->standby);
	assert_in_range(next, before + AGAIN_MS, ztp_clock_boot() + AGAIN_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_out_and_says_why),
		TEST(it_tries_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
