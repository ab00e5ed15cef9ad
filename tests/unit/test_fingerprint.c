/* Fingerprints as people and tools write them; tests/harness/lists.py has the
 * lines that the customer's tool and all examples must take or refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ztp/fingerprint.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define COLONS                                                                 \
	"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:"   \
	"66:77:88:99:AA:BB:CC:DD:EE:FF"

static void check(const uint8_t got[ZTP_SHA256_LEN])
{
	char hex[ZTP_SHA256_HEX];

	ztp_hex_encode(hex, got, ZTP_SHA256_LEN);
	assert_string_equal(hex, "00112233445566778899aabbccddeeff"
				 "00112233445566778899aabbccddeeff");
}

/* The text is copied to where a read beyond its end is found. */
static int read_line(uint8_t out[ZTP_SHA256_LEN], const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);
	struct ztp_error error = {0};
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = ztp_fingerprint_line(out, copy, len, &error);
	free(copy);
	if (rc < 0) {
		assert_int_equal(rc, ZTP_ERR_VALUE);
		assert_non_null(strstr(error.message, "SHA-256"));
	}
	return rc;
}

static const struct {
	const char *text;
	int rc;
} forms[] = {
	{HEX, 1},
	{COLONS, 1},
	{"\t " HEX " \r", 1},
	{HEX "  a file.der", 1},
	{HEX " *a=b.der", 1},
	{"\\" HEX "  new\\nline.der", 1},
	{HEX "# c", 1},
	{HEX " # old=" HEX, 1},
	{"SHA256 (a.der) = " HEX, 1},
	{"SHA256 (a=b.der) = " HEX, 1},
	{"SHA2-256(a.der)= " HEX, 1},
	{"sha256 Fingerprint=" COLONS, 1},
	{"SHA256 Fingerprint=" COLONS " # pump", 1},
	{"SHA256 (a#b.der) = " HEX, 1},
	{"\\sha256 (a\\n#b.der) =" COLONS " \r", 1},
	{"SHA2-256(a #) = (b.der)= " HEX "# c", 1},
	{"SHA256 (#) = " HEX " b) = " HEX, 1},
	{"", 0},
	{" \t\r", 0},
	{"#" HEX, 0},
	{"# SHA256 (a#b.der) = " HEX, 0},
	{"SHA256 (#) = " HEX " #) = " HEX, -1},
	{"SHA256 (a#b) = " HEX "0", -1},
	{"SHA256 (a#b) = " HEX " c", -1},
	{"SHA256 (a#b = " HEX, -1},
	{"SHA256 (a#b)", -1},
	{"SHA256 (a#b) =", -1},
	{"SHA256 #(a#b) = " HEX, -1},
	{"SHA512 (a#b) = " HEX, -1},
	{"\\", -1},
	{"(a#b) = " HEX, -1},
	{"  # nothing", 0},
	{HEX "0", -1},
	{HEX ":", -1},
	{HEX ",pump-42", -1},
	{":" HEX, -1},
	{"0", -1},
	{"=", -1},
	{"\\", -1},
	{"= =", -1},
	{"SHA1 Fingerprint=00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:"
	 "ee:ff:00:11:22:33",
	 -1},
	{"SHA256 (a) = " HEX "0", -1},
	{"pump-42 " HEX, -1},
	{"old # =" HEX, -1},
	{"0::" HEX, -1},
	{"-----BEGIN CERTIFICATE-----", -1},
};

static void lines(void **state)
{
	uint8_t out[ZTP_SHA256_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		int rc = read_line(out, forms[i].text);

		if ((rc < 0 ? -1 : rc) != forms[i].rc)
			fail_msg("%d: %s", rc, forms[i].text);
		if (rc == 1)
			check(out);
	}
}

static void alone(void **state)
{
	static const char *const wrong[] = {"",	     "0",      HEX "0",
					    HEX " ", " " HEX,  ":" HEX,
					    HEX ":", "\\" HEX, "00::11"};
	uint8_t out[ZTP_SHA256_LEN];

	(void)state;
	assert_true(ztp_fingerprint_parse(out, HEX, strlen(HEX)));
	check(out);
	assert_true(ztp_fingerprint_parse(out, COLONS, strlen(COLONS)));
	check(out);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(
			ztp_fingerprint_parse(out, wrong[i], strlen(wrong[i])));
}

static void bom(void **state)
{
	(void)state;
	assert_int_equal(ztp_bom_len("\xef\xbb\xbfx", 4), 3);
	assert_int_equal(ztp_bom_len("\xef\xbb\xbf", 3), 3);
	assert_int_equal(ztp_bom_len("\xef\xbb", 2), 0);
	assert_int_equal(ztp_bom_len("x\xef\xbb\xbf", 4), 0);
	assert_int_equal(ztp_bom_len("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(alone),
		cmocka_unit_test(bom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
