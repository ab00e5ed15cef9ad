/*
 * bridge/ledger/ledger_local.h - the ledger of a single bridge: the store's
 * outbox, and past it what can be made again of the journal. Loop thread.
 */
#ifndef BRIDGE_LEDGER_LEDGER_LOCAL_H
#define BRIDGE_LEDGER_LEDGER_LOCAL_H

#include "bridge/kafka/producer.h"
#include "bridge/ledger/ledger.h"

struct ledger_local {
	struct ledger ledger;
	struct store *store;
	struct producer *producer;
};

void ledger_local_init(struct ledger_local *local, struct store *store,
		       struct producer *producer);

#endif
