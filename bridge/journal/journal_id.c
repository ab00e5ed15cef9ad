#include "bridge/journal/journal_id.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/random.h"
#include "ztp/codec.h"

static int fail(const char *name, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_IO, "intake journal: %s: %s", name,
			strerror(errno));
}

/* A file that was not written whole, by a process that was killed, counts as
 * none: that process has written no entry. */
static bool read_id(char id[JOURNAL_ID_LEN], const char *name)
{
	char *text = NULL;
	size_t len = 0;
	bool whole;

	if (ztp_file_read(&text, &len, name, JOURNAL_ID_LEN, NULL) != 0)
		return false;
	whole = len == JOURNAL_ID_LEN - 1 && ztp_hex_lower(text, len);
	if (whole)
		memcpy(id, text, JOURNAL_ID_LEN);
	free(text);
	return whole;
}

static int write_id(const char *id, const char *name, struct ztp_error *error)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
	ssize_t n = -1;
	int rc = 0;

	if (fd >= 0)
		n = pwrite(fd, id, JOURNAL_ID_LEN - 1, 0);
	if (n != JOURNAL_ID_LEN - 1 || fsync(fd) != 0 ||
	    ztp_file_sync_name(name) != 0)
		rc = fail(name, error);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int file_name(char name[PATH_MAX], const char *base,
		     struct ztp_error *error)
{
	return snprintf(name, PATH_MAX, "%s.intake-id", base) < PATH_MAX
		       ? 0
		       : ztp_fail(error, ZTP_ERR_VALUE, "store path too long");
}

int journal_id_renew(char id[JOURNAL_ID_LEN], const char *base,
		     struct ztp_error *error)
{
	char name[PATH_MAX];
	uint8_t random[JOURNAL_ID_LEN / 2];
	int rc = file_name(name, base, error);

	if (rc != 0)
		return rc;
	ztp_random(random, sizeof(random));
	ztp_hex_encode(id, random, sizeof(random));
	return write_id(id, name, error);
}

int journal_id(char id[JOURNAL_ID_LEN], const char *base,
	       struct ztp_error *error)
{
	char name[PATH_MAX];
	int rc = file_name(name, base, error);

	if (rc != 0 || read_id(id, name))
		return rc;
	return journal_id_renew(id, base, error);
}
