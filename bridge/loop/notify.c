#include "bridge/loop/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	int fd;

	if (n < 2 || n >= sizeof(address.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return -1;
	memcpy(address.sun_path, path, n);
	if (path[0] == '@') /* abstract namespace */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) !=
		    0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A lost notification is ignored: the service manager will act on its
 * absence. */
static void send_state(const struct notify *notify, const char *state)
{
	if (notify->fd >= 0)
		(void)send(notify->fd, state, strlen(state), MSG_NOSIGNAL);
}

void notify_open(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const char *interval = getenv("WATCHDOG_USEC");

	*notify = (struct notify){.fd = path ? connect_to(path) : -1};
	if (interval) /* half of it, so that one late turn does no harm */
		notify->watchdog_ms = strtoll(interval, NULL, 10) / 2000;
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

void notify_ready(struct notify *notify)
{
	send_state(notify, "READY=1");
}

void notify_stopping(struct notify *notify)
{
	send_state(notify, "STOPPING=1");
}

void notify_turned(struct notify *notify, int64_t now)
{
	if (notify->watchdog_ms <= 0 || now < notify->next)
		return;
	send_state(notify, "WATCHDOG=1");
	notify->next = now + notify->watchdog_ms;
}
