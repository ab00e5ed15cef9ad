/*
 * bridge/move/move.h - turns the store of a stopped single bridge into the state
 * of a group of bridges, and back.
 *
 * Each way takes several steps, here and in Kafka, and can be run again after it
 * was killed in any of them. The store says which way it goes before the first of
 * them (store_move.h), and until the last one nobody can use it: neither a
 * single bridge nor one of several. In Kafka the row `birth` decides: it is
 * written last and removed first, and rows without it are nobody's.
 */
#ifndef BRIDGE_MOVE_MOVE_H
#define BRIDGE_MOVE_MOVE_H

#include <stdio.h>

#include "bridge/config/config.h"

/* They block. Return 0 after a line to out that says what has been done, or 1
 * after one to err that says why it was not. */
int move_to_standby(const struct config *config, FILE *out, FILE *err);
int move_from_standby(const struct config *config, FILE *out, FILE *err);

#endif
