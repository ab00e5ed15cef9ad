/*
 * bridge/standby/standby.h - this bridge's place among several: its membership
 * of the group (member.h) moves its role (ztp/role.h), and whoever has the
 * state, the producer and the connections does what follows. Loop thread only.
 */
#ifndef BRIDGE_STANDBY_STANDBY_H
#define BRIDGE_STANDBY_STANDBY_H

#include "bridge/core/durations.h"
#include "bridge/standby/member.h"
#include "ztp/role.h"

struct standby;

/* Whoever has the rest of the bridge. `act` must not call standby_tell. */
struct standby_user {
	bool (*ready)(void *arg); /* may it join the group? */
	/* For the check. whole: it has read the state, and serves or is about
	 * to. */
	void (*positions)(void *arg, bool whole, struct positions *positions);
	/* One of CLOSE, INIT, READ, CLAIM, SERVE, LAST_TURN and DONE. */
	void (*act)(void *arg, enum ztp_role_action action);
	/* See member_join. NULL: nobody else is known. */
	int64_t (*newest)(void *arg);
	void *arg;
};

/* Since the start. */
struct standby_counts {
	uint64_t fenced;
	uint64_t takeovers;  /* times that it became active */
	int64_t takeover_ms; /* the last one: from the assignment to serving */
	struct durations took; /* all of them */
};

int standby_new(struct standby **standby, struct core *core,
		const struct member_options *options,
		const struct standby_user *user, struct ztp_error *error);
/* Leaves the group, and waits for some seconds at most. Accepts NULL. */
void standby_free(struct standby *standby);

/* In each turn of the loop: takes the group's news, and the time. */
void standby_turn(struct standby *standby);
/* What has happened elsewhere. left: for COMMITTED of the claim, whether the
 * bridge that was active before had left. why: for the log, or "". */
void standby_tell(struct standby *standby, enum ztp_role_event event, bool left,
		  const char *why);
/* When the next turn is due at the latest; 0: when woken. */
int64_t standby_next(const struct standby *standby);

enum ztp_role_state standby_state(const struct standby *standby);
int64_t standby_since(const struct standby *standby); /* wall clock, ms */
const struct standby_counts *standby_counts(const struct standby *standby);
/* What keeps it from being a member, or "". */
const char *standby_trouble(const struct standby *standby);
/* Why it is not active though it was to be, of the last time that it tried; "". */
const char *standby_why(const struct standby *standby);
/* See member.h. */
const struct member_denial *standby_denial(const struct standby *standby);

#endif
