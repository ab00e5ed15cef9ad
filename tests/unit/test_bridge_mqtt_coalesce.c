/* Which events wait for others, and how the loop is woken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/core/batching.h"
#include "bridge/mqtt/coalesce.h"

static int setup(void **state)
{
	static struct coalesce coalesce;

	coalesce = (struct coalesce){
		.work_fd = eventfd(0, EFD_NONBLOCK),
		.sleeps = -1, /* this thread has slept */
	};
	*state = &coalesce;
	return coalesce.work_fd < 0;
}

static int teardown(void **state)
{
	const struct coalesce *coalesce = *state;

	close(coalesce->work_fd);
	return 0;
}

/* What was read when fd became readable, within a second. */
static uint64_t goes_off(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	uint64_t count = 0;

	assert_int_equal(poll(&wait, 1, 1000), 1);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	return count;
}

static void test_alone(void **state)
{
	struct coalesce *coalesce = *state;

	coalesce->ended = 1000000;
	coalesce_begin(coalesce, coalesce->ended + BATCHING_GATHER_US);
	assert_false(coalesce->coalesced);
	coalesce_wake(coalesce);
	assert_int_equal(goes_off(coalesce->work_fd), 1);
	coalesce_end(coalesce);
	assert_true(coalesce->ended > 0 && coalesce->ended <= ztp_clock_us());
}

static void test_the_first_ever(void **state)
{
	struct coalesce *coalesce = *state;

	coalesce_begin(coalesce, ztp_clock_us());
	assert_false(coalesce->coalesced);
}

static void test_close_behind(void **state)
{
	struct coalesce *coalesce = *state;
	int64_t before = ztp_clock_us();

	coalesce->ended = 1000000;
	coalesce_begin(coalesce, coalesce->ended + BATCHING_GATHER_US - 1);
	assert_true(coalesce->coalesced);
	assert_true(ztp_clock_us() - before >= BATCHING_GATHER_US);
}

/* Events that have waited together, and those in a queue, follow at once. */
static void test_next_of_several(void **state)
{
	struct coalesce *coalesce = *state;

	coalesce->ended = 1000000;
	coalesce_begin(coalesce, coalesce->ended + BATCHING_WAITED_US);
	coalesce_begin(coalesce, coalesce->ended + BATCHING_WAITED_US - 1);
	assert_true(coalesce->coalesced);
	coalesce->coalesced = false;
	coalesce_begin(coalesce, coalesce->ended);
	assert_false(coalesce->coalesced);
}

static long sleeps(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
	return usage.ru_nvcsw;
}

/* Another process had the processor, so there may be a queue. */
static void test_behind_but_awake(void **state)
{
	struct coalesce *coalesce = *state;

	coalesce->ended = 1000000;
	coalesce->sleeps = sleeps();
	coalesce_begin(coalesce, coalesce->ended + BATCHING_WAITED_US);
	assert_false(coalesce->coalesced);
	assert_int_equal(sleeps(), coalesce->sleeps);
	coalesce->sleeps = -1;
	coalesce_begin(coalesce, coalesce->ended + BATCHING_WAITED_US);
	assert_true(coalesce->coalesced);
	/* It knows about its own sleep. */
	assert_true(coalesce->sleeps > 0 && coalesce->sleeps <= sleeps());
}

/* Waiting for the disk is not waiting for an event. */
static void test_slept_within(void **state)
{
	struct coalesce *coalesce = *state;

	coalesce->began = 0;
	coalesce_end(coalesce);
	assert_int_equal(coalesce->sleeps, sleeps());
	coalesce_begin(coalesce, coalesce->ended + BATCHING_WAITED_US);
	assert_false(coalesce->coalesced);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_alone),
		T(test_the_first_ever),
		T(test_close_behind),
		T(test_next_of_several),
		T(test_behind_but_awake),
		T(test_slept_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
