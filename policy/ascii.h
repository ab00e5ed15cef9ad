/*
 * policy/ascii.h - ASCII identifiers, independent of the locale. Private to
 * policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_ASCII_H
#define ZTP_POLICY_ASCII_H

#include <stdbool.h>
#include <stdint.h>

static inline bool ztp_ascii_alnum(char c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10;
}

/* RFC 3986 section 2.3 */
static inline bool ztp_ascii_unreserved(char c)
{
	return ztp_ascii_alnum(c) || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

/* True for a media type (RFC 6838 section 4.2), with any printable
 * parameters. */
bool ztp_ascii_media_type(const char *text);

#endif
