#include "tools/common/terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 8 /* bytes of one character: two of C1 */

/* Writes the character at the start of text, of which it takes *taken bytes. */
static size_t show(char out[SHOWN_MAX], const unsigned char *text, size_t len,
		   size_t *taken)
{
	static const char digits[] = "0123456789abcdef";
	/* C1 controls are two bytes in UTF-8: C2 80 to C2 9F. */
	bool c1 =
		text[0] == 0xc2 && len > 1 && text[1] >= 0x80 && text[1] < 0xa0;
	size_t n = 0;

	*taken = c1 ? 2 : 1;
	if (!c1 && text[0] >= ' ' && text[0] != 0x7f) {
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
