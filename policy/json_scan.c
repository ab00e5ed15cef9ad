#include "policy/json_scan.h"

#include <endian.h>
#include <string.h>

void ztp_scan_init(struct ztp_scan *scan, const char *text, size_t len)
{
	scan->start = scan->p = text;
	scan->end = text + len;
	scan->depth = 0;
	scan->keys = scan->few;
	scan->key_count = 0;
	scan->key_room = ZTP_SCAN_KEYS;
	scan->string = (struct ztp_json_string){NULL, 0, false};
	scan->visit = NULL;
	scan->arg = NULL;
	scan->error = NULL;
}

int ztp_scan_refuse(const struct ztp_scan *scan, enum ztp_err code,
		    const char *what)
{
	return ztp_fail(scan->error, code, "%s at byte %zu", what,
			(size_t)(scan->p - scan->start));
}

void ztp_scan_space(struct ztp_scan *scan)
{
	while (scan->p < scan->end && (*scan->p == ' ' || *scan->p == '\n' ||
				       *scan->p == '\r' || *scan->p == '\t'))
		scan->p++;
}

int ztp_scan_unexpected(const struct ztp_scan *scan)
{
	if (scan->p == scan->end)
		return ztp_scan_refuse(scan, ZTP_ERR_JSON, "unexpected end");
	if (*scan->p == '\0')
		return ztp_scan_refuse(scan, ZTP_ERR_NUL, "NUL character");
	return ztp_scan_refuse(scan, ZTP_ERR_JSON, "unexpected character");
}

/* --- characters, strings and keys */

/* The value of four hex digits, or -1. */
static long hex4(const char *p, const char *end)
{
	uint8_t bytes[2];

	if (end - p < 4 || !ztp_hex_decode(bytes, 2, p, 4))
		return -1;
	return bytes[0] << 8 | bytes[1];
}

static bool is_high(long unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(long unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The character that a letter after a backslash means. */
static uint8_t unescaped(uint8_t letter)
{
	switch (letter) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	default:
		return letter;
	}
}

/* Takes the next character of a string that has been checked. */
static uint32_t next_char(struct ztp_json_string *key)
{
	const uint8_t *p = (const uint8_t *)key->p;
	uint32_t c = p[0];
	size_t n = 1;

	if (key->escaped && c == '\\' && p[1] == 'u') {
		c = (uint32_t)hex4(key->p + 2, key->p + 6);
		n = 6;
		if (is_high(c)) {
			c = 0x10000 + ((c & 0x3ff) << 10) +
			    (hex4(key->p + 8, key->p + 12) & 0x3ff);
			n = 12;
		}
	} else if (key->escaped && c == '\\') {
		c = unescaped(p[1]);
		n = 2;
	} else if (c >= 0x80) {
		n = ztp_utf8_char(key->p, key->n);
		c &= 0xffu >> (n + 1);
		for (size_t i = 1; i < n; i++)
			c = c << 6 | (p[i] & 0x3f);
	}
	key->p += n;
	key->n -= n;
	return c;
}

/* UTF-8 sorts the same by bytes and by code points, so both ways of comparing
 * give the same order. */
int ztp_scan_compare(const void *left, const void *right)
{
	struct ztp_json_string a = *(const struct ztp_json_string *)left;
	struct ztp_json_string b = *(const struct ztp_json_string *)right;
	int order;

	if (!a.escaped && !b.escaped) {
		order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
		return order ? order : (a.n > b.n) - (a.n < b.n);
	}
	while (a.n && b.n) {
		uint32_t x = next_char(&a), y = next_char(&b);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.n > 0) - (b.n > 0);
}

static size_t put_utf8(char *out, uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1) {
		out[0] = (char)c;
		return n;
	}
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(0xf00 >> n | c);
	return n;
}

size_t ztp_json_unescape(char *out, struct ztp_json_string string)
{
	char *to = out;
	const char *escape;
	size_t n;

	while (string.n > 0) {
		escape = string.escaped ? memchr(string.p, '\\', string.n)
					: NULL;
		n = escape ? (size_t)(escape - string.p) : string.n;
		memcpy(to, string.p, n);
		to += n;
		string.p += n;
		string.n -= n;
		if (string.n > 0)
			to += put_utf8(to, next_char(&string));
	}
	return (size_t)(to - out);
}

