#include "bridge/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 0; /* cannot happen for these two on Linux */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t clock_boot(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

bool clock_anchor(struct clock *clock, int64_t newest)
{
	int64_t wall = clock_wall();

	clock->anchor_boot = clock_boot();
	clock->anchor_steady = wall < newest ? newest : wall;
	return wall >= newest;
}

int64_t clock_steady(const struct clock *clock)
{
	return clock->anchor_steady + clock_boot() - clock->anchor_boot;
}

int64_t clock_to_steady(const struct clock *clock, int64_t wall_ms)
{
	int64_t skew = clock_steady(clock) - clock_wall();

	if (skew > -1000 && skew < 1000)
		return wall_ms;
	return wall_ms + skew;
}
