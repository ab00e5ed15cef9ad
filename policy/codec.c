/* OpenSSL 3 deprecates SHA256_Init and the like, but they neither allocate nor
 * fail, which is what ztp_sha256 promises. The EVP functions fetch the
 * algorithm under a lock on every call. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "policy/base64.h"

#define ROW(high)                                                              \
	high "0" high "1" high "2" high "3" high "4" high "5" high "6" high    \
	     "7" high "8" high "9" high "a" high "b" high "c" high "d" high    \
	     "e" high "f"

/* The two digits of each byte. */
static const char hex_pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4")
	ROW("5") ROW("6") ROW("7") ROW("8") ROW("9") ROW("a") ROW("b") ROW("c")
		ROW("d") ROW("e") ROW("f");

void ztp_hex_encode(char *out, const void *bytes, size_t n)
{
	const uint8_t *in = bytes;

	for (size_t i = 0; i < n; i++)
		memcpy(out + 2 * i, hex_pairs + (size_t)2 * in[i], 2);
	out[2 * n] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool ztp_hex_decode(void *out, size_t n, const char *text, size_t len)
{
	uint8_t *to = out;

	if (len / 2 != n || len % 2 != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool ztp_hex_lower(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] < '0' || text[i] > '9') &&
		    (text[i] < 'a' || text[i] > 'f'))
			return false;
	return len > 0;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t ztp_base64_encode(char *out, const void *bytes, size_t n)
{
	const uint8_t *in = bytes;
	char *to = out;

	for (size_t i = 0; i < n; i += 3, to += 4) {
		uint32_t word = (uint32_t)in[i] << 16;

		word |= n - i > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		word |= n - i > 2 ? in[i + 2] : 0;
		to[0] = base64_digits[word >> 18];
		to[1] = base64_digits[word >> 12 & 63];
		to[2] = n - i > 1 ? base64_digits[word >> 6 & 63] : '=';
		to[3] = n - i > 2 ? base64_digits[word & 63] : '=';
	}
	*to = '\0';
	return (size_t)(to - out);
}

/* The value of each digit. BAD is not a digit and has a bit that no digit's
 * value has. */
#define BAD   0x80
#define BAD4  BAD, BAD, BAD, BAD
#define BAD16 BAD4, BAD4, BAD4, BAD4
#define BAD64 BAD16, BAD16, BAD16, BAD16
#define VALUES(plus, minus, slash, low)                                        \
	{                                                                      \
		BAD16, BAD16, BAD4, BAD4, BAD, BAD, BAD, plus, BAD, minus,     \
			BAD, slash, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,    \
			BAD, BAD, BAD4, BAD, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, \
			11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,    \
			24, 25, BAD4, low, BAD, 26, 27, 28, 29, 30, 31, 32,    \
			33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45,    \
			46, 47, 48, 49, 50, 51, BAD, BAD4, BAD64, BAD64        \
	}

static const uint8_t base64_values[256] = VALUES(62, BAD, 63, BAD);
static const uint8_t base64url_values[256] = VALUES(BAD, 62, BAD, 63);

/* Decodes all groups of four digits at the front of text to three bytes each.
 * Returns how many digits it decoded. */
static size_t decode_groups(uint8_t *out, const uint8_t values[256],
			    const char *text, size_t len)
{
	const uint8_t *in = (const uint8_t *)text;
	size_t i;

	for (i = 0; len - i >= 4; i += 4, out += 3) {
		uint32_t a = values[in[i]], b = values[in[i + 1]];
		uint32_t c = values[in[i + 2]], d = values[in[i + 3]];
		uint32_t word;

		if ((a | b | c | d) & BAD)
			break;
		word = a << 18 | b << 12 | c << 6 | d;
		out[0] = (uint8_t)(word >> 16);
		out[1] = (uint8_t)(word >> 8);
		out[2] = (uint8_t)word;
	}
	return i;
}

size_t ztp_base64_groups(uint8_t *out, const char *text, size_t len)
{
	return decode_groups(out, base64_values, text, len);
}

/* Decodes digits without padding. A last group of 2 or 3 digits has 4 or 2 bits
 * too many. They must be zero, or several texts would mean the same bytes. */
static long decode_digits(uint8_t *out, size_t cap, const uint8_t values[256],
			  const char *text, size_t len)
{
	size_t count = len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0), i;
	uint32_t word = 0;
	int bits = 0;

	if (len % 4 == 1 || count > cap)
		return -1;
	i = decode_groups(out, values, text, len);
	out += i / 4 * 3;
	for (; i < len; i++) {
		uint32_t value = values[(uint8_t)text[i]];

		if (value == BAD)
			return -1;
		word = word << 6 | value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*out++ = (uint8_t)(word >> bits);
		}
	}
	if (word & ((1U << bits) - 1))
		return -1;
	return (long)count;
}

long ztp_base64_decode(void *out, size_t cap, const char *text, size_t len)
{
	if (len % 4 != 0)
		return -1;
	if (len > 0 && text[len - 1] == '=')
		len -= text[len - 2] == '=' ? 2 : 1;
	return decode_digits(out, cap, base64_values, text, len);
}

long ztp_base64url_decode(void *out, size_t cap, const char *text, size_t len)
{
	return decode_digits(out, cap, base64url_values, text, len);
}

void ztp_sha256(uint8_t out[ZTP_SHA256_LEN], const void *bytes, size_t n)
{
	SHA256_CTX hash;

	SHA256_Init(&hash);
	if (n > 0)
		SHA256_Update(&hash, bytes, n);
	SHA256_Final(out, &hash);
}

uint64_t ztp_fnv1a(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
	return hash;
}

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct ztp_sha256),
	       "struct ztp_sha256 has room for OpenSSL's");

void ztp_sha256_begin(struct ztp_sha256 *hash)
{
	SHA256_Init((SHA256_CTX *)hash);
}

void ztp_sha256_add(struct ztp_sha256 *hash, const void *bytes, size_t n)
{
	SHA256_Update((SHA256_CTX *)hash, bytes, n);
}

void ztp_sha256_end(struct ztp_sha256 *hash, uint8_t out[ZTP_SHA256_LEN])
{
	SHA256_Final(out, (SHA256_CTX *)hash);
}

void ztp_uuid7(char out[ZTP_UUID_LEN], int64_t ms, const uint8_t random[10])
{
	static const uint8_t dash_after[16] = {
		[3] = 1, [5] = 1, [7] = 1, [9] = 1};
	uint8_t id[16];
	char *to = out;

	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (40 - 8 * i));
	memcpy(id + 6, random, 10);
	id[6] = (uint8_t)(0x70 | (id[6] & 0x0f)); /* version 7 */
	id[8] = (uint8_t)(0x80 | (id[8] & 0x3f)); /* variant 10 */
	for (int i = 0; i < 16; i++) {
		memcpy(to, hex_pairs + (size_t)2 * id[i], 2);
		to += 2;
		if (dash_after[i])
			*to++ = '-';
	}
	*to = '\0';
}
