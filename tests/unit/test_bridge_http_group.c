/* The pages of a bridge that is one of several: what it says of itself, of its
 * copy, and while its loop is busy elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <stdatomic.h>

#include "bridge/http/http_aside.h"
#include "http_case.h"

#define INSTANCE "bridge-b"

static struct group_status *stand_by(struct http_case *f)
{
	static char instance[] = INSTANCE, name[] = "a\"b";
	static struct group_status group;

	group = (struct group_status){
		.role = ZTP_ROLE_STANDBY, .since = T0, .started_at = T0};
	group.listed = true;
	f->config.standby.instance = instance;
	f->config.kafka.group = name;
	f->b.group = &group;
	f->b.standing = true;
	return &group;
}

static void add_member(struct group_status *group, const char *instance,
		       const char *role)
{
	struct group_status_member *m = &group->members[group->count++];

	snprintf(m->named.instance, sizeof(m->named.instance), "%s", instance);
	snprintf(m->named.version, sizeof(m->named.version), "1.0");
	m->role = role;
}

static void a_single_bridge_has_no_group(void **state)
{
	struct http_case *f = *state;

	get_json(f, "/v1/group", 404);
	assert_non_null(strstr(f->body, "standby.enabled"));
}

static void it_says_who_is_what(void **state)
{
	struct http_case *f = *state;
	struct group_status *group = stand_by(f);

	add_member(group, "bridge-a", "active");
	add_member(group, INSTANCE, "standby");
	group->lag = 7;
	get_json(f, "/v1/group", 200);
	assert_string_equal(
		f->body,
		"{\"instance\":\"bridge-b\",\"role\":\"standby\",\"members\":["
		"{\"instance\":\"bridge-a\",\"version\":\"1.0\","
		"\"advertise\":\"\",\"role\":\"active\"},"
		"{\"instance\":\"bridge-b\",\"version\":\"1.0\","
		"\"advertise\":\"\",\"role\":\"standby\"}],"
		"\"lag_records\":7,\"since\":\"2023-11-14T22:13:20.000Z\"}");
	group->lag = -1;
	snprintf(group->group, sizeof(group->group), "state_lost: it is");
	snprintf(group->twice, sizeof(group->twice), "bridge-a");
	get_json(f, "/v1/group", 200);
	assert_non_null(strstr(f->body, "\"lag_records\":null"));
	assert_non_null(strstr(f->body, "\"trouble\":\"state_lost: it is\""));
	assert_non_null(strstr(f->body, "\"instance_twice\":\"bridge-a\""));
}

static void what_kafka_does_not_take_is_trouble_of_the_active_one(void **state)
{
	struct http_case *f = *state;
	struct group_status *group = stand_by(f);

	snprintf(group->undone, sizeof(group->undone), "kafka takes no turn");
	get_json(f, "/v1/group", 200); /* it was active */
	assert_null(strstr(f->body, "trouble"));
	f->b.standing = false;
	get_json(f, "/v1/group", 200);
	assert_non_null(strstr(f->body, "\"trouble\":\"kafka takes no turn\""));
	snprintf(group->group, sizeof(group->group), "a right");
	get_json(f, "/v1/group", 200);
	assert_non_null(strstr(f->body, "\"trouble\":\"a right\""));
}

static void readiness_is_of_the_role(void **state)
{
	struct http_case *f = *state;
	struct group_status *group = stand_by(f);

	ask(f, "GET", "/readyz");
	assert_int_equal(f->status, 200);
	assert_string_equal(f->body, "ok\nrole: standby\n");
	group->role = ZTP_ROLE_READING;
	snprintf(group->group, sizeof(group->group), "opening: reading");
	group->has_copy = true;
	snprintf(group->mqtt, sizeof(group->mqtt), "not connected");
	ask(f, "GET", "/readyz");
	assert_int_equal(f->status, 503);
	assert_string_equal(f->body, "mqtt: not connected\n"
				     "group: opening: reading\n"
				     "role: opening\n");
}

