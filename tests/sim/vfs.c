/*
 * SQLite's files on the played disk. Locks and the shared index of the log are
 * the process's: a killed one leaves none, and the next makes the index anew
 * from the log, as SQLite does with the -shm file of a process that died.
 */
#include "tests/sim/vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/disk.h"
#include "tests/sim/sim.h"

#define REGIONS_MAX 64
#define HANDLES_MAX 32

/* What the connections to one file share. */
struct node {
	struct file *file;
	const struct process *of;
	int shared; /* locks */
	int writer; /* RESERVED and above: how strong, or 0 */
	void *regions[REGIONS_MAX];
	int shm_shared[SQLITE_SHM_NLOCK];
	bool shm_exclusive[SQLITE_SHM_NLOCK];
};

struct handle {
	sqlite3_file base;
	struct file *file;
	struct node *node;
	int lock;
	uint32_t shm_mine_shared, shm_mine_exclusive; /* bits */
};

static struct node nodes[HANDLES_MAX];

void vfs_forget(void)
{
	int i;

	for (i = 0; i < HANDLES_MAX; i++)
		if (nodes[i].of == sim.me)
			nodes[i] = (struct node){.of = NULL};
}

static struct node *node_of(struct file *file)
{
	int i;

	for (i = 0; i < HANDLES_MAX; i++)
		if (nodes[i].file == file)
			return &nodes[i];
	for (i = 0; nodes[i].file; i++)
		if (i == HANDLES_MAX - 1)
			abort();
	nodes[i].file = file;
	nodes[i].of = sim.me;
	return &nodes[i];
}

static int io_error(int code)
{
	return errno == ENOSPC ? SQLITE_FULL : code;
}

static int x_close(sqlite3_file *f)
{
	(void)f;
	return SQLITE_OK;
}

static int x_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	struct handle *h = (struct handle *)f;
	ssize_t got = disk_read(h->file, to, (size_t)n, at);

	if (got == n)
		return SQLITE_OK;
	if (got < 0)
		return SQLITE_IOERR_READ;
	memset((char *)to + got, 0, (size_t)(n - got));
	return SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
	struct handle *h = (struct handle *)f;

	if (sim.me->crash_in == 1 && !sim.calm)
		disk_write(h->file, bytes, (size_t)sim_between(0, n), at);
	sim_point();
	if (disk_write(h->file, bytes, (size_t)n, at) != n)
		return io_error(SQLITE_IOERR_WRITE);
	return SQLITE_OK;
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct handle *h = (struct handle *)f;

	sim_point();
	return disk_truncate(h->file, size) == 0 ? SQLITE_OK
						 : SQLITE_IOERR_TRUNCATE;
}

