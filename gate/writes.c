/*
 * A write is kept in pieces of at most a block, each found by the block that it
 * begins in. What overlaps a place therefore begins in one of its blocks or in
 * the one before.
 */
#include "gate/writes.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/error.h"

#define BLOCK	    4096
#define OVERLAP_MAX 64

static uint64_t place(const struct ztp_writes *writes, int file, int64_t block)
{
	int64_t key[2] = {file, block};

	return ztp_map_hash(&writes->by_place, key, sizeof(key));
}

static struct ztp_write *owner(struct ztp_map_node *node)
{
	return ZTP_MAP_OWNER(node, struct ztp_write, by_place);
}

static struct ztp_write *make(enum ztp_write_kind kind, int file,
			      const void *data, size_t len, int64_t offset)
{
	struct ztp_write *write = malloc(sizeof(*write) + len);

	if (!write)
		return NULL;
	*write = (struct ztp_write){
		.kind = kind,
		.file = file,
		.offset = offset,
		.len = len,
		.visible = len,
	};
	if (len > 0)
		memcpy(write->data, data, len);
	return write;
}

static void append(struct ztp_writes *writes, struct ztp_write *write)
{
	write->number = ++writes->number;
	if (writes->last)
		writes->last->next = write;
	else
		writes->first = write;
	writes->last = write;
	writes->bytes += sizeof(*write) + write->len;
	writes->count[write->file] += write->kind == ZTP_WRITE_DATA;
}

static int add(struct ztp_writes *writes, struct ztp_write *write)
{
	if (!write)
		return ZTP_ERR_NOMEM;
	if (write->kind == ZTP_WRITE_DATA &&
	    ztp_map_insert(&writes->by_place, &write->by_place,
			   place(writes, write->file, write->offset / BLOCK)) !=
		    0) {
		free(write);
		return ZTP_ERR_NOMEM;
	}
	append(writes, write);
	return 0;
}

/* After an error some pieces may have been added. They are a part of what the
 * caller wanted to write there, and it will not rely on them. */
int ztp_writes_data(struct ztp_writes *writes, int file, const void *data,
		    size_t len, int64_t offset)
{
	const unsigned char *from = data;
	int rc = 0;

	while (rc == 0 && len > 0) {
		size_t n = len < BLOCK ? len : BLOCK;

		rc = add(writes, make(ZTP_WRITE_DATA, file, from, n, offset));
		from += n;
		offset += (int64_t)n;
		len -= n;
	}
	return rc;
}

int ztp_writes_cut(struct ztp_writes *writes, int file, int64_t size)
{
	int rc = add(writes, make(ZTP_WRITE_CUT, file, NULL, 0, size));

	if (rc != 0)
		return rc;
	for (struct ztp_write *w = writes->first; w; w = w->next) {
		int64_t left = size - w->offset;

		if (w->kind != ZTP_WRITE_DATA || w->file != file)
			continue;
		if (left < (int64_t)w->visible)
			w->visible = left > 0 ? (size_t)left : 0;
	}
	return 0;
}

int ztp_writes_sync(struct ztp_writes *writes, int file)
{
	return add(writes, make(ZTP_WRITE_SYNC, file, NULL, 0, 0));
}

static bool overlaps(const struct ztp_write *w, int file, size_t len,
		     int64_t offset)
{
	return w->file == file && w->offset < offset + (int64_t)len &&
	       w->offset + (int64_t)w->visible > offset;
}

/* Those that overlap, in their order. Their number, or -1: too many. */
static int find(const struct ztp_writes *writes, struct ztp_write **found,
		int file, size_t len, int64_t offset)
{
	int64_t block = offset / BLOCK, end = (offset + (int64_t)len) / BLOCK;
	int n = 0, i;

	for (block = block > 0 ? block - 1 : 0; block <= end; block++) {
		uint64_t hash = place(writes, file, block);
		struct ztp_map_node *node =
			ztp_map_first(&writes->by_place, hash);

		for (; node; node = ztp_map_next(node)) {
			struct ztp_write *w = owner(node);

			if (w->offset / BLOCK != block ||
			    !overlaps(w, file, len, offset))
				continue;
			if (n == OVERLAP_MAX)
				return -1;
			for (i = n++; i > 0 && found[i - 1]->number > w->number;
			     i--)
				found[i] = found[i - 1];
			found[i] = w;
		}
	}
	return n;
}

bool ztp_writes_over(const struct ztp_writes *writes, int file, void *data,
		     size_t len, int64_t offset)
{
	struct ztp_write *found[OVERLAP_MAX];
	unsigned char *to = data;
	int n;

	if (writes->count[file] == 0)
		return true;
	n = find(writes, found, file, len, offset);
	for (int i = 0; i < n; i++) {
		const struct ztp_write *w = found[i];
		int64_t from = w->offset > offset ? w->offset : offset;
		int64_t end = w->offset + (int64_t)w->visible;

		if (end > offset + (int64_t)len)
			end = offset + (int64_t)len;
		memcpy(to + (from - offset), w->data + (from - w->offset),
		       (size_t)(end - from));
	}
	return n >= 0;
}

bool ztp_writes_cover(const struct ztp_writes *writes, int file, size_t len,
		      int64_t offset)
{
	struct ztp_write *found[OVERLAP_MAX];
	int n;

	if (writes->count[file] == 0)
		return false;
	n = find(writes, found, file, len, offset);
	for (int i = 0; i < n; i++)
		if (found[i]->offset <= offset &&
		    found[i]->offset + (int64_t)found[i]->visible >=
			    offset + (int64_t)len)
			return true;
	return false;
}

static void drop_first(struct ztp_writes *writes)
{
	struct ztp_write *write = writes->first;

	if (write->kind == ZTP_WRITE_DATA) {
		ztp_map_remove(&writes->by_place, &write->by_place);
		writes->count[write->file]--;
	}
	writes->bytes -= sizeof(*write) + write->len;
	writes->first = write->next;
	if (!writes->first)
		writes->last = NULL;
	free(write);
}

void ztp_writes_done(struct ztp_writes *writes, const struct ztp_write *last)
{
	uint64_t number = last->number;

	while (writes->first && writes->first->number <= number)
		drop_first(writes);
}

void ztp_writes_clear(struct ztp_writes *writes)
{
	while (writes->first)
		drop_first(writes);
	ztp_map_clear(&writes->by_place);
}
