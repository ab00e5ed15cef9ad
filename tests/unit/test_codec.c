#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/codec.h"
#include "ztp/error.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* RFC 4648 section 10 */
static const struct {
	const char *plain, *base64, *base64url;
} rfc4648[] = {
	{"", "", ""},
	{"f", "Zg==", "Zg"},
	{"fo", "Zm8=", "Zm8"},
	{"foo", "Zm9v", "Zm9v"},
	{"foob", "Zm9vYg==", "Zm9vYg"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
};

static void base64_rfc4648_vectors(void **state)
{
	char text[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rfc4648); i++) {
		const char *plain = rfc4648[i].plain;
		size_t n = strlen(plain);

		assert_int_equal(ztp_base64_encode(text, plain, n),
				 strlen(rfc4648[i].base64));
		assert_string_equal(text, rfc4648[i].base64);
		assert_int_equal(ztp_base64_decode(text, n, rfc4648[i].base64,
						   strlen(rfc4648[i].base64)),
				 n);
		assert_memory_equal(text, plain, n);
		assert_int_equal(
			ztp_base64url_decode(text, n, rfc4648[i].base64url,
					     strlen(rfc4648[i].base64url)),
			n);
		assert_memory_equal(text, plain, n);
	}
}

static void base64_round_trip_every_byte(void **state)
{
	uint8_t bytes[256], back[256];
	char text[360], *url;

	(void)state;
	for (size_t n = 0; n <= 256; n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 37 + n);
		assert_int_equal(
			ztp_base64_decode(back, n, text,
					  ztp_base64_encode(text, bytes, n)),
			n);
		assert_memory_equal(back, bytes, n);
		url = certs_base64url(bytes, n);
		assert_int_equal(
			ztp_base64url_decode(back, n, url, strlen(url)), n);
		assert_memory_equal(back, bytes, n);
		free(url);
	}
}

static void base64_refuses_other_spellings(void **state)
{
	static const char *const bad[] = {
		"Zg",	 "Zg=",	  "Zg===",    "Zh==",  "Zm9=",	   "Zm9v\n",
		" Zm9v", "Zm 9v", "Zm9-",     "Zm9_",  "=Zm9",	   "Z===",
		"====",	 "Zg=A",  "Zg==Zg==", "Zm9vZ", "Zm9v====",
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(ztp_base64_decode(out, sizeof out, bad[i],
						   strlen(bad[i])),
				 -1);
	assert_int_equal(ztp_base64_decode(out, sizeof out, "Zm\0v", 4), -1);
	assert_int_equal(ztp_base64_decode(out, 2, "Zm9v", 4), -1);
}

static void base64url_refuses_other_spellings(void **state)
{
	static const char *const bad[] = {"Zg==",  "Zh",     "Zm9",
					  "Zm9+",  "Zm9/",   "Z",
					  "Zm9vY", "Zm9v\n", "Zm.v"};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(ztp_base64url_decode(out, sizeof out, bad[i],
						      strlen(bad[i])),
				 -1);
	assert_int_equal(ztp_base64url_decode(out, 2, "Zm9v", 4), -1);
}

static void hex_both_ways(void **state)
{
	uint8_t bytes[4];
	char text[9];

	(void)state;
	assert_true(ztp_hex_decode(bytes, 4, "00fFa9Be", 8));
	ztp_hex_encode(text, bytes, 4);
	assert_string_equal(text, "00ffa9be");
	assert_false(ztp_hex_decode(bytes, 4, "00ffa9b", 7));
	assert_false(ztp_hex_decode(bytes, 4, "00ffa9be0", 9));
	assert_false(ztp_hex_decode(bytes, 3, "00ffa9be", 8));
	assert_false(ztp_hex_decode(bytes, 4, "00ffa9bg", 8));
	assert_false(ztp_hex_decode(bytes, 4, "00ffa9 e", 8));
}

/* FIPS 180-2 appendix B.1 and B.2, and the empty message */
static void sha256_vectors(void **state)
{
	static const char *const vectors[][2] = {
		{"abc", "ba7816bf8f01cfea414140de5dae2223"
			"b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039"
		 "a33ce45964ff2167f6ecedd419db06c1"},
		{"", "e3b0c44298fc1c149afbf4c8996fb924"
		     "27ae41e4649b934ca495991b7852b855"},
		{"a", "ca978112ca1bbdcafac231b39a23dc4d"
		      "a786eff8147c4e72b9807785afee48bb"},
	};
	uint8_t digest[ZTP_SHA256_LEN];
	char text[ZTP_SHA256_HEX];

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		ztp_sha256(digest, vectors[i][0], strlen(vectors[i][0]));
		ztp_hex_encode(text, digest, sizeof digest);
		assert_string_equal(text, vectors[i][1]);
	}
}

