/* Pending events: what is accepted, and each rule that refuses one. */
#include "ztp/pending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/certs.h"
#include "tests/unit/exact.h"

#define PATH	     "subscriptions/acme/registries/plant-7/devices/pump-42"
#define OTHER	     "subscriptions/acme/registries/plant-7/devices/pump-43"
#define DEVICE	     "\"device_path\":\"" PATH "\""
#define TRACE	     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define SECRET	     "s3cr3t-marker"
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A good leaf and two bad ones, as bare base64. */
static struct fixture {
	EVP_PKEY *key;
	char *base64, *expired, *ca, *pem;
} fixture;

static char *leaf_until(int64_t not_after_ms)
{
	const struct certs_spec spec = {
		.key = fixture.key,
		.not_before_ms = CERTS_NOW - 2 * CERTS_DAY_MS,
		.not_after_ms = not_after_ms,
	};
	X509 *x509 = certs_make(&spec);
	char *base64 = certs_base64(x509);

	X509_free(x509);
	return base64;
}

static int set_up(void **state)
{
	X509 *x509;

	(void)state;
	fixture.key = certs_key("ec:P-256");
	fixture.base64 = leaf_until(CERTS_NOW + CERTS_DAY_MS);
	fixture.expired = leaf_until(CERTS_NOW - CERTS_DAY_MS);
	x509 = certs_ca(fixture.key, "/CN=ca");
	fixture.ca = certs_base64(x509);
	X509_free(x509);
	x509 = certs_make(&(struct certs_spec){.key = fixture.key});
	fixture.pem = certs_pem(x509);
	X509_free(x509);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(fixture.key);
	free(fixture.base64);
	free(fixture.expired);
	free(fixture.ca);
	free(fixture.pem);
	return 0;
}

static int parse(struct ztp_pending *pending, const char *text,
		 struct ztp_error *error)
{
	size_t n = strlen(text);
	char *copy = exact_copy(text, n);
	int rc = ztp_pending_parse(pending, copy, n, CERTS_NOW, error);

	free(copy);
	return rc;
}

/* An event with these members and the good certificate. */
static char *with_cert(const char *members)
{
	return exact_print("{%s,\"certificate\":\"%s\"}", members,
			   fixture.base64);
}

static void refused_text(const char *text, int want)
{
	struct ztp_error error = {.code = ZTP_OK};
	struct ztp_pending pending;

	exact_code(text, parse(&pending, text, &error), want);
	assert_int_equal(error.code, want);
	assert_null(strstr(error.message, SECRET));
}

static void take(struct ztp_pending *pending, const char *members)
{
	char *text = with_cert(members);
	struct ztp_error error = {.code = ZTP_OK};

	exact_code(members, parse(pending, text, &error), 0);
	free(text);
}

/* --- accepted */

static void certificate_and_path_are_enough(void **state)
{
	struct ztp_pending pending;

	(void)state;
	take(&pending, DEVICE);
	assert_string_equal(pending.request_id, "");
	assert_string_equal(pending.path, PATH);
	assert_ptr_equal(pending.parts.whole.p, pending.path);
	assert_int_equal(pending.parts.device.n, strlen("pump-42"));
	assert_memory_equal(pending.parts.device.p, "pump-42", 7);
	assert_int_equal(pending.received_at, CERTS_NOW);
	assert_int_equal(pending.expires_at, 0);
	assert_string_equal(pending.traceparent, "");
	assert_string_equal(pending.cert.subject, "CN=unused-device");
	ztp_pending_clear(&pending);
	ztp_pending_clear(&pending);
	ztp_pending_clear(NULL);
}

static void everything_given(void **state)
{
	struct ztp_pending pending;

	(void)state;
	take(&pending, DEVICE
	     ",\"client_id\":\"" PATH "\",\"request_id\":\"0192f3a1-A.b_~\","
	     "\"received_at\":\"2026-01-02T03:04:05.678Z\","
	     "\"expires_at\":\"2026-01-03T05:04:05+02:00\","
	     "\"remote_addr\":\"192.0.2.7\",\"attempt\":3,\"traceparent\":"
	     "\"" TRACE "\",\"password\":\"" SECRET "\",\"jwt\":\"x\","
	     "\"something\":{\"else\":[1]}");
	assert_string_equal(pending.request_id, "0192f3a1-A.b_~");
	assert_int_equal(pending.received_at, CERTS_NOW);
	assert_int_equal(pending.expires_at, CERTS_NOW + CERTS_DAY_MS - 678);
	assert_string_equal(pending.traceparent, TRACE);
	ztp_pending_clear(&pending);
}

