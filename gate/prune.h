/*
 * gate/prune.h - deletes what nobody waits for any more: candidates that have
 * expired or never came back, rejections long after their cool-down, and what is
 * remembered of deleted devices and withdrawn candidates. Broker thread only.
 */
#ifndef ZTP_GATE_PRUNE_H
#define ZTP_GATE_PRUNE_H

#include <stdint.h>

struct ztp_gate;

#define ZTP_PRUNE_ROWS 256 /* of each kind in a turn of the loop */

/* Called from TICK before the commit. now_ms: CLOCK_BOOTTIME. */
void ztp_prune_tick(struct ztp_gate *gate, int64_t now_ms);

#endif
