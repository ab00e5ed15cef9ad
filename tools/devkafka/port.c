#include "tools/devkafka/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Mutable globals, as in bridge/getaddrinfo.c only: librdkafka gives bind() and accept()
 * nothing of ours. It makes its brokers one after the other, in the thread that
 * makes the cluster. 0: the kernel chooses. */
static int next_port;
/* Its brokers listen as soon as they are made, and a client that names a topic
 * then makes it, with 4 partitions. */
static atomic_bool closed;

static bool can_bind(int port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((in_port_t)port),
		.sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1, saved;
	bool ok = fd >= 0 &&
		  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
			  0 &&
		  bind(fd, (const struct sockaddr *)&address,
		       sizeof(address)) == 0;

	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return ok;
}

int port_use(int first, int count)
{
	for (int port = first; port < first + count; port++)
		if (!can_bind(port))
			return port;
	next_port = first;
	closed = true;
	return 0;
}

void port_open(void)
{
	closed = false;
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
	struct sockaddr_in chosen;

	if (next_port && len == sizeof(chosen) &&
	    address->sa_family == AF_INET) {
		memcpy(&chosen, address, sizeof(chosen));
		if (!chosen.sin_port) {
			chosen.sin_port = htons((in_port_t)next_port++);
			address = (const struct sockaddr *)&chosen;
		}
	}
	return (int)syscall(SYS_bind, fd, address, len);
}

int accept(int fd, struct sockaddr *address, socklen_t *len)
{
	int made = (int)syscall(SYS_accept, fd, address, len);

	/* librdkafka closes it when it reads, and its client tries again. That
	 * fails if the client has gone already. */
	if (made >= 0 && closed)
		(void)shutdown(made, SHUT_RDWR);
	return made;
}
