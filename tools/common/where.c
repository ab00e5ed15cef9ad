#include "tools/common/where.h"

#include <string.h>

#include "ztp/text.h"
#include "ztp/topics.h"

#define PORT_MAX 65535

static size_t host_length(const char *text, size_t n)
{
	const char *end = memchr(text, *text == '[' ? ']' : ':', n);

	if (*text == '[')
		return end ? (size_t)(end - text) + 1 : 0;
	return end ? (size_t)(end - text) : n;
}

bool ztp_address_valid(const char *text, size_t n)
{
	size_t host = n ? host_length(text, n) : 0;
	char port[8] = "";
	int64_t number;

	if (!host || memchr(text, '/', n))
		return false;
	if (host == n)
		return true;
	if (text[host] != ':' || n - host - 1 >= sizeof(port))
		return false;
	memcpy(port, text + host + 1, n - host - 1);
	return ztp_number_parse(&number, port, 1, PORT_MAX);
}

static bool is_broker(const char *text, size_t n)
{
	static const char scheme[] = "://";
	struct ztp_str one = ztp_str_trim((struct ztp_str){text, n});

	for (size_t i = 0; i + sizeof(scheme) - 1 <= one.n; i++)
		if (memcmp(one.p + i, scheme, sizeof(scheme) - 1) == 0) {
			i += sizeof(scheme) - 1;
			return ztp_address_valid(one.p + i, one.n - i);
		}
	return ztp_address_valid(one.p, one.n);
}

bool ztp_brokers_valid(const char *text)
{
	for (;;) {
		size_t n = strcspn(text, ",");

		if (!is_broker(text, n))
			return false;
		if (!text[n])
			return true;
		text += n + 1;
	}
}

bool ztp_topic_name_valid(const char *name, size_t n)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	return n > 0 && n <= ZTP_TOPIC_NAME_MAX && strspn(name, allowed) >= n &&
	       strncmp(name, "..", n) != 0;
}
