/* Which grants of a broker leave nothing to promise. The log events:
 * tests/local/test_broker_grants.py. */
#include "scratch.h"

#include "bridge/mqtt/granted.h"

struct fixture {
	struct config config;
	struct core core;
	struct log log;
	struct granted granted;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	log_init(&f->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	f->core.config = &f->config;
	f->core.log = &f->log;
	granted_init(&f->granted, "in");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static const char *problem(const struct fixture *f)
{
	return granted_problem(&f->granted, NULL, 0);
}

static void connack(struct fixture *f, const struct connack *given)
{
	const struct connack asked = {.maximum_qos = 1,
				      .session_expiry = UINT32_MAX,
				      .keepalive = 60,
				      .receive_maximum = 256,
				      .packet_size = 122880};

	granted_connack(&f->granted, &f->core, &asked, given);
}

static void what_can_be_lived_with(void **state)
{
	const struct connack less[] = {
		CONNACK_NOTHING,
		{2, 1, 1, 1, 2200, true, false},
		{1, 3600, 10, 20, 131072, false, true},
	};
	size_t i;

	for (i = 0; i < sizeof(less) / sizeof(*less); i++) {
		connack(*state, &less[i]);
		assert_null(problem(*state));
	}
}

static void what_cannot(void **state)
{
	static const struct {
		struct connack given;
		const char *problem;
	} cases[] = {
		{{0, -1, -1, -1, -1, false, false},
		 "the broker grants QoS 0 only"},
		{{-1, 0, -1, -1, -1, false, false},
		 "the broker keeps no session"},
		{{-1, -1, -1, -1, 2199, false, false},
		 "the broker takes packets of 2199 bytes at most"},
	};
	const struct connack all = CONNACK_NOTHING;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		connack(*state, &cases[i].given);
		assert_string_equal(problem(*state), cases[i].problem);
	}
	connack(*state, &all); /* of the next connection */
	assert_null(problem(*state));
}

/* It offers its events again until they are acknowledged. */
static void a_gate_needs_no_session(void **state)
{
	const struct connack none = {-1, 0, -1, -1, -1, false, false};
	struct fixture *f = *state;

	f->config.mqtt.registrar = CONFIG_REGISTRAR_GATE;
	connack(f, &none);
	assert_null(problem(f));
}

static void what_was_not_asked_for_is_not_missed(void **state)
{
	const struct connack asked = CONNACK_NOTHING;
	const struct connack given = {0, 0, 0, 1, 1, false, false};
	struct fixture *f = *state;

	granted_connack(&f->granted, &f->core, &asked, &given);
	assert_null(problem(f));
}

static void subscriptions(void **state)
{
	static const struct {
		enum granted_need need;
		int code;
		bool granted, ok;
	} cases[] = {
		{NEED_QOS_1, 1, true, true},
		{NEED_QOS_1, 0, true, false},
		{NEED_QOS_1, 0x80, false, false},
		{NEED_SUBSCRIPTION, 0, true, true},
		{NEED_SUBSCRIPTION, 0x87, false, false},
		{NEED_NOTHING, 0x87, false, true},
	};
	struct fixture *f = *state;
	struct granted_filter filter = {.filter = "t", .qos = 1, .said = -1};
	size_t i;

	log_init(&f->log, -1, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		filter.need = cases[i].need;
		assert_int_equal(granted_suback(&f->granted, &f->core, &filter,
						cases[i].code),
				 cases[i].granted);
		assert_int_equal(!granted_problem(&f->granted, &filter, 1),
				 cases[i].ok);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_can_be_lived_with, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_cannot, setup, teardown),
		cmocka_unit_test_setup_teardown(a_gate_needs_no_session, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			what_was_not_asked_for_is_not_missed, setup, teardown),
		cmocka_unit_test_setup_teardown(subscriptions, setup, teardown),
	};

	return cmocka_run_group_tests_name("bridge_mqtt_granted", tests, NULL,
					   NULL);
}
