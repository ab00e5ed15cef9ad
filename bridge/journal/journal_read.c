/* The journal as the loop reads it: entries in order, and on past what is
 * damaged. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "bridge/journal/journal_internal.h"

/* Loop: makes at least want bytes at offset available in chunk, reading no
 * further than limit. Returns how many are available from offset on, or -1. */
static ssize_t fill(struct journal *journal, uint64_t offset, size_t want,
		    uint64_t limit)
{
	uint64_t have = journal->chunk_at + journal->chunk_len;
	size_t room;
	ssize_t n;

	if (offset >= journal->chunk_at && offset + want <= have)
		return (ssize_t)(have - offset);
	room = limit - offset < CHUNK ? (size_t)(limit - offset) : CHUNK;
	n = pread(journal->read_fd, journal->chunk, room, (off_t)offset);
	if (n < 0)
		return -1;
	journal->chunk_at = offset;
	journal->chunk_len = (size_t)n;
	return n;
}

static int open_for_read(struct journal *journal, uint64_t segment)
{
	char name[PATH_MAX + 32];

	if (journal->read_fd >= 0 && journal->read_segment == segment)
		return 0;
	if (journal->read_fd >= 0)
		close(journal->read_fd);
	journal_segment_name(journal, segment, name);
	journal->chunk_len = 0;
	journal->read_fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	journal->read_segment = segment;
	return journal->read_fd < 0 ? -1 : 0;
}

/* Checks for an entry that begins at offset and ends by limit. Returns its
 * length, 0 if there is no valid entry, or -1. */
static ssize_t entry_at(struct journal *journal, uint64_t offset,
			uint64_t limit)
{
	uint32_t header[2];
	const uint8_t *p;
	ssize_t n;

	if (offset + HEADER > limit)
		return 0;
	n = fill(journal, offset, HEADER, limit);
	if (n < HEADER)
		return n < 0 ? -1 : 0;
	memcpy(header, journal->chunk + (offset - journal->chunk_at), HEADER);
	if (header[0] == 0 || header[0] > JOURNAL_ENTRY_MAX ||
	    offset + HEADER + header[0] > limit)
		return 0;
	n = fill(journal, offset, HEADER + header[0], limit);
	if (n < 0)
		return -1;
	if ((size_t)n < HEADER + header[0])
		return 0;
	p = journal->chunk + (offset - journal->chunk_at) + HEADER;
	if (crc32(0, p, header[0]) != header[1])
		return 0;
	return (ssize_t)header[0];
}

/* Finds the next valid entry in a finished file, after an offset that has
 * none. Returns its offset, or 0 if there is none, which is what a torn tail
 * looks like. -1 on error. */
static int64_t next_good(struct journal *journal, uint64_t offset)
{
	while (++offset + HEADER < JOURNAL_SEGMENT) {
		uint32_t len, crc;
		ssize_t n = fill(journal, offset, HEADER, JOURNAL_SEGMENT);

		if (n < HEADER)
			return n < 0 ? -1 : 0;
		memcpy(&len, journal->chunk + (offset - journal->chunk_at), 4);
		memcpy(&crc, journal->chunk + (offset - journal->chunk_at) + 4,
		       4);
		if (len == 0 && crc == 0)
			offset += 4; /* no entry begins inside these zeros */
		if (len == 0 || len > JOURNAL_ENTRY_MAX ||
		    offset + HEADER + len > JOURNAL_SEGMENT)
			continue;
		n = entry_at(journal, offset, JOURNAL_SEGMENT);
		if (n != 0)
			return n < 0 ? -1 : (int64_t)offset;
	}
	return 0;
}

/* Is the file shorter than it was made, although it had an entry? offset: where
 * nothing more is to be read. */
static bool ends_early(const struct journal *journal, uint64_t offset)
{
	uint8_t first[HEADER], last;
	ssize_t n;

	if (pread(journal->read_fd, &last, 1, JOURNAL_SEGMENT - 1) != 0)
		return false;
	if (offset > 0)
		return true;
	n = pread(journal->read_fd, first, HEADER, 0);
	while (n > 0)
		if (first[--n] != 0)
			return true;
	return false;
}

/* Files are made one after the other, and removed from the first one on. */
static bool is_missing(const struct journal *journal, uint64_t segment)
{
	return segment > journal->oldest && segment != journal->missing;
}

/* There is no valid entry at mark, in a file that is no longer written: moves
 * mark to the next entry or to the next file. */
static int skip_damage(struct journal *journal, struct journal_mark *mark,
		       bool readable)
{
	int64_t offset = readable ? next_good(journal, mark->offset) : 0;

	if (offset < 0)
		return -1;
	if (offset > 0) {
		journal->gaps++;
	} else {
		journal->cuts += readable ? ends_early(journal, mark->offset)
					  : is_missing(journal, mark->segment);
		mark->segment++; /* end of file, torn, or no file */
	}
	mark->offset = (uint64_t)offset;
	return 0;
}

int journal_read(struct journal *journal, struct journal_mark *mark,
		 const void **bytes, size_t *len, struct ztp_error *error)
{
	for (;;) {
		struct journal_mark tail = journal_load_tail(journal);
		bool last = mark->segment == tail.segment;
		uint64_t limit = last ? tail.offset : JOURNAL_SEGMENT;
		bool readable;
		ssize_t n = 0;

		if (mark->segment > tail.segment || mark->offset > limit)
			return ztp_fail(
				error, ZTP_ERR_IO,
				"intake journal: read position past end");
		if (last && mark->offset == limit)
			return 0;
		readable = open_for_read(journal, mark->segment) == 0;
		if (readable)
			n = entry_at(journal, mark->offset, limit);
		else if (errno != ENOENT)
			n = -1;
		if (n < 0)
			return journal_io_error(error, "cannot read");
		if (n > 0) {
			*bytes = journal->chunk +
				 (mark->offset - journal->chunk_at) + HEADER;
			*len = (size_t)n;
			mark->offset += HEADER + (uint64_t)n;
			return 1;
		}
		if (last) {
			ztp_fail(error, ZTP_ERR_IO,
				 "intake journal: entry is damaged");
			if (error)
				error->fatal = true; /* until restart */
			return ZTP_ERR_IO;
		}
		if (skip_damage(journal, mark, readable) != 0)
			return journal_io_error(error, "cannot read");
	}
}
