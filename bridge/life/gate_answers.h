/*
 * bridge/life/gate_answers.h - what the gate's answers mean for the requests that
 * it was asked about, and what it says of its own accord. The registrar has
 * noted them (bridge/registrar/registrar.h). Loop thread, during apply. 0 or a negative
 * error.
 */
#ifndef BRIDGE_LIFE_GATE_ANSWERS_H
#define BRIDGE_LIFE_GATE_ANSWERS_H

#include "bridge/life/bridge.h"

int gate_answers_apply(struct bridge *b, struct ztp_error *error);

#endif
