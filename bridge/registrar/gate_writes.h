/*
 * bridge/registrar/gate_writes.h - does the gate take what it has to write? It
 * may answer UNAVAILABLE to one device's command, whose row it cannot read, and to
 * everybody's, because its disk is full. Then no device is onboarded, though the
 * gate is there and agrees. Loop thread only; time is an argument.
 */
#ifndef BRIDGE_REGISTRAR_GATE_WRITES_H
#define BRIDGE_REGISTRAR_GATE_WRITES_H

#include <stdbool.h>
#include <stdint.h>

#include "ztp/path.h"

#define GATE_WRITES_WHY_MAX 160

/* {0} at the start. */
struct gate_writes {
	int64_t since, last; /* nothing was written from, to; 0: all is well */
	bool several;	     /* devices */
	char path[ZTP_PATH_MAX + 1]; /* the first of them */
	char why[GATE_WRITES_WHY_MAX];
};

/* The gate has not written what it was sent for this device. */
void gate_writes_refused(struct gate_writes *writes, int64_t now,
			 const char *path, const char *why);
void gate_writes_taken(struct gate_writes *writes);

/* Does the gate take nothing from anybody, and for more than a moment? Not known
 * any more if nothing was tried for long. */
bool gate_writes_stand(const struct gate_writes *writes, int64_t now);

#endif
