/*
 * bridge/group/group_facts.h - gathers what the pages say of a bridge that is
 * one of several (core/group_status.h) from its parts. Loop thread only.
 */
#ifndef BRIDGE_GROUP_GROUP_FACTS_H
#define BRIDGE_GROUP_GROUP_FACTS_H

#include "bridge/core/core.h"
#include "bridge/core/group_status.h"
#include "bridge/group/group_join.h"
#include "bridge/ledger/copy.h"
#include "bridge/standby/behind.h"
#include "bridge/standby/group_view.h"
#include "bridge/standby/opening.h"
#include "bridge/standby/standby.h"

struct group_facts {
	struct copy *copy;
	struct opening *opening;
	struct standby *standby;
	struct group_view *view;
	struct group_join *join;
	struct behind behind;
	bool said_unlike;
};

/* serving: the active one's loop runs. */
void group_facts_take(struct group_facts *facts, const struct core *core,
		      struct group_status *status, bool serving);

#endif
