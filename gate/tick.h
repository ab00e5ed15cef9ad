/*
 * gate/tick.h - does what the callbacks have left to be done, once per turn of
 * the broker's loop.
 */
#ifndef ZTP_GATE_TICK_H
#define ZTP_GATE_TICK_H

#include "gate/gate.h"

/* MOSQ_EVT_TICK. */
int ztp_tick(int event, void *event_data, void *userdata);

#endif
