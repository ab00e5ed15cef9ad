/*
 * bridge/group/group_join.h - may this bridge be a member of its group? It has to
 * reach the MQTT broker, since it could not serve otherwise, and its disk has to
 * take what is written. Loop thread.
 *
 * While it stands by and opens, a connection of its own says whether the broker
 * is in reach: `{client_id}-standby-{instance}`, with nothing subscribed. The
 * active one has its own two for that.
 */
#ifndef BRIDGE_GROUP_GROUP_JOIN_H
#define BRIDGE_GROUP_GROUP_JOIN_H

#include "bridge/core/core.h"
#include "bridge/ledger/copy.h"

struct group_join;

/* copy outlives it. */
int group_join_new(struct group_join **join, struct core *core,
		   const struct copy *copy, struct ztp_error *error);
void group_join_free(struct group_join *join); /* accepts NULL */

/* In each turn of a bridge that stands by or opens. */
void group_join_turn(struct group_join *join);
/* It serves from now on: the connection is closed until the next turn. */
void group_join_serve(struct group_join *join);
/* In each turn of the active one: what it knows itself. */
void group_join_health(struct group_join *join, bool broker, bool disk);
/* Connects again, with new TLS files or a new password. */
void group_join_reconnect(struct group_join *join);

/* May it join? The broker is in reach, or has been out of reach for a minute,
 * when another one may be no better off; and the disk is fit. */
bool group_join_ready(const struct group_join *join);
/* Has the broker been out of reach for the session timeout? Then another one is
 * to try. */
bool group_join_no_broker(const struct group_join *join);
/* Looked at now, not within the last second. */
bool group_join_has_room(struct group_join *join);
#define GROUP_DISK_FULL "the disk is full"
/* Has the disk taken nothing for the session timeout? */
bool group_join_unfit(const struct group_join *join);

/* For /readyz and the page: is the broker in reach, and one line of text for why
 * not, or what is wrong with the disk. NULL: nothing. */
bool group_join_in_reach(const struct group_join *join);
const char *group_join_problem(const struct group_join *join);

#endif
