#include "bridge/mqtt/pace.h"

#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int64_t pace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Since it was asked last. Time goes by, too, while others have the processor:
 * then there may be a queue, and this is not the moment to sleep. */
static bool has_slept(struct pace *pace)
{
	long before = pace->sleeps;
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage) == 0)
		pace->sleeps = usage.ru_nvcsw;
	return pace->sleeps != before;
}

void pace_begin(struct pace *pace, int64_t now)
{
	static const struct timespec gather = {.tv_nsec =
						       PACE_GATHER_US * 1000L};
	int64_t waited = now - pace->ended;

	pace->began = now;
	if (waited < PACE_IDLE_US || !has_slept(pace))
		return;
	pace->gathered = waited < PACE_GATHER_US;
	if (!pace->gathered)
		return;
	nanosleep(&gather, NULL);
	pace->sleeps++;
	pace->began = pace_now();
}

void pace_end(struct pace *pace)
{
	int64_t now = pace_now();

	/* It may have slept in the journal, for the disk: not for an event. */
	if (now - pace->began >= PACE_IDLE_US)
		(void)has_slept(pace);
	pace->ended = now;
}

void pace_wake(const struct pace *pace)
{
	static const struct itimerspec through = {
		.it_value.tv_nsec = PACE_THROUGH_US * 1000L};
	static const uint64_t one = 1;

	if (pace->gathered &&
	    timerfd_settime(pace->timer_fd, 0, &through, NULL) == 0)
		return;
	if (write(pace->work_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: the loop is awake anyway */
}
