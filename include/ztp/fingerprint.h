/*
 * ztp/fingerprint.h - fingerprints as people write them: in lists, in rules, on
 * command lines. In records they are 64 lower-case hex digits. Pure; any
 * thread.
 */
#ifndef ZTP_FINGERPRINT_H
#define ZTP_FINGERPRINT_H

#include "ztp/codec.h"
#include "ztp/error.h"

/* Reads 64 hex digits of either case, which may have colons between the
 * bytes. False for anything else; out is undefined then. */
bool ztp_fingerprint_parse(uint8_t out[ZTP_SHA256_LEN], const char *text,
			   size_t len);

/* Reads a line of a list, without its newline:
 *
 *	9f86d081...                          in either case, with colons or not
 *	9f86d081...  pump-42.der             sha256sum, also with * or a \
 *	SHA256 (pump-42.der) = 9f86d081...   sha256sum --tag, openssl dgst
 *	sha256 Fingerprint=9F:86:D0:81:...   openssl x509 -fingerprint -sha256
 *
 * # begins a comment, unless it is in a name in brackets. Returns 1, 0 if the line
 * is empty or a comment, or ZTP_ERR_VALUE. */
int ztp_fingerprint_line(uint8_t out[ZTP_SHA256_LEN], const char *line,
			 size_t len, struct ztp_error *error);

/* How many bytes of a UTF-8 byte order mark the text begins with: 3 or 0. */
size_t ztp_bom_len(const char *text, size_t len);

#endif
