/*
 * gate/writes.h - what is still to be done to two files, in order: writes, cuts
 * and syncs. What is to be written can be read already. Not for two threads at
 * once; gate/writer.c locks.
 */
#ifndef ZTP_GATE_WRITES_H
#define ZTP_GATE_WRITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/map.h"

#define ZTP_WRITES_FILES 2

enum ztp_write_kind { ZTP_WRITE_DATA, ZTP_WRITE_CUT, ZTP_WRITE_SYNC };

struct ztp_write {
	struct ztp_write *next;
	enum ztp_write_kind kind;
	int file;
	uint64_t number; /* its place in the order */
	int64_t offset;	 /* ZTP_WRITE_CUT: the file's new size */
	size_t len;
	size_t visible; /* of len; a later cut may have taken the rest */
	struct ztp_map_node by_place;
	unsigned char data[];
};

struct ztp_writes {
	struct ztp_write *first, *last; /* owned */
	uint64_t number;		/* of the newest */
	size_t bytes;
	size_t count[ZTP_WRITES_FILES]; /* of ZTP_WRITE_DATA */
	struct ztp_map by_place;
};

/* 0 or ZTP_ERR_NOMEM; then nothing was added. */
int ztp_writes_data(struct ztp_writes *writes, int file, const void *data,
		    size_t len, int64_t offset);
int ztp_writes_cut(struct ztp_writes *writes, int file, int64_t size);
int ztp_writes_sync(struct ztp_writes *writes, int file);

/* Puts what is still to be written there over what was read from the file.
 * False: too much overlaps, nothing was done. */
bool ztp_writes_over(const struct ztp_writes *writes, int file, void *data,
		     size_t len, int64_t offset);
/* Is all of it still to be written? Then the file need not be read. */
bool ztp_writes_cover(const struct ztp_writes *writes, int file, size_t len,
		      int64_t offset);

/* Removes all up to and including this one. */
void ztp_writes_done(struct ztp_writes *writes, const struct ztp_write *last);
void ztp_writes_clear(struct ztp_writes *writes);

#endif