static void lists_are_of_a_copy(void **state)
{
	struct http_case *f = *state;
	struct group_status *group = stand_by(f);
	struct store *store = f->b.store;

	add(f, "one", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	get_json(f, "/v1/requests", 200);
	assert_non_null(strstr(f->body, "\"copy\":true"));
	get_json(f, "/v1/requests/one", 200);
	assert_non_null(strstr(f->body, "\"copy\":true"));
	get_json(f, "/v1/status", 200);
	assert_non_null(strstr(f->body, "\"role\":\"standby\",\"copy\":true"));
	assert_non_null(strstr(f->body, "\"oldest_undecided\""));
	group->listed = false;
	get_json(f, "/v1/requests", 503);
	assert_non_null(strstr(f->answer, "Retry-After: 1\r\n"));
	get_json(f, "/v1/requests/one", 503);
	f->b.store = NULL; /* there is none yet */
	get_json(f, "/v1/status", 200);
	ask(f, "GET", "/metrics");
	assert_int_equal(f->status, 200);
	/* A disk has closed it since somebody looked whether it is listed. */
	group->listed = true;
	get_json(f, "/v1/requests", 503);
	get_json(f, "/v1/requests/one", 503);
	get_json(f, "/v1/status", 200);
	f->b.store = store;
}

static void metrics_are_there(void **state)
{
	struct http_case *f = *state;
	struct group_status *group = stand_by(f);

	durations_add(&group->takeovers, 1500);
	durations_add(&group->takeovers, 90000);
	ask(f, "GET", "/metrics");
	assert_non_null(strstr(f->body, "ztp_active{group=\"a\\\"b\"} 0\n"));
	assert_non_null(strstr(f->body, "ztp_standby_lag_records 0\n"));
	assert_non_null(strstr(f->body, "ztp_fenced_total 0\n"));
	assert_non_null(
		strstr(f->body, "ztp_takeover_seconds_bucket{le=\"1\"} 0\n"));
	assert_non_null(
		strstr(f->body, "ztp_takeover_seconds_bucket{le=\"2.5\"} 1\n"));
	assert_non_null(strstr(f->body, "ztp_takeover_seconds_sum 91.500\n"));
	assert_non_null(strstr(f->body, "ztp_turn_seconds_count 0\n"));
	assert_null(strstr(f->body, "ztp_mqtt_connected")); /* not looked at */
	assert_null(strstr(f->body, "ztp_kafka_connected"));
	group->has_kafka = true;
	snprintf(group->kafka, sizeof(group->kafka), "no answer");
	ask(f, "GET", "/metrics");
	assert_non_null(strstr(f->body, "ztp_kafka_connected 0\n"));
	assert_null(strstr(f->body, "ztp_mqtt_connected"));
	group->role = ZTP_ROLE_ACTIVE;
	group->lag = -1;
	ask(f, "GET", "/metrics");
	assert_non_null(strstr(f->body, "ztp_active{group=\"a\\\"b\"} 1\n"));
	assert_non_null(strstr(f->body, "ztp_standby_lag_records NaN\n"));
}

/* --- while the loop is away */

static void no_pulse(void *arg)
{
	(void)arg;
}

static void count_pulse(void *arg)
{
	atomic_fetch_add((_Atomic int *)arg, 1);
}

/* The service manager waits for it, whether anything is served or not. */
static void it_is_alive_without_pages(void **state)
{
	struct http_aside *aside = NULL;
	struct ztp_error error;
	_Atomic int pulses = 0;
	int ms = 0;

	(void)state;
	assert_int_equal(
		http_aside_new(&aside, NULL, count_pulse, &pulses, &error), 0);
	http_aside_away(aside);
	while (atomic_load(&pulses) < 2 && ms++ < DEADLINE_MS)
		(void)poll(NULL, 0, 1);
	assert_true(atomic_load(&pulses) >= 2);
	http_aside_back(aside);
	http_aside_free(aside);
}

/* Sends a request and does nothing else. */
static int send_get(struct http_case *f, const char *target)
{
	char text[256];
	int fd = dial(f);

	snprintf(text, sizeof(text),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: "
		 "close\r\n\r\n",
		 target);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* back: this thread answers. */
static void read_all(struct http_case *f, int fd, bool back)
{
	size_t got = 0;
	ssize_t n;

	do {
		if (back)
			turn(f, fd);
		n = read(fd, f->answer + got, sizeof(f->answer) - 1 - got);
		assert_true(n >= 0);
		got += (size_t)n;
	} while (n > 0);
	f->answer[got] = '\0';
	close(fd);
}

static void somebody_else_answers(void **state)
{
	static const char *const asked[] = {"/healthz", "/readyz", "/metrics",
					    "/v1/group", "/"};
	struct http_case *f = *state;
	struct group_status *group = stand_by(f);
	struct http_aside *aside = NULL;
	struct ztp_error error;
	struct pollfd waits;

	assert_int_equal(
		http_aside_new(&aside, f->b.http, no_pulse, NULL, &error), 0);
	http_aside_away(aside);
	group->role = ZTP_ROLE_ACTIVE; /* nobody looks at it */
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		read_all(f, send_get(f, asked[i]), false);
		assert_memory_equal(f->answer, "HTTP/1.1 200", 12);
	}
	waits = (struct pollfd){send_get(f, "/v1/requests"), POLLIN, 0};
	read_all(f, send_get(f, "/v1/group"), false);
	assert_non_null(strstr(f->answer, "\"role\":\"standby\""));
	assert_int_equal(poll(&waits, 1, 0), 0); /* until the loop is back */
	http_aside_back(aside);
	read_all(f, waits.fd, true);
	assert_memory_equal(f->answer, "HTTP/1.1 200", 12);
	http_aside_free(aside);
}

/* As it is when the loop leaves, and not as it was a moment before. */
static void what_has_changed_is_shown(void **state)
{
	struct http_case *f = *state;
	struct group_status *group = stand_by(f);
	struct http_aside *aside = NULL;
	struct ztp_error error;

	assert_int_equal(
		http_aside_new(&aside, f->b.http, no_pulse, NULL, &error), 0);
	http_aside_away(aside);
	http_aside_back(aside);
	group->role = ZTP_ROLE_READING;
	snprintf(group->group, sizeof(group->group), "opening: reading");
	http_changed(f->b.http);
	http_aside_away(aside);
	read_all(f, send_get(f, "/readyz"), false);
	assert_memory_equal(f->answer, "HTTP/1.1 503", 12);
	assert_non_null(strstr(f->answer, "role: opening"));
	http_aside_back(aside);
	http_aside_free(aside);
}

int main(void)
{
#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, http_case_setup, http_case_teardown)
	const struct CMUnitTest tests[] = {
		T(a_single_bridge_has_no_group),
		T(it_says_who_is_what),
		T(what_kafka_does_not_take_is_trouble_of_the_active_one),
		T(readiness_is_of_the_role),
		T(lists_are_of_a_copy),
		T(metrics_are_there),
		T(somebody_else_answers),
		T(what_has_changed_is_shown),
		T(it_is_alive_without_pages),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
