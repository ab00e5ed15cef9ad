#include "bridge/journal/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "bridge/journal/journal_internal.h"

struct journal_mark journal_load_tail(const struct journal *journal)
{
	uint64_t tail = atomic_load(&journal->tail);

	return (struct journal_mark){tail >> OFFSET_BITS,
				     tail & ((1u << OFFSET_BITS) - 1)};
}

static void store_tail(struct journal *journal, uint64_t segment,
		       uint64_t offset)
{
	atomic_store(&journal->tail, segment << OFFSET_BITS | offset);
}

int journal_io_error(struct ztp_error *error, const char *what)
{
	int saved = errno;
	bool full = saved == ENOSPC || saved == EDQUOT || saved == EFBIG;

	ztp_fail(error, full ? ZTP_ERR_FULL : ZTP_ERR_IO,
		 "intake journal: %s: %s", what, strerror(saved));
	if (error)
		error->retriable = true;
	return full ? ZTP_ERR_FULL : ZTP_ERR_IO;
}

void journal_segment_name(const struct journal *journal, uint64_t segment,
			  char name[PATH_MAX + 32])
{
	snprintf(name, PATH_MAX + 32, "%s.intake-%016" PRIx64, journal->base,
		 segment);
}

/* Creates a segment and reserves its space on disk; -1 with errno set. */
static int create_segment(const struct journal *journal, uint64_t segment)
{
	char name[PATH_MAX + 32];
	int fd, err;

	journal_segment_name(journal, segment, name);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	do
		err = posix_fallocate(fd, 0, JOURNAL_SEGMENT);
	while (err == EINTR);
	if (err == 0 && journal->sync &&
	    (fsync(fd) != 0 || ztp_file_sync_name(name) != 0))
		err = errno;
	if (err == 0)
		return fd;
	close(fd);
	unlink(name);
	errno = err;
	return -1;
}

int journal_each_segment(struct journal *journal,
			 void (*visit)(struct journal *, uint64_t))
{
	char dir[PATH_MAX];
	const char *leaf;
	char *slash;
	struct dirent *entry;
	size_t leaf_len;
	DIR *handle;

	memcpy(dir, journal->base, sizeof(dir));
	slash = strrchr(dir, '/');
	leaf = slash ? journal->base + (slash - dir) + 1 : journal->base;
	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	handle = opendir(slash ? dir : ".");
	if (!handle)
		return -1;
	leaf_len = strlen(leaf);
	while ((entry = readdir(handle)) != NULL) {
		const char *rest = entry->d_name + leaf_len;
		char *end;
		uint64_t number;

		if (strncmp(entry->d_name, leaf, leaf_len) != 0 ||
		    strncmp(rest, ".intake-", 8) != 0 || strlen(rest) != 24)
			continue;
		number = strtoull(rest + 8, &end, 16);
		if (*end == '\0' && number < SEGMENT_END)
			visit(journal, number);
	}
	closedir(handle);
	return 0;
}

void journal_find_ends(struct journal *journal, uint64_t segment)
{
	if (segment >= journal->first)
		journal->first = segment + 1;
	if (segment >= journal->released && segment < journal->oldest)
		journal->oldest = segment;
	if (segment == journal->missing)
		journal->missing = SEGMENT_END; /* it is there */
}

void journal_remove_old(struct journal *journal, uint64_t segment)
{
	char name[PATH_MAX + 32];

	if (segment >= journal->released)
		return;
	journal_segment_name(journal, segment, name);
	unlink(name); /* if this fails, the next start removes it */
}

/* Of what is to be read. A FIFO would be waited for. */
static void check_kind(struct journal *journal, uint64_t segment)
{
	char name[PATH_MAX + 32];

	journal_segment_name(journal, segment, name);
	if (segment >= journal->released && ztp_file_is_other(name))
		journal->other = segment;
}

int journal_check_kinds(struct journal *journal, struct ztp_error *error)
{
	char name[PATH_MAX + 32];

	journal->other = SEGMENT_END;
	if (journal_each_segment(journal, check_kind) != 0)
		return journal_io_error(error, "cannot read the directory");
	if (journal->other == SEGMENT_END)
		return 0;
	journal_segment_name(journal, journal->other, name);
	return ztp_fail(error, ZTP_ERR_IO,
			"intake journal: %s is not a regular file", name);
}

/* Customers are asked about what is read, so it must not vanish afterwards. */
static void sync_kept(struct journal *journal, uint64_t segment)
{
	char name[PATH_MAX + 32];

	if (segment < journal->released || journal->sync_errno != 0)
		return;
	journal_segment_name(journal, segment, name);
	if (ztp_file_sync(name) != 0)
		journal->sync_errno = errno;
}

int journal_new(struct journal **out, const char *base, struct ztp_error *error)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	journal->write_fd = journal->read_fd = journal->reserved_fd = -1;
	journal->oldest = journal->missing = SEGMENT_END;
	pthread_mutex_init(&journal->reserve_lock, NULL);
	journal->chunk = malloc(CHUNK);
	if (!journal->chunk || strlen(base) >= PATH_MAX) {
		int rc = journal->chunk ? ztp_fail(error, ZTP_ERR_VALUE,
						   "store path too long")
					: ztp_fail(error, ZTP_ERR_NOMEM,
						   "out of memory");

		journal_close(journal);
		return rc;
	}
	memcpy(journal->base, base, strlen(base) + 1);
	*out = journal;
	return 0;
}

