#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* A description of our own for what fd refers to, or -1. */
static int open_again(int fd)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void log_sink_open(struct log_sink *sink, int fd)
{
	struct stat st;
	int own;

	*sink = (struct log_sink){.fd = fd, .kind = LOG_SINK_PLAIN};
	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	if (S_ISSOCK(st.st_mode)) {
		sink->kind = LOG_SINK_SOCKET;
	} else if (S_ISFIFO(st.st_mode) ||
		   (S_ISCHR(st.st_mode) && isatty(fd))) {
		own = open_again(fd);
		sink->owned = own >= 0;
		if (sink->owned)
			sink->fd = own;
		else
			sink->kind = LOG_SINK_POLLED;
	}
}

void log_sink_close(struct log_sink *sink)
{
	if (sink->owned)
		close(sink->fd);
	*sink = (struct log_sink){.fd = -1};
}

static ssize_t put(const struct log_sink *sink, const char *text, size_t n)
{
	struct pollfd room = {.fd = sink->fd, .events = POLLOUT};

	switch (sink->kind) {
	case LOG_SINK_SOCKET:
		return send(sink->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case LOG_SINK_POLLED:
		if (poll(&room, 1, 0) <= 0) {
			errno = EAGAIN;
			return -1;
		}
		break;
	case LOG_SINK_PLAIN:
		break;
	}
	return write(sink->fd, text, n);
}

bool log_sink_write(struct log_sink *sink, const char *text, size_t n)
{
	bool torn = atomic_exchange(&sink->torn, false);
	ssize_t done;

	if (torn)
		n++;
	else
		text++;
	do
		done = put(sink, text, n);
	while (done < 0 && errno == EINTR);
	if (done == (ssize_t)n)
		return true;
	if (torn || done > 0)
		atomic_store(&sink->torn, true);
	return false;
}
