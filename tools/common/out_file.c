/*
 * Once a device has answered "applied", nobody else keeps its payload. So the
 * file is written under another name, put on the disk, and renamed: what it held
 * before stays until the new content is there for good, and nobody who has the
 * old file open reads the new one. Where that is not possible, because it is
 * mounted there or its directory is not ours, it is overwritten.
 */
#include "tools/common/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* A pipe that nobody reads is not waited for. */
#define FLAGS	(O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
#define PIPE_MS 5000

static int open_in_place(const char *path)
{
	struct stat st;
	int fd = open(path, FLAGS | O_CREAT | O_NOFOLLOW, 0600);

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

/* 0, or -1 with errno. */
static int put(int fd, const char *data, size_t len)
{
	struct stat st;

	if (write_all(fd, data, len) != 0)
		return -1;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fsync(fd) : 0;
}

/* A part could be taken for the whole. It is emptied first: who mounted it there
 * keeps the name. */
static void take_back(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(fd, 0) == 0)
		(void)unlink(path);
}

static int write_in_place(const char *path, const char *data, size_t len)
{
	int fd = open_in_place(path), rc, saved;

	if (fd < 0)
		return -1;
	rc = make_private(fd);
	if (rc == 0)
		rc = put(fd, data, len);
	saved = errno;
	if (rc != 0)
		take_back(fd, path);
	close(fd);
	errno = saved;
	return rc;
}

/* Is there nothing yet, or a file, so that a rename puts another one there? */
static bool may_replace(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? S_ISREG(st.st_mode) : errno == ENOENT;
}

/* It could not even begin, or not take the name: there it may still be written
 * in place. */
static bool is_not_ours(int why)
{
	return why == EACCES || why == EPERM || why == EROFS || why == EBUSY ||
	       why == ENAMETOOLONG;
}

/* Not every directory may be opened to sync it, and not every file system knows
 * how: the file itself is on the disk. */
static int sync_name(const char *path)
{
	int rc = ztp_file_sync_name(path);

	return rc != 0 && (errno == EACCES || errno == EINVAL) ? 0 : rc;
}

/* 0, or -1 with errno; *in_place: try that. */
static int replace(const char *path, const char *data, size_t len,
		   bool *in_place)
{
	char name[PATH_MAX];
	int fd = -1, rc, saved;

	errno = ENAMETOOLONG;
	if (snprintf(name, sizeof(name), "%s.XXXXXX", path) < (int)sizeof(name))
		fd = mkostemp(name, O_CLOEXEC); /* of mode 0600 */
	*in_place = fd < 0 && is_not_ours(errno);
	if (fd < 0)
		return -1;
	rc = put(fd, data, len);
	if (rc == 0) {
		rc = rename(name, path);
		*in_place = rc != 0 && is_not_ours(errno);
	}
	saved = errno;
	close(fd);
	if (rc == 0)
		return sync_name(path);
	(void)unlink(name);
	errno = saved;
	return -1;
}

int ztp_out_file_write(const char *path, const void *data, size_t len,
		       struct ztp_error *error)
{
	bool in_place = !may_replace(path);
	int rc = in_place ? 0 : replace(path, data, len, &in_place);

	if (in_place)
		rc = write_in_place(path, data, len);
	return rc == 0 ? 0 : refuse(path, errno, error);
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
