/*
 * tests/fault/control.h - the page that a test and the preloaded library
 * share: a file named by ZTP_FAULT_CONTROL, mapped by both.
 * tests/fault/preload.py packs the same struct.
 */
#ifndef FAULT_CONTROL_H
#define FAULT_CONTROL_H

#include <stdint.h>

enum control_half { HALF_NO = 0, HALF_YES = 1 };

/* What waits for as long as the disk stands still. */
enum control_still { STILL_NOT = 0, STILL_SYNCS = 1, STILL_WRITES = 2 };

struct control {
	int32_t fail_errno; /* what the disk says to a write (disk.c); 0: well */
	int32_t half;	    /* the last step is done half-way: a torn write */
	int64_t clock_ms;   /* added to the wall clock of the main program */
	int64_t crash_at;   /* dies (SIGKILL) at this step; 0: never */
	int64_t steps;	    /* counted since the program's start */
	int64_t failed;	    /* calls refused with fail_errno */
	int64_t still;	 /* enum control_still: this waits, and what is more */
	int64_t waited;	 /* calls that had to wait for it */
	int64_t boot_ms; /* added to CLOCK_BOOTTIME, likewise */
	int64_t names_hang; /* 1: who looks up a name of ours waits (names.c) */
	int64_t names_asked; /* look-ups of them, counted */
};

#endif