static void the_other_names(void **state)
{
	struct ztp_pending pending;
	char *text =
		exact_print("{\"client_id\":\"" PATH "\",\"username\":\"%s\"}",
			    fixture.base64);
	char *both = exact_print("{" DEVICE ",\"certificate\":\"%s\","
				 "\"username\":\"%s\"}",
				 fixture.base64, fixture.base64);

	(void)state;
	exact_code("other names", parse(&pending, text, NULL), 0);
	assert_string_equal(pending.path, PATH);
	ztp_pending_clear(&pending);
	exact_code("both alike", parse(&pending, both, NULL), 0);
	ztp_pending_clear(&pending);
	free(text);
	free(both);
}

/* Newlines as JSON escapes, removed, as spaces, and as a backslash and an n. */
static void each_encoding_of_a_certificate(void **state)
{
	static const char *const newlines[] = {"\\n", "", " ", "\\\\n"};
	uint8_t fingerprint[ZTP_SHA256_LEN];
	struct ztp_pending pending;

	(void)state;
	for (size_t i = 0; i < COUNT(newlines); i++) {
		char *line = certs_lines(fixture.pem, newlines[i]);
		char *text = exact_print("{" DEVICE ",\"certificate\":\"%s\"}",
					 line);

		exact_code(newlines[i], parse(&pending, text, NULL), 0);
		if (i == 0)
			memcpy(fingerprint, pending.cert.fingerprint,
			       sizeof(fingerprint));
		assert_memory_equal(fingerprint, pending.cert.fingerprint,
				    sizeof(fingerprint));
		ztp_pending_clear(&pending);
		free(line);
		free(text);
	}
}

/* A broker's plugin in Go writes "" for what it leaves out, unless it says
 * omitempty. */
static void null_and_empty_count_as_absent(void **state)
{
	static const char *const members[] = {
		DEVICE ",\"client_id\":null,\"username\":null,"
		       "\"request_id\":null,\"received_at\":null,"
		       "\"expires_at\":null,\"attempt\":null,"
		       "\"remote_addr\":null,\"traceparent\":null",
		DEVICE ",\"client_id\":\"\",\"username\":\"\","
		       "\"request_id\":\"\",\"received_at\":\"\","
		       "\"expires_at\":\"\",\"attempt\":0,"
		       "\"remote_addr\":\"\",\"traceparent\":\"\"",
		"\"device_path\":\"\",\"client_id\":\"" PATH "\"",
	};
	struct ztp_pending pending;

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		take(&pending, members[i]);
		assert_string_equal(pending.path, PATH);
		assert_string_equal(pending.request_id, "");
		assert_int_equal(pending.received_at, CERTS_NOW);
		assert_int_equal(pending.expires_at, 0);
		ztp_pending_clear(&pending);
	}
}

static void secrets_may_be_of_any_type(void **state)
{
	static const char *const members[] = {
		DEVICE ",\"password\":1",
		DEVICE ",\"password\":{\"a\":[]},\"jwt\":null",
		DEVICE ",\"jwt\":[true]",
	};
	struct ztp_pending pending;

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		take(&pending, members[i]);
		ztp_pending_clear(&pending);
	}
}

static void a_bad_trace_is_none(void **state)
{
	struct ztp_pending pending;

	(void)state;
	take(&pending, DEVICE ",\"traceparent\":\"" TRACE "00\"");
	assert_string_equal(pending.traceparent, "");
	ztp_pending_clear(&pending);
	take(&pending, DEVICE ",\"traceparent\":\"\"");
	assert_string_equal(pending.traceparent, "");
	ztp_pending_clear(&pending);
}

static void deadlines(void **state)
{
	struct ztp_pending pending;

	(void)state;
	take(&pending, DEVICE ",\"expires_at\":\"2020-01-01T00:00:00Z\"");
	assert_true(pending.expires_at > 0);
	assert_true(pending.expires_at < CERTS_NOW);
	ztp_pending_clear(&pending);
	/* 1970 is a deadline, not the absence of one */
	take(&pending, DEVICE ",\"expires_at\":\"1970-01-01T00:00:00Z\"");
	assert_int_equal(pending.expires_at, 1);
	ztp_pending_clear(&pending);
	/* at most 90 days */
	take(&pending, DEVICE ",\"expires_at\":\"2026-04-02T03:04:05.678Z\"");
	assert_int_equal(pending.expires_at, CERTS_NOW + ZTP_EXPIRY_MAX_MS);
	ztp_pending_clear(&pending);
	take(&pending, DEVICE ",\"expires_at\":\"2026-04-02T03:04:05.677Z\"");
	assert_int_equal(pending.expires_at, CERTS_NOW + ZTP_EXPIRY_MAX_MS - 1);
	ztp_pending_clear(&pending);
	take(&pending, DEVICE ",\"expires_at\":\"9999-12-31T23:59:59Z\"");
	assert_int_equal(pending.expires_at, CERTS_NOW + ZTP_EXPIRY_MAX_MS);
	ztp_pending_clear(&pending);
}

