#include "tools/devkafka/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The only mutable global of this project: librdkafka gives bind() nothing of
 * ours. It makes its brokers one after the other, in the thread that makes the
 * cluster. 0: the kernel chooses. */
static int next_port;

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
	return 0;
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
