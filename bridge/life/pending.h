/*
 * bridge/life/pending.h - takes entries from the intake journal into the
 * store: pending events, refused events and audit records. Loop thread, during
 * apply. Returns 0 or a negative error (of the store: roll back).
 */
#ifndef BRIDGE_LIFE_PENDING_H
#define BRIDGE_LIFE_PENDING_H

#include "bridge/life/bridge.h"

/* Applies at most limit entries of the journal to the store and moves the mark
 * past them. *more becomes true when more can be done at once, *blocked when
 * max_requests blocks the next event. Entries stay in the journal while the
 * producer is full. */
int pending_apply(struct bridge *b, int limit, bool *more, bool *blocked,
		  struct ztp_error *error);

/* The same for one entry that is not read from the journal here (b->handed). */
int pending_take(struct bridge *b, const void *bytes, size_t len, bool *blocked,
		 struct ztp_error *error);

/* At start and after a rollback: rebuilds the records that only the journal
 * had, from entries between the store's floor and its mark, and puts them into
 * the outbox. */
int pending_recover(struct bridge *b, struct ztp_error *error);

/* Kafka has acknowledged the records that announced requests first to last.
 * bridge: a struct bridge *, see producer_user. */
int pending_announced(void *bridge, int64_t first, int64_t last,
		      struct ztp_error *error);

#endif