bool ztp_json_is(const struct ztp_json_string *string, const char *text)
{
	const struct ztp_json_string wanted = {text, strlen(text), false};

	return ztp_scan_compare(string, &wanted) == 0;
}

static int scan_escape(struct ztp_scan *scan)
{
	const char *p = scan->p + 1;
	long unit;

	if (p == scan->end)
		return ztp_scan_refuse(scan, ZTP_ERR_JSON, "unexpected end");
	switch (*p) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		scan->p += 2;
		return 0;
	case 'u':
		break;
	default:
		return ztp_scan_refuse(scan, ZTP_ERR_JSON, "unknown escape");
	}
	unit = hex4(p + 1, scan->end);
	if (unit < 0)
		return ztp_scan_refuse(scan, ZTP_ERR_JSON, "broken \\u escape");
	if (unit == 0)
		return ztp_scan_refuse(scan, ZTP_ERR_NUL,
				       "escaped NUL character");
	if (is_high(unit) && scan->end - p >= 7 && p[5] == '\\' &&
	    p[6] == 'u' && is_low(hex4(p + 7, scan->end))) {
		scan->p += 12;
		return 0;
	}
	if (is_high(unit) || is_low(unit))
		return ztp_scan_refuse(scan, ZTP_ERR_UTF8, "lone surrogate");
	scan->p += 6;
	return 0;
}

#define EACH(byte) (0x0101010101010101u * (byte))

/* Sets a bit for each of eight bytes that is outside 0x20 to 0x7f, or is '"' or
 * '\\', the lowest for the first byte. Bits after the first one may be wrong: a
 * subtraction borrows from the next byte, but only after a byte whose bit is
 * set. */
static uint64_t special(const char *p)
{
	uint64_t word, quote, slash;

	memcpy(&word, p, sizeof word);
	word = le64toh(word);
	quote = word ^ EACH('"');
	slash = word ^ EACH('\\');
	return (word | (word - EACH(0x20)) | (quote - EACH(1)) |
		(slash - EACH(1))) &
	       EACH(0x80);
}

const char *ztp_scan_plain(const char *p, const char *end)
{
	uint64_t found;

	for (; end - p >= 8; p += 8) {
		found = special(p);
		if (found)
			return p + __builtin_ctzll(found) / 8;
	}
	while (p < end && (uint8_t)*p >= 0x20 && (uint8_t)*p < 0x80 &&
	       *p != '"' && *p != '\\')
		p++;
	return p;
}

int ztp_scan_string(struct ztp_scan *scan, struct ztp_json_string *string)
{
	size_t n;
	uint8_t c;
	int rc = 0;

	string->p = ++scan->p;
	string->escaped = false;
	while (!rc) {
		scan->p = ztp_scan_plain(scan->p, scan->end);
		if (scan->p == scan->end)
			return ztp_scan_unexpected(scan);
		c = (uint8_t)*scan->p;
		if (c == '"')
			break;
		if (c == '\\') {
			string->escaped = true;
			rc = scan_escape(scan);
		} else if (c < 0x20) {
			return ztp_scan_unexpected(scan);
		} else {
			n = ztp_utf8_char(scan->p,
					  (size_t)(scan->end - scan->p));
			if (n == 0)
				return ztp_scan_refuse(scan, ZTP_ERR_UTF8,
						       "invalid UTF-8");
			scan->p += n;
		}
	}
	string->n = (size_t)(scan->p - string->p);
	if (!rc)
		scan->p++;
	return rc;
}

/* --- numbers */

static bool skip_digits(struct ztp_scan *scan)
{
	const char *first = scan->p;

	while (scan->p < scan->end && *scan->p >= '0' && *scan->p <= '9')
		scan->p++;
	return scan->p > first;
}

int ztp_scan_number(struct ztp_scan *scan)
{
	(void)ztp_scan_one(scan, '-');
	if (!ztp_scan_one(scan, '0') && !skip_digits(scan))
		return ztp_scan_unexpected(scan);
	if (ztp_scan_one(scan, '.') && !skip_digits(scan))
		return ztp_scan_unexpected(scan);
	if (ztp_scan_one(scan, 'e') || ztp_scan_one(scan, 'E')) {
		(void)(ztp_scan_one(scan, '+') || ztp_scan_one(scan, '-'));
		if (!skip_digits(scan))
			return ztp_scan_unexpected(scan);
	}
	return 0;
}
