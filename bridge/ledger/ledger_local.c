#include "bridge/ledger/ledger_local.h"

static int write_record(struct ledger *ledger, struct store_record *record,
			const struct journal_mark *from,
			struct ztp_error *error)
{
	struct ledger_local *local = (struct ledger_local *)ledger;
	int rc = 0;

	if (from && producer_take(local->producer, record, from))
		return 0;
	if (local->producer)
		rc = producer_keep_order(local->producer, record, error);
	return rc == 0 ? store_outbox_add(local->store, record, error) : rc;
}

static bool is_full(const struct ledger *ledger, bool *soon)
{
	const struct ledger_local *local = (const struct ledger_local *)ledger;

	return producer_full(local->producer, soon);
}

void ledger_local_init(struct ledger_local *local, struct store *store,
		       struct producer *producer)
{
	*local = (struct ledger_local){
		.ledger = {.write = write_record, .full = is_full},
		.store = store,
		.producer = producer,
	};
}
