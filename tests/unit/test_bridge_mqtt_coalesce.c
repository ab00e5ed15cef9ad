/* Who is made to wait, and how the loop is woken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bridge/mqtt/pace.h"

static int setup(void **state)
{
	static struct pace pace;

	pace = (struct pace){
		.work_fd = eventfd(0, EFD_NONBLOCK),
		.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK),
		.sleeps = -1, /* this thread has slept */
	};
	*state = &pace;
	return pace.work_fd < 0 || pace.timer_fd < 0;
}

static int teardown(void **state)
{
	const struct pace *pace = *state;

	close(pace->work_fd);
	close(pace->timer_fd);
	return 0;
}

/* What was read when fd went off, within a second. */
static uint64_t goes_off(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	uint64_t count = 0;

	assert_int_equal(poll(&wait, 1, 1000), 1);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	return count;
}

static bool is_silent(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return poll(&wait, 1, 0) == 0;
}

static void test_alone(void **state)
{
	struct pace *pace = *state;

	pace->ended = 1000000;
	pace_begin(pace, pace->ended + PACE_GATHER_US);
	assert_false(pace->gathered);
	pace_wake(pace);
	assert_int_equal(goes_off(pace->work_fd), 1);
	assert_true(is_silent(pace->timer_fd));
	pace_end(pace);
	assert_true(pace->ended > 0 && pace->ended <= pace_now());
}

static void test_the_first_ever(void **state)
{
	struct pace *pace = *state;

	pace_begin(pace, pace_now());
	assert_false(pace->gathered);
}

static void test_close_behind(void **state)
{
	struct pace *pace = *state;
	int64_t before = pace_now();

	pace->ended = 1000000;
	pace_begin(pace, pace->ended + PACE_GATHER_US - 1);
	assert_true(pace->gathered);
	assert_true(pace_now() - before >= PACE_GATHER_US);
	pace_wake(pace);
	assert_int_equal(goes_off(pace->timer_fd), 1);
	assert_true(is_silent(pace->work_fd));
}

/* Those that have gathered, and those of a queue, follow at once. */
static void test_next_of_several(void **state)
{
	struct pace *pace = *state;

	pace->ended = 1000000;
	pace_begin(pace, pace->ended + PACE_IDLE_US);
	pace_begin(pace, pace->ended + PACE_IDLE_US - 1);
	assert_true(pace->gathered);
	pace->gathered = false;
	pace_begin(pace, pace->ended);
	assert_false(pace->gathered);
}

static long sleeps(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
	return usage.ru_nvcsw;
}

/* Somebody else had the processor: there may be a queue. */
static void test_behind_but_awake(void **state)
{
	struct pace *pace = *state;

	pace->ended = 1000000;
	pace->sleeps = sleeps();
	pace_begin(pace, pace->ended + PACE_IDLE_US);
	assert_false(pace->gathered);
	assert_int_equal(sleeps(), pace->sleeps);
	pace->sleeps = -1;
	pace_begin(pace, pace->ended + PACE_IDLE_US);
	assert_true(pace->gathered);
	/* Its own sleep is known to it. */
	assert_true(pace->sleeps > 0 && pace->sleeps <= sleeps());
}

/* A disk that was waited for is not an event that was. */
static void test_slept_within(void **state)
{
	struct pace *pace = *state;

	pace->began = 0;
	pace_end(pace);
	assert_int_equal(pace->sleeps, sleeps());
	pace_begin(pace, pace->ended + PACE_IDLE_US);
	assert_false(pace->gathered);
}

/* The loop hears of it all the same. */
static void test_without_a_timer(void **state)
{
	struct pace *pace = *state;
	struct pace broken = *pace;

	broken.timer_fd = -1;
	broken.gathered = true;
	pace_wake(&broken);
	assert_int_equal(goes_off(pace->work_fd), 1);
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
		T(test_without_a_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
