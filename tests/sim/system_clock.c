/* Clocks, randomness, and how the process ends: the scheduler's. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t us = sim.now;

	if (id == CLOCK_REALTIME)
		us += SIM_WALL_BEGIN + sim.wall_skew +
		      (sim.me ? sim.me->skew : 0);
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
	process_end(PROCESS_EXITED + code);
}

/* Of the broker's socket alone. */
int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *size);
int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *size)
{
	(void)fd;
	(void)address;
	(void)size;
	return 0; /* TCP is quick here; CONNACK may not be */
}

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
