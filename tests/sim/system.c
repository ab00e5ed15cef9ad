#include "tests/sim/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/disk.h"
#include "tests/sim/sim.h"

#define FDS_MAX	    256
#define WATCHES_MAX 16
#define TURN_US	    20	  /* a turn of the loop takes some time */
#define BUSY	    20000 /* turns in a second without an input */

enum kind { FREE, EVENT, TIMER, SIGNAL, EPOLL, SOCKET, FILE_, DIRECTORY, LOG };

struct watch {
	int fd;
	struct epoll_event event;
};

struct fd {
	uint64_t count; /* EVENT; TIMER: goes off at; SIGNAL: which */
	struct file *file;
	bool (*is_ready)(void *arg);
	void *arg;
	struct watch watches[WATCHES_MAX];
	int watched;
	enum kind kind;
};

static struct fd fds[FDS_MAX];

static struct fd *find(int fd)
{
	return fd >= SIM_FD && fd < SIM_FD + FDS_MAX ? &fds[fd - SIM_FD] : NULL;
}

static int new_fd(enum kind kind)
{
	int i;

	for (i = 0; i < FDS_MAX; i++)
		if (fds[i].kind == FREE) {
			fds[i] = (struct fd){.kind = kind};
			return SIM_FD + i;
		}
	errno = EMFILE;
	return -1;
}

void system_forget(void)
{
	memset(fds, 0, sizeof(fds));
	disk_release_locks();
}

int system_log_fd(void)
{
	return new_fd(LOG);
}

int system_socket(bool (*is_ready)(void *arg), void *arg)
{
	int fd = new_fd(SOCKET);

	find(fd)->is_ready = is_ready;
	find(fd)->arg = arg;
	return fd;
}

/* Closing takes it out of every epoll. */
void system_close(int fd)
{
	struct fd *f = find(fd);
	int i, k;

	if (!f)
		return;
	f->kind = FREE;
	for (i = 0; i < FDS_MAX; i++)
		for (k = 0; k < fds[i].watched; k++)
			if (fds[i].watches[k].fd == fd)
				fds[i].watches[k--] =
					fds[i].watches[--fds[i].watched];
}

void system_wake(int fd)
{
	struct fd *f = find(fd);

	if (f && f->kind == EVENT)
		f->count++;
}

void system_signal(int signo)
{
	int i;

	for (i = 0; i < FDS_MAX; i++)
		if (fds[i].kind == SIGNAL)
			fds[i].count |= 1ull << signo;
}

/* --- waiting */

static bool readable(const struct fd *f)
{
	int k;

	switch (f->kind) {
	case EVENT:
	case SIGNAL:
		return f->count != 0;
	case TIMER:
		return f->count != 0 && (int64_t)f->count <= sim.now;
	case SOCKET:
		return f->is_ready(f->arg);
	case EPOLL:
		for (k = 0; k < f->watched; k++)
			if (readable(find(f->watches[k].fd)))
				return true;
		return false;
	default:
		return false;
	}
}

static int ready(const struct fd *f, struct epoll_event *events, int max)
{
	int k, n = 0;

	for (k = 0; k < f->watched && n < max; k++) {
		const struct watch *w = &f->watches[k];
		uint32_t what = w->event.events & EPOLLOUT; /* never full */

		if (readable(find(w->fd)))
			what |= EPOLLIN;
		if (what == 0)
			continue;
		events[n] = w->event;
		events[n++].events = what;
	}
	return n;
}

/* A loop that turns and turns with nothing to do. */
static void count_turn(void)
{
	static uint64_t inputs, turns;
	static int64_t since;

	turns++;
	if (inputs != sim.stats->inputs || sim.now - since > SIM_S) {
		inputs = sim.stats->inputs;
		since = sim.now;
		turns = 0;
	} else if (turns == BUSY) {
		sim_find("busy: the loop turns without an input");
	}
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	const struct fd *f = find(fd);
	int64_t until;
	int n;

	sim_point();
	count_turn();
	sim_pass(TURN_US);
	until = sim.now + timeout * SIM_MS;
	while ((n = ready(f, events, max)) == 0 && sim.now < until) {
		int64_t next = until;
		int i;

		for (i = 0; i < FDS_MAX; i++) /* a timer is nobody's event */
			if (fds[i].kind == TIMER &&
			    (int64_t)fds[i].count > sim.now &&
			    (int64_t)fds[i].count < next)
				next = (int64_t)fds[i].count;
		sim_step(next);
	}
	return n;
}

int __wrap_epoll_create1(int flags);
int __wrap_epoll_create1(int flags)
{
	(void)flags;
	return new_fd(EPOLL);
}

int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct fd *f = find(epfd);
	int k;

	for (k = 0; k < f->watched; k++)
		if (f->watches[k].fd == fd)
			break;
	if (op == EPOLL_CTL_MOD && k == f->watched) {
		errno = ENOENT;
		return -1;
	}
	if (k == WATCHES_MAX)
		abort();
	if (k == f->watched)
		f->watched++;
	f->watches[k] = (struct watch){fd, *event};
	return 0;
}

int __wrap_eventfd(unsigned initial, int flags);
int __wrap_eventfd(unsigned initial, int flags)
{
	(void)initial;
	(void)flags;
	return new_fd(EVENT);
}

