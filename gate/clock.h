/*
 * gate/clock.h - the two clocks of the gate; policy/ gets the time as an
 * argument.
 */
#ifndef ZTP_GATE_CLOCK_H
#define ZTP_GATE_CLOCK_H

#include <stdint.h>

int64_t ztp_clock_wall(void); /* ms since 1970; for records and certificates */
int64_t ztp_clock_boot(void); /* ms, never set, runs on in suspend: deadlines */

#endif
