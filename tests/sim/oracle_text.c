/* Records as the bridge writes them, which needs no parser. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"

static const char *after(const char *json, size_t n, const char *name,
			 const char *rest)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":%s", name, rest);
	at = json ? memmem(json, n, key, strlen(key)) : NULL;
	return at ? at + strlen(key) : NULL;
}

bool oracle_text(const char *json, size_t n, const char *name, char *to,
		 size_t room)
{
	const char *at = after(json, n, name, "\""), *end;
	size_t len;

	*to = '\0';
	if (!at)
		return false;
	end = memchr(at, '"', n - (size_t)(at - json));
	len = end ? (size_t)(end - at) : room;
	if (len >= room)
		return false;
	memcpy(to, at, len);
	to[len] = '\0';
	return true;
}

int64_t oracle_number(const char *json, size_t n, const char *name)
{
	const char *at = after(json, n, name, "");
	char digits[24] = "";
	size_t left;

	if (!at)
		return -1;
	left = n - (size_t)(at - json);
	memcpy(digits, at, left < 20 ? left : 20);
	return strtoll(digits, NULL, 10);
}

void oracle_header(const struct record *r, const char *name, char *to,
		   size_t room)
{
	const void *value = "";
	size_t n = 0;

	if (r->headers)
		rd_kafka_header_get_last(r->headers, name, &value, &n);
	snprintf(to, room, "%.*s", (int)n, (const char *)value);
}