static bool parse(int64_t *ms, const char *text)
{
	size_t len = strlen(text);
	char *copy = certs_exact(text, len);
	bool good = ztp_time_parse(ms, copy, len);

	free(copy);
	return good;
}

/* RFC 3339 section 5.8, and cases from its grammar */
static void time_reads(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} vectors[] = {
		{"1985-04-12T23:20:50.52Z", 482196050520},
		{"1996-12-19T16:39:57-08:00", 851042397000},
		{"1990-12-31T23:59:60Z", 662688000000},
		{"1990-12-31T15:59:60-08:00", 662688000000},
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01t00:00:00z", 0},
		{"2026-01-02 03:04:05.678+00:00", 1767323045678},
		{"1970-01-01T00:20:00+00:20", 0},
		{"1970-01-01T23:59:00+23:59", 0},
		{"1970-01-01T00:00:00-00:00", 0},
		{"2024-02-29T12:00:00.1Z", 1709208000100},
		{"2024-02-29T12:00:00.123456789Z", 1709208000123},
		{"2024-02-29T12:00:00.0009Z", 1709208000000},
		{"2000-02-29T00:00:00Z", 951782400000},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		assert_true(parse(&ms, vectors[i].text));
		assert_int_equal(ms, vectors[i].ms);
	}
}

static void time_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"2024-02-29",
		"2024-02-29T12:00:00",
		"2024-02-29  12:00:00Z",
		"2024-02-29_12:00:00Z",
		"2024-02-30T12:00:00Z",
		"2023-02-29T12:00:00Z",
		"2100-02-29T12:00:00Z",
		"2024-13-01T12:00:00Z",
		"2024-00-01T12:00:00Z",
		"2024-01-00T12:00:00Z",
		"2024-04-31T12:00:00Z",
		"2024-01-01T24:00:00Z",
		"2024-01-01T12:60:00Z",
		"2024-01-01T12:00:61Z",
		"2024-01-01T12:00:60Z",
		"2024-01-01T12:00:00.Z",
		"2024-01-01T12:00:00,5Z",
		"2024-01-01T12:00:00+24:00",
		"2024-01-01T12:00:00+01:60",
		"2024-01-01T12:00:00+0100",
		"2024-01-01T12:00:00+01",
		"2024-01-01T12:00:00ZZ",
		"2024-01-01T12:00:00Z ",
		"2024-1-01T12:00:00.0Z",
		"+024-01-01T12:00:00Z",
		"1937-01-01T12:00:27.87+00:20", /* before 1970 */
		"1970-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse(&ms, bad[i]))
			fail_msg("accepted %s", bad[i]);
}

static void time_prefixes_are_safe(void **state)
{
	static const char text[] = "2024-02-29T12:00:00.123+01:00";
	int64_t ms;

	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		char *copy = certs_exact(text, n);

		assert_false(ztp_time_parse(&ms, copy, n));
		free(copy);
	}
}

