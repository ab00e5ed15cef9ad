/* DER, byte by byte: what X.690 sections 8, 10 and 11 allow, and what only BER
 * does. Each text ends where its memory does. */
#include "policy/der.h"

#include <stdlib.h>

#include "tests/unit/exact.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define DEPTH	     16 /* of nesting, the innermost element included */

struct bytes {
	const char *p;
	size_t n;
};

#define B(text)                                                                \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static bool strict(const struct bytes *bytes)
{
	char *copy = exact_copy(bytes->p, bytes->n);
	bool yes = ztp_der_strict(copy, bytes->n);

	free(copy);
	return yes;
}

static void all(const struct bytes *lines, size_t count, bool good)
{
	for (size_t i = 0; i < count; i++)
		if (strict(&lines[i]) != good)
			fail_msg("line %zu is %s", i, good ? "good" : "bad");
}

static void what_is_der(void **state)
{
	static const struct bytes good[] = {
		B("\x01\x01\x00"),
		B("\x01\x01\xff"), /* BOOLEAN */
		B("\x02\x01\x00"),
		B("\x02\x01\x7f"), /* INTEGER */
		B("\x02\x01\x80"),
		B("\x02\x02\x00\x80"),
		B("\x02\x02\xff\x7f"),
		B("\x0a\x01\x00"), /* ENUMERATED */
		B("\x03\x01\x00"),
		B("\x03\x02\x00\xff"), /* BIT STRING */
		B("\x03\x02\x07\x80"),
		B("\x03\x02\x01\xfe"),
		B("\x05\x00"),
		B("\x04\x00"),
		B("\x06\x01\x2a"),
		B("\x06\x03\x2a\x86\x48"), /* OID */
		B("\x06\x02\x81\x00"),
		B("\x30\x00"),
		B("\x31\x00"),
		B("\x30\x03\x02\x01\x00"),
		B("\x80\x00"),
		B("\xa0\x02\x05\x00"),
		B("\x81\x01\x80"), /* no integer is known behind the tag */
		B("\x31\x06\x02\x01\x00\x02\x01\x01"), /* SET OF */
		B("\x31\x06\x02\x01\x00\x02\x01\x00"),
		B("\x31\x07\x02\x01\x01\x02\x02\x00\x80"),
		B("\x1f\x1f\x00"), /* tags over 30 */
		B("\x9f\x81\x00\x00"),
		B("\x1f\x87\xff\xff\xff\x7f\x00"),
	};

	(void)state;
	all(good, COUNT(good), true);
}

static void what_is_only_ber(void **state)
{
	static const struct bytes bad[] = {
		B(""),
		B("\x02"),
		B("\x02\x01"),
		B("\x02\x01\x00\x00"),
		/* values of basic types */
		B("\x01\x00"),
		B("\x01\x02\xff\xff"),
		B("\x01\x01\x01"),
		B("\x02\x00"),
		B("\x02\x02\x00\x7f"),
		B("\x02\x02\xff\x80"),
		B("\x0a\x02\x00\x01"),
		B("\x05\x01\x00"),
		B("\x03\x00"),
		B("\x03\x01\x01"),
		B("\x03\x02\x08\x00"),
		B("\x03\x02\x01\x01"),
		B("\x03\x02\x07\xc0"),
		B("\x06\x00"),
		B("\x06\x01\x80"),
		B("\x06\x02\x2a\x80"),
		B("\x06\x02\x80\x01"),
		B("\x06\x03\x2a\x80\x01"),
		/* forms */
		B("\x00\x00"),
		B("\x10\x00"),
		B("\x11\x00"),
		B("\x22\x03\x02\x01\x00"),
		B("\x23\x03\x03\x01\x00"),
		B("\x24\x02\x04\x00"),
		B("\x2c\x02\x0c\x00"),
		/* lengths */
		B("\x30\x80\x00\x00"),
		B("\x30\x81\x00"),
		B("\x04\x81\x01x"),
		B("\x04\x82\x00\x01x"),
		B("\x04\xff"),
		B("\x04\x81"),
		B("\x04\x84\x80\x00\x00\x00"),
		B("\x04\x85\x01\x00\x00\x00\x00"),
		B("\x30\x02\x05"),
		B("\x30\x03\x05\x00"),
		B("\x30\x01\x05\x00"),
		B("\x30\x03\x02\x02\x01"),
		/* tags */
		B("\x1f"),
		B("\x1f\x1e\x00"),
		B("\x1f\x80\x1f\x00"),
		B("\x1f\x9f"),
		B("\x1f\x88\x80\x80\x80\x00\x00"),
		/* order */
		B("\x31\x06\x02\x01\x01\x02\x01\x00"),
		B("\x31\x07\x02\x02\x00\x80\x02\x01\x01"),
	};

	(void)state;
	all(bad, COUNT(bad), false);
}

