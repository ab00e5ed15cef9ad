/*
 * bridge/journal/journal.h - the intake journal, which makes an event durable
 * before its PUBACK is sent.
 *
 * One thread appends (paho's receiving thread, inside messageArrived) and one
 * reads (the loop). The files are "<base>.intake-<16 hex digits>". They have a
 * fixed size, reserved on disk before they are used, so the loop notices a
 * full disk ahead of time, before an event hits it. An entry is
 *
 *	u32 length | u32 CRC-32 of the bytes | the bytes
 *
 * in host byte order (the file never leaves the machine; the bytes of an entry
 * may, see journal_record.h). The file ends at the
 * first entry with a length of zero, a length that runs past the file or a
 * wrong CRC, provided that no valid entry follows: this is the torn tail of a
 * process that was killed, whose last event was never acknowledged. If a valid
 * entry does follow, the bytes in between are damage: the reader skips them
 * and journal_gaps counts them. A new process always starts a new file and
 * never appends to an old one.
 *
 * A file has its size before its first entry, so one with entries that is shorter
 * was cut by somebody else, as a restored disk or a file system's repair may do.
 * What it had is gone, and so is what a missing file had: journal_cuts counts
 * them. A file without an entry may be of any size: its process was killed while
 * it made it.
 *
 * After kill -9, whatever write() accepted survives. After a power loss, this
 * holds only with sync.
 */
#ifndef BRIDGE_JOURNAL_JOURNAL_H
#define BRIDGE_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ztp/error.h"

#define JOURNAL_SEGMENT	  (4u << 20)
#define JOURNAL_ENTRY_MAX (1u << 20)

struct journal;

/* How far the reader has come. Stored in the same transaction as what the
 * entries caused. */
struct journal_mark {
	uint64_t segment;
	uint64_t offset;
};

static inline bool journal_before(const struct journal_mark *a,
				  const struct journal_mark *b)
{
	return a->segment < b->segment ||
	       (a->segment == b->segment && a->offset < b->offset);
}

/* Opens a store's journal. mark is the store's read position, {0, 0} for a new
 * store. Removes files before floor, which is never after mark. sync:
 * fdatasync after each append. */
int journal_open(struct journal **journal, const char *base, bool sync,
		 const struct journal_mark *mark,
		 const struct journal_mark *floor, struct ztp_error *error);
void journal_close(struct journal *journal);

/* Opens what a process that does not write has left there: journal_read ends
 * where the files do. The loop thread's functions for reading are all that it is
 * good for, and these. */
int journal_open_left(struct journal **journal, const char *base,
		      struct ztp_error *error);
/* Do the files go as far as the mark? 1, 0, or a negative error. */
int journal_reaches(struct journal *journal, const struct journal_mark *mark,
		    struct ztp_error *error);
/* Removes the files before that one. */
void journal_remove(struct journal *journal, uint64_t segment);
#define JOURNAL_ALL UINT64_MAX

/* Writer's thread. The entry is durable (see above) when this returns 0. On
 * ZTP_ERR_FULL or ZTP_ERR_IO nothing was appended. */
int journal_append(struct journal *journal, const void *bytes, size_t len,
		   struct ztp_error *error);

/* Loop thread. 1: *bytes (valid until the next call) is the entry at *mark,
 * and *mark moves past it; 0: no more entries for now; negative: error. */
int journal_read(struct journal *journal, struct journal_mark *mark,
		 const void **bytes, size_t *len, struct ztp_error *error);

/* Loop thread: removes the files before floor, which are no longer needed. */
void journal_release(struct journal *journal, const struct journal_mark *floor);

/* Loop thread: reserves the next file if it is not reserved yet. Fails when
 * the disk is full; intake must then stop until it succeeds. */
int journal_reserve(struct journal *journal, struct ztp_error *error);

/* Loop thread: roughly how many bytes lie between mark and the
 * journal's end. */
uint64_t journal_backlog(const struct journal *journal,
			 const struct journal_mark *mark);

/* Loop thread: how many damaged stretches journal_read has skipped. */
uint64_t journal_gaps(const struct journal *journal);
/* Loop thread: how many files ended early or were missing where it went on with
 * the next one, or where the mark is that it was opened with. */
uint64_t journal_cuts(const struct journal *journal);

/* The first file that this process writes. Entries in earlier files come from
 * an earlier process, whose steady clock was a different one. */
uint64_t journal_first_segment(const struct journal *journal);

#endif
