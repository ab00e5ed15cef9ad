/*
 * bridge/life/channels.h - command topics, where a template lets two paths have the
 * same one (bridge.h, channels): each would get the other's approval and payload.
 *
 * A request's row has its topic (store.h, channel), by which others of that topic
 * are found. mqtt.command_topic may be another one than when the row was made, and
 * then nobody would be found. So at start some rows are looked at, and if one has
 * another topic than it would get now, all are gone over. Until that is done
 * nothing new is asked, decided or sent: intake waits in the journal, decisions in
 * Kafka, commands in the store.
 *
 * Devices that were approved when their topics differed may share one then. Neither
 * is sent anything any more. Loop thread.
 */
#ifndef BRIDGE_LIFE_CHANNELS_H
#define BRIDGE_LIFE_CHANNELS_H

#include "bridge/life/bridge.h"

#define CHANNELS_TAKEN "another device path has this command topic"

struct channels {
	int64_t after, next; /* rows: gone over, and so by the open turn */
	uint64_t changed, changing;
	bool done;
};

/* At start: sets bridge->comparing. */
int channels_look(struct bridge *bridge, struct ztp_error *error);
/* During apply, while comparing: at most `limit` rows. settle: they are committed.
 * rollback: they are not. */
int channels_apply(struct channels *channels, struct bridge *bridge, int limit,
		   struct ztp_error *error);
void channels_settle(struct channels *channels, struct bridge *bridge);
void channels_rollback(struct channels *channels);

/* Has a device of another path been approved that has r's topic? */
int channels_taken(struct bridge *bridge, const struct store_request *r,
		   bool *taken, struct ztp_error *error);

#endif