/* X.690 10.1: as few bytes as possible */
static void lengths(void **state)
{
	static const struct {
		const char *head;
		size_t head_len, len;
		bool good;
	} lines[] = {
		{"\x04\x7f", 2, 127, true},
		{"\x04\x80", 2, 128, false}, /* indefinite */
		{"\x04\x81\x7f", 3, 127, false},
		{"\x04\x81\x80", 3, 128, true},
		{"\x04\x81\xff", 3, 255, true},
		{"\x04\x82\x00\xff", 4, 255, false},
		{"\x04\x82\x01\x00", 4, 256, true},
		{"\x04\x83\x00\x01\x00", 5, 256, false},
		{"\x04\x83\x01\x00\x00", 5, 65536, true},
		{"\x04\x84\x01\x00\x00\x00", 6, 16777216, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t n = lines[i].head_len + lines[i].len;
		char *text = calloc(1, n);

		assert_non_null(text);
		memcpy(text, lines[i].head, lines[i].head_len);
		assert_int_equal(ztp_der_strict(text, n), lines[i].good);
		assert_false(ztp_der_strict(text, n - 1));
		free(text);
	}
}

static void nesting(void **state)
{
	char text[2 * (DEPTH + 1)];

	(void)state;
	for (size_t levels = 1; levels <= DEPTH + 1; levels++) {
		size_t n = 2 * levels;
		char *copy;

		for (size_t i = 0; i < levels; i++) {
			text[2 * i] = i + 1 < levels ? 0x30 : 0x05;
			text[2 * i + 1] = (char)(n - 2 * i - 2);
		}
		copy = exact_copy(text, n);
		assert_int_equal(ztp_der_strict(copy, n), levels <= DEPTH);
		free(copy);
	}
}

static void elements_are_taken_from_the_front(void **state)
{
	static const char text[] = "\x02\x01\x07\x04\x02xy";
	struct ztp_str rest = {text, sizeof(text) - 1}, contents = {NULL, 0};
	struct ztp_der element;

	(void)state;
	assert_false(ztp_der_optional(&rest, ZTP_DER_OCTETS, &contents));
	assert_ptr_equal(rest.p, text);
	assert_true(ztp_der_optional(&rest, ZTP_DER_INTEGER, &contents));
	assert_true(contents.n == 1 && *contents.p == 7);
	assert_true(ztp_der_next(&rest, &element));
	assert_int_equal(element.id, ZTP_DER_OCTETS);
	assert_ptr_equal(element.whole.p, text + 3);
	assert_int_equal(element.whole.n, 4);
	assert_true(ztp_str_is(element.contents, "xy"));
	assert_int_equal(rest.n, 0);
	assert_false(ztp_der_next(&rest, &element));
	assert_false(ztp_der_take(&rest, ZTP_DER_OCTETS, &contents));
	assert_false(ztp_der_optional(&rest, ZTP_DER_OCTETS, &contents));
	rest = (struct ztp_str){text, sizeof(text) - 1};
	assert_false(ztp_der_take(&rest, ZTP_DER_OCTETS, &contents));
}

static void algorithms(void **state)
{
	static const struct {
		struct bytes der;
		bool good;
		uint8_t parameter;
	} lines[] = {
		{B("\x30\x03\x06\x01\x2a"), true, 0},
		{B("\x30\x05\x06\x01\x2a\x05\x00"), true, ZTP_DER_NULL},
		{B("\x30\x07\x06\x01\x2a\x1e\x02\x00x"), true, 0x1e},
		{B("\x30\x09\x06\x01\x2a\x1c\x04\x00\x00\x00x"), true, 0x1c},
		{B("\x30\x06\x06\x01\x2a\x1e\x01x"), false, 0},
		{B("\x30\x07\x06\x01\x2a\x1c\x02\x00x"), false, 0},
		{B("\x30\x07\x06\x01\x2a\x05\x00\x05\x00"), false, 0},
		{B("\x30\x00"), false, 0},
		{B("\x30\x02\x05\x00"), false, 0},
		{B("\x31\x03\x06\x01\x2a"), false, 0},
		{B(""), false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *copy = exact_copy(lines[i].der.p, lines[i].der.n);
		struct ztp_str rest = {copy, lines[i].der.n};
		struct ztp_der_algorithm read;

		if (ztp_der_algorithm(&rest, &read) != lines[i].good)
			fail_msg("line %zu", i);
		if (lines[i].good) {
			assert_int_equal(read.parameter.id, lines[i].parameter);
			assert_true(ztp_str_is(read.oid, "\x2a"));
			assert_int_equal(read.whole.n, lines[i].der.n);
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_der),
		cmocka_unit_test(what_is_only_ber),
		cmocka_unit_test(lengths),
		cmocka_unit_test(nesting),
		cmocka_unit_test(elements_are_taken_from_the_front),
		cmocka_unit_test(algorithms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
