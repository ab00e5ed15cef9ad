#include "bridge/http/http_host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 255

/* Nothing, or a colon and digits. */
static bool is_port(const char *text)
{
	return text[0] == '\0' ||
	       (text[0] == ':' &&
		text[1 + strspn(text + 1, "0123456789")] == '\0');
}

/* The same name: a dot at its end only makes it absolute. */
static bool same(const char *name, const char *known)
{
	size_t n = strlen(known);

	if (n > 1 && known[n - 1] == '.')
		n--;
	return strlen(name) == n && strncasecmp(name, known, n) == 0;
}

/* Copies the host without its port and without the dot at the end that makes a
 * name absolute. *six: it was in brackets. */
static bool split(char out[HOST_MAX + 1], bool *six, const char *host)
{
	bool bracket = host[0] == '[';
	const char *name = bracket ? host + 1 : host;
	size_t n = strcspn(name, bracket ? "]" : ":");

	*six = bracket;
	if (n == 0 || n > HOST_MAX || (bracket && name[n] != ']') ||
	    !is_port(bracket ? name + n + 1 : name + n))
		return false;
	memcpy(out, name, n);
	out[n] = '\0';
	if (n > 1 && out[n - 1] == '.')
		out[n - 1] = '\0';
	return true;
}

bool http_host_known(const char *host, char *const *names, size_t count)
{
	char name[HOST_MAX + 1];
	struct in6_addr address;
	bool six;

	if (!host)
		return true;
	if (!split(name, &six, host))
		return false;
	if (six)
		return inet_pton(AF_INET6, name, &address) == 1;
	if (strcasecmp(name, "localhost") == 0 ||
	    inet_pton(AF_INET, name, &address) == 1)
		return true;
	for (size_t i = 0; i < count; i++)
		if (same(name, names[i]))
			return true;
	return false;
}

bool http_host_advertised(const char *host, const char *url)
{
	const char *begin = strstr(url, "://");
	char authority[HOST_MAX + 8], name[HOST_MAX + 1], known[HOST_MAX + 1];
	bool six;
	size_t n;

	if (!begin)
		return false;
	begin += 3;
	n = strcspn(begin, "/?#");
	if (n >= sizeof(authority))
		return false;
	memcpy(authority, begin, n);
	authority[n] = '\0';
	return split(known, &six, authority) && split(name, &six, host) &&
	       strcasecmp(name, known) == 0;
}