/* --- refused */

static void each_rule_that_refuses(void **state)
{
	static const struct {
		const char *members;
		int want;
	} lines[] = {
		{"\"x\":1", ZTP_ERR_MISSING},
		{"\"device_path\":null", ZTP_ERR_MISSING},
		{"\"device_path\":1", ZTP_ERR_TYPE},
		{"\"client_id\":true", ZTP_ERR_TYPE},
		{DEVICE ",\"client_id\":1", ZTP_ERR_TYPE},
		{DEVICE ",\"client_id\":\"" OTHER "\"", ZTP_ERR_PATH},
		{"\"device_path\":\"pump-42\"", ZTP_ERR_PATH},
		{"\"device_path\":\"\"", ZTP_ERR_PATH},
		{"\"device_path\":\"\",\"client_id\":\"\"", ZTP_ERR_PATH},
		{"\"device_path\":\"" PATH "/\"", ZTP_ERR_PATH},
		{"\"device_path\":\"subscriptions/+/registries/b/devices/c\"",
		 ZTP_ERR_PATH},
		{"\"device_path\":\"subscriptions/a/registries/b/devices/#\"",
		 ZTP_ERR_PATH},
		{"\"device_path\":\"subscriptions/a/registries/b/devices/c"
		 "\\n\"",
		 ZTP_ERR_PATH},
		{DEVICE ",\"request_id\":\"a/b\"", ZTP_ERR_VALUE},
		{DEVICE ",\"request_id\":\"\xc3\xa9\"", ZTP_ERR_VALUE},
		{DEVICE ",\"request_id\":1", ZTP_ERR_TYPE},
		{DEVICE ",\"received_at\":\"yesterday\"", ZTP_ERR_VALUE},
		{DEVICE ",\"received_at\":1767323045678", ZTP_ERR_TYPE},
		{DEVICE ",\"expires_at\":\"2026-02-30T00:00:00Z\"",
		 ZTP_ERR_VALUE},
		{DEVICE ",\"expires_at\":1767323045678", ZTP_ERR_TYPE},
		{DEVICE ",\"attempt\":\"1\"", ZTP_ERR_TYPE},
		{DEVICE ",\"attempt\":1.5", ZTP_ERR_TYPE},
		{DEVICE ",\"attempt\":9007199254740993", ZTP_ERR_TYPE},
		{DEVICE ",\"remote_addr\":7", ZTP_ERR_TYPE},
		{DEVICE ",\"traceparent\":7", ZTP_ERR_TYPE},
		{DEVICE ",\"username\":\"" SECRET "\"", ZTP_ERR_CERT},
		{DEVICE ",\"username\":1", ZTP_ERR_TYPE},
		{DEVICE "," DEVICE, ZTP_ERR_DUPLICATE_KEY},
		{DEVICE ",\"jwt\":1,\"jw\\u0074\":2", ZTP_ERR_DUPLICATE_KEY},
		{DEVICE ",\"password\":\"\\u0000\"", ZTP_ERR_NUL},
		{DEVICE ",\"password\":\"" SECRET "\xff\"", ZTP_ERR_UTF8},
		{DEVICE ",\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
		 ZTP_ERR_TOO_DEEP},
		{DEVICE ",\"password\":" SECRET, ZTP_ERR_JSON},
		{DEVICE ",\"attempt\":007", ZTP_ERR_JSON},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *text = with_cert(lines[i].members);

		refused_text(text, lines[i].want);
		free(text);
	}
}

static void what_is_no_object(void **state)
{
	(void)state;
	refused_text("", ZTP_ERR_EMPTY);
	refused_text("[]", ZTP_ERR_TYPE);
	refused_text("\"" SECRET "\"", ZTP_ERR_TYPE);
	refused_text(SECRET, ZTP_ERR_JSON);
}

