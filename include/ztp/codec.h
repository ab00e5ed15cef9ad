/*
 * ztp/codec.h - the encodings at the edges: hex, base64, base64url, SHA-256,
 * RFC 3339 times, numbers, UUIDv7. Pure; no allocation; any thread.
 */
#ifndef ZTP_CODEC_H
#define ZTP_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZTP_SHA256_LEN 32
#define ZTP_SHA256_HEX 65 /* with the final NUL */
#define ZTP_TIME_LEN   25 /* "2026-01-02T03:04:05.678Z" with the final NUL */
#define ZTP_UUID_LEN   37 /* with the final NUL */

/* A piece of somebody else's text: not terminated, not owned. */
struct ztp_str {
	const char *p;
	size_t n;
};

/* Lower-case hex of n bytes; out holds 2n+1. */
void ztp_hex_encode(char *out, const void *bytes, size_t n);

/* Exactly 2n lower-case or upper-case digits to n bytes. */
bool ztp_hex_decode(void *out, size_t n, const char *text, size_t len);

/* RFC 4648 section 4, padded; out holds 4*((n+2)/3)+1. Returns the length. */
size_t ztp_base64_encode(char *out, const void *bytes, size_t n);

/* Canonical base64 (padding required, no white space, unused bits zero) to
 * at most cap bytes. Returns the count or -1. */
long ztp_base64_decode(void *out, size_t cap, const char *text, size_t len);

/* RFC 7515 section 2: base64url without padding, canonical. As above. */
long ztp_base64url_decode(void *out, size_t cap, const char *text, size_t len);

void ztp_sha256(uint8_t out[ZTP_SHA256_LEN], const void *bytes, size_t n);

/* Milliseconds since 1970 to RFC 3339 in UTC with milliseconds and back. The
 * reader takes any RFC 3339 offset and fraction; years 1970-9999. */
void ztp_time_format(char out[ZTP_TIME_LEN], int64_t ms);
bool ztp_time_parse(int64_t *ms, const char *text, size_t len);

/* A whole decimal number within [min, max], perhaps with a '-' in front, and
 * nothing around it. */
bool ztp_number_parse(int64_t *value, const char *text, int64_t min,
		      int64_t max);

/* Bytes in the UTF-8 character at the start of text (RFC 3629: shortest form,
 * no surrogates, at most U+10FFFF); 0 when there is none. */
size_t ztp_utf8_char(const char *text, size_t len);

/* RFC 9562 section 5.7 from a wall clock in ms and 10 random bytes. */
void ztp_uuid7(char out[ZTP_UUID_LEN], int64_t ms, const uint8_t random[10]);

#endif