int journal_open(struct journal **out, const char *base, bool sync,
		 const struct journal_mark *mark,
		 const struct journal_mark *floor, struct ztp_error *error)
{
	struct journal *journal;
	int rc = journal_new(&journal, base, error);

	if (rc != 0)
		return rc;
	journal->sync = sync;
	journal->first = mark->segment + 1;
	journal->released = floor->segment;
	if (mark->segment > 0)
		journal->missing = mark->segment;
	if (journal_each_segment(journal, journal_find_ends) != 0 ||
	    journal_each_segment(journal, journal_remove_old) != 0) {
		rc = journal_io_error(error, "cannot read the directory");
		goto fail;
	}
	journal->cuts += journal->missing != SEGMENT_END;
	rc = journal_check_kinds(journal, error);
	if (rc != 0)
		goto fail;
	if (sync && journal_each_segment(journal, sync_kept) != 0)
		journal->sync_errno = errno;
	if (journal->sync_errno != 0) {
		errno = journal->sync_errno;
		rc = journal_io_error(error, "cannot sync");
		goto fail;
	}
	journal->write_fd = create_segment(journal, journal->first);
	if (journal->write_fd < 0) {
		rc = journal_io_error(error, "cannot create a file");
		goto fail;
	}
	store_tail(journal, journal->first, 0);
	*out = journal;
	return 0;
fail:
	journal_close(journal);
	return rc;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->write_fd >= 0)
		close(journal->write_fd);
	if (journal->read_fd >= 0)
		close(journal->read_fd);
	if (journal->reserved_fd >= 0)
		close(journal->reserved_fd);
	pthread_mutex_destroy(&journal->reserve_lock);
	free(journal->chunk);
	free(journal);
}

/* Writer: continues in the reserved file, or creates one now. */
static int rotate(struct journal *journal, struct ztp_error *error)
{
	uint64_t next = journal_load_tail(journal).segment + 1;
	int fd;

	pthread_mutex_lock(&journal->reserve_lock);
	fd = journal->reserved_fd;
	journal->reserved_fd = -1;
	if (fd < 0)
		fd = create_segment(journal, next);
	if (fd >= 0) {
		close(journal->write_fd);
		journal->write_fd = fd;
		store_tail(journal, next, 0);
	}
	pthread_mutex_unlock(&journal->reserve_lock);
	return fd < 0 ? journal_io_error(error, "cannot create a file") : 0;
}

/* An entry that may not be on the disk must not be read by the next start
 * either: the event is not acknowledged, so it comes again. Nothing can be done
 * if this fails as well. */
static void void_entry(const struct journal *journal, uint64_t offset)
{
	static const uint8_t nothing[HEADER];

	if (pwrite(journal->write_fd, nothing, HEADER, (off_t)offset) < 0)
		return;
}

int journal_append(struct journal *journal, const void *bytes, size_t len,
		   struct ztp_error *error)
{
	uint8_t buffer[HEADER + 4096];
	uint8_t *entry = buffer;
	struct journal_mark tail;
	uint32_t header[2];
	ssize_t n;
	int rc = 0;

	if (len == 0 || len > JOURNAL_ENTRY_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"intake journal: bad entry size %zu", len);
	if (journal_load_tail(journal).offset + HEADER + len >
	    JOURNAL_SEGMENT) {
		rc = rotate(journal, error);
		if (rc != 0)
			return rc;
	}
	tail = journal_load_tail(journal);
	if (len > sizeof(buffer) - HEADER)
		entry = malloc(HEADER + len);
	if (!entry)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	header[0] = (uint32_t)len;
	header[1] = (uint32_t)crc32(0, bytes, (uInt)len);
	memcpy(entry, header, HEADER);
	memcpy(entry + HEADER, bytes, len);
	n = pwrite(journal->write_fd, entry, HEADER + len, (off_t)tail.offset);
	if (n != (ssize_t)(HEADER + len)) {
		if (n >= 0)
			errno = ENOSPC; /* a short write on a regular file */
		rc = journal_io_error(error, "cannot write");
	} else if (journal->sync && fdatasync(journal->write_fd) != 0) {
		rc = journal_io_error(error, "cannot sync");
		void_entry(journal, tail.offset);
	} else {
		store_tail(journal, tail.segment, tail.offset + HEADER + len);
	}
	if (entry != buffer)
		free(entry);
	return rc;
}

void journal_release(struct journal *journal, const struct journal_mark *floor)
{
	while (journal->released < floor->segment) {
		char name[PATH_MAX + 32];

		journal_segment_name(journal, journal->released++, name);
		unlink(name);
	}
}

int journal_reserve(struct journal *journal, struct ztp_error *error)
{
	int rc = 0;

	pthread_mutex_lock(&journal->reserve_lock);
	if (journal->reserved_fd < 0) {
		journal->reserved_fd = create_segment(
			journal, journal_load_tail(journal).segment + 1);
		if (journal->reserved_fd < 0)
			rc = journal_io_error(error,
					      "cannot reserve disk space");
	}
	pthread_mutex_unlock(&journal->reserve_lock);
	return rc;
}

uint64_t journal_backlog(const struct journal *journal,
			 const struct journal_mark *mark)
{
	struct journal_mark tail = journal_load_tail(journal);

	if (mark->segment > tail.segment)
		return 0;
	if (mark->segment == tail.segment)
		return tail.offset - mark->offset;
	return (tail.segment - mark->segment) * JOURNAL_SEGMENT + tail.offset -
	       mark->offset;
}

uint64_t journal_first_segment(const struct journal *journal)
{
	return journal->first;
}

uint64_t journal_gaps(const struct journal *journal)
{
	return journal->gaps;
}

uint64_t journal_cuts(const struct journal *journal)
{
	return journal->cuts;
}
