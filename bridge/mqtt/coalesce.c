#include "bridge/mqtt/coalesce.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/core/batching.h"

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
	static const struct timespec wait = {.tv_nsec = BATCHING_GATHER_US *
							1000L};
	int64_t waited = now - coalesce->ended;

	coalesce->began = now;
	if (waited < BATCHING_WAITED_US || !has_slept(coalesce))
		return;
	coalesce->coalesced = waited < BATCHING_GATHER_US;
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
	if (now - coalesce->began >= BATCHING_WAITED_US)
		(void)has_slept(coalesce);
	coalesce->ended = now;
}

void coalesce_wake(const struct coalesce *coalesce)
{
	static const uint64_t one = 1;

	if (write(coalesce->work_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: the loop is awake anyway */
}
