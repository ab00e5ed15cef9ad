/* Is it one device that the gate writes nothing for, or everybody? */
#include "registrar_case.h"

#define PUMP  "subscriptions/acme/registries/plant-7/devices/pump"
#define VALVE "subscriptions/acme/registries/plant-7/devices/valve"
#define FULL  "database or disk is full"

static void refuse(struct ask_case *c, const char *path)
{
	struct store_request r = {0};

	snprintf(r.path, sizeof(r.path), "%s", path);
	registrar_not_written(c->g, &r, FULL);
}

static void one_device_is_no_news(void **state)
{
	struct ask_case *c = *state;
	int i;

	for (i = 0; i < 20; i++) {
		refuse(c, PUMP);
		assert_null(registrar_writes_problem(c->g));
		c->core.now += 30000;
	}
}

static void everybody_is(void **state)
{
	struct ask_case *c = *state;

	refuse(c, PUMP);
	refuse(c, VALVE);
	assert_null(registrar_writes_problem(c->g)); /* one commit */
	c->core.now += 9999;
	refuse(c, PUMP);
	assert_null(registrar_writes_problem(c->g));
	c->core.now += 1;
	refuse(c, PUMP);
	assert_string_equal(registrar_writes_problem(c->g), FULL);
	registrar_written(c->g);
	assert_null(registrar_writes_problem(c->g));
	refuse(c, PUMP);
	c->core.now += 20000;
	refuse(c, PUMP);
	assert_null(registrar_writes_problem(c->g));
}

/* Nobody waits any more, so nothing is known. */
static void it_is_forgotten_in_the_end(void **state)
{
	struct ask_case *c = *state;

	refuse(c, PUMP);
	c->core.now += 10000;
	refuse(c, VALVE);
	assert_non_null(registrar_writes_problem(c->g));
	c->core.now += 119999;
	assert_non_null(registrar_writes_problem(c->g));
	c->core.now += 1;
	assert_null(registrar_writes_problem(c->g));
	refuse(c, VALVE);
	c->core.now += 20000;
	refuse(c, VALVE);
	assert_null(registrar_writes_problem(c->g));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(one_device_is_no_news),
		T(everybody_is),
		T(it_is_forgotten_in_the_end),
	};

	return cmocka_run_group_tests_name("bridge_registrar_writes", tests,
					   NULL, NULL);
}
