#include "tools/approver/terminal.h"

#include <stdbool.h>
#include <stdio.h>

void terminal_put(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; i < len; i++) {
		/* C1 controls are two bytes in UTF-8: C2 80 to C2 9F. */
		bool c1 = p[i] == 0xc2 && i + 1 < len && p[i + 1] < 0xa0;

		if (p[i] < ' ' || p[i] == 0x7f || c1)
			printf("\\x%02x", p[i]);
		else
			putchar(p[i]);
		if (c1)
			printf("\\x%02x", p[++i]);
	}
}
