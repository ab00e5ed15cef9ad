/*
 * gate/clock.h - the two clocks and the randomness of the gate; policy/ gets
 * them as arguments.
 */
#ifndef ZTP_GATE_CLOCK_H
#define ZTP_GATE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t ztp_clock_wall(void); /* ms since 1970; for records and certificates */
int64_t ztp_clock_boot(void); /* ms, never set, runs on in suspend: deadlines */

/* From the kernel; aborts the process when there is none to be had, because
 * nothing that follows could be trusted. */
void ztp_clock_random(void *out, size_t n);

#endif