static void time_writes_what_it_reads(void **state)
{
	char text[ZTP_TIME_LEN];
	int64_t back;

	(void)state;
	ztp_time_format(text, 1767323045678);
	assert_string_equal(text, "2026-01-02T03:04:05.678Z");
	/* the step reaches every date, leap year and hour */
	for (int64_t ms = 0; ms < 253402300799999; ms += 86399999LL * 13) {
		ztp_time_format(text, ms);
		assert_true(ztp_time_parse(&back, text, strlen(text)));
		assert_int_equal(back, ms);
	}
}

static void time_writes_beyond_what_it_reads(void **state)
{
	char text[ZTP_TIME_LEN];

	(void)state;
	ztp_time_format(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
	ztp_time_format(text, -631152000000);
	assert_string_equal(text, "1950-01-01T00:00:00.000Z");
	ztp_time_format(text, INT64_MAX);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	ztp_time_format(text, INT64_MIN);
	assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

/* RFC 9562 appendix A.6 */
static void uuid7_vector(void **state)
{
	static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc,
					   0x0c, 0x0c, 0x07, 0x39, 0x8f};
	static const uint8_t ones[10] = {0xff, 0xff, 0xff, 0xff, 0xff,
					 0xff, 0xff, 0xff, 0xff, 0xff};
	char text[ZTP_UUID_LEN];

	(void)state;
	ztp_uuid7(text, 1645557742000, random);
	assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	ztp_uuid7(text, 0xffffffffffff, ones);
	assert_string_equal(text, "ffffffff-ffff-7fff-bfff-ffffffffffff");
}

static void lower_case_hex(void **state)
{
	(void)state;
	assert_true(ztp_hex_lower("0123456789abcdef", 16));
	assert_true(ztp_hex_lower("aG", 1));
	assert_false(ztp_hex_lower("A", 1));
	assert_false(ztp_hex_lower("g", 1));
	assert_false(ztp_hex_lower("/:`", 3));
	assert_false(ztp_hex_lower("", 0));
}

static void error_message_is_cut_at_a_character(void **state)
{
	struct ztp_error error;
	char text[400];

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 3 < sizeof text; i += 3)
			memcpy(text + i, "\xe2\x82\xac", 4);
		assert_int_equal(ztp_fail(&error, ZTP_ERR_VALUE, "%s", text),
				 ZTP_ERR_VALUE);
		assert_int_equal((strlen(error.message) - shift) % 3, 0);
		assert_true(strlen(error.message) > 250);
	}
	assert_int_equal(ztp_fail(NULL, ZTP_ERR_IO, "x"), ZTP_ERR_IO);
	ztp_fail(&error, ZTP_ERR_IO, "%d", 7);
	assert_string_equal(error.message, "7");
	assert_true(error.retriable);
}

static void error_names(void **state)
{
	(void)state;
	assert_string_equal(ztp_err_name(ZTP_ERR_PROOF), "bad_proof");
	assert_string_equal(ztp_err_name(ZTP_ERR_CERT), "bad_certificate");
	assert_string_equal(ztp_err_name((enum ztp_err) - 999), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_rfc4648_vectors),
		cmocka_unit_test(base64_round_trip_every_byte),
		cmocka_unit_test(base64_refuses_other_spellings),
		cmocka_unit_test(base64url_refuses_other_spellings),
		cmocka_unit_test(hex_both_ways),
		cmocka_unit_test(sha256_vectors),
		cmocka_unit_test(time_reads),
		cmocka_unit_test(time_refuses),
		cmocka_unit_test(time_prefixes_are_safe),
		cmocka_unit_test(time_writes_what_it_reads),
		cmocka_unit_test(time_writes_beyond_what_it_reads),
		cmocka_unit_test(uuid7_vector),
		cmocka_unit_test(lower_case_hex),
		cmocka_unit_test(error_message_is_cut_at_a_character),
		cmocka_unit_test(error_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
