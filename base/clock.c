#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts = {0};

	if (clock_gettime(id, &ts) != 0)
		abort(); /* a constant id: cannot happen */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t ztp_clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t ztp_clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

bool ztp_clock_anchor(struct ztp_clock *clock, int64_t newest)
{
	int64_t wall = ztp_clock_wall();

	clock->anchor_boot = ztp_clock_boot();
	clock->anchor_steady = wall < newest ? newest : wall;
	return wall >= newest;
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
