/*
 * bridge/life/handed.h - entries of other bridges' journals, which those have
 * handed over (journal/journal_record.h, ledger/leftovers.h). Loop thread, during
 * apply.
 */
#ifndef BRIDGE_LIFE_HANDED_H
#define BRIDGE_LIFE_HANDED_H

#include "bridge/ledger/leftovers.h"
#include "bridge/life/bridge.h"

struct handed {
	const char *own; /* this bridge's journal */
	uint64_t taken;	 /* entries, by the turn that is under way */
	struct log_limit newer, shared;
};

/* Returns 1 if the turn is done with it, 0 if it has to wait, and what comes after
 * it as well, or a negative error. */
int handed_take(struct handed *handed, struct bridge *b,
		const struct leftover *item, struct ztp_error *error);

#endif
