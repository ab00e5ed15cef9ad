#include "bridge/clock.h"

#include "base/clock.h"

bool clock_anchor(struct clock *clock, int64_t newest)
{
	int64_t wall = ztp_clock_wall();

	clock->anchor_boot = ztp_clock_boot();
	clock->anchor_steady = wall < newest ? newest : wall;
	return wall >= newest;
}

int64_t clock_steady(const struct clock *clock)
{
	return clock->anchor_steady + ztp_clock_boot() - clock->anchor_boot;
}

int64_t clock_to_steady(const struct clock *clock, int64_t wall_ms)
{
	int64_t skew = clock_steady(clock) - ztp_clock_wall();

	if (skew > -1000 && skew < 1000)
		return wall_ms;
	return wall_ms + skew;
}
