/*
 * bridge/standby/member.h - this bridge in the group of bridges. Loop thread
 * only; nothing here blocks but member_free.
 *
 * The member subscribes to ztp.state and never fetches. Kafka assigns the one
 * partition to one of the members, and that says who is to be active. Whether
 * this is still so is asked by a commit, which Kafka takes from members of the
 * present generation only; a bridge that was stopped learns by it before
 * librdkafka has noticed. News come in Kafka's order, so an answer is never
 * taken for an assignment that came after it.
 */
#ifndef BRIDGE_STANDBY_MEMBER_H
#define BRIDGE_STANDBY_MEMBER_H

#include "bridge/core/core.h"
#include "bridge/standby/positions.h"
#include "ztp/group_member.h"

struct member;

enum member_news {
	MEMBER_NOTHING,	   /* for now */
	MEMBER_ASSIGNED,   /* the partition is ours, since now */
	MEMBER_UNASSIGNED, /* an assignment without the partition */
	MEMBER_CHECKED,	   /* of the present generation when it was asked */
	/* Not a member any more, or nothing heard for the session timeout. The
	 * handle is of no use: it would come back with its old time, in front of
	 * those that have stayed. */
	MEMBER_LOST,
};

struct member_options {
	const char *instance, *advertise;
	int64_t session_ms;
	int wake_fd; /* an eventfd, written when there may be news */
};

/* Does not join. Copies options, but not their strings. */
int member_new(struct member **member, struct core *core,
	       const struct member_options *options, struct ztp_error *error);
/* Leaves, and waits for it, for some seconds at most. Accepts NULL. */
void member_free(struct member *member);

/* Joins with a new handle, whose name has the time of now, or one that comes after
 * `newest`, the last one that a member's name is known to have: this clock may be
 * behind those of others, or have been set back. After an error, which is then
 * member_trouble, it has none. */
int member_join(struct member *member, int64_t newest, struct ztp_error *error);
/* Leaves; the handle is closed by a thread. */
void member_leave(struct member *member);
bool member_joined(const struct member *member);

/* Asks whether this is still a member, by committing the positions, which are
 * copied; MEMBER_CHECKED or MEMBER_LOST follows. What is asked while an answer is
 * awaited is asked after it. */
void member_check(struct member *member, const struct positions *positions);

/* The next news. Call it until there are none. */
enum member_news member_collect(struct member *member);
/* When to call member_collect without having been woken; 0: never. */
int64_t member_next(const struct member *member);

/* Why it was lost the last time (MEMBER_LOST); static, or "". */
const char *member_why_lost(const struct member *member);
/* What Kafka said last that keeps it from being a member, or "". */
const char *member_trouble(const struct member *member);

/* What this bridge may not read any more, as the last check found. */
struct member_denial {
	int64_t since; /* CLOCK_BOOTTIME; 0: nothing */
	bool serves; /* it can serve all the same, though not take over again */
	char right[256]; /* that is missing, as kafka-acls takes it */
};
const struct member_denial *member_denial(const struct member *member);

#endif
