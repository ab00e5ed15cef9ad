/*
 * bridge/journal/journal.h - the intake journal: where an event is durable before its
 * PUBACK goes out.
 *
 * One thread appends (paho's receiving thread, inside messageArrived), one
 * reads (the loop). Files "<base>.intake-<16 hex digits>" of a fixed size,
 * reserved on disk before they are used, so that a full disk is found by the
 * loop ahead of time and not by an event. An entry is
 *
 *	u32 length | u32 CRC-32 of the bytes | the bytes
 *
 * in host order (the file never leaves the machine). A zero length, a length
 * beyond the file or a CRC that differs, with no good entry behind it, ends
 * the file: that is the torn tail of a process that was killed, and its event
 * was never acknowledged. With one behind it, it is damage: what can be read
 * is read, and journal_gaps tells. A new process starts a new file and never
 * appends to an old one.
 *
 * Killed with -9: what write() took survives. Power loss: only with sync.
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

/* How far the reader is; stored with what it made of the entries. */
struct journal_mark {
	uint64_t segment;
	uint64_t offset;
};

bool journal_before(const struct journal_mark *a, const struct journal_mark *b);

/* Opens the journal of a store; mark is where the store left off, {0, 0} for
 * a new one. Removes files before floor, which is at most mark. sync:
 * fdatasync each append. */
int journal_open(struct journal **journal, const char *base, bool sync,
		 const struct journal_mark *mark,
		 const struct journal_mark *floor, struct ztp_error *error);
void journal_close(struct journal *journal);

/* Writer's thread. Durable (see above) when it returns 0. ZTP_ERR_FULL or
 * ZTP_ERR_IO: nothing was taken. */
int journal_append(struct journal *journal, const void *bytes, size_t len,
		   struct ztp_error *error);

/* Loop thread. 1: *bytes (valid until the next call) is the entry at *mark,
 * which moves behind it; 0: nothing more now; negative: error. */
int journal_read(struct journal *journal, struct journal_mark *mark,
		 const void **bytes, size_t *len, struct ztp_error *error);

/* Loop thread: nobody needs what is before floor; older files go. */
void journal_release(struct journal *journal, const struct journal_mark *floor);

/* Loop thread: keeps the next file reserved. Fails when the disk is full:
 * intake must stop until it succeeds. */
int journal_reserve(struct journal *journal, struct ztp_error *error);

/* Loop thread: bytes on disk that are not yet in the store, about. */
uint64_t journal_backlog(const struct journal *journal,
			 const struct journal_mark *mark);

/* Loop thread: how many damaged stretches journal_read has stepped over. */
uint64_t journal_gaps(const struct journal *journal);

/* The file that this process writes first: entries before it were made by an
 * earlier process (whose steady clock was another one). */
uint64_t journal_first_segment(const struct journal *journal);

#endif
