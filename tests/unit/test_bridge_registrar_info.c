/* What the gate says of itself: its clock, and that it cannot answer. */
#include "registrar_case.h"

#include "base/clock.h"
#include "ztp/text.h"

/* Connects to a gate that answers getInfo so; returns what is logged. */
static const char *logged_of_info(struct ask_case *c, const char *rest)
{
	static char seen[4096];
	char info[512];
	struct log before = c->log;
	int ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	log_init(&c->log, ends[1], LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT);
	snprintf(info, sizeof(info),
		 "{\"responses\":[{\"command\":\"getInfo\","
		 "\"correlationData\":\"g/info:\",%s}]}",
		 rest);
	c->mqtt.user->up(c->mqtt.user->arg, 20);
	hear(c, info, strlen(info));
	hear(c, info, strlen(info));
	log_end(&c->log);
	close(ends[1]);
	c->log = before;
	n = read(ends[0], seen, sizeof(seen) - 1);
	assert_true(n >= 0);
	seen[n] = '\0';
	close(ends[0]);
	return seen;
}

/* Its clock is so much ahead. */
static const char *logged_of_clock(struct ask_case *c, int64_t ahead_ms)
{
	char time[ZTP_TIME_LEN], rest[256];

	ztp_time_format(time, ztp_clock_wall() + ahead_ms);
	snprintf(rest, sizeof(rest),
		 "\"code\":\"OK\",\"data\":{\"version\":\"1\","
		 "\"command_topic\":\"{device_path}/commands\","
		 "\"now\":\"%s\"}",
		 time);
	return logged_of_info(c, rest);
}

/* It is not for the bridge's username. */
static void a_gate_that_cannot_answer_denies_nothing(void **state)
{
	struct ask_case *c = *state;
	const char *seen = logged_of_info(
		c, "\"code\":\"UNAVAILABLE\",\"error\":\"no database\"");
	const char *first = strstr(seen, "event=gate_unavailable");

	assert_non_null(first);
	assert_null(strstr(first + 1, "event=gate_unavailable"));
	assert_non_null(strstr(seen, "code=UNAVAILABLE error=\"no database\""));
	assert_null(strstr(seen, "gate_denied"));
	assert_false(registrar_ready(c->g));
	assert_int_equal(c->g->hold_until, c->core.now + REGISTRAR_DENIED_MS);
	seen = logged_of_info(c, "\"code\":\"PERMISSION_DENIED\"");
	assert_non_null(strstr(seen, "event=gate_denied"));
	assert_null(strstr(seen, "gate_unavailable"));
	assert_false(registrar_ready(c->g));
}

/* A device's JWT is judged by the gate's clock, its deadlines by ours. */
static void clocks_that_differ_are_told(void **state)
{
	struct ask_case *c = *state;
	const char *seen;

	assert_null(strstr(logged_of_clock(c, 0), "gate_clock"));
	assert_null(strstr(logged_of_clock(c, 8000), "gate_clock"));
	seen = logged_of_clock(c, 12000);
	assert_non_null(strstr(seen, "event=gate_clock_differs"));
	assert_non_null(strstr(seen, "ahead_ms=-1"));
	seen = logged_of_clock(c, -3600000);
	assert_non_null(strstr(seen, "ahead_ms=3600"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(clocks_that_differ_are_told),
		T(a_gate_that_cannot_answer_denies_nothing),
	};

	return cmocka_run_group_tests_name("bridge_registrar_info", tests, NULL,
					   NULL);
}
