#include "bridge/core/durations.h"

/* From one transaction to a state that has to be read first. */
const double durations_bounds[DURATIONS_BUCKETS] = {
	0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

void durations_count(uint64_t *counts, double *sum, const double *bounds, int n,
		     int64_t ms)
{
	double seconds = ms > 0 ? (double)ms / 1000 : 0;
	int i = 0;

	while (i < n && seconds > bounds[i])
		i++;
	counts[i]++;
	*sum += seconds;
}

void durations_add(struct durations *durations, int64_t ms)
{
	durations_count(durations->counts, &durations->sum, durations_bounds,
			DURATIONS_BUCKETS, ms);
}
