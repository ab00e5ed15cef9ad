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
