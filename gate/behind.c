/*
 * A VFS of SQLite (sqlite.org/vfs.html) in front of the default one. It changes
 * only the database and its log, and only how they are read, written, cut and
 * synced; locks, names and all other files are the default's business. Without
 * shared memory (io methods of version 1) SQLite keeps the log's index to
 * itself, which locking_mode=EXCLUSIVE wants anyway.
 *
 * The thread writes through descriptors of its own. Closing one drops the locks
 * that SQLite holds on the file, so they are closed after SQLite's.
 */
#include "gate/behind.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/writer.h"
#include "ztp/error.h"

#define FILES 2

struct behind_file {
	sqlite3_file base;
	struct ztp_behind *behind;
	int which; /* ZTP_WRITER_* */
		   /* the default VFS's file follows */
};

struct ztp_behind {
	sqlite3_vfs vfs, *real;
	char name[32];
	struct behind_file *files[FILES]; /* SQLite's; NULL: not open */
	const char *names[FILES];	  /* SQLite's, while the file is open */
	int fds[FILES];
	int64_t sizes[FILES]; /* while `writer` */
	struct ztp_writer *writer;
	bool lost; /* nothing may be believed until it is opened again */
};

static sqlite3_file *real(sqlite3_file *file)
{
	return (sqlite3_file *)((struct behind_file *)file + 1);
}

static struct behind_file *ours(sqlite3_file *file)
{
	return (struct behind_file *)file;
}

static int result(int rc, int io_error)
{
	if (rc == 0)
		return SQLITE_OK;
	return rc == ZTP_ERR_NOMEM ? SQLITE_IOERR_NOMEM : io_error;
}

/* --- files */

static int close_file(sqlite3_file *file)
{
	struct behind_file *f = ours(file);
	struct ztp_behind *behind = f->behind;
	int rc = real(file)->pMethods->xClose(real(file));

	(void)close(behind->fds[f->which]);
	behind->fds[f->which] = -1;
	behind->files[f->which] = NULL;
	if (f->which == ZTP_WRITER_DATABASE)
		behind->lost = false;
	return rc;
}

static int read_behind(struct behind_file *f, void *data, int len,
		       sqlite3_int64 offset)
{
	struct ztp_behind *behind = f->behind;
	int64_t left = behind->sizes[f->which] - offset;
	int there = left < len ? (left > 0 ? (int)left : 0) : len;
	int rc = 0;

	if (there > 0)
		rc = ztp_writer_read(behind->writer, f->which, data,
				     (size_t)there, offset);
	if (rc != 0)
		return SQLITE_IOERR_READ;
	if (there == len)
		return SQLITE_OK;
	memset((char *)data + there, 0, (size_t)(len - there));
	return SQLITE_IOERR_SHORT_READ;
}

static int read_file(sqlite3_file *file, void *data, int len,
		     sqlite3_int64 offset)
{
	struct behind_file *f = ours(file);

	if (f->behind->lost)
		return SQLITE_IOERR_READ;
	if (f->behind->writer)
		return read_behind(f, data, len, offset);
	return real(file)->pMethods->xRead(real(file), data, len, offset);
}

static int write_file(sqlite3_file *file, const void *data, int len,
		      sqlite3_int64 offset)
{
	struct behind_file *f = ours(file);
	struct ztp_behind *behind = f->behind;
	int rc;

	if (behind->lost)
		return SQLITE_IOERR_WRITE;
	if (!behind->writer)
		return real(file)->pMethods->xWrite(real(file), data, len,
						    offset);
	rc = ztp_writer_write(behind->writer, f->which, data, (size_t)len,
			      offset);
	if (rc == 0 && offset + len > behind->sizes[f->which])
		behind->sizes[f->which] = offset + len;
	return result(rc, SQLITE_IOERR_WRITE);
}

static int cut_file(sqlite3_file *file, sqlite3_int64 size)
{
	struct behind_file *f = ours(file);
	struct ztp_behind *behind = f->behind;
	int rc;

	if (behind->lost)
		return SQLITE_IOERR_TRUNCATE;
	if (!behind->writer)
		return real(file)->pMethods->xTruncate(real(file), size);
	if (size >= behind->sizes[f->which])
		return SQLITE_OK;
	rc = ztp_writer_cut(behind->writer, f->which, size);
	if (rc == 0)
		behind->sizes[f->which] = size;
	return result(rc, SQLITE_IOERR_TRUNCATE);
}

