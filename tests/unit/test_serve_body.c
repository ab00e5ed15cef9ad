/* What clients post, in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/serve/body.h"

#define PATH "subscriptions/a/registries/b/devices/c"
#define FP   "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEAD "{\"request_id\":\"r\",\"device_path\":\"" PATH "\","

static const struct subject subject = {"r", PATH, FP, "me"};

static void native(void **state)
{
	static const struct {
		const char *body, *record; /* NULL: refused */
	} cases[] = {
		{"{\"decision\":\"approve\",\"payload\": {\"b\":1.50,\"a\":"
		 "12345678901234567890}}",
		 HEAD "\"fingerprint_sha256\":\"" FP "\",\"decided_by\":\"me\","
		      "\"decision\":\"approve\",\"payload\":{\"b\":1.50,\"a\":"
		      "12345678901234567890}}"},
		{"{\"x\":1,\"decision\":\"reject\",\"request_id\":\"r\","
		 "\"fingerprint_sha256\":\"" FP "\",\"decided_by\":\"you\"}",
		 HEAD "\"fingerprint_sha256\":\"" FP "\",\"decided_by\":"
		      "\"you\",\"decision\":\"reject\"}"},
		{"{\"decision\":\"reject\",\"device_path\":\"x\"}", NULL},
		{"{\"decision\":\"reject\",\"request_id\":\"s\"}", NULL},
		{"{\"decision\":\"reject\",\"request_id\":1}", NULL},
		{"{\"isApprove\":true}", NULL},
		{"[]", NULL},
		{"", NULL},
	};
	struct posted posted;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = posted_native(&posted, ztp_str_of(cases[i].body),
				       &subject, NULL);

		assert_int_equal(rc == 0, cases[i].record != NULL);
		if (rc == 0)
			assert_string_equal(posted.record, cases[i].record);
		else
			assert_null(posted.record);
		posted_clear(&posted);
	}
}

static void omnicore(void **state)
{
	struct posted one, other;

	(void)state;
	assert_int_equal(posted_omnicore(&one,
					 ztp_str_of("{\"isApprove\":true,"
						    "\"customOnboardData\":"
						    "\"h\\u0069\"}"),
					 &subject, NULL),
			 0);
	assert_non_null(strstr(one.record, "\"isApprove\":true"));
	/* What it is about does not count, and neither do escapes. */
	assert_int_equal(
		posted_omnicore(&other,
				ztp_str_of("{\"customOnboardData\":\"hi\","
					   "\"isApprove\":true}"),
				&(struct subject){"s", PATH, "", ""}, NULL),
		0);
	assert_memory_equal(one.digest, other.digest, sizeof(one.digest));
	posted_clear(&one);
	posted_clear(&other);
	assert_int_not_equal(
		posted_omnicore(&one, ztp_str_of("{\"isApprove\":\"true\"}"),
				&subject, NULL),
		0);
	assert_int_not_equal(
		posted_omnicore(&one, ztp_str_of("{\"decision\":\"approve\"}"),
				&subject, NULL),
		0);
}

static void credentials_in_any_shape(void **state)
{
	static const struct {
		const char *body;
		int count; /* -1: refused */
	} cases[] = {
		{"{}", 0},
		{"{\"credentials\":null}", 0},
		{"{\"credentials\":\"\"}", 0},
		{"{\"credentials\":[]}", 0},
		{"{\"credentials\":\"" FP "\"}", 1},
		{"{\"credentials\":[{\"k\":{\"f\":\"X509\",\"v\":\"" FP
		 "\"}},\"" FP "\"]}",
		 2},
		{"{\"credentials\":[{\"format\":\"x\"}]}", -1},
		{"{\"credentials\":1}", -1},
		{"{\"credentials\":", -1},
	};
	struct credentials credentials;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = credentials_read(&credentials,
					  ztp_str_of(cases[i].body), NULL);

		assert_int_equal(rc == 0, cases[i].count >= 0);
		if (rc)
			continue;
		assert_int_equal(credentials.given, cases[i].count > 0);
		assert_int_equal(credentials.count, cases[i].count);
		assert_int_equal(credentials_name(&credentials, FP),
				 cases[i].count > 0);
	}
}

static void as_many_credentials_as_are_looked_at(void **state)
{
	char body[4096];
	struct credentials credentials;
	int n = snprintf(body, sizeof(body), "{\"credentials\":[\"" FP "\"");

	(void)state;
	for (int i = 0; i < CREDENTIALS_MAX + 5; i++)
		n += snprintf(body + n, sizeof(body) - (size_t)n,
			      ",\"" FP "\"");
	(void)snprintf(body + n, sizeof(body) - (size_t)n, "]}");
	assert_int_equal(credentials_read(&credentials, ztp_str_of(body), NULL),
			 0);
	assert_int_equal(credentials.count, CREDENTIALS_MAX);
}

static void a_token(void **state)
{
	char out[TOKEN_MAX + 1];
	char token[TOKEN_MAX + 2], body[TOKEN_MAX + 64];

	(void)state;
	assert_int_equal(body_token(out, ztp_str_of("{\"token\":\"x\"}"), NULL),
			 0);
	assert_string_equal(out, "x");
	assert_int_not_equal(body_token(out, ztp_str_of("{}"), NULL), 0);
	assert_int_not_equal(body_token(out, ztp_str_of("1"), NULL), 0);
	memset(token, 'x', sizeof(token));
	for (int more = 0; more < 2; more++) {
		(void)snprintf(body, sizeof(body), "{\"token\":\"%.*s\"}",
			       TOKEN_MAX + more, token);
		assert_int_equal(body_token(out, ztp_str_of(body), NULL) == 0,
				 !more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(native),
		cmocka_unit_test(omnicore),
		cmocka_unit_test(credentials_in_any_shape),
		cmocka_unit_test(as_many_credentials_as_are_looked_at),
		cmocka_unit_test(a_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
