/* What clients write into addresses and headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/serve/target.h"
#include "tools/serve/text.h"

static void escapes_are_decoded_strictly(void **state)
{
	static const struct {
		const char *text, *expected; /* NULL: refused */
	} cases[] = {
		{"", ""},	  {"abc", "abc"},     {"a%2Fb", "a/b"},
		{"%7e%7E", "~~"}, {"100%25", "100%"}, {"%00", NULL},
		{"a%00b", NULL},  {"%", NULL},	      {"%2", NULL},
		{"%zz", NULL},	  {"12345678", NULL},
	};
	char out[8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool ok = text_decode(out, sizeof(out), cases[i].text,
				      strlen(cases[i].text));

		assert_int_equal(ok, cases[i].expected != NULL);
		if (ok)
			assert_string_equal(out, cases[i].expected);
	}
}

static void preferences(void **state)
{
	static const struct {
		const char *text;
		bool async;
		int wait_s;
	} cases[] = {
		{"", false, -1},
		{"respond-async", true, -1},
		{"Respond-Async, wait=10", true, 10},
		{"wait=5;x=y, return=minimal", false, 5},
		{" wait = \"7\" ", false, 7},
		{"wait=0", false, 0},
		{"wait=300", false, 300},
		{"wait=301", false, PREFER_WAIT_MAX},
		{"wait=99999999999999999999", false, PREFER_WAIT_MAX},
		{"wait=1, wait=2", false, 1},
		{"wait", false, -1},
		{"wait=", false, -1},
		{"wait=-1", false, -1},
		{"wait=1s", false, -1},
		{"respond-async=1", false, -1},
		{",,;=,", false, -1},
		{"waiting=5", false, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct prefer prefer = {.wait_s = -1};

		prefer_add(&prefer, cases[i].text);
		assert_int_equal(prefer.async, cases[i].async);
		assert_int_equal(prefer.wait_s, cases[i].wait_s);
	}
}

static void keys(void **state)
{
	char longest[IDEMPOTENCY_KEY_MAX + 2];
	struct ztp_str key;

	(void)state;
	memset(longest, 'k', sizeof(longest));
	longest[IDEMPOTENCY_KEY_MAX] = '\0';
	assert_true(idempotency_key_read(&key, longest));
	longest[IDEMPOTENCY_KEY_MAX] = 'k';
	longest[IDEMPOTENCY_KEY_MAX + 1] = '\0';
	assert_false(idempotency_key_read(&key, longest));
	assert_true(idempotency_key_read(&key, " \"a-1\" "));
	assert_true(ztp_str_is(key, "a-1"));
	assert_true(idempotency_key_read(&key, "\""));
	assert_false(idempotency_key_read(&key, ""));
	assert_false(idempotency_key_read(&key, "\"\""));
	assert_false(idempotency_key_read(&key, "a b"));
	assert_false(idempotency_key_read(&key, "\xc3\xa4"));
	assert_false(idempotency_key_read(&key, "a\tb"));
}

static void loopback(void **state)
{
	static const char *const good[] = {"localhost", "LocalHost:80",
					   "127.0.0.1", "127.255.0.9:1",
					   "[::1]",	"[::1]:8480"};
	static const char *const bad[] = {"",
					  "localhost.",
					  "localhost:80x",
					  "evil.example",
					  "127.0.0.1.a",
					  "128.0.0.1",
					  "[::2]",
					  "[::1",
					  "::1",
					  "[::1]x",
					  "0.0.0.0",
					  "127.1",
					  "localhost@a",
					  "[127.0.0.1]",
					  "2130706433"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(host_is_loopback(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(host_is_loopback(bad[i]));
	assert_false(host_is_loopback(NULL));
}

static void origins(void **state)
{
	(void)state;
	assert_true(origin_is_host("http://localhost:8480", "localhost:8480"));
	assert_true(origin_is_host("https://A.example", "a.example"));
	assert_false(origin_is_host("http://localhost:1", "localhost:2"));
	assert_false(origin_is_host("http://localhost", "localhost:80"));
	assert_false(origin_is_host("null", "null"));
	assert_false(origin_is_host("ftp://a", "a"));
	assert_false(origin_is_host("http://a", NULL));
	assert_false(origin_is_host("http://a.b", "a"));
}

static void places(void **state)
{
	static const struct {
		const char *address;
		enum place place;
		const char *id, *path;
	} cases[] = {
		{"/", PLACE_PAGE, "", ""},
		{"/readyz", PLACE_READY, "", ""},
		{"/v1/requests", PLACE_REQUESTS, "", ""},
		{"/v1/requests/a~1", PLACE_REQUEST, "a~1", ""},
		{"/v1/requests/%61", PLACE_REQUEST, "a", ""},
		{"/v1/requests/a%00", PLACE_REQUEST, "", ""},
		{"/v1/requests/a%2Fb", PLACE_REQUEST, "", ""},
		{"/v1/requests/a/", PLACE_NONE, "", ""},
		{"/v1/requests/a/decision", PLACE_DECISION, "a", ""},
		{"/v1/requests/a/decision/", PLACE_NONE, "a", ""},
		{"/v1/requests//decision", PLACE_NONE, "", ""},
		{"/v1/requests/", PLACE_NONE, "", ""},
		{"/v1/requestsx", PLACE_NONE, "", ""},
		{"", PLACE_NONE, "", ""},
		{"/subscriptions/a/registries/b/devices/c/"
		 "updateCustomOnboardRequest",
		 PLACE_OMNICORE, "", "subscriptions/a/registries/b/devices/c"},
		{"/subscriptions/a/registries/b/devices/100%25/"
		 "updateCustomOnboardRequest",
		 PLACE_OMNICORE, "",
		 "subscriptions/a/registries/b/devices/100%"},
		{"/subscriptions/a/registries/b/devices/../"
		 "updateCustomOnboardRequest",
		 PLACE_OMNICORE, "", ""},
		{"/subscriptions/a/registries/b/devices/c%2Fd/"
		 "updateCustomOnboardRequest",
		 PLACE_OMNICORE, "", ""},
		{"/subscriptions/a/registries/b/devices/c", PLACE_NONE, "", ""},
		{"/subscriptions/a/b", PLACE_NONE, "", ""},
	};
	struct target target;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		target_read(&target, cases[i].address);
		assert_int_equal(target.place, cases[i].place);
		if (target.place == PLACE_NONE)
			continue;
		assert_string_equal(target.id, cases[i].id);
		assert_string_equal(target.path, cases[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_are_decoded_strictly),
		cmocka_unit_test(preferences),
		cmocka_unit_test(keys),
		cmocka_unit_test(loopback),
		cmocka_unit_test(origins),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
