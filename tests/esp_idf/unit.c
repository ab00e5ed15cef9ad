/* The parts of examples/device/esp-idf that need no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ztp_device.h"

static void a_certificate_becomes_one_line(void **state)
{
	static const char pem[] = "subject=CN = unused-device\n"
				  "-----BEGIN CERTIFICATE-----\r\n"
				  "MIIB\r\n+/8=\r\n"
				  "-----END CERTIFICATE-----\r\n";
	char out[16];

	(void)state;
	assert_int_equal(ztp_username(out, sizeof(out), pem), 8);
	assert_string_equal(out, "MIIB+/8=");
	assert_int_equal(ztp_username(out, 9, pem), 8);
	assert_int_equal(ztp_username(out, 8, pem), -1);
	assert_int_equal(ztp_username(out, sizeof(out), "MIIB"), -1);
	assert_int_equal(ztp_username(out, sizeof(out),
				      "-----END CERTIFICATE-----\n"
				      "-----BEGIN CERTIFICATE-----\n"),
			 -1);
}

/* r has a leading zero in DER because its first bit is set; s is short. */
static void a_signature_is_unwrapped(void **state)
{
	const uint8_t der[] = {0x30, 10, 2, 5, 0, 0x81, 2, 3, 4, 2, 1, 7};
	uint8_t raw[8], longer[sizeof(der) + 1] = {0};

	(void)state;
	assert_int_equal(ztp_raw_signature(raw, 4, der, sizeof(der)), 0);
	assert_memory_equal(raw, "\x81\2\3\4\0\0\0\7", 8);
	assert_int_equal(ztp_raw_signature(raw, 3, der, sizeof(der)), -1);
	for (size_t n = 0; n < sizeof(der); n++)
		assert_int_equal(ztp_raw_signature(raw, 4, der, n), -1);
	memcpy(longer, der, sizeof(der));
	assert_int_equal(ztp_raw_signature(raw, 4, longer, sizeof(longer)), -1);
}

static void messages_come_in_pieces(void **state)
{
	char text[8];
	struct ztp_message m = {.text = text, .size = sizeof(text)};

	(void)state;
	assert_true(ztp_message_add(&m, "{}", 2, 0, 2));
	assert_string_equal(text, "{}");
	assert_false(ztp_message_add(&m, "abcd", 4, 0, 7));
	assert_true(ztp_message_add(&m, "efg", 3, 4, 7));
	assert_string_equal(text, "abcdefg");
	/* too large, and its other pieces */
	assert_false(ztp_message_add(&m, "abcd", 4, 0, 8));
	assert_true(m.broken);
	assert_false(ztp_message_add(&m, "efgh", 4, 4, 8));
	/* a piece is missing */
	assert_false(ztp_message_add(&m, "ab", 2, 0, 7));
	assert_false(ztp_message_add(&m, "g", 1, 6, 7));
	assert_true(m.broken);
	/* the next message is whole */
	assert_true(ztp_message_add(&m, "{}", 2, 0, 2));
	assert_false(m.broken);
}