static int x_sync(sqlite3_file *f, int flags)
{
	struct handle *h = (struct handle *)f;
	int rc;

	(void)flags;
	sim_point();
	rc = disk_sync(h->file);
	return rc == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int x_size(sqlite3_file *f, sqlite3_int64 *size)
{
	*size = disk_size(((struct handle *)f)->file);
	return SQLITE_OK;
}

/* --- locks of the database file */

static int x_lock(sqlite3_file *f, int want)
{
	struct handle *h = (struct handle *)f;
	struct node *node = h->node;
	int others = node->shared - (h->lock >= SQLITE_LOCK_SHARED);

	if (h->lock >= want)
		return SQLITE_OK;
	if (want == SQLITE_LOCK_SHARED) {
		if (node->writer >= SQLITE_LOCK_PENDING)
			return SQLITE_BUSY;
		node->shared++;
	} else {
		if (node->writer != 0 && h->lock < SQLITE_LOCK_RESERVED)
			return SQLITE_BUSY;
		if (want == SQLITE_LOCK_EXCLUSIVE && others > 0)
			return SQLITE_BUSY;
		node->writer = want;
	}
	h->lock = want;
	return SQLITE_OK;
}

static int x_unlock(sqlite3_file *f, int want)
{
	struct handle *h = (struct handle *)f;

	if (h->lock <= want)
		return SQLITE_OK;
	if (h->lock >= SQLITE_LOCK_RESERVED)
		h->node->writer = 0;
	if (want == SQLITE_LOCK_NONE)
		h->node->shared--;
	h->lock = want;
	return SQLITE_OK;
}

static int x_check(sqlite3_file *f, int *reserved)
{
	*reserved = ((struct handle *)f)->node->writer != 0;
	return SQLITE_OK;
}

static int x_control(sqlite3_file *f, int op, void *arg)
{
	(void)f;
	if (op != SQLITE_FCNTL_HAS_MOVED)
		return SQLITE_NOTFOUND;
	*(int *)arg = 0; /* nobody moves a played file */
	return SQLITE_OK;
}

static int x_sector(sqlite3_file *f)
{
	(void)f;
	return 4096;
}

/* As SQLite's own says by default, or, for sync: full, as for a disk that is worse:
 * then frames are written in parts, and behind a transaction there are some more. */
static int x_device(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN |
	       (sim.plan.whole ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0);
}

/* --- the index of the log */

static int x_shm_map(sqlite3_file *f, int region, int size, int extend,
		     void volatile **at)
{
	struct node *node = ((struct handle *)f)->node;

	*at = NULL;
	if (region >= REGIONS_MAX)
		return SQLITE_IOERR_NOMEM;
	if (!node->regions[region] && extend)
		node->regions[region] = sim_alloc((size_t)size);
	*at = node->regions[region];
	return SQLITE_OK;
}

static int x_shm_lock(sqlite3_file *f, int from, int n, int flags)
{
	struct handle *h = (struct handle *)f;
	struct node *node = h->node;
	int i;

	for (i = from; i < from + n; i++) {
		uint32_t bit = 1u << i;
		bool mine = h->shm_mine_shared & bit;

		if (flags & SQLITE_SHM_UNLOCK)
			continue;
		if (node->shm_exclusive[i] && !(h->shm_mine_exclusive & bit))
			return SQLITE_BUSY;
		if ((flags & SQLITE_SHM_EXCLUSIVE) &&
		    node->shm_shared[i] - mine > 0)
			return SQLITE_BUSY;
	}
	for (i = from; i < from + n; i++) {
		uint32_t bit = 1u << i;

		if (flags & SQLITE_SHM_UNLOCK) {
			if (h->shm_mine_shared & bit)
				node->shm_shared[i]--;
			if (h->shm_mine_exclusive & bit)
				node->shm_exclusive[i] = false;
			h->shm_mine_shared &= ~bit;
			h->shm_mine_exclusive &= ~bit;
		} else if (flags & SQLITE_SHM_SHARED) {
			node->shm_shared[i] += !(h->shm_mine_shared & bit);
			h->shm_mine_shared |= bit;
		} else {
			node->shm_exclusive[i] = true;
			h->shm_mine_exclusive |= bit;
		}
	}
	return SQLITE_OK;
}

static void x_shm_barrier(sqlite3_file *f)
{
	(void)f;
}

static int x_shm_unmap(sqlite3_file *f, int remove)
{
	struct node *node = ((struct handle *)f)->node;

	if (remove)
		memset(node->regions, 0, sizeof(node->regions));
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = x_close,
	.xRead = x_read,
	.xWrite = x_write,
	.xTruncate = x_truncate,
	.xSync = x_sync,
	.xFileSize = x_size,
	.xLock = x_lock,
	.xUnlock = x_unlock,
	.xCheckReservedLock = x_check,
	.xFileControl = x_control,
	.xSectorSize = x_sector,
	.xDeviceCharacteristics = x_device,
	.xShmMap = x_shm_map,
	.xShmLock = x_shm_lock,
	.xShmBarrier = x_shm_barrier,
	.xShmUnmap = x_shm_unmap,
};

/* --- names */

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f,
		  int flags, int *out)
{
	struct handle *h = (struct handle *)f;

	(void)vfs;
	memset(h, 0, sizeof(*h));
	if (!name)
		return SQLITE_CANTOPEN; /* temp_store is memory */
	sim_point();
	h->file = disk_open(name, flags & SQLITE_OPEN_CREATE, false);
	if (!h->file)
		return io_error(SQLITE_CANTOPEN);
	if (flags & SQLITE_OPEN_MAIN_DB)
		h->node = node_of(h->file);
	h->base.pMethods = &methods;
	if (out)
		*out = flags;
	return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	(void)sync;
	sim_point();
	return disk_unlink(name) == 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

static int x_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	(void)vfs;
	(void)flags;
	*result = disk_find(name) != NULL;
	return SQLITE_OK;
}

static int x_full_name(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	(void)vfs;
	sqlite3_snprintf(n, out, "%s", name);
	return SQLITE_OK;
}

static int x_random(sqlite3_vfs *vfs, int n, char *out)
{
	int i;

	(void)vfs;
	for (i = 0; i < n; i++)
		out[i] = (char)sim_random();
	return n;
}

static int x_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	sim_pass(us);
	return us;
}

static int x_time64(sqlite3_vfs *vfs, sqlite3_int64 *ms)
{
	(void)vfs;
	*ms = 210866760000000LL + (SIM_WALL_BEGIN + sim.now) / 1000;
	return SQLITE_OK;
}

static int x_time(sqlite3_vfs *vfs, double *days)
{
	sqlite3_int64 ms;

	x_time64(vfs, &ms);
	*days = (double)ms / 86400000.0;
	return SQLITE_OK;
}

static int x_error(sqlite3_vfs *vfs, int n, char *text)
{
	(void)vfs;
	(void)n;
	(void)text;
	return disk_is_full() ? ENOSPC : EIO;
}

void vfs_register(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 2,
		.szOsFile = sizeof(struct handle),
		.mxPathname = 256,
		.zName = "sim",
		.xOpen = x_open,
		.xDelete = x_delete,
		.xAccess = x_access,
		.xFullPathname = x_full_name,
		.xRandomness = x_random,
		.xSleep = x_sleep,
		.xCurrentTime = x_time,
		.xGetLastError = x_error,
		.xCurrentTimeInt64 = x_time64,
	};

	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_vfs_register(&vfs, 1);
}
