/*
 * bridge/life/pending_facts.h - what is known about a pending event's path when
 * the event is judged.
 */
#ifndef BRIDGE_LIFE_PENDING_FACTS_H
#define BRIDGE_LIFE_PENDING_FACTS_H

#include "bridge/journal/journal_entry.h"
#include "bridge/life/bridge.h"

struct held {
	const struct journal_entry *entry;
	struct ztp_pending_facts facts;
	struct store_request same; /* the newest of this path and fingerprint */
	int64_t twin;		   /* n of a newer one; see twin_rejected_at */
	int attempt;		   /* the path's highest */
};

/* May a customer have been asked about the entry that is being applied, before? */
bool pending_facts_replayed(const struct bridge *b);
/* Has the path and fingerprint of an event of before, which is told again, had a
 * request or an end since it came? Another bridge had it, or has gone on. */
bool pending_facts_outdated(const struct bridge *b, const struct held *held);
/* From the store, at the time at which the event is to be judged. */
int pending_facts_load(struct bridge *b, const struct journal_entry *e,
		       struct held *held, struct ztp_error *error);
/* store_channel_each's: another path with the same command topic. The later
 * request loses. arg: a struct held. */
int pending_facts_channel(void *arg, struct store_request *r);
/* The wall-clock deadline that an event asks for, cut to the maximum. */
int64_t pending_deadline(const struct bridge *b, const struct journal_entry *e);

#endif
