#include "tools/serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ztp/text.h"

#define BACKLOG 256

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

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const void *)address;
	const struct sockaddr_in *four = (const void *)address;

	if (address->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	return address->sa_family == AF_INET &&
	       ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

static int bind_one(const struct addrinfo *address)
{
	int one = 1, saved;
	int fd = socket(address->ai_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int listen_open(bool *loopback, const char *where, struct ztp_error *error)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *list = NULL, *address;
	char host[NI_MAXHOST];
	const char *port;
	int rc, fd = -1;

	if (!split(host, &port, where))
		return ztp_fail(error, ZTP_ERR_USAGE,
				"--listen: not HOST:PORT: %.80s", where);
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return ztp_fail(error, ZTP_ERR_IO, "--listen %.80s: %s", where,
				gai_strerror(rc));
	for (address = list; address && fd < 0; address = address->ai_next) {
		fd = bind_one(address);
		*loopback = is_loopback(address->ai_addr);
	}
	if (fd < 0)
		fd = ztp_fail(error, ZTP_ERR_IO, "--listen %.80s: %s", where,
			      strerror(errno));
	freeaddrinfo(list);
	return fd;
}

void listen_name(char out[128], int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	char host[64] = "?", port[16] = "?";
	bool six;

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		(void)getnameinfo((struct sockaddr *)&address, len, host,
				  sizeof(host), port, sizeof(port),
				  NI_NUMERICHOST | NI_NUMERICSERV);
	six = address.ss_family == AF_INET6;
	(void)snprintf(out, 128, "%s%s%s:%s", six ? "[" : "", host,
		       six ? "]" : "", port);
}
