/*
 * bridge/loop/backpressure.h - back-pressure: when intake leaves the broker, and when
 * it comes back. Loop thread only.
 *
 * It leaves, with its session kept, while the disk is nearly full, the store
 * cannot be written, or the journal is far ahead of the store. It comes back
 * at a low-water mark. What the broker sends meanwhile waits there.
 */
#ifndef BRIDGE_LOOP_BACKPRESSURE_H
#define BRIDGE_LOOP_BACKPRESSURE_H

#include "bridge/life/bridge.h"

struct backpressure {
	char directory[4096]; /* the store's */
};

/* Looks at the disk that the store is on, and keeps room reserved for the
 * journal: b->disk_ok. Once a second is enough. */
void backpressure_look_at_disk(struct backpressure *backpressure,
			       struct bridge *b);

/* Pauses or resumes intake. Every turn. */
void backpressure_apply(struct bridge *b);

#endif
