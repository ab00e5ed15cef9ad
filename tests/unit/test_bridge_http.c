/* The admin pages: what they say of a request, what is refused, and their
 * connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "http_case.h"

#include "bridge/life/invalid.h"

/* --- tests */

static void test_health_and_headers(void **state)
{
	struct http_case *f = *state;

	ask(f, "GET", "/healthz");
	assert_int_equal(f->status, 200);
	assert_string_equal(f->body, "ok\n");
	assert_non_null(strstr(f->answer, "X-Content-Type-Options: nosniff"));
	assert_non_null(strstr(f->answer, "Cache-Control: no-store"));
	ask(f, "HEAD", "/healthz");
	assert_int_equal(f->status, 200);
	assert_string_equal(f->body, "");
}

static void test_other_methods(void **state)
{
	static const char *const methods[] = {
		"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"};
	struct http_case *f = *state;
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		ask(f, methods[i], "/v1/requests");
		assert_int_equal(f->status, 405);
		assert_non_null(strstr(f->answer, "Allow: GET, HEAD\r\n"));
	}
	talk(f, "POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Content-Length: 5\r\n\r\nhello");
	assert_int_equal(f->status, 405);
	talk(f, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Content-Length: 5\r\n\r\nhello");
	assert_int_equal(f->status, 200);
}

static void test_not_there(void **state)
{
	static const char *const targets[] = {"/nope",
					      "/healthz/",
					      "/metricsx",
					      "/v1",
					      "/v1/",
					      "/v1/statusx",
					      "//",
					      "/index.html",
					      "/favicon.ico",
					      "/v1/requestsx",
					      "/v1/requests/",
					      "/v1/requests/none",
					      "/v1/requests/a/b",
					      "/v1/requests/../../etc/passwd",
					      "/v1/requests/%2e%2e%2f",
					      "/v1/requests/x%20y"};
	struct http_case *f = *state;
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		ask(f, "GET", targets[i]);
		assert_int_equal(f->status, 404);
	}
	get_json(f, "/v1/requests/none", 404);
	assert_non_null(text_of(f->json, "error"));
}

