/*
 * bridge/life/pending.h - from the intake journal into the store: what a pending
 * event, a device's answer or an audit record means for what is held. Loop
 * thread, during apply. 0 or a negative error (of the store: roll back).
 */
#ifndef BRIDGE_LIFE_PENDING_H
#define BRIDGE_LIFE_PENDING_H

#include "bridge/life/bridge.h"

/* Moves at most limit entries from the journal into the store and the mark
 * with them. *more becomes true when there is more to do at once; *blocked
 * when max_requests holds the next event back. */
int pending_apply(struct bridge *b, int limit, bool *more, bool *blocked,
		  struct ztp_error *error);

/* At a start, and after a rollback: makes the records again that only the
 * journal had, of entries from the store's floor up to its mark, and puts them
 * into the outbox. */
int pending_recover(struct bridge *b, struct ztp_error *error);

/* Kafka has acknowledged the record that announced request n. bridge: struct
 * bridge *, see producer_user. */
int pending_announced(void *bridge, int64_t n, struct ztp_error *error);

#endif
