#include "bridge/http/http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 256 /* accepted within a few turns of the loop */

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

int http_listen(const struct config_http *config, struct ztp_error *error)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *list = NULL, *a;
	char port[8];
	int rc, fd = -1;

	(void)snprintf(port, sizeof(port), "%d", config->port);
	rc = getaddrinfo(config->host, port, &hints, &list);
	if (rc != 0)
		return ztp_fail(error, ZTP_ERR_IO, "http.listen %.80s: %s",
				config->listen, gai_strerror(rc));
	for (a = list; a && fd < 0; a = a->ai_next)
		fd = bind_one(a);
	if (fd < 0)
		fd = ztp_fail(error, ZTP_ERR_IO, "http.listen %.80s: %s",
			      config->listen, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

void http_listen_log(int listening, struct log *log)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV],
		text[NI_MAXHOST + NI_MAXSERV + 4];
	bool ip6;

	if (getsockname(listening, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host),
			port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	ip6 = address.ss_family == AF_INET6;
	(void)snprintf(text, sizeof(text), "%s%s%s:%s", ip6 ? "[" : "", host,
		       ip6 ? "]" : "", port);
	log_info(log, "http_listening", LOG_STR("addr", text));
}
