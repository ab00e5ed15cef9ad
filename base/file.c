#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define FIRST_SIZE   4096
#define FIFO_WAIT_MS 5000

struct reading {
	int fd;
	size_t expected; /* bytes, by the file's own word */
	bool polled;	 /* before each read, until end */
	int64_t end;
};

/* Not realloc: it would leave a copy of the data behind. */
static char *grow(char *data, size_t used, size_t size)
{
	char *larger = malloc(size + 1);

	if (larger && used > 0)
		memcpy(larger, data, used);
	if (data)
		explicit_bzero(data, used);
	free(data);
	return larger;
}

/* A FIFO is looked at before every read: without a writer, reading it would
 * find its end at once. */
static bool wait_input(const struct reading *reading)
{
	struct pollfd ready = {.fd = reading->fd, .events = POLLIN};
	int64_t left = reading->end - ztp_clock_boot();
	int n;

	if (!reading->polled)
		return true;
	do
		n = poll(&ready, 1,
			 left > INT_MAX ? -1
			 : left > 0	? (int)left
					: 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

/* Reads up to n bytes, fewer only at the end of the file. -1: errno. */
static ssize_t read_some(const struct reading *reading, char *data, size_t n)
{
	size_t used = 0;

	while (used < n) {
		ssize_t got;

		if (!wait_input(reading))
			return -1;
		got = read(reading->fd, data + used, n - used);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

/* Reads to the end of the file or one byte past max. On failure *data may hold
 * *len bytes. A file that is as large as it says is read in one piece, because
 * growing takes twice the memory. */
static int read_all(const struct reading *reading, char **data, size_t *len,
		    size_t max)
{
	size_t size = reading->expected;
	ssize_t n;

	do {
		size = size && *len == 0 ? size + 1 : 2 * size;
		if (size < FIRST_SIZE)
			size = FIRST_SIZE;
		if (size > max + 1)
			size = max + 1;
		*data = grow(*data, *len, size);
		if (!*data) {
			*len = 0;
			return ZTP_ERR_NOMEM;
		}
		n = read_some(reading, *data + *len, size - *len);
		if (n < 0)
			return ZTP_ERR_IO;
		*len += (size_t)n;
	} while (*len == size && *len <= max);
	(*data)[*len] = '\0';
	return *len > max ? ZTP_ERR_TOO_LARGE : 0;
}

/* Nobody may ever open the other end of a FIFO, so opening it does not wait. */
static int open_file(struct reading *reading, const char *path)
{
	struct stat st;

	reading->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (reading->fd < 0 || fstat(reading->fd, &st) != 0)
		return -1;
	reading->polled = S_ISFIFO(st.st_mode);
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		reading->expected = (uintmax_t)st.st_size < SIZE_MAX / 2
					    ? (size_t)st.st_size
					    : SIZE_MAX / 2;
	reading->end = ztp_clock_boot() + FIFO_WAIT_MS;
	/* Waiting for a terminal is what is wanted. */
	return reading->polled ? 0 : fcntl(reading->fd, F_SETFL, O_RDONLY);
}

static int refuse(const char *path, int rc, size_t max, struct ztp_error *error)
{
	switch (rc) {
	case ZTP_ERR_NOMEM:
		return ztp_fail(error, rc, "%.150s: out of memory", path);
	case ZTP_ERR_TOO_LARGE:
		return ztp_fail(error, rc, "%.150s is larger than %zu bytes",
				path, max);
	default:
		return ztp_fail(error, rc, "cannot read %.150s: %s", path,
				errno == ETIMEDOUT
					? "nobody has written all of it in 5 s"
					: strerror(errno));
	}
}

/* Unless ready is false, which errno explains. */
static int read_whole(const struct reading *reading, bool ready, char **data,
		      size_t *len, const char *path, size_t max,
		      struct ztp_error *error)
{
	char *text = NULL;
	int rc = ZTP_ERR_IO;

	*data = NULL;
	*len = 0;
	if (ready)
		rc = read_all(reading, &text, len, max);
	if (rc == 0) {
		*data = text;
	} else {
		(void)refuse(path, rc, max, error);
		if (text)
			explicit_bzero(text, *len);
		free(text);
		*len = 0;
	}
	return rc;
}

int ztp_file_read(char **data, size_t *len, const char *path, size_t max,
		  struct ztp_error *error)
{
	struct reading reading = {.fd = -1};
	bool ready = open_file(&reading, path) == 0;
	int rc = read_whole(&reading, ready, data, len, path, max, error);

	if (reading.fd >= 0)
		close(reading.fd);
	return rc;
}

int ztp_file_read_fd(char **data, size_t *len, int fd, const char *name,
		     size_t max, struct ztp_error *error)
{
	/* It may be set to O_NONBLOCK by whoever shares it. */
	const struct reading reading = {
		.fd = fd, .polled = true, .end = INT64_MAX};

	return read_whole(&reading, true, data, len, name, max, error);
}

int ztp_file_check(const char *path, size_t max, struct ztp_error *error)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st = {0};
	bool bad = fd < 0 || fstat(fd, &st) != 0;
	char byte;

	if (!bad && !S_ISFIFO(st.st_mode))
		bad = read(fd, &byte, 1) < 0;
	if (bad)
		(void)refuse(path, ZTP_ERR_IO, max, error);
	if (fd >= 0)
		close(fd);
	if (bad)
		return ZTP_ERR_IO;
	if (S_ISFIFO(st.st_mode))
		return ztp_fail(error, ZTP_ERR_IO, "%.150s is a pipe", path);
	/* A device has no size. Its end, if any, is not known before it is
	 * read. */
	if (S_ISCHR(st.st_mode))
		return ztp_fail(error, ZTP_ERR_IO, "%.150s is a device", path);
	if (st.st_size > 0 && (uintmax_t)st.st_size > max)
		return refuse(path, ZTP_ERR_TOO_LARGE, max, error);
	return 0;
}

bool ztp_file_is_other(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static int sync_at(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	int err = 0;

	if (fd < 0)
		return -1;
	if (fsync(fd) != 0)
		err = errno;
	close(fd);
	errno = err;
	return err == 0 ? 0 : -1;
}

int ztp_file_sync_name(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	if (strlen(path) >= sizeof(dir)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(dir, path, strlen(path) + 1);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	return sync_at(slash ? dir : ".", O_DIRECTORY);
}

int ztp_file_sync(const char *path)
{
	if (sync_at(path, O_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	return ztp_file_sync_name(path);
}
