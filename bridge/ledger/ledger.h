/*
 * bridge/ledger/ledger.h - where the life of requests writes its records, without
 * knowing which of two ledgers it is: a single bridge's, whose store is the truth
 * and has an outbox (ledger_local.h), or that of several, where Kafka is the truth
 * and a turn is one of its transactions (turns.h). Loop thread.
 */
#ifndef BRIDGE_LEDGER_LEDGER_H
#define BRIDGE_LEDGER_LEDGER_H

#include "bridge/journal/journal.h"
#include "bridge/store/store.h"

struct ledger {
	/* During apply: the record is part of the turn. from: the journal's entry
	 * that it can be made of again, or NULL. Views, valid during the call. */
	int (*write)(struct ledger *ledger, struct store_record *record,
		     const struct journal_mark *from, struct ztp_error *error);
	/* Must new requests wait in the journal? *soon: the end of this turn
	 * makes room. */
	bool (*full)(const struct ledger *ledger, bool *soon);
};

static inline int ledger_write(struct ledger *ledger,
			       struct store_record *record,
			       const struct journal_mark *from,
			       struct ztp_error *error)
{
	return ledger->write(ledger, record, from, error);
}

static inline bool ledger_full(const struct ledger *ledger, bool *soon)
{
	return ledger->full(ledger, soon);
}

#endif