static int sync_file(sqlite3_file *file, int flags)
{
	struct behind_file *f = ours(file);

	if (f->behind->lost)
		return SQLITE_IOERR_FSYNC;
	if (!f->behind->writer)
		return real(file)->pMethods->xSync(real(file), flags);
	return result(ztp_writer_sync(f->behind->writer, f->which),
		      SQLITE_IOERR_FSYNC);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct behind_file *f = ours(file);

	if (!f->behind->writer)
		return real(file)->pMethods->xFileSize(real(file), size);
	*size = f->behind->sizes[f->which];
	return SQLITE_OK;
}

static int lock_file(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int is_reserved(sqlite3_file *file, int *reserved)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), reserved);
}

/* A hint of the size would make the file longer at once. */
static int control_file(sqlite3_file *file, int op, void *arg)
{
	if (op == SQLITE_FCNTL_SIZE_HINT)
		return SQLITE_OK;
	return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int sector_size(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int characteristics(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = cut_file,
	.xSync = sync_file,
	.xFileSize = file_size,
	.xLock = lock_file,
	.xUnlock = unlock_file,
	.xCheckReservedLock = is_reserved,
	.xFileControl = control_file,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = characteristics,
};

/* --- the VFS */

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		     int flags, int *out_flags)
{
	struct ztp_behind *behind = vfs->pAppData;
	int which = (flags & SQLITE_OPEN_WAL) ? ZTP_WRITER_LOG
					      : ZTP_WRITER_DATABASE;
	struct behind_file *f = ours(file);
	int rc;

	if (!name || !(flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)) ||
	    behind->files[which])
		return behind->real->xOpen(behind->real, name, file, flags,
					   out_flags);
	memset(f, 0, (size_t)vfs->szOsFile);
	rc = behind->real->xOpen(behind->real, name, real(file), flags,
				 out_flags);
	if (rc != SQLITE_OK)
		return rc;
	behind->fds[which] = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (behind->fds[which] < 0) {
		(void)real(file)->pMethods->xClose(real(file));
		return SQLITE_CANTOPEN;
	}
	f->behind = behind;
	f->which = which;
	behind->names[which] = name;
	f->base.pMethods = &methods;
	behind->files[which] = f;
	return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct ztp_behind *behind = vfs->pAppData;

	return behind->real->xDelete(behind->real, name, sync);
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *yes)
{
	struct ztp_behind *behind = vfs->pAppData;

	return behind->real->xAccess(behind->real, name, flags, yes);
}

static int full_name(sqlite3_vfs *vfs, const char *name, int size, char *full)
{
	struct ztp_behind *behind = vfs->pAppData;

	return behind->real->xFullPathname(behind->real, name, size, full);
}

static int randomness(sqlite3_vfs *vfs, int size, char *bytes)
{
	struct ztp_behind *behind = vfs->pAppData;

	return behind->real->xRandomness(behind->real, size, bytes);
}

static int sleep_for(sqlite3_vfs *vfs, int us)
{
	struct ztp_behind *behind = vfs->pAppData;

	return behind->real->xSleep(behind->real, us);
}

static int current_time(sqlite3_vfs *vfs, double *now)
{
	struct ztp_behind *behind = vfs->pAppData;

	return behind->real->xCurrentTime(behind->real, now);
}

static int last_error(sqlite3_vfs *vfs, int size, char *text)
{
	struct ztp_behind *behind = vfs->pAppData;

	return behind->real->xGetLastError(behind->real, size, text);
}

struct ztp_behind *ztp_behind_new(void)
{
	struct ztp_behind *behind = calloc(1, sizeof(*behind));

