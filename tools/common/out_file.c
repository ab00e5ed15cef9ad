#include "tools/common/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (O_WRONLY | O_CLOEXEC | O_NOCTTY)

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

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int ztp_out_file_write(const char *path, const void *data, size_t len,
		       struct ztp_error *error)
{
	int fd = open_file(path), bad = fd < 0, saved = errno;

	if (!bad) {
		bad = make_private(fd) != 0 || write_all(fd, data, len) != 0;
		saved = errno;
		if (close(fd) != 0 && !bad) {
			bad = 1;
			saved = errno;
		}
	}
	if (bad)
		return ztp_fail(error, ZTP_ERR_IO, "cannot write %.150s: %s",
				path,
				saved == ELOOP ? "it is a symbolic link"
					       : strerror(saved));
	return 0;
}
