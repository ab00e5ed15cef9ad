/*
 * base/clock.h - the wall clock, the boot clock, and a steady clock made of
 * both, in milliseconds; the only place that reads a clock. policy/ gets the
 * time as an argument. Any thread.
 */
#ifndef ZTP_BASE_CLOCK_H
#define ZTP_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Since 1970. May jump: for records, certificates and people. */
int64_t ztp_clock_wall(void);
/* CLOCK_BOOTTIME: never set, and runs on during suspend. For deadlines. */
int64_t ztp_clock_boot(void);
/* CLOCK_MONOTONIC in microseconds, for measuring short times. */
int64_t ztp_clock_us(void);
/* The CPU time that the calling thread has used, in microseconds. */
int64_t ztp_clock_thread_us(void);

/* The time `ms` milliseconds (not negative) from now, for calls that wait until
 * a time on a clock of their own: CLOCK_MONOTONIC or CLOCK_REALTIME. */
struct timespec ztp_clock_after(clockid_t id, int64_t ms);

/*
 * The steady clock (DESIGN section 4, "Clock") starts at the wall clock's time
 * and is carried on by CLOCK_BOOTTIME. The store keeps deadlines in wall-clock
 * time; whatever is held in memory or compared with "now" is steady time. The
 * two are equal as long as nobody sets the wall clock.
 */
struct ztp_clock {
	int64_t anchor_steady; /* ms: the wall clock at start, or newest */
	int64_t anchor_boot;   /* ms: CLOCK_BOOTTIME at that time */
};

/* newest is the newest time in the store (0: none). Returns false when the wall
 * clock is behind it; the steady clock then starts at newest. Call it before
 * any other thread uses the clock. */
bool ztp_clock_anchor(struct ztp_clock *clock, int64_t newest);
/* The same by a clock that is so many ms ahead of the wall clock. */
bool ztp_clock_anchor_ahead(struct ztp_clock *clock, int64_t ahead,
			    int64_t newest);

int64_t ztp_clock_steady(const struct ztp_clock *clock);

/* Converts a wall-clock time read just now to steady ms, without the steps that
 * the wall clock has made since the start. A difference below a second is
 * ignored, so a deadline keeps its exact value as long as nobody sets the
 * clock. */
int64_t ztp_clock_to_steady(const struct ztp_clock *clock, int64_t wall_ms);

#endif