static void refused_cert(const char *cert, int want)
{
	char *text = exact_print("{" DEVICE ",\"certificate\":\"%s\"}", cert);

	refused_text(text, want);
	free(text);
}

static void certificates_that_are_refused(void **state)
{
	char *huge = malloc(ZTP_CERT_TEXT_MAX + 2);

	(void)state;
	assert_non_null(huge);
	memset(huge, 'A', ZTP_CERT_TEXT_MAX + 1);
	huge[ZTP_CERT_TEXT_MAX + 1] = '\0';
	refused_text("{" DEVICE "}", ZTP_ERR_MISSING);
	refused_text("{" DEVICE ",\"certificate\":1}", ZTP_ERR_TYPE);
	refused_cert("", ZTP_ERR_EMPTY);
	refused_cert(SECRET, ZTP_ERR_CERT);
	refused_cert(huge, ZTP_ERR_TOO_LARGE);
	refused_cert(fixture.expired, ZTP_ERR_CERT_EXPIRED);
	refused_cert(fixture.ca, ZTP_ERR_CERT_IS_CA);
	free(huge);
}

static void validity_is_judged_at_the_time_given(void **state)
{
	char *text = with_cert(DEVICE);
	struct ztp_pending pending;

	(void)state;
	assert_int_equal(ztp_pending_parse(&pending, text, strlen(text),
					   CERTS_NOW - 3 * CERTS_DAY_MS, NULL),
			 ZTP_ERR_CERT_NOT_YET);
	assert_int_equal(ztp_pending_parse(&pending, text, strlen(text),
					   CERTS_NOW + 2 * CERTS_DAY_MS, NULL),
			 ZTP_ERR_CERT_EXPIRED);
	free(text);
}

static void at_most_64_kib(void **state)
{
	char *start = exact_print("{" DEVICE ",\"certificate\":\"%s\","
				  "\"password\":\"",
				  fixture.base64);
	int room = ZTP_PENDING_MAX - (int)strlen(start) - 2;
	char *fits = exact_print("%s%0*d\"}", start, room, 0);
	char *more = exact_print("%s%0*d\"}", start, room + 1, 0);
	struct ztp_pending pending;

	(void)state;
	assert_int_equal(strlen(fits), ZTP_PENDING_MAX);
	exact_code("fits", parse(&pending, fits, NULL), 0);
	ztp_pending_clear(&pending);
	exact_code("more", parse(&pending, more, NULL), ZTP_ERR_TOO_LARGE);
	free(start);
	free(fits);
	free(more);
}

static void every_prefix_is_refused(void **state)
{
	char *text = with_cert(DEVICE ",\"request_id\":\"r\",\"attempt\":1,"
				      "\"received_at\":"
				      "\"2026-01-02T03:04:05.678Z\"");
	struct ztp_pending pending;

	(void)state;
	for (size_t n = 0; n < strlen(text); n++) {
		char *copy = exact_copy(text, n);

		assert_true(ztp_pending_parse(&pending, copy, n, CERTS_NOW,
					      NULL) < 0);
		free(copy);
	}
	exact_code("whole", parse(&pending, text, NULL), 0);
	ztp_pending_clear(&pending);
	free(text);
}

static void request_ids(void **state)
{
	char text[ZTP_REQUEST_ID_MAX + 1];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(ztp_request_id_valid("AZaz09._~-", 10));
	assert_true(ztp_request_id_valid(".", 1));
	assert_true(ztp_request_id_valid(text, ZTP_REQUEST_ID_MAX));
	assert_false(ztp_request_id_valid(text, ZTP_REQUEST_ID_MAX + 1));
	assert_false(ztp_request_id_valid("", 0));
	for (int c = 0; c < 256; c++) {
		char one = (char)c;
		bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || (c && strchr("._~-", c));

		assert_int_equal(ztp_request_id_valid(&one, 1), fine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate_and_path_are_enough),
		cmocka_unit_test(everything_given),
		cmocka_unit_test(the_other_names),
		cmocka_unit_test(each_encoding_of_a_certificate),
		cmocka_unit_test(null_and_empty_count_as_absent),
		cmocka_unit_test(secrets_may_be_of_any_type),
		cmocka_unit_test(a_bad_trace_is_none),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(each_rule_that_refuses),
		cmocka_unit_test(what_is_no_object),
		cmocka_unit_test(certificates_that_are_refused),
		cmocka_unit_test(validity_is_judged_at_the_time_given),
		cmocka_unit_test(at_most_64_kib),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(request_ids),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
