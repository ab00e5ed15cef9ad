#include "base/clock.h"

#include <stdlib.h>

#define SECOND_NS 1000000000L

static struct timespec read_clock(clockid_t id)
{
	struct timespec now = {0};

	if (clock_gettime(id, &now) != 0)
		abort(); /* cannot happen: the id is a constant */
	return now;
}

static int64_t in_ms(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int64_t ztp_clock_wall(void)
{
	return in_ms(read_clock(CLOCK_REALTIME));
}

int64_t ztp_clock_boot(void)
{
	return in_ms(read_clock(CLOCK_BOOTTIME));
}

static int64_t in_us(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int64_t ztp_clock_us(void)
{
	return in_us(read_clock(CLOCK_MONOTONIC));
}

int64_t ztp_clock_thread_us(void)
{
	return in_us(read_clock(CLOCK_THREAD_CPUTIME_ID));
}

struct timespec ztp_clock_after(clockid_t id, int64_t ms)
{
	struct timespec at = read_clock(id);

	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= SECOND_NS) {
		at.tv_sec++;
		at.tv_nsec -= SECOND_NS;
	}
	return at;
}

bool ztp_clock_anchor_ahead(struct ztp_clock *clock, int64_t ahead,
			    int64_t newest)
{
	int64_t now = ztp_clock_wall() + ahead;

	clock->anchor_boot = ztp_clock_boot();
	clock->anchor_steady = now < newest ? newest : now;
	return now >= newest;
}

bool ztp_clock_anchor(struct ztp_clock *clock, int64_t newest)
{
	return ztp_clock_anchor_ahead(clock, 0, newest);
}

int64_t ztp_clock_steady(const struct ztp_clock *clock)
{
	return clock->anchor_steady + ztp_clock_boot() - clock->anchor_boot;
}

int64_t ztp_clock_to_steady(const struct ztp_clock *clock, int64_t wall_ms)
{
	int64_t skew = ztp_clock_steady(clock) - ztp_clock_wall();

	if (skew > -1000 && skew < 1000)
		return wall_ms;
	return wall_ms + skew;
}
