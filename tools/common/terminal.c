#include "tools/common/terminal.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 16 /* bytes of one character: four of UTF-8 */

/* What a terminal obeys, or what changes how the text around it looks: controls
 * of C1, and Unicode's format characters, which turn the direction of text or
 * cannot be seen. In UTF-8: a prefix and a last byte. */
static const struct {
	const char *prefix;
	unsigned char from, to;
} hidden[] = {
	{"\xc2", 0x80, 0x9f},	      /* U+0080: C1 */
	{"\xd8", 0x9c, 0x9c},	      /* U+061C */
	{"\xe2\x80", 0x8b, 0x8f},     /* U+200B */
	{"\xe2\x80", 0xa8, 0xae},     /* U+2028 */
	{"\xe2\x81", 0xa0, 0xaf},     /* U+2060 */
	{"\xef\xbb", 0xbf, 0xbf},     /* U+FEFF */
	{"\xef\xbf", 0xb9, 0xbb},     /* U+FFF9 */
	{"\xf3\xa0\x80", 0x80, 0xbf}, /* U+E0000 */
	{"\xf3\xa0\x81", 0x80, 0xbf}, /* U+E0040 */
};

/* How many bytes at the start of text are to be shown as \xNN; 0: none. */
static size_t hide(const unsigned char *text, size_t len)
{
	if (text[0] < 0x80)
		return text[0] < ' ' || text[0] == 0x7f;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
		size_t n = strlen(hidden[i].prefix);

		if (len > n && memcmp(text, hidden[i].prefix, n) == 0 &&
		    text[n] >= hidden[i].from && text[n] <= hidden[i].to)
			return n + 1;
	}
	return 0;
}

/* Writes the character at the start of text, of which it takes *taken bytes. */
static size_t show(char out[SHOWN_MAX], const unsigned char *text, size_t len,
		   size_t *taken)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	*taken = hide(text, len);
	if (*taken == 0) {
		*taken = 1;
		out[0] = (char)text[0];
		return 1;
	}
	for (size_t i = 0; i < *taken; i++) {
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = digits[text[i] >> 4];
		out[n++] = digits[text[i] & 15];
	}
	return n;
}

size_t terminal_put(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t written = 0, taken;
	char shown[SHOWN_MAX];

	for (size_t i = 0; i < len; i += taken) {
		size_t n = show(shown, p + i, len - i, &taken);

		fwrite(shown, 1, n, stdout);
		written += n;
	}
	return written;
}

size_t terminal_escape(char *out, size_t size, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t used = 0, taken;
	char shown[SHOWN_MAX];

	for (size_t i = 0; i < len; i += taken) {
		size_t n = show(shown, p + i, len - i, &taken);

		if (n > size - used)
			break;
		memcpy(out + used, shown, n);
		used += n;
	}
	return used;
}
