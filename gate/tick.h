/*
 * gate/tick.h - once per turn of the broker's loop: what callbacks have left
 * to be done is done.
 */
#ifndef ZTP_GATE_TICK_H
#define ZTP_GATE_TICK_H

#include "gate/gate.h"

/* MOSQ_EVT_TICK. */
int ztp_tick(int event, void *event_data, void *userdata);

#endif
