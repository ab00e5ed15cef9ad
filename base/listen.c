#include "base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 256 /* accepted within a few turns of a loop */

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

int ztp_listen(bool *loopback, const char *host, const char *port,
	       const char **why)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *list = NULL, *address;
	int rc = getaddrinfo(host, port, &hints, &list), fd = -1;

	if (rc != 0) {
		*why = gai_strerror(rc);
		return -1;
	}
	for (address = list; address && fd < 0; address = address->ai_next) {
		fd = bind_one(address);
		if (loopback)
			*loopback = is_loopback(address->ai_addr);
	}
	if (fd < 0)
		*why = strerror(errno);
	freeaddrinfo(list);
	return fd;
}

bool ztp_listen_name(char out[ZTP_LISTEN_NAME], int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	char host[INET6_ADDRSTRLEN + 20], port[8]; /* with %interface */
	bool six;

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host),
			port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	six = address.ss_family == AF_INET6;
	(void)snprintf(out, ZTP_LISTEN_NAME, "%s%s%s:%s", six ? "[" : "", host,
		       six ? "]" : "", port);
	return true;
}
