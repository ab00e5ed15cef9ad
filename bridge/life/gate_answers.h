/*
 * bridge/life/gate_answers.h - applies the gate's answers to the requests they
 * belong to, and what the gate reports unasked. The registrar has recorded
 * both (bridge/registrar/registrar.h). Loop thread, during apply. Returns 0 or
 * a negative error.
 */
#ifndef BRIDGE_LIFE_GATE_ANSWERS_H
#define BRIDGE_LIFE_GATE_ANSWERS_H

#include "bridge/life/bridge.h"

int gate_answers_apply(struct bridge *b, struct ztp_error *error);

#endif
