#include "tests/sim/system.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/disk.h"
#include "tests/sim/sim.h"
#include "tests/sim/system_internal.h"

#define FDS_MAX 256
#define TURN_US 20    /* a turn of the loop takes some time */
#define BUSY	20000 /* turns in a second without an input */

static struct system_fd fds[FDS_MAX];

struct system_fd *system_find(int fd)
{
	return fd >= SIM_FD && fd < SIM_FD + FDS_MAX ? &fds[fd - SIM_FD] : NULL;
}

int system_new(enum system_kind kind)
{
	int i;

	for (i = 0; i < FDS_MAX; i++)
		if (fds[i].kind == FREE) {
			fds[i] = (struct system_fd){.kind = kind, .of = sim.me};
			return SIM_FD + i;
		}
	errno = EMFILE;
	return -1;
}

void system_forget(void)
{
	int i;

	for (i = 0; i < FDS_MAX; i++)
		if (fds[i].of == sim.me)
			fds[i] = (struct system_fd){.kind = FREE};
	disk_release_locks();
}

int system_log_fd(void)
{
	return system_new(LOG);
}

int system_socket(bool (*is_ready)(void *arg), void *arg)
{
	int fd = system_new(SOCKET);

	system_find(fd)->is_ready = is_ready;
	system_find(fd)->arg = arg;
	return fd;
}

/* Closing takes it out of every epoll. */
void system_close(int fd)
{
	struct system_fd *f = system_find(fd);
	int i, k;

	if (!f)
		return;
	if (f->locks)
		disk_unlock(f->file);
	f->kind = FREE;
	for (i = 0; i < FDS_MAX; i++)
		for (k = 0; k < fds[i].watched; k++)
			if (fds[i].watches[k].fd == fd)
				fds[i].watches[k--] =
					fds[i].watches[--fds[i].watched];
}

void system_wake(int fd)
{
	struct system_fd *f = system_find(fd);

	if (f && f->kind == EVENT)
		f->count++;
}

void system_signal(const struct process *to, int signo)
{
	int i;

	for (i = 0; i < FDS_MAX; i++)
		if (fds[i].kind == SIGNAL && (!to || fds[i].of == to))
			fds[i].count |= 1ull << signo;
}

/* --- waiting */

static bool readable(const struct system_fd *f)
{
	int k;

	switch (f->kind) {
	case EVENT:
	case SIGNAL:
		return f->count != 0;
	case SOCKET:
		return f->is_ready(f->arg);
	case EPOLL:
		for (k = 0; k < f->watched; k++)
			if (readable(system_find(f->watches[k].fd)))
				return true;
		return false;
	default:
		return false;
	}
}

static int ready(const struct system_fd *f, struct epoll_event *events, int max)
{
	int k, n = 0;

	for (k = 0; k < f->watched && n < max; k++) {
		const struct system_watch *w = &f->watches[k];
		uint32_t what = w->event.events & EPOLLOUT; /* never full */

		if (readable(system_find(w->fd)))
			what |= EPOLLIN;
		if (what == 0)
			continue;
		events[n] = w->event;
		events[n++].events = what;
	}
	return n;
}

static bool has_ready(void *arg)
{
	struct epoll_event one;

	return ready(arg, &one, 1) > 0;
}

/* A loop that turns and turns with nothing to do. */
static void count_turn(void)
{
	static struct {
		uint64_t inputs, turns;
		int64_t since;
	} counts[PROCESSES_MAX], *c;

	c = &counts[sim.me->number];
	c->turns++;
	if (c->inputs != sim.stats->inputs || sim.now - c->since > SIM_S) {
		c->inputs = sim.stats->inputs;
		c->since = sim.now;
		c->turns = 0;
	} else if (c->turns == BUSY) {
		sim_find("busy: the loop turns without an input");
	}
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	struct system_fd *f = system_find(fd);

	sim_point();
	count_turn();
	sim_pass(TURN_US);
	process_wait(has_ready, f, sim.now + timeout * SIM_MS);
	return ready(f, events, max);
}

/* --- poll: as the loop of a bridge that stands by waits */

struct polled {
	struct pollfd *all;
	nfds_t count;
};

static int look(struct pollfd *all, nfds_t count)
{
	nfds_t i;
	int n = 0;

	for (i = 0; i < count; i++) {
		all[i].revents = 0;
		if (all[i].fd >= 0 && readable(system_find(all[i].fd)))
			all[i].revents = POLLIN;
		n += all[i].revents != 0;
	}
	return n;
}

static bool one_is_readable(void *arg)
{
	const struct polled *polled = arg;

	return look(polled->all, polled->count) > 0;
}

int __wrap_poll(struct pollfd *all, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *all, nfds_t count, int timeout)
{
	struct polled polled = {all, count};

	sim_point();
	sim_pass(TURN_US);
	process_wait(one_is_readable, &polled, sim.now + timeout * SIM_MS);
	return look(all, count);
}

int __wrap_epoll_create1(int flags);
int __wrap_epoll_create1(int flags)
{
	(void)flags;
	return system_new(EPOLL);
}

int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct system_fd *f = system_find(epfd);
	int k;

	for (k = 0; k < f->watched; k++)
		if (f->watches[k].fd == fd)
			break;
	if (op != EPOLL_CTL_ADD && k == f->watched) {
		errno = ENOENT;
		return -1;
	}
	if (op == EPOLL_CTL_DEL) {
		f->watches[k] = f->watches[--f->watched];
		return 0;
	}
	if (k == SYSTEM_WATCHES)
		abort();
	if (k == f->watched)
		f->watched++;
	f->watches[k] = (struct system_watch){fd, *event};
	return 0;
}

int __wrap_eventfd(unsigned initial, int flags);
int __wrap_eventfd(unsigned initial, int flags)
{
	(void)initial;
	(void)flags;
	return system_new(EVENT);
}

int __wrap_signalfd(int fd, const sigset_t *set, int flags);
int __wrap_signalfd(int fd, const sigset_t *set, int flags)
{
	(void)fd;
	(void)set;
	(void)flags;
	return system_new(SIGNAL);
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
	struct system_fd *f = system_find(fd);
	struct signalfd_siginfo info = {0};

	if (!f)
		return __real_read(fd, to, n);
	if (f->kind == FILE_) {
		ssize_t done = disk_read(f->file, to, n, (int64_t)f->count);

		f->count += done > 0 ? (uint64_t)done : 0;
		return done;
	}
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
	struct system_fd *f = system_find(fd);

	if (!f)
		return __real_write(fd, bytes, n);
	if (f->kind == LOG) {
		sim_bytes(bytes, n);
		world_logged(bytes, n);
		if (sim.verbose)
			fprintf(stderr, "%10.6f %d| %.*s",
				(double)sim.now / 1e6, f->of->number, (int)n,
				(const char *)bytes);
		return (ssize_t)n;
	}
	f->count++;
	return (ssize_t)n;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	if (!system_find(fd))
		return __real_close(fd);
	system_close(fd);
	return 0;
}
