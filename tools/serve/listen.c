#include "tools/serve/listen.h"

#include <netdb.h>
#include <string.h>

#include "base/listen.h"
#include "ztp/text.h"

/* Splits at the last colon; brackets around the host are taken off. */
static bool split(char host[NI_MAXHOST], const char **port, const char *where)
{
	const char *colon = strrchr(where, ':');
	size_t n = colon ? (size_t)(colon - where) : 0;
	int64_t number;

	if (n >= 2 && where[0] == '[' && where[n - 1] == ']') {
		where++;
		n -= 2;
	}
	if (n == 0 || n >= NI_MAXHOST ||
	    !ztp_number_parse(&number, colon + 1, 0, 65535))
		return false;
	memcpy(host, where, n);
	host[n] = '\0';
	*port = colon + 1;
	return true;
}

int listen_open(bool *loopback, const char *where, struct ztp_error *error)
{
	char host[NI_MAXHOST];
	const char *port, *why;
	int fd;

	if (!split(host, &port, where))
		return ztp_fail(error, ZTP_ERR_USAGE,
				"--listen: not HOST:PORT: %.80s", where);
	fd = ztp_listen(loopback, host, port, &why);
	if (fd < 0)
		return ztp_fail(error, ZTP_ERR_IO, "--listen %.80s: %s", where,
				why);
	return fd;
}
