/*
 * bridge/journal/journal_internal.h - shared by journal.c (files, writing) and
 * journal_read.c.
 */
#ifndef BRIDGE_JOURNAL_JOURNAL_INTERNAL_H
#define BRIDGE_JOURNAL_JOURNAL_INTERNAL_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bridge/journal/journal.h"

#define HEADER	    8
#define CHUNK	    (JOURNAL_ENTRY_MAX + HEADER)
#define OFFSET_BITS 24
#define SEGMENT_END (1ull << (64 - OFFSET_BITS))

_Static_assert(JOURNAL_SEGMENT < 1u << OFFSET_BITS, "offsets fit");

struct journal {
	char base[PATH_MAX];
	bool sync;
	uint64_t other; /* a file's number that is none, or SEGMENT_END */
	int sync_errno; /* of a file that could not be synced at the start */
	uint64_t first; /* first segment of this process */
	/* What was there when it was opened: the oldest file that is still
	 * needed, and a mark's file if it was not; SEGMENT_END: none. */
	uint64_t oldest, missing;

	/* The writer's. The loop reads tail: an entry is readable once tail is
	 * behind it. Segment and offset share one word, so the loop never sees
	 * a new segment with an old offset. */
	int write_fd;
	_Atomic uint64_t tail;

	pthread_mutex_t reserve_lock; /* guards reserved_fd */
	int reserved_fd;	      /* segment + 1, or -1 */

	/* The loop's. */
	int read_fd;
	uint64_t read_segment;
	uint64_t released; /* files before this are gone */
	uint64_t gaps;	   /* damaged stretches that were skipped */
	uint64_t cuts;	   /* files that end early, or are missing */
	uint8_t *chunk;
	uint64_t chunk_at; /* offset in the file of chunk[0] */
	size_t chunk_len;
};

/* Where the writer is. */
struct journal_mark journal_load_tail(const struct journal *journal);
void journal_segment_name(const struct journal *journal, uint64_t segment,
			  char name[PATH_MAX + 32]);
int journal_io_error(struct ztp_error *error, const char *what);
/* Calls visit for each segment number on disk; -1 with errno set. */
int journal_each_segment(struct journal *journal,
			 void (*visit)(struct journal *, uint64_t));
/* Two of those: first becomes the number after the last, and oldest that of the
 * first one that is not released; the files before `released` are removed. */
void journal_find_ends(struct journal *journal, uint64_t segment);
void journal_remove_old(struct journal *journal, uint64_t segment);
/* Fails if one that is to be read is none. */
int journal_check_kinds(struct journal *journal, struct ztp_error *error);
/* Without files yet. */
int journal_new(struct journal **journal, const char *base,
		struct ztp_error *error);

#endif
