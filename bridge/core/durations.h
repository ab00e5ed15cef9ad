/*
 * bridge/core/durations.h - how long something took, counted for a histogram of
 * /metrics. Loop thread only.
 */
#ifndef BRIDGE_CORE_DURATIONS_H
#define BRIDGE_CORE_DURATIONS_H

#include <stdint.h>

#define DURATIONS_BUCKETS 13

/* Zeros to begin with. */
struct durations {
	uint64_t counts[DURATIONS_BUCKETS + 1]; /* the last one: longer */
	double sum;				/* seconds */
};

/* The upper bound of each bucket, in seconds. */
extern const double durations_bounds[DURATIONS_BUCKETS];

void durations_add(struct durations *durations, int64_t ms);

/* The same for a histogram with n bounds of its own, n + 1 counts and a sum; below
 * 0 ms counts as 0. */
void durations_count(uint64_t *counts, double *sum, const double *bounds, int n,
		     int64_t ms);

#endif
