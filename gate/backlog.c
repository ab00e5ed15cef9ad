/*
 * Mosquitto's backlog is 100, which no setting changes. When more devices come
 * at once, the kernel drops what does not fit, also the last part of a handshake
 * that the device believes to be complete. The device's kernel then repeats its
 * first data after 0.2 s, 0.4 s, 0.8 s and so on, each time into the same
 * crowd, and whoever loses six times waits for 13 s on a broker that has nothing
 * to do. On Linux listen() on a socket that listens changes its backlog. A
 * plugin is not told the broker's sockets, so it looks through the process.
 */
#include "gate/backlog.h"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

static int number(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value
								     : -1;
}

/* Of a socket that listens, Linux tells the backlog in tcpi_sacked. */
static bool is_short(int fd)
{
	socklen_t len = sizeof(struct tcp_info);
	struct tcp_info info = {0};
	int domain = number(fd, SO_DOMAIN);

	return (domain == AF_INET || domain == AF_INET6) &&
	       number(fd, SO_ACCEPTCONN) == 1 &&
	       getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       info.tcpi_sacked < ZTP_BACKLOG;
}

int ztp_backlog_raise(void)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	int raised = 0;

	if (!folder)
		return 0; /* it stays as the broker has set it */
	while ((entry = readdir(folder)) != NULL) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);

		if (end == entry->d_name || *end || !is_short((int)fd))
			continue;
		raised += listen((int)fd, ZTP_BACKLOG) == 0;
	}
	(void)closedir(folder);
	return raised;
}
