/* /v1/refusals and /v1/history: what the bridge has seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "http_case.h"

#define WHERE "subscriptions/acme/registries/plant-7/devices/pump-42"

static void note(struct http_case *f, const char *text)
{
	verdicts_note(f->b.verdicts, text, strlen(text));
	verdicts_commit(f->b.verdicts);
}

/* --- refusals */

static void no_refusals_are_an_empty_list(void **state)
{
	struct http_case *f = *state;

	get_json(f, "/v1/refusals", 200);
	assert_string_equal(f->body, "{\"refusals\":[]}");
}

static void a_refusal_tells_what_is_known_of_it(void **state)
{
	struct http_case *f = *state;

	note(f, "{\"verdict\":\"refused\",\"code\":\"bad_path\","
		"\"remote_addr\":\"192.0.2.7\","
		"\"at\":\"2026-01-02T03:04:05.678Z\",\"jwt\":\"hush\"}");
	note(f, "{\"verdict\":\"refused\",\"code\":\"untrusted_issuer\","
		"\"at\":\"2026-01-02T03:04:06.000Z\",\"device_path\":\"" WHERE
		"\"}");
	get_json(f, "/v1/refusals", 200);
	assert_string_equal(
		f->body,
		"{\"refusals\":[{\"at\":\"2026-01-02T03:04:06.000Z\","
		"\"code\":\"untrusted_issuer\",\"count\":1,"
		"\"device_path\":\"" WHERE "\"},"
		"{\"at\":\"2026-01-02T03:04:05.678Z\",\"code\":\"bad_path\","
		"\"count\":1,\"remote_addr\":\"192.0.2.7\"}]}");
}

/* --- history */

static int samples(const cJSON *page)
{
	return cJSON_GetArraySize(cJSON_GetObjectItem(page, "samples"));
}

static const cJSON *sample(const cJSON *page, int i)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(page, "samples"), i);
}

static double number(const cJSON *row, int i)
{
	return cJSON_GetNumberValue(cJSON_GetArrayItem(row, i));
}

static void sums_are_taken_every_ten_seconds(void **state)
{
	struct http_case *f = *state;
	const cJSON *page;
	int i;

	for (i = 0; i < 30; i++) {
		f->b.total.pending[TALLY_PENDING_NEW]++;
		f->b.total.pending[TALLY_PENDING_MERGED]++;
		history_turn(f->b.history, T0 + i * 1000, &f->b.total);
	}
	f->b.total.dlq[TALLY_DLQ_DECISION] = 7;
	page = get_json(f, "/v1/history", 200);
	assert_int_equal(samples(page), 3);
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetArrayItem(sample(page, 1), 0)),
		"2023-11-14T22:13:30.000Z");
	assert_true(number(sample(page, 0), 1) == 2);
	assert_true(number(sample(page, 1), 1) == 22);
	assert_true(number(sample(page, 2), 1) == 42);
	assert_true(number(sample(page, 2), 6) == 0);
	/* what came since then */
	assert_true(number(cJSON_GetObjectItem(page, "now"), 1) == 60);
	assert_true(number(cJSON_GetObjectItem(page, "now"), 6) == 7);
}

static void an_hour_is_kept(void **state)
{
	struct http_case *f = *state;
	const cJSON *page;
	int i;

	for (i = 0; i < HISTORY_MAX + 5; i++) {
		f->b.total.requests_published++;
		assert_true(history_next(f->b.history) <=
			    T0 + (int64_t)i * HISTORY_EVERY_MS);
		history_turn(f->b.history, T0 + (int64_t)i * HISTORY_EVERY_MS,
			     &f->b.total);
	}
	page = get_json(f, "/v1/history", 200);
	assert_int_equal(samples(page), HISTORY_MAX);
	assert_true(number(sample(page, 0), 2) == 6);
	assert_true(number(sample(page, HISTORY_MAX - 1), 2) ==
		    HISTORY_MAX + 5);
	assert_true(strlen(f->answer) < 32 * 1024);
}

static void after_leaves_out_what_is_known(void **state)
{
	struct http_case *f = *state;

	history_turn(f->b.history, T0, &f->b.total);
	history_turn(f->b.history, T0 + 10000, &f->b.total);
	assert_int_equal(samples(get_json(f,
					  "/v1/history?after="
					  "2023-11-14T22:13:20.000Z",
					  200)),
			 1);
	assert_int_equal(samples(get_json(f,
					  "/v1/history?after="
					  "2023-11-14T22:13:30.000Z",
					  200)),
			 0);
	assert_int_equal(samples(get_json(f, "/v1/history?after=", 200)), 2);
}

static void other_parameters_are_refused(void **state)
{
	struct http_case *f = *state;

	(void)get_json(f, "/v1/history?after=yesterday", 400);
	(void)get_json(f, "/v1/history?after=1&after=2", 400);
	(void)get_json(f, "/v1/history?since=2023-11-14T22:13:20.000Z", 400);
	(void)get_json(f,
		       "/v1/history?after=2023-11-14T22:13:20.000Z"
		       "&after=2023-11-14T22:13:20.000Z",
		       400);
}

/* Who asks for a registry's refusals would take everybody's for them. */
static void pages_without_parameters_refuse_them(void **state)
{
	static const char *const pages[] = {"/v1/refusals", "/v1/status",
					    "/v1/requests/some-id",
					    "/v1/group"};
	static const char *const asked[] = {
		"registry=acme/plant-7", "state=&after=x", "after", "=7", "a="};
	struct http_case *f = *state;
	char target[128];
	size_t i, k;

	for (i = 0; i < sizeof(pages) / sizeof(*pages); i++)
		for (k = 0; k < sizeof(asked) / sizeof(*asked); k++) {
			snprintf(target, sizeof(target), "%s?%s", pages[i],
				 asked[k]);
			(void)get_json(f, target, 400);
		}
	(void)get_json(f, "/v1/refusals?", 200);
	(void)get_json(f, "/v1/refusals?&", 200);
}

int main(void)
{
#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, http_case_setup, http_case_teardown)
	const struct CMUnitTest tests[] = {
		T(no_refusals_are_an_empty_list),
		T(a_refusal_tells_what_is_known_of_it),
		T(sums_are_taken_every_ten_seconds),
		T(an_hour_is_kept),
		T(after_leaves_out_what_is_known),
		T(other_parameters_are_refused),
		T(pages_without_parameters_refuse_them),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