static void test_bad_queries(void **state)
{
	static const char *const queries[] = {
		"state=nope",
		"state=REQUESTED",
		"state=request%00ed",
		"limit=0",
		"limit=-1",
		"limit=1001",
		"limit=1x",
		"limit=99999999999999999999",
		"registry=plant-7",
		"registry=a/b/c",
		"registry=/",
		"registry=a/%2e%2e",
		"registry=a/b%25/../c",
		"after=none",
		"after=@",
		"after=@-1",
		"after=@1x",
		"after=%20",
		"after=a/b",
		"colour=red",
		"limit=1&limit=2",
		"State=requested",
	};
	struct http_case *f = *state;
	char target[128];
	size_t i;

	add(f, "one", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	for (i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		snprintf(target, sizeof(target), "/v1/requests?%s", queries[i]);
		get_json(f, target, 400);
		assert_non_null(text_of(f->json, "error"));
	}
}

static void test_empty_parameters_are_none(void **state)
{
	struct http_case *f = *state;

	assert_listed(f, "", "");
	add(f, "one", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	assert_listed(f, "state=&registry=&limit=", "one ");
	get_json(f, "/v1/requests?state", 200);
	assert_null(text_of(f->json, "next"));
}

static void test_members(void **state)
{
	struct http_case *f = *state;
	const cJSON *device;
	cJSON *one;

	add(f, "one", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	one = get_json(f, "/v1/requests/one", 200);
	device = cJSON_GetObjectItem(one, "device");
	assert_string_equal(text_of(one, "request_id"), "one");
	assert_string_equal(text_of(device, "path"),
			    "subscriptions/acme/registries/plant-7/devices/"
			    "d-one");
	assert_string_equal(text_of(device, "subscription"), "acme");
	assert_string_equal(text_of(device, "registry"), "plant-7");
	assert_string_equal(text_of(device, "id"), "d-one");
	assert_string_equal(text_of(one, "fingerprint_sha256"),
			    "abababababababababababababababab"
			    "abababababababababababababababab");
	assert_string_equal(text_of(one, "state"), "requested");
	assert_string_equal(text_of(one, "received_at"),
			    "2023-11-14T22:13:20.000Z");
	assert_string_equal(text_of(one, "expires_at"),
			    "2023-11-14T22:14:20.000Z");
	assert_int_equal(cJSON_GetObjectItem(one, "attempt")->valueint, 1);
	assert_int_equal(cJSON_GetObjectItem(one, "tries")->valueint, 0);
	assert_int_equal(cJSON_GetArraySize(one), 8); /* and no other */
}

/* Times that are shown only when they mean something. */
static void test_when_it_was_asked(void **state)
{
	static const struct {
		enum ztp_state state;
		int64_t finished;
		const char *announced_at, *due_at;
	} cases[] = {
		{ZTP_STATE_RECEIVED, 0, "-", "-"},
		{ZTP_STATE_REQUESTED, 0, "2023-11-14T22:13:20.000Z", "-"},
		{ZTP_STATE_REGISTERED, 0, "2023-11-14T22:13:20.000Z",
		 "2023-11-14T22:13:20.009Z"},
		{ZTP_STATE_REJECTED, T0 + 1, "2023-11-14T22:13:20.000Z", "-"},
		{ZTP_STATE_EXPIRED, T0, "-", "-"},
	};
	struct http_case *f = *state;
	struct store_request r;
	struct ztp_error error;
	char id[8], target[32];
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(id, sizeof(id), "r%zu", i);
		add(f, id, "plant-7", cases[i].state);
		assert_int_equal(
			store_request_by_id(f->b.store, id, &r, &error), 1);
		r.announced_at = T0;
		r.owed.due_at = T0 + 9;
		r.finished_at = cases[i].finished;
		assert_int_equal(store_request_save(f->b.store, &r, &error), 0);
		commit(f);
		snprintf(target, sizeof(target), "/v1/requests/%s", id);
		text = text_of(get_json(f, target, 200), "announced_at");
		assert_string_equal(text ? text : "-", cases[i].announced_at);
		text = text_of(f->json, "due_at");
		assert_string_equal(text ? text : "-", cases[i].due_at);
	}
}

static void decide(struct http_case *f, int64_t n,
		   const struct store_decision *d)
{
	struct store_request r;
	struct ztp_error error;

	assert_int_equal(store_request_by_n(f->b.store, n, &r, &error), 1);
	assert_int_equal(store_decision_put(f->b.store, &r, d, &error), 0);
	assert_int_equal(store_request_save(f->b.store, &r, &error), 0);
}

static void test_decision_without_its_payload(void **state)
{
	struct http_case *f = *state;
	struct store_decision d = {.by_customer = true,
				   .verdict = ZTP_APPROVE,
				   .digest = {1},
				   .topic = "ztp.decisions",
				   .partition = 2,
				   .offset = 9007199254740993,
				   .reason = "known",
				   .message = "by \"hand\"\n",
				   .payload = {.kind = ZTP_PAYLOAD_TEXT,
					       .data = (uint8_t *)"MARKER",
					       .len = 6}};
	cJSON *decision;

	add(f, "one", "plant-7", ZTP_STATE_ONBOARDED);
	decide(f, 1, &d);
	add(f, "two", "plant-7", ZTP_STATE_REJECTED);
	d.by_customer = false;
	d.verdict = ZTP_REJECT;
	d.reason[0] = d.message[0] = '\0';
	decide(f, 2, &d);
	commit(f);
	decision = cJSON_GetObjectItem(get_json(f, "/v1/requests/one", 200),
				       "decision");
	assert_string_equal(text_of(decision, "verdict"), "approve");
	assert_string_equal(text_of(decision, "by"), "customer");
	assert_string_equal(text_of(decision, "reason"), "known");
	assert_string_equal(text_of(decision, "message"), "by \"hand\"\n");
	assert_non_null(strstr(f->body,
			       "\"position\":{\"topic\":\"ztp.decisions\","
			       "\"partition\":2,\"offset\":9007199254740993}"));
	assert_null(strstr(f->answer, "MARKER"));
	decision = cJSON_GetObjectItem(get_json(f, "/v1/requests/two", 200),
				       "decision");
	assert_string_equal(text_of(decision, "verdict"), "reject");
	assert_string_equal(text_of(decision, "by"), "timeout");
	assert_int_equal(cJSON_GetArraySize(decision), 2);
	assert_string_equal(text_of(f->json, "finished_at"),
			    "2023-11-14T22:13:25.000Z");
}

/* Nobody has rejected it. */
static void test_what_could_not_be_followed_is_no_decision(void **state)
{
	struct http_case *f = *state;
	struct store_decision d = {.by_customer = true,
				   .verdict = ZTP_REJECT,
				   .topic = "ztp.decisions"};

	assert_true(invalid_is_note(&d));
	add(f, "one", "plant-7", ZTP_STATE_REQUESTED);
	decide(f, 1, &d);
	commit(f);
	assert_null(cJSON_GetObjectItem(get_json(f, "/v1/requests/one", 200),
					"decision"));
}

static void give_reason(struct http_case *f, const char *id, const char *text)
{
	struct store_request r;
	struct ztp_error error;

	assert_int_equal(store_request_by_id(f->b.store, id, &r, &error), 1);
	assert_int_equal(store_reason_put(f->b.store, &r, text, &error), 0);
}

/* The message of its result, where the state does not say it. */
static void test_why_it_ended(void **state)
{
	struct http_case *f = *state;

	add(f, "one", "plant-7", ZTP_STATE_FAILED);
	add(f, "two", "plant-7", ZTP_STATE_ONBOARDED);
	add(f, "three", "plant-7", ZTP_STATE_WITHDRAWN);
	give_reason(f, "one", "RESOURCE_EXHAUSTED: \"full\"");
	give_reason(f, "two", "undeliverable once");
	commit(f);
	assert_string_equal(
		text_of(get_json(f, "/v1/requests/one", 200), "message"),
		"RESOURCE_EXHAUSTED: \"full\"");
	assert_null(text_of(get_json(f, "/v1/requests/two", 200), "message"));
	assert_null(text_of(get_json(f, "/v1/requests/three", 200), "message"));
}

static void test_several_at_once(void **state)
{
	static const char text[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	struct http_case *f = *state;
	int idle = dial(f), half = dial(f), kept = dial(f);
	char answer[1024];
	ssize_t n;
	int i;

	assert_int_equal(write(half, "GET /hea", 8), 8);
	ask(f, "GET", "/healthz"); /* nobody waits for a slow client */
	assert_int_equal(f->status, 200);
	assert_quiet(f);
	assert_true(http_timeout_ms(f->b.http) >= 1 &&
		    http_timeout_ms(f->b.http) <= 10000);
	for (i = 0; i < 3; i++) { /* several questions on one connection */
		assert_int_equal(write(kept, text, sizeof(text) - 1),
				 sizeof(text) - 1);
		turn(f, kept);
		n = read(kept, answer, sizeof(answer) - 1);
		assert_true(n > 0);
		answer[n] = '\0';
		assert_non_null(strstr(answer, " 200 "));
	}
	assert_quiet(f);
	close(idle);
	close(half);
	close(kept);
	assert_quiet(f);
	assert_int_equal(http_timeout_ms(f->b.http), -1);
}

static void test_more_than_its_memory(void **state)
{
	struct http_case *f = *state;
	size_t len = 100000;
	char *text = calloc(1, len + 64);

	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text, "GET /", 5);
	snprintf(text + len, 64, " HTTP/1.1\r\nHost: x\r\n\r\n");
	talk(f, text);
	free(text);
	assert_int_equal(f->status / 100, 4);
	ask(f, "GET", "/healthz");
	assert_int_equal(f->status, 200);
}

static void test_address_in_use(void **state)
{
	struct http_case *f = *state;
	struct http *first = f->b.http;
	struct ztp_error error;

	assert_int_equal(open_http(f, "127.0.0.1", &error), ZTP_ERR_IO);
	assert_null(f->b.http);
	assert_non_null(strstr(error.message, "http.listen 127.0.0.1"));
	assert_non_null(strstr(error.message, "in use"));
	f->b.http = first;
}

static void test_ip6_and_names(void **state)
{
	struct http_case *f = *state;
	struct ztp_error error;

	http_free(f->b.http);
	f->port = 0;
	assert_int_equal(open_http(f, "localhost", &error), 0);
	http_free(f->b.http);
	f->port = 0;
	assert_int_equal(open_http(f, "::", &error), 0);
	ask(f, "GET", "/healthz"); /* also by IPv4 */
	assert_int_equal(f->status, 200);
}

int main(void)
{
#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, http_case_setup, http_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_health_and_headers),
		T(test_other_methods),
		T(test_not_there),
		T(test_bad_queries),
		T(test_empty_parameters_are_none),
		T(test_members),
		T(test_when_it_was_asked),
		T(test_decision_without_its_payload),
		T(test_what_could_not_be_followed_is_no_decision),
		T(test_why_it_ended),
		T(test_several_at_once),
		T(test_more_than_its_memory),
		T(test_address_in_use),
		T(test_ip6_and_names),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