	if (!behind)
		return NULL;
	behind->real = sqlite3_vfs_find(NULL);
	if (!behind->real)
		goto fail;
	/* Other plugins of the broker may use SQLite, too. */
	(void)snprintf(behind->name, sizeof(behind->name), "ztp-%p",
		       (void *)behind);
	behind->fds[0] = behind->fds[1] = -1;
	behind->vfs = (sqlite3_vfs){
		.iVersion = 1,
		.szOsFile = (int)sizeof(struct behind_file) +
			    behind->real->szOsFile,
		.mxPathname = behind->real->mxPathname,
		.zName = behind->name,
		.pAppData = behind,
		.xOpen = open_file,
		.xDelete = delete_file,
		.xAccess = access_file,
		.xFullPathname = full_name,
		.xRandomness = randomness,
		.xSleep = sleep_for,
		.xCurrentTime = current_time,
		.xGetLastError = last_error,
	};
	if (sqlite3_vfs_register(&behind->vfs, 0) == SQLITE_OK)
		return behind;
fail:
	free(behind);
	return NULL;
}

void ztp_behind_free(struct ztp_behind *behind)
{
	if (!behind)
		return;
	ztp_writer_free(behind->writer); /* it could not undo what was lost */
	(void)sqlite3_vfs_unregister(&behind->vfs);
	free(behind);
}

const char *ztp_behind_vfs(const struct ztp_behind *behind)
{
	return behind->name;
}

/* SQLITE_FCNTL_HAS_MOVED knows nothing of the log. Somebody else's folder may
 * not let us look. */
static bool is_there(const struct ztp_behind *behind, int which)
{
	struct stat open, named;

	if (!behind->files[which] || fstat(behind->fds[which], &open) != 0)
		return true;
	if (stat(behind->names[which], &named) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	return named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

int ztp_behind_check(const struct ztp_behind *behind, struct ztp_error *error)
{
	for (int i = 0; i < FILES; i++) {
		if (is_there(behind, i))
			continue;
		(void)ztp_fail(error, ZTP_ERR_IO,
			       "registry database: %s has been removed or "
			       "replaced while it was open: put it back, or "
			       "restart the broker",
			       behind->names[i]);
		if (error)
			error->retriable = true;
		return ZTP_ERR_IO;
	}
	return 0;
}

/* --- behind */

/* SQLite's own sync also syncs the name of a new file. */
static int settle(struct ztp_behind *behind)
{
	for (int i = 0; i < FILES; i++) {
		sqlite3_file *file = (sqlite3_file *)behind->files[i];
		sqlite3_int64 size;

		errno = EIO;
		if (!file || file_size(file, &size) != SQLITE_OK ||
		    sync_file(file, SQLITE_SYNC_NORMAL) != SQLITE_OK)
			return -1;
		behind->sizes[i] = size;
	}
	return 0;
}

int ztp_behind_begin(struct ztp_behind *behind)
{
	if (behind->lost || settle(behind) != 0)
		return -1;
	behind->writer = ztp_writer_new(behind->fds[ZTP_WRITER_DATABASE],
					behind->fds[ZTP_WRITER_LOG]);
	return behind->writer ? 0 : -1;
}

int ztp_behind_end(struct ztp_behind *behind)
{
	int failed;

	if (!behind || !behind->writer)
		return 0;
	ztp_writer_wait(behind->writer);
	(void)ztp_writer_durable(behind->writer, &failed);
	if (failed && ztp_writer_undo(behind->writer) != 0)
		return -1;
	behind->lost = failed != 0;
	ztp_writer_free(behind->writer);
	behind->writer = NULL;
	errno = failed;
	return failed ? -1 : 0;
}

bool ztp_behind_is(const struct ztp_behind *behind)
{
	return behind->writer != NULL;
}

bool ztp_behind_ready(struct ztp_behind *behind, bool wanted)
{
	return ztp_writer_ready(behind->writer, wanted);
}

void ztp_behind_commit(struct ztp_behind *behind, uint64_t number,
		       int64_t changes)
{
	ztp_writer_commit(behind->writer, number, changes);
}

uint64_t ztp_behind_durable(struct ztp_behind *behind, int *failed)
{
	return ztp_writer_durable(behind->writer, failed);
}

void ztp_behind_wake(struct ztp_behind *behind)
{
	ztp_writer_wake(behind->writer);
}

void ztp_behind_wait(struct ztp_behind *behind)
{
	ztp_writer_wait(behind->writer);
}

size_t ztp_behind_bytes(struct ztp_behind *behind)
{
	return ztp_writer_bytes(behind->writer);
}
