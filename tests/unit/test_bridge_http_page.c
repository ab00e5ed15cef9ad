/* The page for browsers as it is served, and /v1/status, which it fetches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "base/clock.h"
#include "http_case.h"

#include "bridge/http/http_status.h"
#include "bridge/http/page.h"
#include "ztp/codec.h"

/* 'sha256-…' of the text between two tags of the answer, as a browser computes
 * it. */
static void hash_between(char text[64], const char *body, const char *open,
			 const char *close)
{
	const char *from = strstr(body, open), *to;
	uint8_t digest[ZTP_SHA256_LEN];
	int n;

	assert_non_null(from);
	from += strlen(open);
	assert_null(strstr(from, open)); /* there is only one */
	to = strstr(from, close);
	assert_non_null(to);
	assert_true(to - from > 1000);
	ztp_sha256(digest, from, (size_t)(to - from));
	n = snprintf(text, 64, "'sha256-");
	n += (int)ztp_base64_encode(text + n, digest, sizeof(digest));
	snprintf(text + n, 64 - (size_t)n, "'");
}

static void header(char *text, size_t cap, const char *answer, const char *name)
{
	const char *at = strstr(answer, name);

	assert_non_null(at);
	at += strlen(name);
	snprintf(text, cap, "%.*s", (int)strcspn(at, "\r"), at);
}

static void test_its_headers(void **state)
{
	struct http_case *f = *state;
	char policy[PAGE_POLICY_MAX], wanted[128], hash[64];

	ask(f, "GET", "/");
	assert_int_equal(f->status, 200);
	assert_non_null(strstr(f->answer,
			       "Content-Type: text/html; charset=utf-8\r\n"));
	assert_non_null(
		strstr(f->answer, "X-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(f->answer, "X-Frame-Options: DENY\r\n"));
	assert_non_null(strstr(f->answer, "Referrer-Policy: no-referrer\r\n"));
	assert_non_null(strstr(f->answer, "Cache-Control: no-store\r\n"));
	assert_memory_equal(f->body, "<!doctype html>\n", 16);
	header(policy, sizeof(policy), f->answer, "Content-Security-Policy: ");
	assert_memory_equal(policy, "default-src 'none';", 19);
	assert_null(strstr(policy, "unsafe"));
	assert_non_null(strstr(policy, "require-trusted-types-for 'script'"));
	hash_between(hash, f->body, "<style>", "</style>");
	snprintf(wanted, sizeof(wanted), " style-src %s;", hash);
	assert_non_null(strstr(policy, wanted));
	hash_between(hash, f->body, "<script>", "</script>");
	snprintf(wanted, sizeof(wanted), " script-src %s;", hash);
	assert_non_null(strstr(policy, wanted));
}

static void test_it_needs_nothing_else(void **state)
{
	static const char *const none[] = {
		"http://", "https://", "src=",	    "@import", "url(",
		"onclick", "style=\"", "innerHTML", "eval(",
	};
	struct http_case *f = *state;
	const char *body = page_text(), *at;
	size_t i;

	ask(f, "GET", "/?x=1");
	assert_int_equal(f->status, 200);
	assert_string_equal(f->body, body);
	for (i = 0; i < sizeof(none) / sizeof(*none); i++)
		for (at = body; (at = strstr(at, none[i])); at++)
			if (strncmp(at, "http://www.w3.org/2000/svg", 26) != 0)
				fail_msg("there is %s", none[i]);
}

static void test_other_pages_may_load_nothing(void **state)
{
	static const char *const targets[] = {"/healthz", "/v1/requests",
					      "/nope"};
	struct http_case *f = *state;
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		ask(f, "GET", targets[i]);
		assert_non_null(strstr(
			f->answer,
			"Content-Security-Policy: default-src 'none'\r\n"));
	}
}

static void test_head_and_other_methods(void **state)
{
	struct http_case *f = *state;
	char wanted[64];

	ask(f, "HEAD", "/");
	assert_int_equal(f->status, 200);
	assert_string_equal(f->body, "");
	snprintf(wanted, sizeof(wanted), "Content-Length: %zu\r\n",
		 strlen(page_text()));
	assert_non_null(strstr(f->answer, wanted));
	ask(f, "POST", "/");
	assert_int_equal(f->status, 405);
	assert_non_null(strstr(f->answer, "Allow: GET, HEAD\r\n"));
}

/* --- /v1/status */

static const struct readiness mixed = {
	.parts = {{"mqtt", true, ""}, {"kafka", false, "group shared"}},
	.count = 2,
};

static const cJSON *status_of(struct http_case *f, const struct readiness *r)
{
	struct http_page page = http_status(&f->b, r);
	struct ztp_error error;

	assert_int_equal(page.status, 200);
	assert_string_equal(page.type, "application/json");
	assert_non_null(page.text);
	cJSON_Delete(f->json);
	f->json = NULL;
	assert_int_equal(ztp_tree_parse(&f->json, page.text, strlen(page.text),
					sizeof(f->answer), &error),
			 0);
	free(page.text);
	return f->json;
}

static void test_status_of_nothing(void **state)
{
	struct http_case *f = *state;
	const cJSON *one, *parts;

	f->b.core.clock.anchor_boot = ztp_clock_boot();
	f->b.core.clock.anchor_steady = T0;
	one = status_of(f, &mixed);
	assert_string_equal(text_of(one, "version"), ZTP_VERSION);
	assert_string_equal(text_of(one, "started_at"),
			    "2023-11-14T22:13:20.000Z");
	assert_memory_equal(text_of(one, "at"), "2023-11-14T22:13:2", 18);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(one, "ready")));
	parts = cJSON_GetObjectItem(one, "parts");
	assert_int_equal(cJSON_GetArraySize(parts), 2);
	assert_string_equal(text_of(cJSON_GetArrayItem(parts, 1), "why"),
			    "group shared");
	assert_null(text_of(cJSON_GetArrayItem(parts, 0), "why"));
	assert_int_equal(
		cJSON_GetArraySize(cJSON_GetObjectItem(one, "requests")),
		ZTP_STATE_END - 1);
	assert_null(cJSON_GetObjectItem(one, "oldest_undecided"));
	assert_true(cJSON_GetNumberValue(
			    cJSON_GetObjectItem(one, "store_bytes")) > 0);
}

