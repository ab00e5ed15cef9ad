#include "policy/json_write.h"
#include "policy/json_scan.h"

#include <stdlib.h>
#include <string.h>

void ztp_json_start(struct ztp_writer *writer, size_t room)
{
	memset(writer, 0, sizeof(*writer));
	writer->room = room;
	writer->p = malloc(room);
	writer->failed = !writer->p;
}

/* Makes room for n more bytes; NULL when out of memory. */
static char *reserve(struct ztp_writer *writer, size_t n)
{
	size_t room = writer->room;
	char *more;

	if (writer->failed)
		return NULL;
	if (n > room - writer->n) {
		room = 2 * room + n;
		more = realloc(writer->p, room);
		if (!more) {
			writer->failed = true;
			return NULL;
		}
		writer->p = more;
		writer->room = room;
	}
	return writer->p + writer->n;
}

static void put(struct ztp_writer *writer, const char *bytes, size_t n)
{
	char *to = reserve(writer, n);

	if (!to)
		return;
	if (n > 0)
		memcpy(to, bytes, n);
	writer->n += n;
}

/* The length of a character's escape; 1 if it needs none. */
static size_t escape_length(uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
	case '\b':
	case '\f':
	case '\n':
	case '\r':
	case '\t':
		return 2;
	default:
		return c < 0x20 ? 6 : 1;
	}
}

static void put_escape(char *to, uint8_t c)
{
	static const char from[] = "\b\f\n\r\t", letters[] = "bfnrt";
	const char *found = strchr(from, c);

	*to++ = '\\';
	if (c == '"' || c == '\\') {
		*to = (char)c;
	} else if (found) {
		*to = letters[found - from];
	} else {
		memcpy(to, "u00", 3);
		ztp_hex_encode(to + 3, &c, 1);
	}
}

/* Writes a string in quotes, copying runs of characters that need no escape. */
static void put_quoted(struct ztp_writer *writer, struct ztp_str text)
{
	const char *at = text.p, *end = at + text.n, *run = at;
	char escape[8];
	size_t n;

	put(writer, "\"", 1);
	while ((at = ztp_scan_plain(at, end)) < end) {
		n = escape_length((uint8_t)*at++);
		if (n == 1)
			continue;
		put(writer, run, (size_t)(at - 1 - run));
		put_escape(escape, (uint8_t)at[-1]);
		put(writer, escape, n);
		run = at;
	}
	put(writer, run, (size_t)(at - run));
	put(writer, "\"", 1);
}

/* Writes what goes before a value. Names are our own and need no escapes. */
static void put_name(struct ztp_writer *writer, const char *name)
{
	size_t n = name ? strlen(name) : 0;
	char *to = reserve(writer, n + 4);

	if (!to)
		return;
	if (writer->comma)
		*to++ = ',';
	writer->comma = true;
	if (name) {
		*to++ = '"';
		memcpy(to, name, n);
		to += n;
		*to++ = '"';
		*to++ = ':';
	}
	writer->n = (size_t)(to - writer->p);
}

void ztp_json_open(struct ztp_writer *writer, const char *name, char bracket)
{
	put_name(writer, name);
	put(writer, &bracket, 1);
	writer->comma = false;
}

void ztp_json_close(struct ztp_writer *writer, char bracket)
{
	put(writer, &bracket, 1);
	writer->comma = true;
}

void ztp_json_add_text(struct ztp_writer *writer, const char *name,
		       struct ztp_str text)
{
	put_name(writer, name);
	put_quoted(writer, text);
}

void ztp_json_add_string(struct ztp_writer *writer, const char *name,
			 const char *text)
{
	ztp_json_add_text(writer, name, ztp_str_of(text));
}

void ztp_json_add_name(struct ztp_writer *writer, struct ztp_str name)
{
	put_name(writer, NULL);
	put_quoted(writer, name);
	put(writer, ":", 1);
	writer->comma = false;
}

void ztp_json_add_pair(struct ztp_writer *writer, struct ztp_str name,
		       struct ztp_str text)
{
	ztp_json_add_name(writer, name);
	ztp_json_add_text(writer, NULL, text);
}

void ztp_json_add_raw(struct ztp_writer *writer, const char *name,
		      struct ztp_str json)
{
	put_name(writer, name);
	put(writer, json.p, json.n);
}

void ztp_json_add_int(struct ztp_writer *writer, const char *name,
		      int64_t number)
{
	char digits[24], *at = digits + sizeof(digits);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	ztp_json_add_raw(
		writer, name,
		(struct ztp_str){at, (size_t)(digits + sizeof(digits) - at)});
}

/* The encoders write a NUL at the end. There is room for it, because the
 * closing quote replaces it. */
void ztp_json_add_time(struct ztp_writer *writer, const char *name, int64_t ms)
{
	char *to;

	put_name(writer, name);
	to = reserve(writer, ZTP_TIME_LEN + 1);
	if (!to)
		return;
	ztp_time_format(to + 1, ms);
	to[0] = to[ZTP_TIME_LEN] = '"';
	writer->n += ZTP_TIME_LEN + 1;
}

void ztp_json_add_hex(struct ztp_writer *writer, const char *name,
		      const void *bytes, size_t n)
{
	char *to;

	put_name(writer, name);
	to = reserve(writer, 2 * n + 2);
	if (!to)
		return;
	ztp_hex_encode(to + 1, bytes, n);
	to[0] = to[2 * n + 1] = '"';
	writer->n += 2 * n + 2;
}

void ztp_json_add_base64(struct ztp_writer *writer, const char *name,
			 const void *bytes, size_t n)
{
	char *to;

	put_name(writer, name);
	to = reserve(writer, (n + 2) / 3 * 4 + 2);
	if (!to)
		return;
	n = ztp_base64_encode(to + 1, bytes, n);
	to[0] = to[n + 1] = '"';
	writer->n += n + 2;
}

void ztp_json_discard(struct ztp_writer *writer)
{
	free(writer->p);
	writer->p = NULL;
}

int ztp_json_finish(char **json, size_t *len, struct ztp_writer *writer,
		    struct ztp_error *error)
{
	*json = NULL;
	put(writer, "", 1); /* the NUL */
	if (writer->failed) {
		ztp_json_discard(writer);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	*json = writer->p;
	if (len)
		*len = writer->n - 1;
	return 0;
}
