/*
 * ztp/text.h - pieces of text: views, UTF-8, numbers. Lengths are in bytes.
 * Pure; no allocation, no locale; any thread.
 */
#ifndef ZTP_TEXT_H
#define ZTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A piece of somebody else's text: not terminated, not owned. */
struct ztp_str {
	const char *p;
	size_t n;
};

/* A whole text as a view; NULL is as good as "". */
static inline struct ztp_str ztp_str_of(const char *text)
{
	return (struct ztp_str){text ? text : "", text ? strlen(text) : 0};
}

/* False when str.p is NULL. */
static inline bool ztp_str_is(struct ztp_str str, const char *text)
{
	return str.p && str.n == strlen(text) &&
	       memcmp(str.p, text, str.n) == 0;
}

/* Takes a literal off the front of *str; false when it is not there. */
bool ztp_str_take(struct ztp_str *str, const char *literal);

/* Without the spaces, tabs and line ends around it. */
struct ztp_str ztp_str_trim(struct ztp_str str);

/* Bytes in the UTF-8 character at the start of text (RFC 3629: shortest form,
 * no surrogates, at most U+10FFFF); 0 when there is none. */
size_t ztp_utf8_char(const char *text, size_t len);

/* Whole characters and none of them NUL: what a JSON string can hold. */
bool ztp_utf8_valid(const char *text, size_t len);

/* The length of a text that was cut off after len bytes, without the character
 * at its end of which a part is missing. */
size_t ztp_utf8_cut(const char *text, size_t len);

/* A whole text of decimal digits, which a '-' may precede, in a range. */
bool ztp_number_parse(int64_t *value, const char *text, int64_t min,
		      int64_t max);

#endif
