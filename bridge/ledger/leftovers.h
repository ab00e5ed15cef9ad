/*
 * bridge/ledger/leftovers.h - what other bridges have left in their journals and
 * written to ztp.journal, as one more input of the active one's turn. Loop thread.
 *
 * It is read from the position that the state has (at/journal). What a turn takes
 * is taken with that turn: the position is one of its rows. An aborted turn takes
 * it again, and until it has, what it was may have been shown to customers.
 */
#ifndef BRIDGE_LEDGER_LEFTOVERS_H
#define BRIDGE_LEDGER_LEFTOVERS_H

#include "bridge/core/core.h"
#include "bridge/store/store.h"

#define LEFTOVERS_MAX	1024	  /* records collected at once */
#define LEFTOVERS_BYTES (4 << 20) /* ... and their bytes */

struct leftovers;

struct leftover {
	int64_t offset;
	size_t len;
	uint8_t *bytes;
	char *other; /* the group whose bridge wrote it; NULL: this one's */
};

/* wake_fd: an eventfd, written when there is something to read. */
int leftovers_new(struct leftovers **leftovers, struct core *core,
		  struct store *store, int wake_fd, struct ztp_error *error);
void leftovers_free(struct leftovers *leftovers); /* accepts NULL */

/* Fills the batch. */
void leftovers_collect(struct leftovers *leftovers);
size_t leftovers_count(const struct leftovers *leftovers);
/* Valid until leftovers_settle. */
const struct leftover *leftovers_get(const struct leftovers *leftovers,
				     size_t i);

/* During apply: the turn has taken the first n of the batch. */
int leftovers_take(struct leftovers *leftovers, size_t n,
		   struct ztp_error *error);
/* The turn is committed, or undone. */
void leftovers_settle(struct leftovers *leftovers);
void leftovers_rollback(struct leftovers *leftovers);
/* A turn that was undone had taken something that is not taken again yet. */
bool leftovers_replaying(const struct leftovers *leftovers);

/* When to look again (steady ms); 0: when woken. */
int64_t leftovers_next(const struct leftovers *leftovers);

#endif
