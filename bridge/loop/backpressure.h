/*
 * bridge/loop/backpressure.h - back-pressure: when intake disconnects from
 * the broker, and when it connects again. Loop thread only.
 *
 * Intake disconnects, with its session kept, while the disk is nearly full,
 * the store cannot be written, or the journal is far ahead of the store. It
 * connects again at a low-water mark. Events that arrive meanwhile wait in
 * the broker.
 */
#ifndef BRIDGE_LOOP_BACKPRESSURE_H
#define BRIDGE_LOOP_BACKPRESSURE_H

#include "bridge/life/bridge.h"

struct backpressure {
	char directory[4096]; /* the store's directory */
};

/* Checks the store's disk and keeps room reserved for the journal; sets
 * b->disk_ok. Once a second is enough. */
void backpressure_look_at_disk(struct backpressure *backpressure,
			       struct bridge *b);

/* Pauses or resumes intake. Called in every turn. */
void backpressure_apply(struct bridge *b);

#endif
