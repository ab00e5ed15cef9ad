/* The end of a librdkafka handle: in bounded time, also when the handle hangs and
 * the wall clock goes back meanwhile. */
#include "scratch.h"

#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
#include "base/kafka_close.h"

#define HANGS_MS 4000
#define LIMIT_MS 200
#define HOUR_S	 3600

static int64_t ahead_s; /* of the wall clock */

/* These replace the libraries'. That a deadline of the wall clock was taken an hour
 * ahead, and the kernel's is right, is as if the clock had gone back. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (rc == 0 && id == CLOCK_REALTIME)
		ts->tv_sec += ahead_s;
	return rc;
}

void rd_kafka_destroy_flags(rd_kafka_t *rk, int flags)
{
	struct timespec pause = {HANGS_MS / 1000, 0};

	(void)rk, (void)flags;
	nanosleep(&pause, NULL);
}

void rd_kafka_set_log_level(rd_kafka_t *rk, int level)
{
	(void)rk, (void)level;
}

static void hangs(int64_t ahead)
{
	int64_t began = ztp_clock_boot();
	char handle;

	ahead_s = ahead;
	assert_false(ztp_kafka_destroy((rd_kafka_t *)&handle, LIMIT_MS));
	ahead_s = 0;
	assert_true(ztp_clock_boot() - began < HANGS_MS);
}

static void a_handle_that_hangs(void **state)
{
	(void)state;
	hangs(0);
}

static void a_wall_clock_that_goes_back(void **state)
{
	(void)state;
	hangs(HOUR_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handle_that_hangs),
		cmocka_unit_test(a_wall_clock_that_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
