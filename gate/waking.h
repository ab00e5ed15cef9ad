/*
 * gate/waking.h - ends the broker's wait for sockets, so that it calls TICK.
 */
#ifndef ZTP_GATE_WAKING_H
#define ZTP_GATE_WAKING_H

#include <pthread.h>

/* On the broker's thread, before the first and after the last wake. */
void ztp_waking_begin(void);
void ztp_waking_end(void);

/* On any thread. May be lost. */
void ztp_waking_wake(pthread_t broker);

#endif
