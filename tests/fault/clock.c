/*
 * A wall clock that is wrong, and a boot clock that has passed some time at
 * once, so that a test need not wait for it; for the main program only: the
 * libraries keep the true ones, since their condition variables wait in the
 * kernel's wall clock, which this cannot move; with a false "now" they would
 * wait for an hour where the program's clock was stepped by one.
 */
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "preload.h"

struct span {
	uintptr_t from, to;
};

static int first_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct span *span = arg;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + part->p_vaddr;

		if (part->p_type != PT_LOAD)
			continue;
		if (!span->to || from < span->from)
			span->from = from;
		if (from + part->p_memsz > span->to)
			span->to = from + part->p_memsz;
	}
	return 1; /* the first one is the main program */
}

static bool from_program(const void *caller)
{
	struct span span = {0, 0};

	(void)dl_iterate_phdr(first_object, &span);
	return (uintptr_t)caller >= span.from && (uintptr_t)caller < span.to;
}

static int64_t offset_ms(clockid_t id, const void *caller)
{
	const struct control *control = preload_control();
	int64_t ms = 0;

	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ms = __atomic_load_n(&control->clock_ms, __ATOMIC_SEQ_CST);
	else if (id == CLOCK_BOOTTIME)
		ms = __atomic_load_n(&control->boot_ms, __ATOMIC_SEQ_CST);
	return ms && from_program(caller) ? ms : 0;
}

static void move(struct timespec *ts, int64_t ms)
{
	int64_t ns = ts->tv_nsec + ms % 1000 * 1000000;

	ts->tv_sec += ms / 1000 + ns / 1000000000;
	ns %= 1000000000;
	if (ns < 0) {
		ns += 1000000000;
		ts->tv_sec--;
	}
	ts->tv_nsec = ns;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (rc == 0)
		move(ts, offset_ms(id, __builtin_return_address(0)));
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts) != 0)
		return -1;
	move(&ts, offset_ms(CLOCK_REALTIME, __builtin_return_address(0)));
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *seconds)
{
	struct timespec ts;

	if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts) != 0)
		return -1;
	move(&ts, offset_ms(CLOCK_REALTIME, __builtin_return_address(0)));
	if (seconds)
		*seconds = ts.tv_sec;
	return ts.tv_sec;
}
