/*
 * bridge/clock.h - the steady clock (DESIGN section 4, "Clock").
 *
 * The wall clock may jump. So the loop reckons in "steady" milliseconds: the
 * wall clock as it was when the process started, carried on by
 * CLOCK_BOOTTIME. Deadlines live in the store in the wall domain; what is
 * held in memory or compared with "now" is steady. While nobody sets the
 * wall clock the two are the same number.
 */
#ifndef BRIDGE_CLOCK_H
#define BRIDGE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
	int64_t anchor_steady; /* ms: wall at start, never before the store's */
	int64_t anchor_boot;   /* ms: CLOCK_BOOTTIME at that moment */
};

/* newest is the newest time in the store (0: none). Returns false when the
 * wall clock is behind it: then newest is taken instead. */
bool clock_anchor(struct clock *clock, int64_t newest);

/* Safe from any thread after clock_anchor. */
int64_t clock_steady(const struct clock *clock);

/* A wall-clock time, seen now, in steady ms: the wall clock's steps since the
 * start are taken out. Differences below a second count as none, so that a
 * deadline keeps its exact value while nobody touches the clock. */
int64_t clock_to_steady(const struct clock *clock, int64_t wall_ms);

#endif
