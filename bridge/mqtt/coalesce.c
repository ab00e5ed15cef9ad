#include "bridge/mqtt/coalesce.h"

#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Has this thread slept since the last call? Time also passes while other
 * threads have the processor. A queue may then have built up, and this is the
 * wrong moment to sleep. */
static bool has_slept(struct coalesce *coalesce)
{
	long before = coalesce->sleeps;
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage) == 0)
		coalesce->sleeps = usage.ru_nvcsw;
	return coalesce->sleeps != before;
}

void coalesce_begin(struct coalesce *coalesce, int64_t now)
{
	static const struct timespec wait = {.tv_nsec =
						     COALESCE_WAIT_US * 1000L};
	int64_t waited = now - coalesce->ended;

	coalesce->began = now;
	if (waited < COALESCE_WAITED_US || !has_slept(coalesce))
		return;
	coalesce->coalesced = waited < COALESCE_WAIT_US;
	if (!coalesce->coalesced)
		return;
	nanosleep(&wait, NULL);
	coalesce->sleeps++;
	coalesce->began = ztp_clock_us();
}

void coalesce_end(struct coalesce *coalesce)
{
	int64_t now = ztp_clock_us();

	/* It may have slept in the journal, waiting for the disk and not
	 * for an event. */
	if (now - coalesce->began >= COALESCE_WAITED_US)
		(void)has_slept(coalesce);
	coalesce->ended = now;
}

void coalesce_wake(const struct coalesce *coalesce)
{
	static const struct itimerspec idle_after = {
		.it_value.tv_nsec = COALESCE_IDLE_AFTER_US * 1000L};
	static const uint64_t one = 1;

	if (coalesce->coalesced &&
	    timerfd_settime(coalesce->timer_fd, 0, &idle_after, NULL) == 0)
		return;
	if (write(coalesce->work_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: the loop is awake anyway */
}
