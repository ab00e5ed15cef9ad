#include "tools/common/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that nobody reads is not waited for. */
#define FLAGS	(O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define PIPE_MS 5000

/* A file that is there already is removed, so that nobody who has it open reads
 * the new content. If that is not possible, because it is mounted there or its
 * directory is not ours, it is overwritten. */
static int open_file(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		(void)unlink(path);
	fd = open(path, FLAGS | O_CREAT | O_NOFOLLOW, 0600);
	if (fd >= 0 || errno != ELOOP)
		return fd;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return open(path, FLAGS);
	errno = ELOOP;
	return -1;
}

static int make_private(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	return fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0 ? 0 : -1;
}

static bool wait_room(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	int n;

	do
		n = poll(&room, 1, PIPE_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 &&
		    (errno == EINTR || (errno == EAGAIN && wait_room(fd))))
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int refuse(const char *path, int why, struct ztp_error *error)
{
	const char *text = why == ELOOP	      ? "it is a symbolic link"
			   : why == ENXIO     ? "nobody reads it"
			   : why == ETIMEDOUT ? "nobody has read it for 5 s"
					      : strerror(why);

	return ztp_fail(error, ZTP_ERR_IO, "cannot write %.150s: %s", path,
			text);
}

/* A part could be taken for the whole. It is emptied first: who mounted it there
 * keeps the name. */
static void take_back(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(fd, 0) == 0)
		(void)unlink(path);
}

int ztp_out_file_write(const char *path, const void *data, size_t len,
		       struct ztp_error *error)
{
	int fd = open_file(path), bad = fd < 0, saved = errno;

	if (!bad) {
		bad = make_private(fd) != 0 || write_all(fd, data, len) != 0;
		saved = errno;
		if (bad)
			take_back(fd, path);
		if (close(fd) != 0 && !bad) {
			bad = 1;
			saved = errno;
		}
	}
	return bad ? refuse(path, saved, error) : 0;
}

int ztp_out_file_check(const char *path, struct ztp_error *error)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) + 1 : 0;
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? refuse(path, EISDIR, error) : 0;
	if (errno != ENOENT)
		return refuse(path, errno, error);
	if (n >= sizeof(folder))
		return refuse(path, ENAMETOOLONG, error);
	memcpy(folder, path, n);
	folder[n] = '\0';
	if (*path == '\0' || access(slash ? folder : ".", W_OK | X_OK) != 0)
		return refuse(path, errno, error);
	return 0;
}
