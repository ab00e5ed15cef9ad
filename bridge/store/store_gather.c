/*
 * SQLite writes each page of a transaction into the WAL as a frame: 24 bytes of
 * head by one call, and the page by another one (sqlite.org/fileformat2.html, 4.1).
 * With the small turns of a bridge that is not busy, these calls were a quarter of
 * its CPU time. Here frames wait in memory until the last one of their transaction,
 * whose head says so, and are written together. What the last one's write returns is
 * what SQLite learns of all of them, so an error still ends the transaction.
 *
 * Nobody misses them meanwhile: a reader looks at a frame only after its transaction
 * was committed, and whatever else SQLite does with the file comes after them. What a
 * large transaction wrote before its end is forgotten when it is rolled back: then
 * somebody else may write there. What is no frame is written at once, and so are
 * frames in parts, as SQLite writes them where a sector that is being written may
 * lose its neighbours.
 *
 * SQLite hands out the WAL's file (SQLITE_FCNTL_JOURNAL_POINTER); its methods are
 * replaced by copies, of which those differ that depend on what was written.
 */
#include "bridge/store/store_gather.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FILE_HEAD 32 /* bytes */
#define HEAD	  24 /* bytes, of a frame */
#define HEAD_END  4  /* four bytes of it; not 0: a transaction's last */
/* Bytes: a frame of the largest page that SQLite has, or 15 of the usual ones, which
 * are those of a dozen requests. */
#define GATHERED (HEAD + 65536)

struct methods {
	sqlite3_io_methods ours;
	struct store_gather *gather;
};

struct store_gather {
	struct methods methods;
	const sqlite3_io_methods *real;
	int page;	      /* bytes of each */
	sqlite3_int64 offset; /* in the file, of data */
	int len;
	bool head, last; /* a frame's was written last; a transaction's last */
	unsigned char data[GATHERED];
};

static struct store_gather *of(const sqlite3_file *file)
{
	return ((const struct methods *)file->pMethods)->gather;
}

static void forget(void *arg)
{
	struct store_gather *g = arg;

	g->len = 0;
	g->head = false;
}

static int write_gathered(struct store_gather *g, sqlite3_file *file)
{
	int rc = SQLITE_OK;

	if (g->len > 0)
		rc = g->real->xWrite(file, g->data, g->len, g->offset);
	if (rc == SQLITE_OK)
		g->len = 0;
	return rc;
}

static bool is_head(const struct store_gather *g, int len, sqlite3_int64 offset)
{
	return !g->head && len == HEAD &&
	       (offset - FILE_HEAD) % (HEAD + g->page) == 0;
}

static bool says_last(const unsigned char *head)
{
	static const unsigned char none[4];

	return memcmp(head + HEAD_END, none, sizeof(none)) != 0;
}

static int gather(struct store_gather *g, sqlite3_file *file, const void *data,
		  int len, sqlite3_int64 offset)
{
	int rc = SQLITE_OK;

	if (offset != g->offset + g->len || len > GATHERED - g->len)
		rc = write_gathered(g, file);
	if (rc != SQLITE_OK)
		return rc;
	if (g->len == 0)
		g->offset = offset;
	memcpy(g->data + g->len, data, (size_t)len);
	g->len += len;
	return SQLITE_OK;
}

static int write_file(sqlite3_file *file, const void *data, int len,
		      sqlite3_int64 offset)
{
	struct store_gather *g = of(file);
	bool head = is_head(g, len, offset);
	bool page = g->head && len == g->page && offset == g->offset + g->len;
	int rc = head || page ? gather(g, file, data, len, offset)
			      : write_gathered(g, file);

	if (rc == SQLITE_OK && page && g->last)
		rc = write_gathered(g, file);
	if (rc == SQLITE_OK && !head && !page)
		rc = g->real->xWrite(file, data, len, offset);
	g->head = head;
	g->last = head && says_last(data);
	if (rc != SQLITE_OK)
		forget(g); /* SQLite takes the transaction back */
	return rc;
}

/* If it fails, what waits goes on waiting: SQLite may try to go on. */
static int read_file(sqlite3_file *file, void *data, int len,
		     sqlite3_int64 offset)
{
	struct store_gather *g = of(file);
	int rc = write_gathered(g, file);

	return rc == SQLITE_OK ? g->real->xRead(file, data, len, offset) : rc;
}

static int cut_file(sqlite3_file *file, sqlite3_int64 size)
{
	struct store_gather *g = of(file);
	int rc = write_gathered(g, file);

	return rc == SQLITE_OK ? g->real->xTruncate(file, size) : rc;
}

static int sync_file(sqlite3_file *file, int flags)
{
	struct store_gather *g = of(file);
	int rc = write_gathered(g, file);

	return rc == SQLITE_OK ? g->real->xSync(file, flags) : rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct store_gather *g = of(file);
	int rc = write_gathered(g, file);

	return rc == SQLITE_OK ? g->real->xFileSize(file, size) : rc;
}

/* What waits is of no transaction that was committed. */
static int close_file(sqlite3_file *file)
{
	struct store_gather *g = of(file);

	file->pMethods = g->real;
	return g->real->xClose(file);
}

static void replace(struct store_gather *g, sqlite3_file *file)
{
	g->real = file->pMethods;
	g->methods = (struct methods){.ours = *g->real, .gather = g};
	g->methods.ours.xClose = close_file;
	g->methods.ours.xRead = read_file;
	g->methods.ours.xWrite = write_file;
	g->methods.ours.xTruncate = cut_file;
	g->methods.ours.xSync = sync_file;
	g->methods.ours.xFileSize = file_size;
	file->pMethods = &g->methods.ours;
}

int store_gather_open(struct store_gather **gather, sqlite3 *db,
		      const struct ztp_sqlite_file *file,
		      struct ztp_error *error)
{
	sqlite3_file *wal = NULL;
	int64_t page = 0;
	int rc = ztp_sqlite_number(db, file, "PRAGMA page_size", &page, error);

	*gather = NULL;
	if (rc != 0)
		return rc;
	if (sqlite3_file_control(db, NULL, SQLITE_FCNTL_JOURNAL_POINTER,
				 &wal) != SQLITE_OK ||
	    !wal || !wal->pMethods)
		return ztp_fail(error, ZTP_ERR_IO,
				"%s %s: SQLite has no write-ahead log open",
				file->what, file->path);
	*gather = calloc(1, sizeof(**gather));
	if (!*gather)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	(*gather)->page = (int)page;
	replace(*gather, wal);
	(void)sqlite3_rollback_hook(db, forget, *gather);
	return 0;
}

void store_gather_free(struct store_gather *gather)
{
	free(gather);
}
