/* System calls of the bridge that fail, in front of the played ones. What a
 * kernel never does (a write to an eventfd fails) is not done here either. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include "tests/sim/disk.h"
#include "tests/sim/system_internal.h"
#include "tests/torture/fail.h"

/* Declares the played and our own function of a system call, and defines ours:
 * it fails with `code`, or is played. */
#define PLAYED(type, name, parameters, arguments, kind, failure, code)         \
	type sim_played_##name parameters;                                     \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		if (!FAILS(kind))                                              \
			return sim_played_##name arguments;                    \
		errno = code;                                                  \
		return failure;                                                \
	}

PLAYED(int, epoll_create1, (int flags), (flags), FAIL_SYSTEM, -1, EMFILE)
PLAYED(int, epoll_ctl, (int epoll, int op, int fd, struct epoll_event *event),
       (epoll, op, fd, event), FAIL_SYSTEM, -1, ENOMEM)
PLAYED(int, epoll_wait,
       (int fd, struct epoll_event *events, int max, int timeout),
       (fd, events, max, timeout), FAIL_SYSTEM, -1, EINTR)
PLAYED(int, eventfd, (unsigned initial, int flags), (initial, flags),
       FAIL_SYSTEM, -1, EMFILE)
PLAYED(int, signalfd, (int fd, const sigset_t *set, int flags),
       (fd, set, flags), FAIL_SYSTEM, -1, EMFILE)
PLAYED(ssize_t, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags),
       FAIL_SYSTEM, -1, EINTR)
PLAYED(int, pthread_create,
       (pthread_t * id, const pthread_attr_t *attr, void *(*run)(void *arg),
	void *arg),
       (id, attr, run, arg), FAIL_SYSTEM, EAGAIN, EAGAIN)
PLAYED(int, chmod, (const char *name, mode_t mode), (name, mode), FAIL_FILE, -1,
       EIO)
PLAYED(int, stat, (const char *name, struct stat *st), (name, st), FAIL_FILE,
       -1, EIO)
PLAYED(int, statvfs, (const char *name, struct statvfs *fs), (name, fs),
       FAIL_FILE, -1, EIO)
PLAYED(DIR *, opendir, (const char *name), (name), FAIL_FILE, NULL, EMFILE)
PLAYED(struct dirent *, readdir, (DIR * dir), (dir), FAIL_READ, NULL, EIO)
PLAYED(int, flock, (int fd, int how), (fd, how), FAIL_FILE, -1, ENOLCK)

/* --- those that the simulation calls itself, on real descriptors */

int sim_played_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
	if (!system_find(fd) || !FAILS(FAIL_FILE))
		return sim_played_fchmod(fd, mode);
	errno = EIO;
	return -1;
}

int sim_played_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
	if (!system_find(fd) || !FAILS(FAIL_FILE))
		return sim_played_fstat(fd, st);
	errno = EIO;
	return -1;
}

ssize_t sim_played_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n)
{
	if (!system_find(fd) || !FAILS(FAIL_SYSTEM))
		return sim_played_read(fd, to, n);
	errno = EINTR;
	return -1;
}

ssize_t sim_played_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
	const struct system_fd *f = system_find(fd);

	if (!f || f->kind != LOG || !FAILS(FAIL_LOG))
		return sim_played_write(fd, bytes, n);
	errno = EPIPE;
	return -1;
}

/* --- the disk, for SQLite and for the journal */

struct file *__real_disk_open(const char *name, bool create, bool exclusive);
struct file *__wrap_disk_open(const char *name, bool create, bool exclusive);
struct file *__wrap_disk_open(const char *name, bool create, bool exclusive)
{
	if (!FAILS(FAIL_FILE))
		return __real_disk_open(name, create, exclusive);
	errno = EMFILE;
	return NULL;
}

ssize_t __real_disk_read(const struct file *file, void *to, size_t n,
			 int64_t at);
ssize_t __wrap_disk_read(const struct file *file, void *to, size_t n,
			 int64_t at);
ssize_t __wrap_disk_read(const struct file *file, void *to, size_t n,
			 int64_t at)
{
	if (!FAILS(FAIL_READ))
		return __real_disk_read(file, to, n, at);
	errno = EIO;
	return -1;
}

/* Every second one that fails has written a part before. */
ssize_t __real_disk_write(struct file *file, const void *bytes, size_t n,
			  int64_t at);
ssize_t __wrap_disk_write(struct file *file, const void *bytes, size_t n,
			  int64_t at);
ssize_t __wrap_disk_write(struct file *file, const void *bytes, size_t n,
			  int64_t at)
{
	if (!FAILS(FAIL_WRITE))
		return __real_disk_write(file, bytes, n, at);
	if (fail.seen[FAIL_WRITE] % 2 == 0)
		(void)__real_disk_write(file, bytes, n / 2, at);
	errno = fail.seen[FAIL_WRITE] % 3 == 0 ? ENOSPC : EIO;
	return -1;
}

#define DISK(name, parameters, arguments, kind, code)                          \
	int __real_disk_##name parameters;                                     \
	int __wrap_disk_##name parameters;                                     \
	int __wrap_disk_##name parameters                                      \
	{                                                                      \
		if (!FAILS(kind))                                              \
			return __real_disk_##name arguments;                   \
		errno = code;                                                  \
		return -1;                                                     \
	}

DISK(grow, (struct file * file, int64_t size), (file, size), FAIL_WRITE, ENOSPC)
DISK(truncate, (struct file * file, int64_t size), (file, size), FAIL_WRITE,
     EIO)
DISK(sync, (struct file * file), (file), FAIL_SYNC, EIO)
DISK(unlink, (const char *name), (name), FAIL_FILE, EIO)
