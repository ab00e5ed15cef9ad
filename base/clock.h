/*
 * base/clock.h - the two clocks, in ms, and a steady one made of both; policy/
 * gets the time as an argument. Any thread.
 */
#ifndef ZTP_BASE_CLOCK_H
#define ZTP_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Since 1970. It may jump: for records, certificates and people. */
int64_t ztp_clock_wall(void);
/* Never set, and runs on in suspend: for deadlines. */
int64_t ztp_clock_boot(void);

/*
 * The steady clock (DESIGN section 4, "Clock") is the wall clock as it was when
 * the process started, carried on by CLOCK_BOOTTIME. Deadlines live in the
 * store in the wall domain; what is held in memory or compared with "now" is
 * steady. While nobody sets the wall clock the two are the same number.
 */
struct ztp_clock {
	int64_t anchor_steady; /* ms: wall at start, never before the store's */
	int64_t anchor_boot;   /* ms: CLOCK_BOOTTIME at that moment */
};

/* newest is the newest time in the store (0: none). Returns false when the
 * wall clock is behind it: then newest is taken instead. Before any other
 * thread uses the clock. */
bool ztp_clock_anchor(struct ztp_clock *clock, int64_t newest);

int64_t ztp_clock_steady(const struct ztp_clock *clock);

/* A wall-clock time, seen now, in steady ms: the wall clock's steps since the
 * start are taken out. Differences below a second count as none, so that a
 * deadline keeps its exact value while nobody touches the clock. */
int64_t ztp_clock_to_steady(const struct ztp_clock *clock, int64_t wall_ms);

#endif
