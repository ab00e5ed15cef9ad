/*
 * bridge/standby/group_view.h - who is in the group of bridges, as Kafka says, and
 * whether its topics are as they must be.
 * Loop thread only; asks without waiting.
 */
#ifndef BRIDGE_STANDBY_GROUP_VIEW_H
#define BRIDGE_STANDBY_GROUP_VIEW_H

#include "bridge/core/core.h"
#include "ztp/group_member.h"

#define GROUP_VIEW_MAX 64 /* members; of more the rest is not shown */

struct group_view;

struct group_view_member {
	struct ztp_group_member named;
	bool assigned; /* the partition: it is active, or is becoming so */
};

/* replicas: of the group's topics; outlives it. */
int group_view_new(struct group_view **view, struct core *core,
		   const int *replicas, int wake_fd, struct ztp_error *error);
void group_view_free(struct group_view *view); /* accepts NULL */

/* Asks from time to time, and takes what was answered. Logs when two members
 * have one instance, and when one has another state. */
void group_view_turn(struct group_view *view);
/* CLOCK_BOOTTIME, ms */
int64_t group_view_next(const struct group_view *view);

/* As of the last answer; members that are no bridges are left out. */
size_t group_view_count(const struct group_view *view);
const struct group_view_member *group_view_member(const struct group_view *view,
						  size_t i);
/* The latest time in their names; 0: there are none. */
int64_t group_view_newest(const struct group_view *view);

/* When it was answered last, CLOCK_BOOTTIME; 0: never. And what is the matter if
 * it is not answered, or "". */
int64_t group_view_heard(const struct group_view *view);
const char *group_view_trouble(const struct group_view *view);

/* Who has another ztp.state, named, or "": with one transactional id, they undo
 * each other's turns. */
const char *group_view_other(const struct group_view *view);
/* Which setting of the group's topics has been changed, so that a promise is not kept
 * any more, or "". */
const char *group_view_settings(const struct group_view *view);
/* The instance that two of them have, for so long that both live, or "". */
const char *group_view_said_twice(const struct group_view *view);
/* The instance that two of them have, or NULL. Pure. */
const char *group_view_twice(const struct group_view_member *members,
			     size_t count);

#endif
