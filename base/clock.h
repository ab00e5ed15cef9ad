/*
 * base/clock.h - the two clocks, in ms; policy/ gets the time as an argument.
 * Any thread.
 */
#ifndef ZTP_BASE_CLOCK_H
#define ZTP_BASE_CLOCK_H

#include <stdint.h>

/* Since 1970. It may jump: for records, certificates and people. */
int64_t ztp_clock_wall(void);
/* Never set, and runs on in suspend: for deadlines. */
int64_t ztp_clock_boot(void);

#endif
