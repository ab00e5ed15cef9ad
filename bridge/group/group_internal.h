/*
 * bridge/group/group_internal.h - shared by group.c (a bridge of several from
 * its start to its end), group_active.c (while it is active) and
 * group_standing.c (while it stands by and becomes active).
 */
#ifndef BRIDGE_GROUP_GROUP_INTERNAL_H
#define BRIDGE_GROUP_GROUP_INTERNAL_H

#include "bridge/group/group.h"
#include "bridge/group/group_http.h"
#include "bridge/group/group_join.h"
#include "bridge/loop/notify.h"
#include "bridge/standby/group_topics.h"
#include "bridge/standby/group_view.h"
#include "bridge/standby/hand_over.h"
#include "bridge/standby/opening.h"
#include "bridge/standby/standby.h"

struct group {
	struct core core;
	int wake_fd, signal_fd;
	int replicas[GROUP_TOPICS]; /* of the topics; set before the view */
	struct copy *copy;
	struct turn *turn;
	struct opening *opening;
	struct standby *standby;
	struct group_view *view;
	struct group_http *pages;
	struct group_join *join;
	struct notify notify;
	struct hand_over *hand_over;
	bool serving;	   /* the daemon's loop is to run, or runs */
	bool looping;	   /* it runs */
	bool close, leave; /* what is to be done when it has returned */
	/* Of the daemon's loop: Kafka says nothing of a turn; CLOCK_BOOTTIME, 0: it
	 * does. */
	int64_t unanswered_since;
	bool done;
	int64_t began; /* of the claim; CLOCK_BOOTTIME */
	loop_reload *reload;
	void *reload_arg;
	int exit_code;
};

/* Runs the daemon's loop until it is stopped, or is not active any more. */
void group_serve(struct group *g);
/* It gives way to one that can serve, if there is one. */
void group_give_way(struct group *g);
/* It is to end. */
void group_stop(struct group *g);

/* One turn of the loop of a bridge that is not active, and the wait for the next.
 */
void group_stand_by(struct group *g);
void group_wait(struct group *g);

#endif