int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags)
{
	(void)clock;
	(void)flags;
	return new_fd(TIMER);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old)
{
	(void)flags;
	(void)old;
	find(fd)->count = (uint64_t)(sim.now + value->it_value.tv_sec * SIM_S +
				     value->it_value.tv_nsec / 1000);
	return 0;
}

int __wrap_signalfd(int fd, const sigset_t *set, int flags);
int __wrap_signalfd(int fd, const sigset_t *set, int flags)
{
	(void)fd;
	(void)set;
	(void)flags;
	return new_fd(SIGNAL);
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how;
	(void)set;
	(void)old;
	return 0;
}

/* --- descriptors */

ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n)
{
	struct fd *f = find(fd);
	struct signalfd_siginfo info = {0};

	if (!f)
		return __real_read(fd, to, n);
	if (!readable(f)) {
		errno = EAGAIN;
		return -1;
	}
	if (f->kind == SIGNAL) {
		info.ssi_signo = (uint32_t)__builtin_ctzll(f->count);
		f->count &= f->count - 1;
		memcpy(to, &info, sizeof(info));
		return sizeof(info);
	}
	memcpy(to, &f->count, 8);
	f->count = 0;
	return 8;
}

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
	struct fd *f = find(fd);

	if (!f)
		return __real_write(fd, bytes, n);
	if (f->kind == LOG) {
		sim_bytes(bytes, n);
		if (sim.verbose)
			fprintf(stderr, "%10.6f | %.*s", (double)sim.now / 1e6,
				(int)n, (const char *)bytes);
		return (ssize_t)n;
	}
	f->count++;
	return (ssize_t)n;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	if (!find(fd))
		return __real_close(fd);
	system_close(fd);
	return 0;
}

/* --- files */

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...)
{
	struct file *file;
	int fd;

	if (strncmp(name, SIM_DIR, sizeof(SIM_DIR) - 2) != 0)
		return __real_open(name, flags, 0600);
	if (flags & O_DIRECTORY)
		return new_fd(DIRECTORY);
	sim_point();
	file = disk_open(name, flags & O_CREAT, flags & O_EXCL);
	if (!file)
		return -1;
	fd = new_fd(FILE_);
	find(fd)->file = file;
	return fd;
}

ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at)
{
	return disk_read(find(fd)->file, to, n, at);
}

/* Killed in the middle of it: the first pages are there. */
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	struct file *file = find(fd)->file;
	ssize_t done;

	if (sim.crash_in == 1 && !sim.calm)
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

	if (find(fd)->kind == DIRECTORY)
		return 0; /* each fsync of a file does it, see disk.h */
	rc = disk_sync(find(fd)->file);
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
	return disk_grow(find(fd)->file, at + n) == 0 ? 0 : errno;
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
	if (disk_lock(find(fd)->file))
		return 0;
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
	return find(fd) ? 0 : __real_fchmod(fd, mode);
}

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
	if (!find(fd))
		return __real_fstat(fd, st);
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFREG | 0600;
	st->st_nlink = 1;
	st->st_uid = geteuid();
	st->st_size = disk_size(find(fd)->file);
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
	struct dirent entry;
};

DIR *__wrap_opendir(const char *name);
DIR *__wrap_opendir(const char *name)
{
	(void)name;
	return sim_alloc(sizeof(struct listing));
}

struct dirent *__wrap_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir)
{
	struct listing *listing = (struct listing *)(void *)dir;
	const char *name = disk_name(listing->next++);

	if (!name)
		return NULL;
	snprintf(listing->entry.d_name, sizeof(listing->entry.d_name), "%s",
		 name + sizeof(SIM_DIR) - 1);
	return &listing->entry;
}

int __wrap_closedir(DIR *dir);
int __wrap_closedir(DIR *dir)
{
	(void)dir;
	return 0;
}

/* --- clocks, randomness, the end */

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t us = sim.now;

	if (id == CLOCK_REALTIME)
		us += SIM_WALL_BEGIN + sim.wall_skew;
	ts->tv_sec = us / SIM_S;
	ts->tv_nsec = us % SIM_S * 1000;
	return 0;
}

int __wrap_nanosleep(const struct timespec *ts, struct timespec *left);
int __wrap_nanosleep(const struct timespec *ts, struct timespec *left)
{
	(void)left;
	sim_pass(ts->tv_sec * SIM_S + ts->tv_nsec / 1000);
	return 0;
}

/* Whether paho's thread has slept since it asked last: see bridge/mqtt/coalesce.c. */
int __wrap_getrusage(int who, struct rusage *usage);
int __wrap_getrusage(int who, struct rusage *usage)
{
	static long slept;

	(void)who;
	memset(usage, 0, sizeof(*usage));
	usage->ru_nvcsw = slept += sim_odds(2);
	return 0;
}

ssize_t __wrap_getrandom(void *to, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t n, unsigned flags)
{
	size_t i;

	(void)flags;
	for (i = 0; i < n; i++)
		((uint8_t *)to)[i] = (uint8_t)sim_random();
	return (ssize_t)n;
}

void __wrap__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code)
{
	sim_trace("_exit", code, 0);
	sim.in_event = false;
	siglongjmp(sim.end, code + 2);
}

/* Of the broker's socket alone. */
int __wrap_setsockopt(int fd, int level, int name, const void *value,
		      socklen_t n);
int __wrap_setsockopt(int fd, int level, int name, const void *value,
		      socklen_t n)
{
	(void)fd;
	(void)level;
	(void)name;
	(void)value;
	(void)n;
	return 0;
}
