/*
 * ztp/text.h - views of text, UTF-8, decimal numbers. Lengths are in bytes.
 * Pure; no allocation, no locale; any thread.
 */
#ifndef ZTP_TEXT_H
#define ZTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ZTP_HTTP_SCHEME	 "http://"
#define ZTP_HTTPS_SCHEME "https://"

/* A view of part of a text: not terminated, not owned. */
struct ztp_str {
	const char *p;
	size_t n;
};

/* A view of a whole text; NULL counts as "". */
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

/* Removes a literal from the front of *str; false when it is not there. */
bool ztp_str_take(struct ztp_str *str, const char *literal);

/* Removes spaces, tabs and line ends from both ends. */
struct ztp_str ztp_str_trim(struct ztp_str str);

/* The length of the UTF-8 character at the start of text (RFC 3629: shortest
 * form, no surrogates, at most U+10FFFF); 0 when the bytes are not one. */
size_t ztp_utf8_char(const char *text, size_t len);

/* True for valid UTF-8 without NUL, which is what a JSON string can hold. */
bool ztp_utf8_valid(const char *text, size_t len);

/* The length of a text that was cut off after len bytes, without the last
 * character if part of it is missing. */
size_t ztp_utf8_cut(const char *text, size_t len);

/* Reads a terminated text that is a decimal number and nothing else, with an
 * optional '-', in the range from min to max. False leaves *value alone. */
bool ztp_number_parse(int64_t *value, const char *text, int64_t min,
		      int64_t max);

#endif
