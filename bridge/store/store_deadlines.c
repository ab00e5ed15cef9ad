/*
 * The SQLite store: when the next deadline is. The loop asks in every turn,
 * and usually nothing is due. The earliest time of each kind is therefore
 * kept in memory, updated with every write, and looked up only after it has
 * been removed.
 */
#include "bridge/store/store_internal.h"

static void time_removed(struct store_soonest *soonest, int64_t at)
{
	if (at != 0 && at == soonest->at)
		soonest->known = false; /* another row may have the same time */
}

static void time_added(struct store_soonest *soonest, int64_t at)
{
	if (at != 0 && (soonest->at == 0 || at < soonest->at))
		soonest->at = at;
}

static enum store_times due_kind(enum ztp_state state)
{
	return ztp_state_undecided(state) ? STORE_DUE_UNDECIDED
					  : STORE_DUE_OTHERS;
}

void store_times_count(struct store *store, struct store_request *r)
{
	struct store_soonest *soonest = store->facts.soonest;
	enum store_times due = due_kind(r->state),
			 due_before = due_kind(r->stored_state);

	if (due != due_before || r->owed.due_at != r->stored_due) {
		time_removed(&soonest[due_before], r->stored_due);
		time_added(&soonest[due], r->owed.due_at);
	}
	r->stored_due = r->owed.due_at;
}

void store_times_forget(struct store *store)
{
	int i;

	for (i = 0; i < STORE_TIMES_END; i++)
		store->facts.soonest[i].known = false;
}

static int64_t soonest(struct store *store, int which, enum store_sql sql)
{
	struct store_soonest *soonest = &store->facts.soonest[which];

	if (!soonest->known) /* min() returns a row even over no rows */
		soonest->known = store_number(store, sql, 0, &soonest->at);
	return soonest->at;
}

int64_t store_next_due(struct store *store, bool undecided)
{
	return undecided
		       ? soonest(store, STORE_DUE_UNDECIDED, SQL_NEXT_UNDECIDED)
		       : soonest(store, STORE_DUE_OTHERS, SQL_NEXT_DUE);
}
