#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SIZE 4096

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

/* Reads to the end of the file or one byte past max. NULL: no memory. */
static char *read_all(FILE *file, size_t *len, size_t max)
{
	size_t size = 0, used = 0;
	char *data = NULL;

	do {
		size = size ? 2 * size : FIRST_SIZE;
		if (size > max + 1)
			size = max + 1;
		data = grow(data, used, size);
		if (!data)
			return NULL;
		used += fread(data + used, 1, size - used, file);
	} while (used == size && used <= max);
	data[used] = '\0';
	*len = used;
	return data;
}

static int cannot_read(const char *path, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_IO, "cannot read %.150s: %s", path,
			strerror(errno));
}

int ztp_file_read(char **data, size_t *len, const char *path, size_t max,
		  struct ztp_error *error)
{
	FILE *file = fopen(path, "re");
	char *text;
	int rc = 0;

	*data = NULL;
	*len = 0;
	if (!file)
		return cannot_read(path, error);
	(void)setvbuf(file, NULL, _IONBF,
		      0); /* stdio's buffer would be another copy */
	text = read_all(file, len, max);
	if (!text)
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "%.150s: out of memory",
			      path);
	else if (ferror(file))
		rc = cannot_read(path, error);
	else if (*len > max)
		rc = ztp_fail(error, ZTP_ERR_TOO_LARGE,
			      "%.150s is larger than %zu bytes", path, max);
	if (rc == 0) {
		*data = text;
	} else if (text) {
		explicit_bzero(text, *len);
		free(text);
	}
	(void)fclose(file); /* opened for reading: nothing can be lost */
	return rc;
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
	strcpy(dir, path);
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
