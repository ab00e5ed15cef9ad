#include "ztp/text.h"

#include <errno.h>
#include <stdlib.h>

#define CHARACTER_MAX 4 /* bytes */

bool ztp_str_take(struct ztp_str *str, const char *literal)
{
	size_t n = strlen(literal);

	if (str->n < n || memcmp(str->p, literal, n) != 0)
		return false;
	str->p += n;
	str->n -= n;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct ztp_str ztp_str_trim(struct ztp_str str)
{
	while (str.n > 0 && is_blank(str.p[str.n - 1]))
		str.n--;
	while (str.n > 0 && is_blank(*str.p)) {
		str.p++;
		str.n--;
	}
	return str;
}

/* How many continuation bytes follow a lead byte, and the range of the first of
 * them (RFC 3629 section 4); -1 if it is not a lead byte. */
static int utf8_tail(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead < 0x80)
		return 0;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef)
		return 2;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 3;
	return -1;
}

size_t ztp_utf8_char(const char *text, size_t len)
{
	const uint8_t *in = (const uint8_t *)text;
	uint8_t low, high;
	int tail;

	if (len == 0)
		return 0;
	tail = utf8_tail(in[0], &low, &high);
	if (tail < 0 || (size_t)tail >= len)
		return 0;
	for (int i = 1; i <= tail; i++) {
		if (in[i] < low || in[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return (size_t)tail + 1;
}

bool ztp_utf8_valid(const char *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = ztp_utf8_char(text + i, len - i);
		if (n == 0 || text[i] == '\0')
			return false;
	}
	return true;
}

size_t ztp_utf8_cut(const char *text, size_t len)
{
	size_t lead = len;
	uint8_t low, high;

	while (lead > 0 && len - lead < CHARACTER_MAX)
		if (((uint8_t)text[--lead] & 0xc0) != 0x80)
			break;
	if (lead == len ||
	    utf8_tail((uint8_t)text[lead], &low, &high) < (int)(len - lead))
		return len;
	return lead;
}

bool ztp_number_parse(int64_t *value, const char *text, int64_t min,
		      int64_t max)
{
	const char *digits = text + (*text == '-');
	long long number;
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || *end || number < min || number > max)
		return false;
	*value = number;
	return true;
}
