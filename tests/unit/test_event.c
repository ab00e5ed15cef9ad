/* Headers of CloudEvents, trace context and dead letters. */
#include "ztp/event.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"

#define VALID "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void header_is(const struct ztp_header *header, const char *name,
		      const char *value)
{
	assert_string_equal(header->name, name);
	assert_non_null(header->value.p);
	assert_int_equal(header->value.n, strlen(value));
	assert_memory_equal(header->value.p, value, strlen(value));
}

static void binary_mode(void **state)
{
	const struct ztp_event event = {"id-1",
					"/ztp",
					"io.x.v1",
					"subscriptions/a",
					"2026-01-02T03:04:05.678Z",
					VALID};
	struct ztp_header headers[8];

	(void)state;
	assert_int_equal(ztp_event_headers(headers, &event), 8);
	header_is(&headers[0], "ce_specversion", "1.0");
	header_is(&headers[1], "ce_id", "id-1");
	header_is(&headers[2], "ce_source", "/ztp");
	header_is(&headers[3], "ce_type", "io.x.v1");
	header_is(&headers[4], "ce_subject", "subscriptions/a");
	header_is(&headers[5], "ce_time", "2026-01-02T03:04:05.678Z");
	header_is(&headers[6], "content-type", "application/json");
	header_is(&headers[7], "traceparent", VALID);
}

static void no_traceparent_no_header(void **state)
{
	const struct ztp_event event = {"i", "s", "t", "u", "v", NULL};
	struct ztp_header headers[8];

	(void)state;
	assert_int_equal(ztp_event_headers(headers, &event), 7);
	assert_null(ztp_header_get(headers, 7, "traceparent").p);
}

static void headers_by_exact_name(void **state)
{
	const struct ztp_header headers[] = {{"b", {"1", 1}},
					     {"a", {"2", 1}},
					     {"a", {"3", 1}},
					     {"e", {"", 0}}};

	(void)state;
	assert_int_equal(*ztp_header_get(headers, 4, "b").p, '1');
	assert_int_equal(*ztp_header_get(headers, 4, "a").p, '2');
	assert_int_equal(*ztp_header_get(headers, 4, "A").p, '2');
	assert_null(ztp_header_get(headers, 4, "").p);
	assert_null(ztp_header_get(headers, 0, "a").p);
	assert_null(ztp_header_get(NULL, 0, "a").p);
	assert_non_null(ztp_header_get(headers, 4, "e").p);
	assert_int_equal(ztp_header_get(headers, 4, "e").n, 0);
}

static bool valid(const char *text)
{
	size_t n = strlen(text);
	char *copy = exact_copy(text, n);
	bool is = ztp_traceparent_valid(copy, n);

	free(copy);
	return is;
}

static void traceparents(void **state)
{
	static const char *const bad[] = {
		"",
		/* another version, or text that later versions may add */
		"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		(VALID "-00"),
		(VALID " "),
		/* upper case, not hex, wrong separators */
		"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
		"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
		/* all zero */
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
	};

	(void)state;
	assert_true(valid(VALID));
	assert_true(valid("00-00000000000000000000000000000001-"
			  "0000000000000001-ff"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
	for (size_t n = 0; n < strlen(VALID); n++) {
		char *copy = exact_copy(VALID, n);

		assert_false(ztp_traceparent_valid(copy, n));
		free(copy);
	}
}

static void a_made_traceparent_is_valid(void **state)
{
	char out[ZTP_TRACEPARENT_LEN];
	uint8_t random[24];

	(void)state;
	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)(i + 0x10);
	ztp_traceparent_make(out, random);
	assert_string_equal(out, "00-101112131415161718191a1b1c1d1e1f-"
				 "2021222324252627-01");
	memset(random, 0, sizeof(random));
	ztp_traceparent_make(out, random);
	assert_int_equal(strlen(out), ZTP_TRACEPARENT_LEN - 1);
	assert_true(ztp_traceparent_valid(out, strlen(out)));
}

static void dead_letters(void **state)
{
	struct ztp_dead dead = {
		"ztp.decisions",
		3,
		INT64_MAX,
		"decision",
		{.code = ZTP_ERR_DUPLICATE_KEY, .message = "duplicate key"}};
	struct ztp_header headers[6];
	char scratch[64];

	(void)state;
	assert_int_equal(ztp_dead_headers(headers, scratch, &dead), 6);
	header_is(&headers[0], "__connect.errors.topic", "ztp.decisions");
	header_is(&headers[1], "__connect.errors.partition", "3");
	header_is(&headers[2], "__connect.errors.offset",
		  "9223372036854775807");
	header_is(&headers[3], "__connect.errors.stage", "decision");
	header_is(&headers[4], "__connect.errors.exception.class.name",
		  "duplicate_key");
	header_is(&headers[5], "__connect.errors.exception.message",
		  "duplicate key");
}

static void a_dead_letter_from_mqtt_has_no_position(void **state)
{
	const struct ztp_dead dead = {"ztp/v1/pending",
				      -1,
				      -1,
				      "pending",
				      {.code = ZTP_ERR_PATH, .message = "x"}};
	struct ztp_header headers[6];
	char scratch[64];

	(void)state;
	assert_int_equal(ztp_dead_headers(headers, scratch, &dead), 6);
	header_is(&headers[0], "__connect.errors.topic", "ztp/v1/pending");
	header_is(&headers[1], "__connect.errors.partition", "");
	header_is(&headers[2], "__connect.errors.offset", "");
}

static void position_zero_is_a_position(void **state)
{
	const struct ztp_dead dead = {"t", 0, 0, "decision", {.code = ZTP_OK}};
	struct ztp_header headers[6];
	char scratch[64];

	(void)state;
	assert_int_equal(ztp_dead_headers(headers, scratch, &dead), 6);
	header_is(&headers[1], "__connect.errors.partition", "0");
	header_is(&headers[2], "__connect.errors.offset", "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binary_mode),
		cmocka_unit_test(no_traceparent_no_header),
		cmocka_unit_test(headers_by_exact_name),
		cmocka_unit_test(traceparents),
		cmocka_unit_test(a_made_traceparent_is_valid),
		cmocka_unit_test(dead_letters),
		cmocka_unit_test(a_dead_letter_from_mqtt_has_no_position),
		cmocka_unit_test(position_zero_is_a_position),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
