/*
 * bridge/store/store_refused.h - a copy that cannot be opened, and what it was a
 * copy of: a later version has written it, or the disk has damaged it. Only a copy
 * can be had again from somewhere else, and only when that has been found to be
 * whole. Until then the file stays as it was found, and nobody else opens it.
 */
#ifndef BRIDGE_STORE_STORE_REFUSED_H
#define BRIDGE_STORE_STORE_REFUSED_H

#include "bridge/store/store_state.h"

struct store_refused {
	bool held;   /* it is one, and is locked */
	bool newer;  /* else it is damaged */
	int lock_fd; /* while it is held */
	struct store_copy at;
	struct state_row birth; /* its id, in `bytes`; removed: it has none */
	struct state_bytes bytes;
};

/* Of a store that store_open has refused with a fatal error. Returns false, with
 * nothing to be released, if it cannot tell what it is, or is no copy, or is being
 * turned into one or from one. */
bool store_refused_look(struct store_refused *refused, const char *path);
void store_refused_release(struct store_refused *refused);

#endif
