/*
 * bridge/standby/hand_over.h - this bridge's journal, while the bridge is not
 * active: what it still has is written to ztp.journal, for the one that is. Loop
 * thread; nothing here waits for Kafka.
 *
 * Entries behind the mark that the state has of this journal are written in their
 * order, and the files are kept until the state says that they were taken. An
 * entry that is written twice is taken once (life/handed.h), so in doubt all are
 * written again.
 */
#ifndef BRIDGE_STANDBY_HAND_OVER_H
#define BRIDGE_STANDBY_HAND_OVER_H

#include "bridge/core/core.h"
#include "bridge/store/store.h"

#define HAND_OVER_RECORDS 256	    /* that Kafka has not acknowledged */
#define HAND_OVER_BYTES	  (2 << 20) /* ... and their bytes */

struct hand_over;

/* Reads the journal's id, or makes one. */
int hand_over_new(struct hand_over **hand_over, struct core *core,
		  struct ztp_error *error);
void hand_over_free(struct hand_over *hand_over); /* accepts NULL */
/* The journal's id; it may be another one after the first hand_over_turn or
 * hand_over_stop. */
const char *hand_over_journal(const struct hand_over *hand_over);

/* In each turn of the loop while the bridge stands by. store: the copy, which has
 * been read to its end. */
void hand_over_turn(struct hand_over *hand_over, struct store *store);
/* It stands by no longer. */
void hand_over_stop(struct hand_over *hand_over);
/* Before this bridge writes to its journal: is it the journal that the state
 * knows? One that ends before its mark is not, and gets a new id. Returns 0 or a
 * negative error. */
int hand_over_check(struct hand_over *hand_over, struct store *store,
		    struct ztp_error *error);

#endif
