/* How much foreign text our records may contain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/kafka/record_bounds.h"
#include "bridge/kafka/topic_window.h"

static char bytes[RECORD_HEADERS_MAX];

static void a_key(void **state)
{
	struct ztp_header headers[2];
	struct record_identity identity;
	struct ztp_str key = {bytes, RECORD_KEY_MAX};

	(void)state;
	assert_int_equal(record_bound_key(headers, &identity, &key), 0);
	assert_int_equal(key.n, RECORD_KEY_MAX);
	key.n = RECORD_KEY_MAX + 1;
	assert_int_equal(record_bound_key(headers, &identity, &key), 2);
	assert_null(key.p);
	assert_int_equal(key.n, 0);
	assert_string_equal(headers[0].name, "ztp.key.sha256");
	assert_int_equal(headers[0].value.n, ZTP_SHA256_HEX - 1);
	assert_string_equal(headers[1].value.p, "4097");
}

static void no_key(void **state)
{
	struct ztp_header headers[2];
	struct record_identity identity;
	struct ztp_str key = {NULL, 0};

	(void)state;
	assert_int_equal(record_bound_key(headers, &identity, &key), 0);
}

static void headers_that_fit(void **state)
{
	struct ztp_header originals[2] = {{"a", {bytes, RECORD_HEADER_MAX}},
					  {"b", {NULL, 0}}};
	struct ztp_header headers[3];
	char left_out[24];

	(void)state;
	assert_int_equal(
		record_copy_headers(headers, 3, originals, 2, left_out), 2);
	assert_string_equal(headers[1].name, "b");
}

static void headers_that_do_not(void **state)
{
	struct ztp_header originals[12], headers[8];
	char left_out[24];
	size_t i, n;

	(void)state;
	for (i = 0; i < 12; i++)
		originals[i] = (struct ztp_header){"h", {bytes, 1}};
	originals[0].value.n = RECORD_HEADER_MAX + 1;
	n = record_copy_headers(headers, 8, originals, 12, left_out);
	assert_int_equal(n, 8);
	assert_string_equal(headers[7].name, "ztp.headers.left_out");
	assert_string_equal(headers[7].value.p, "5");
	/* all of them together */
	for (i = 0; i < 12; i++)
		originals[i].value.n = RECORD_HEADER_MAX;
	n = record_copy_headers(headers, 8, originals, 8, left_out);
	assert_int_equal(n, 8);
	assert_string_equal(headers[7].value.p, "1");
}

/* A record larger than the window used to be never sent, nor any after it. */
static void larger_than_the_window(void **state)
{
	struct topic_window *window = calloc(1, sizeof(*window));
	struct in_flight *flight;

	(void)state;
	assert_non_null(window);
	window_init(window, STORE_DLQ);
	flight = window_take(window, 0, WINDOW_BYTES + 1);
	assert_non_null(flight);
	assert_null(window_take(window, 0, 1));
	window_release(window, flight);
	assert_non_null(window_take(window, 0, 1));
	window_clear(window);
	free(window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key),
		cmocka_unit_test(no_key),
		cmocka_unit_test(headers_that_fit),
		cmocka_unit_test(headers_that_do_not),
		cmocka_unit_test(larger_than_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
