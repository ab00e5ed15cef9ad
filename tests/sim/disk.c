#include "tests/sim/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/sim/sim.h"

#define FILES_MAX 512
#define FILE_MAX  (256u << 20) /* of address space; memory only as used */
#define PAGE	  4096u
#define SECTOR	  512u
#define PAGES	  (FILE_MAX / PAGE)

struct file {
	char name[96];
	uint8_t *data, *safe; /* safe: as synced; NULL: power is not lost */
	int64_t size, safe_size;
	int64_t written; /* behind that there are zeros that were reserved */
	uint64_t dirty[PAGES / 64];
	uint32_t dirty_low, dirty_high; /* pages */
	int disk;			/* whose it is */
	bool named;			/* durably */
	const struct process *locked;
};

static struct file *files[FILES_MAX];
static bool full[PROCESSES_MAX], failing[PROCESSES_MAX], slow[PROCESSES_MAX];

static uint8_t *room(void)
{
	void *p = mmap(NULL, FILE_MAX, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static int slot_of(const char *name)
{
	int i;

	for (i = 0; i < FILES_MAX; i++)
		if (files[i] && strcmp(files[i]->name, name) == 0)
			return i;
	return -1;
}

/* Those of several are named by its number: "/sim/b1/". */
static int disk_of(const char *name)
{
	size_t n = strlen(SIM_DIR);

	if (name[n] != 'b' || name[n + 1] < '0' || name[n + 2] != '/')
		return 0;
	return name[n + 1] - '0';
}

struct file *disk_find(const char *name)
{
	int i = slot_of(name);

	return i < 0 ? NULL : files[i];
}

struct file *disk_open(const char *name, bool create, bool exclusive)
{
	struct file *file = disk_find(name);
	int i = 0;

	if (file && exclusive)
		errno = EEXIST;
	if (file)
		return exclusive ? NULL : file;
	if (!create) {
		errno = ENOENT;
		return NULL;
	}
	if (full[disk_of(name)]) {
		errno = ENOSPC;
		return NULL;
	}
	while (i < FILES_MAX && files[i])
		i++;
	if (i == FILES_MAX || strlen(name) >= sizeof(file->name))
		abort();
	file = files[i] = sim_alloc(sizeof(*file));
	memcpy(file->name, name, strlen(name) + 1);
	file->data = room();
	file->disk = disk_of(name);
	if (sim.plan.sync_full)
		file->safe = room();
	file->dirty_low = PAGES;
	return file;
}

/* To look for an entry in 4 MiB of zeros is most of what a start would take, and
 * finds what a file without them does: so most seeds have no such zeros. */
ssize_t disk_read(const struct file *file, void *to, size_t n, int64_t at)
{
	int64_t size = sim.plan.zeros ? file->size : file->written;

	if (at >= size)
		return 0;
	if ((int64_t)n > size - at)
		n = (size_t)(size - at);
	memcpy(to, file->data + at, n);
	return (ssize_t)n;
}

static void mark(struct file *file, int64_t from, int64_t to)
{
	uint32_t page = (uint32_t)(from / PAGE);
	uint32_t end = (uint32_t)((to + PAGE - 1) / PAGE);

	if (!file->safe)
		return;
	if (page < file->dirty_low)
		file->dirty_low = page;
	if (end > file->dirty_high)
		file->dirty_high = end;
	for (; page < end; page++)
		file->dirty[page / 64] |= 1ull << page % 64;
}

static bool fails(const struct file *file)
{
	if (!failing[file->disk] || !sim_odds(4))
		return false;
	errno = EIO;
	return true;
}

ssize_t disk_write(struct file *file, const void *bytes, size_t n, int64_t at)
{
	int64_t end = at + (int64_t)n;

	if (end > (int64_t)FILE_MAX)
		abort();
	if (fails(file))
		return -1;
	if (full[file->disk] && end > file->size) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(file->data + at, bytes, n);
	mark(file, at, end);
	if (end > file->size)
		file->size = end;
	if (end > file->written)
		file->written = end;
	return (ssize_t)n;
}

int disk_grow(struct file *file, int64_t size)
{
	if (full[file->disk] && size > file->size) {
		errno = ENOSPC;
		return -1;
	}
	if (size > file->size)
		file->size = size;
	return 0;
}

int disk_truncate(struct file *file, int64_t size)
{
	if (fails(file))
		return -1;
	if (size < file->size) {
		memset(file->data + size, 0, (size_t)(file->size - size));
		mark(file, size, file->size);
	}
	file->size = size;
	file->written = size;
	return 0;
}

int disk_sync(struct file *file)
{
	uint32_t page;

	if (slow[file->disk])
		sim_pass(sim_delay(10 * SIM_MS, 300 * SIM_MS));
	if (fails(file))
		return -1;
	file->named = true;
	if (!file->safe)
		return 0;
	for (page = file->dirty_low; page < file->dirty_high; page++)
		if (file->dirty[page / 64] & 1ull << page % 64) {
			memcpy(file->safe + page * PAGE,
			       file->data + page * PAGE, PAGE);
			file->dirty[page / 64] &= ~(1ull << page % 64);
		}
	file->dirty_low = PAGES;
	file->dirty_high = 0;
	file->safe_size = file->size;
	return 0;
}

static void drop(int i)
{
	files[i] = NULL; /* somebody may still have it open */
}

int disk_unlink(const char *name)
{
	int i = slot_of(name);

	if (i < 0) {
		errno = ENOENT;
		return -1;
	}
	drop(i);
	return 0;
}

int64_t disk_size(const struct file *file)
{
	return file->size;
}

const char *disk_name(int n)
{
	int i;

	for (i = 0; i < FILES_MAX; i++)
		if (files[i] && n-- == 0)
			return files[i]->name;
	return NULL;
}

bool disk_is_full(void)
{
	return full[sim.me->number];
}

bool disk_lock(struct file *file)
{
	if (file->locked)
		return false;
	file->locked = sim.me;
	return true;
}

void disk_unlock(struct file *file)
{
	file->locked = NULL;
}

void disk_release_locks(void)
{
	int i;

	for (i = 0; i < FILES_MAX; i++)
		if (files[i] && files[i]->locked == sim.me)
			files[i]->locked = NULL;
}

/* --- what goes wrong */

void disk_fill(int of, bool on)
{
	full[of] = on;
}

void disk_fail(int of, bool on)
{
	failing[of] = on;
}

void disk_slow(int of, bool on)
{
	slow[of] = on;
}

void disk_wipe(void)
{
	int i;

	for (i = 0; i < FILES_MAX; i++)
		if (files[i] && files[i]->disk == sim.me->number)
			drop(i);
}

/* A page that was not synced: old, new, or new up to some sector. */
static void settle_page(struct file *file, uint32_t page)
{
	uint32_t keep = (uint32_t)sim_between(0, PAGE / SECTOR) * SECTOR;

	if (sim_odds(3))
		keep = 0;
	else if (sim_odds(2))
		keep = PAGE;
	memcpy(file->data + page * PAGE + keep, file->safe + page * PAGE + keep,
	       PAGE - keep);
	memcpy(file->safe + page * PAGE, file->data + page * PAGE, PAGE);
	file->dirty[page / 64] &= ~(1ull << page % 64);
}

void disk_lose_power(void)
{
	uint32_t page;
	int i;

	for (i = 0; i < FILES_MAX; i++) {
		struct file *file = files[i];

		if (!file || !file->safe || file->disk != sim.me->number)
			continue;
		if (!file->named && sim_odds(2)) {
			drop(i);
			continue;
		}
		for (page = file->dirty_low; page < file->dirty_high; page++)
			if (file->dirty[page / 64] & 1ull << page % 64)
				settle_page(file, page);
		file->dirty_low = PAGES;
		file->dirty_high = 0;
		/* The length is metadata: the old one, or the new. */
		if (sim_odds(2)) {
			if (file->safe_size < file->size)
				memset(file->data + file->safe_size, 0,
				       (size_t)(file->size - file->safe_size));
			/* A shorter one may have been written since: what is
			 * behind it is there again, and can be read. */
			if (file->safe_size > file->size)
				file->written = file->safe_size;
			file->size = file->safe_size;
		}
		if (file->written > file->size)
			file->written = file->size;
		file->safe_size = file->size;
	}
}