static void commands_are_read(void **state)
{
	struct ztp_command c;

	(void)state;
	ztp_command_read(&c, "{\"status\":\"pending\",\"retry_after_s\":60}");
	assert_int_equal(c.said, ZTP_PENDING);
	assert_int_equal(c.retry_after_s, 60);
	ztp_command_read(&c, "{\"status\":\"approved\",\"request_id\":\"r-1\","
			     "\"payload\":{\"ntp\": \"x\"}}");
	assert_int_equal(c.said, ZTP_APPROVED);
	assert_string_equal(c.request_id, "r-1");
	assert_string_equal(c.payload, "{\"ntp\": \"x\"}");
	free(c.payload);
	ztp_command_read(&c, "{\"status\":\"approved\",\"payload_erased\":"
			     "true}");
	assert_true(c.erased);
	assert_false(c.broken);
	assert_null(c.payload);
	ztp_command_read(&c, "{\"status\":\"approved\",\"payload_base64\":"
			     "\"AAEC\"}");
	assert_int_equal(c.payload_len, 3);
	assert_memory_equal(c.payload, "\0\1\2", 3);
	free(c.payload);
	ztp_command_read(&c, "{\"status\":\"approved\",\"payload_base64\":"
			     "\"A\"}");
	assert_true(c.broken);
	assert_null(c.payload);
	ztp_command_read(&c, "{\"status\":\"rejected\"}");
	assert_int_equal(c.said, ZTP_REJECTED);
	ztp_command_read(&c, "{\"status\":7}");
	assert_int_equal(c.said, ZTP_OTHER);
	ztp_command_read(&c, "reboot");
	assert_int_equal(c.said, ZTP_OTHER);
}

/* Numbers, blanks and escapes are the customer's. */
static void a_payload_is_as_it_was_written(void **state)
{
	static const char *const payloads[] = {
		"{\"serial\":12345678901234567890, \"x\": 1.10, \"y\":1e999}",
		"12345678901234567890123",
		"-0.1000000000000000000001",
		"[1, [2,{\"payload\":3}], \"]\"]",
		"\"a\\\"b}, \\\\\"",
		"\"\"",
		"{}",
		"[]",
		"true",
		"null",
	};
	static const char *const forms[] = {
		"{\"status\":\"approved\",\"payload\":%s}",
		" { \"payload\" : %s , \"status\":\"approved\" } ",
		"{\"payload\":%s\n}",
		"{\"Payload\":1,\"payloads\":2,\"a\":{\"payload\":3},"
		"\"b\":\"\\\"payload\\\":4\",\"payload\":%s}",
	};
	struct ztp_command c;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++)
		for (size_t k = 0; k < sizeof(forms) / sizeof(*forms); k++) {
			snprintf(text, sizeof(text), forms[k], payloads[i]);
			ztp_command_read(&c, text);
			assert_non_null(c.payload);
			assert_string_equal(c.payload, payloads[i]);
			assert_int_equal(c.payload_len, strlen(payloads[i]));
			free(c.payload);
		}
	ztp_command_read(&c, "{\"a\":{\"payload\":1},\"b\":\"payload\"}");
	assert_null(c.payload);
	assert_false(c.broken);
}

static void answers_fit_or_are_not_sent(void **state)
{
	char out[64];
	int n = ztp_answer(out, sizeof(out), "r-1", NULL);

	(void)state;
	assert_string_equal(out,
			    "{\"request_id\":\"r-1\",\"status\":\"applied\"}");
	assert_int_equal(n, strlen(out));
	assert_int_equal(ztp_answer(out, 20, "r-1", NULL), -1);
	assert_true(ztp_answer(out, sizeof(out), "r", "full") > 0);
	assert_non_null(strstr(out, "\"failed\",\"message\":\"full\""));
}

static void pauses_grow(void **state)
{
	static const int want[] = {5, 5, 10, 20, 40, 80, 160, 320, 600, 600};

	(void)state;
	for (unsigned i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_int_equal(ztp_pause_s(i, 0, 0), want[i]);
	assert_int_equal(ztp_pause_s(4000000000U, 0, 0), 600);
	assert_int_equal(ztp_pause_s(1, 60, 0), 60);
	for (uint32_t chance = 0; chance < 1000; chance++)
		assert_in_range(ztp_pause_s(9, 0, chance), 600, 750);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_becomes_one_line),
		cmocka_unit_test(a_signature_is_unwrapped),
		cmocka_unit_test(messages_come_in_pieces),
		cmocka_unit_test(commands_are_read),
		cmocka_unit_test(a_payload_is_as_it_was_written),
		cmocka_unit_test(answers_fit_or_are_not_sent),
		cmocka_unit_test(pauses_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
