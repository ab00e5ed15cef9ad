/*
 * bridge/core/group_status.h - what the pages of a bridge that is one of several
 * say of it and of the others. Loop thread only.
 */
#ifndef BRIDGE_CORE_GROUP_STATUS_H
#define BRIDGE_CORE_GROUP_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "bridge/core/durations.h"
#include "ztp/group_member.h"
#include "ztp/role.h"

enum { GROUP_STATUS_MEMBERS = 64, GROUP_STATUS_WHY_MAX = 320 };

struct group_status {
	enum ztp_role_state role;
	int64_t since;	    /* that it is; wall clock, ms */
	int64_t started_at; /* the process; wall clock, ms */
	/* Records that the copy is behind; 0 for the active one; -1: not known,
	 * because Kafka does not say where the end is. */
	int64_t lag;
	bool listed; /* the copy can be searched */
	/* What is the matter, or "". Of what has not been looked at nothing is said:
	 * Kafka is the first, the MQTT broker and the store come with the copy. */
	bool has_kafka, has_copy;
	char kafka[GROUP_STATUS_WHY_MAX], mqtt[GROUP_STATUS_WHY_MAX],
		store[GROUP_STATUS_WHY_MAX], group[GROUP_STATUS_WHY_MAX];
	/* Of the active one: why Kafka takes no turn of it, since its lease is
	 * over; or "". */
	char undone[GROUP_STATUS_WHY_MAX];

	/* As Kafka said last. */
	size_t count;
	struct group_status_member {
		struct ztp_group_member named;
		const char *role; /* active, opening or standby */
	} members[GROUP_STATUS_MEMBERS];
	char twice[ZTP_INSTANCE_MAX + 1]; /* an instance of two of them */

	/* Since the start. */
	uint64_t fenced;
	struct durations takeovers, turns;
};

#endif
