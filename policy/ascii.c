#include "policy/ascii.h"

#include <string.h>

static size_t token_length(const char *text)
{
	size_t n = 0;

	while (ztp_ascii_alnum(text[n]) ||
	       (text[n] != '\0' && strchr("!#$&^_.+-", text[n])))
		n++;
	return n;
}

bool ztp_ascii_media_type(const char *text)
{
	size_t n = token_length(text);

	if (n == 0 || text[n] != '/')
		return false;
	text += n + 1;
	n = token_length(text);
	if (n == 0)
		return false;
	text += n;
	if (*text != '\0' && *text != ';' && *text != ' ')
		return false;
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}
