#include "bridge/http/http_find.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ztp/fingerprint.h"
#include "ztp/path.h"

/* "s/r/d" as a path, as far as it goes. */
static void path_of(char path[STORE_FIND_MAX], const char *text)
{
	size_t s = strcspn(text, "/");
	size_t r = strcspn(text + s + 1, "/");
	const char *rest = text + s + 1 + r;

	if (strncmp(text, ZTP_PATH_SUBSCRIPTION,
		    sizeof(ZTP_PATH_SUBSCRIPTION) - 1) == 0)
		(void)snprintf(path, STORE_FIND_MAX, "%s", text);
	else
		(void)snprintf(path, STORE_FIND_MAX,
			       ZTP_PATH_SUBSCRIPTION "%.*s" ZTP_PATH_REGISTRY
						     "%.*s%s%s",
			       (int)s, text, (int)r, text + s + 1,
			       *rest ? ZTP_PATH_DEVICE : "",
			       *rest ? rest + 1 : "");
}

/* The digits without the colons; false if there is anything else, or their
 * number is no beginning. */
static bool digits_of(char digits[2 * ZTP_SHA256_LEN], size_t *n,
		      const char *text)
{
	*n = 0;
	for (; *text; text++) {
		if (*text == ':')
			continue;
		if (!isxdigit((unsigned char)*text) ||
		    *n == 2 * (size_t)ZTP_SHA256_LEN)
			return false;
		digits[(*n)++] = *text;
	}
	return *n >= HTTP_FIND_HEX;
}

static void find_fingerprint(struct store_find *find, const char *text)
{
	char from[2 * ZTP_SHA256_LEN], to[2 * ZTP_SHA256_LEN];
	size_t n;

	find->fingerprint = true;
	if (ztp_fingerprint_line(find->from, text, strlen(text), NULL) == 1) {
		memcpy(find->to, find->from, sizeof(find->to));
		return;
	}
	memset(from, '0', sizeof(from));
	find->fingerprint = digits_of(from, &n, text);
	if (!find->fingerprint)
		return;
	memcpy(to, from, sizeof(to));
	memset(to + n, 'f', sizeof(to) - n);
	(void)ztp_hex_decode(find->from, ZTP_SHA256_LEN, from, sizeof(from));
	(void)ztp_hex_decode(find->to, ZTP_SHA256_LEN, to, sizeof(to));
}

bool http_find_parse(struct store_find *find, const char *text)
{
	*find = (struct store_find){.id = text};
	if (strlen(text) > HTTP_FIND_MAX)
		return false;
	find_fingerprint(find, text);
	if (strchr(text, '/'))
		path_of(find->path, text);
	else
		(void)snprintf(find->device, sizeof(find->device),
			       ZTP_PATH_DEVICE "%s", text);
	return true;
}
