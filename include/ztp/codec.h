/*
 * ztp/codec.h - hex, base64, base64url, SHA-256, RFC 3339 times, UUIDv7. Pure;
 * no allocation; any thread.
 */
#ifndef ZTP_CODEC_H
#define ZTP_CODEC_H

#include "ztp/text.h"

#define ZTP_SHA256_LEN 32
#define ZTP_SHA256_HEX 65 /* including the NUL */
#define ZTP_TIME_LEN   25 /* "2026-01-02T03:04:05.678Z" including the NUL */
#define ZTP_UUID_LEN   37 /* including the NUL */

/* Writes n bytes as lower-case hex; out has room for 2n+1. */
void ztp_hex_encode(char *out, const void *bytes, size_t n);

/* Decodes exactly 2n hex digits, lower or upper case, to n bytes. False for
 * anything else; out is undefined then. */
bool ztp_hex_decode(void *out, size_t n, const char *text, size_t len);

/* True when the text is one or more lower-case hex digits and nothing else. */
bool ztp_hex_lower(const char *text, size_t len);

/* Writes padded base64 (RFC 4648 section 4); out has room for 4*((n+2)/3)+1.
 * Returns the length. */
size_t ztp_base64_encode(char *out, const void *bytes, size_t n);

/* Decodes canonical base64 (padding required, no white space, unused bits
 * zero) to at most cap bytes. Returns the number of bytes, or -1. */
long ztp_base64_decode(void *out, size_t cap, const char *text, size_t len);

/* As ztp_base64_decode, for base64url without padding (RFC 7515 section 2). */
long ztp_base64url_decode(void *out, size_t cap, const char *text, size_t len);

void ztp_sha256(uint8_t out[ZTP_SHA256_LEN], const void *bytes, size_t n);

/* FNV-1a; begin with ZTP_FNV1A. Not for input from strangers where a collision does
 * harm: it is easy to find two inputs with the same hash. */
#define ZTP_FNV1A UINT64_C(0xcbf29ce484222325)
uint64_t ztp_fnv1a(uint64_t hash, const void *bytes, size_t n);

/* ztp_sha256 in parts: begin, add, ..., end. */
struct ztp_sha256 {
	uint64_t state[16];
};
void ztp_sha256_begin(struct ztp_sha256 *hash);
void ztp_sha256_add(struct ztp_sha256 *hash, const void *bytes, size_t n);
void ztp_sha256_end(struct ztp_sha256 *hash, uint8_t out[ZTP_SHA256_LEN]);

/* Convert milliseconds since 1970 to RFC 3339 in UTC with milliseconds, and
 * back. ztp_time_format writes a time outside the years 0 to 9999 as the first or
 * last one in them. ztp_time_parse takes any RFC 3339 offset and fraction, and a
 * space instead of the T (section 5.6), in the years 1970 to 9999; what is finer
 * than a millisecond is cut off. False for anything else leaves *ms alone. */
void ztp_time_format(char out[ZTP_TIME_LEN], int64_t ms);
bool ztp_time_parse(int64_t *ms, const char *text, size_t len);

/* Makes a UUIDv7 (RFC 9562 section 5.7) from the wall clock in ms and 10 random
 * bytes. */
void ztp_uuid7(char out[ZTP_UUID_LEN], int64_t ms, const uint8_t random[10]);

#endif
