#include "base/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

bool ztp_stdio_prepare(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", O_RDWR) != fd) /* the lowest is taken */
			return false;
	return sigaction(SIGPIPE, &ignore, NULL) == 0;
}
