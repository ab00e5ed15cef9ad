/* Files of the bridge (its journal, its lock): on the played disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/sim/disk.h"
#include "tests/sim/sim.h"
#include "tests/sim/system_internal.h"

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...)
{
	struct file *file;
	int fd;

	if (strncmp(name, SIM_DIR, sizeof(SIM_DIR) - 2) != 0)
		return __real_open(name, flags, 0600);
	if (flags & O_DIRECTORY)
		return system_new(DIRECTORY);
	sim_point();
	file = disk_open(name, flags & O_CREAT, flags & O_EXCL);
	if (!file)
		return -1;
	fd = system_new(FILE_);
	system_find(fd)->file = file;
	return fd;
}

ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at);
int __real_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...)
{
	va_list args;
	long value;

	if (system_find(fd))
		return 0;
	va_start(args, what);
	value = va_arg(args, long);
	va_end(args);
	return __real_fcntl(fd, what, value);
}

ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at)
{
	return disk_read(system_find(fd)->file, to, n, at);
}

/* Killed in the middle of it: the first pages are there. */
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	struct file *file = system_find(fd)->file;
	ssize_t done;

	if (sim.me->crash_in == 1 && !sim.calm)
		disk_write(file, bytes, (size_t)sim_between(0, (int64_t)n), at);
	sim_point();
	done = disk_write(file, bytes, n, at);
	sim_point();
	return done;
}

int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd)
{
	int rc;

	if (system_find(fd)->kind == DIRECTORY)
		return 0; /* each fsync of a file does it, see disk.h */
	rc = disk_sync(system_find(fd)->file);
	sim_point();
	return rc;
}

int __wrap_fsync(int fd)
{
	return __wrap_fdatasync(fd);
}

int __wrap_posix_fallocate(int fd, off_t at, off_t n);
int __wrap_posix_fallocate(int fd, off_t at, off_t n)
{
	return disk_grow(system_find(fd)->file, at + n) == 0 ? 0 : errno;
}

int __wrap_unlink(const char *name);
int __wrap_unlink(const char *name)
{
	sim_point();
	return disk_unlink(name);
}

int __wrap_flock(int fd, int how);
int __wrap_flock(int fd, int how)
{
	(void)how;
	if (disk_lock(system_find(fd)->file)) {
		system_find(fd)->locks = true;
		return 0;
	}
	errno = EWOULDBLOCK;
	return -1;
}

int __wrap_chmod(const char *name, mode_t mode);
int __wrap_chmod(const char *name, mode_t mode)
{
	(void)mode;
	return disk_find(name) ? 0 : -1;
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
	return system_find(fd) ? 0 : __real_fchmod(fd, mode);
}

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
	if (!system_find(fd))
		return __real_fstat(fd, st);
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFREG | 0600;
	if (system_find(fd)->kind == LOG)
		return 0;
	st->st_nlink = 1;
	st->st_uid = geteuid();
	st->st_size = disk_size(system_find(fd)->file);
	return 0;
}

int __wrap_stat(const char *name, struct stat *st);
int __wrap_stat(const char *name, struct stat *st)
{
	const struct file *file = disk_find(name);

	if (!file) {
		errno = ENOENT;
		return -1;
	}
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFREG | 0600;
	st->st_size = disk_size(file);
	return 0;
}

int __wrap_statvfs(const char *name, struct statvfs *fs);
int __wrap_statvfs(const char *name, struct statvfs *fs)
{
	(void)name;
	memset(fs, 0, sizeof(*fs));
	fs->f_frsize = 4096;
	fs->f_blocks = 1 << 20;
	fs->f_bavail = disk_is_full() ? 0 : 1 << 19;
	return 0;
}

struct listing {
	int next;
	char folder[96]; /* with its slash */
	struct dirent entry;
};

DIR *__wrap_opendir(const char *name);
DIR *__wrap_opendir(const char *name)
{
	struct listing *listing = sim_alloc(sizeof(*listing));

	snprintf(listing->folder, sizeof(listing->folder), "%s/", name);
	return (DIR *)listing;
}

struct dirent *__wrap_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir)
{
	struct listing *listing = (struct listing *)(void *)dir;
	size_t n = strlen(listing->folder);
	const char *name;

	do
		name = disk_name(listing->next++);
	while (name && strncmp(name, listing->folder, n) != 0);
	if (!name)
		return NULL;
	snprintf(listing->entry.d_name, sizeof(listing->entry.d_name), "%s",
		 name + n);
	return &listing->entry;
}

int __wrap_closedir(DIR *dir);
int __wrap_closedir(DIR *dir)
{
	(void)dir;
	return 0;
}
