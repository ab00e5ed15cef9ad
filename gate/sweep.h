/*
 * gate/sweep.h - candidates that end with their CA or their registry, when they
 * are too many for one turn of the loop. From the command on nobody is let in by
 * it any more; the candidates end a page in a turn, and their held sessions with
 * them. What is left is in the database and goes on after a restart. The command
 * is answered when all have ended. Broker thread only.
 */
#ifndef ZTP_GATE_SWEEP_H
#define ZTP_GATE_SWEEP_H

#include <stdint.h>

#include "gate/ending.h"

/* Ends the first of the registry's candidates, those that ca (NULL: any) has
 * signed, in the open transaction. *id: what goes on in later turns
 * (gate/sweeps.h), or 0 if there is no more. ending: as for ztp_ending_list. */
int ztp_sweep_begin(struct ztp_ending *ending, int64_t *id,
		    const char *registry, const uint8_t *ca,
		    struct ztp_error *error);

/* Called from TICK before the commit: ends the next page. */
void ztp_sweep_tick(struct ztp_gate *gate, int64_t now_ms);

#endif