static void test_status_counts_and_names_the_oldest(void **state)
{
	struct readiness well = mixed;
	struct http_case *f = *state;
	const cJSON *one, *counts, *oldest;

	add(f, "a", "plant-7", ZTP_STATE_ONBOARDED);
	add(f, "b", "plant-7", ZTP_STATE_REQUESTED);
	add(f, "c", "plant-7", ZTP_STATE_RECEIVED);
	add(f, "d", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	well.parts[1].ok = true;
	one = status_of(f, &well);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(one, "ready")));
	counts = cJSON_GetObjectItem(one, "requests");
	assert_int_equal(cJSON_GetObjectItem(counts, "requested")->valueint, 2);
	assert_int_equal(cJSON_GetObjectItem(counts, "received")->valueint, 1);
	assert_int_equal(cJSON_GetObjectItem(counts, "onboarded")->valueint, 1);
	assert_int_equal(cJSON_GetObjectItem(counts, "failed")->valueint, 0);
	oldest = cJSON_GetObjectItem(one, "oldest_undecided");
	assert_string_equal(text_of(oldest, "request_id"), "b");
	assert_string_equal(text_of(oldest, "state"), "requested");
}

int main(void)
{
#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, http_case_setup, http_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_its_headers),
		T(test_it_needs_nothing_else),
		T(test_other_pages_may_load_nothing),
		T(test_head_and_other_methods),
		T(test_status_of_nothing),
		T(test_status_counts_and_names_the_oldest),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
