/*
 * bridge/life/told_bound.h - store.max_requests as it was at the last start.
 *
 * What a process that was killed had asked, in a turn that was not committed, was
 * within that bound. If max_requests is lower now, the journal's entries for it are
 * taken all the same: their customers may have answered, and the answers would be
 * about no request. Loop thread.
 */
#ifndef BRIDGE_LIFE_TOLD_BOUND_H
#define BRIDGE_LIFE_TOLD_BOUND_H

#include "bridge/life/bridge.h"

/* At start: what was it? */
int told_bound_look(struct bridge *bridge, struct ztp_error *error);
/* The bound for the entry that is being applied. */
int64_t told_bound(const struct bridge *bridge);
/* During apply, after the journal's entries: notes the bound of now, once none is
 * left that may have been told. settle: that has been committed. */
int told_bound_apply(struct bridge *bridge, struct ztp_error *error);
void told_bound_settle(struct bridge *bridge);

#endif
