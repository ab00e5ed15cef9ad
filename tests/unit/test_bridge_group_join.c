/* Whether a bridge may be a member of its group, as its disk and its store are. */
#include "copy_case.h"

#include "bridge/group/group_join.h"

#define UNFIT_MS 30000

struct join_case {
	struct copy_case of;
	struct group_join *join;
};

static int setup(void **state)
{
	struct join_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	copy_case_make(&c->of);
	free(c->of.in.config->store.path);
	c->of.in.config->store.path = strdup(c->of.scratch.base);
	assert_int_equal(group_join_new(&c->join, &c->of.in.core, c->of.copy,
					&c->of.error),
			 0);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct join_case *c = *state;

	group_join_free(c->join);
	copy_case_end(&c->of);
	free(c);
	return 0;
}

/* A disk that cannot be read has room, and takes what is written. */
static void one_whose_store_takes_no_turn_gives_way(void **state)
{
	struct join_case *c = *state;

	group_join_health(c->join, true, true, false);
	stopped_for = UNFIT_MS - 1000;
	group_join_health(c->join, true, true, true);
	group_join_health(c->join, true, true, false);
	stopped_for += UNFIT_MS - 1000;
	group_join_health(c->join, true, true, false);
	assert_false(group_join_unfit(c->join));
	stopped_for += 1000;
	group_join_health(c->join, true, true, false);
	assert_true(group_join_unfit(c->join));
	assert_string_equal(group_join_problem(c->join), GROUP_STORE_FAILS);
	group_join_health(c->join, true, true, true);
	assert_false(group_join_unfit(c->join));
	assert_null(group_join_problem(c->join));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_whose_store_takes_no_turn_gives_way, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
