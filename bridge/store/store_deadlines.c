/*
 * The SQLite store: when something is due next. The loop asks in every turn,
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

static enum store_times retry_kind(bool tried, bool suspect)
{
	if (suspect)
		return STORE_RETRY_SUSPECT;
	return tried ? STORE_RETRY_TRIED : STORE_RETRY_FRESH;
}

void store_times_count(struct store *store, struct store_request *r)
{
	struct store_soonest *soonest = store->facts.soonest;
	enum store_times due = due_kind(r->state),
			 due_before = due_kind(r->stored_state);
	bool suspect = ztp_obligation_suspect(&r->owed);
	bool tried = r->owed.tries > 0;
	enum store_times retry = retry_kind(tried, suspect);
	enum store_times retry_before =
		retry_kind(r->stored_tried, r->stored_suspect);

	if (due != due_before || r->owed.due_at != r->stored_due) {
		time_removed(&soonest[due_before], r->stored_due);
		time_added(&soonest[due], r->owed.due_at);
	}
	if (retry != retry_before || r->owed.retry_at != r->stored_retry) {
		time_removed(&soonest[retry_before], r->stored_retry);
		time_added(&soonest[retry], r->owed.retry_at);
	}
	r->stored_tried = tried;
	r->stored_suspect = suspect;
	r->stored_due = r->owed.due_at;
	r->stored_retry = r->owed.retry_at;
}

void store_times_forget(struct store *store)
{
	int i;

	for (i = 0; i < STORE_TIMES_END; i++)
		store->facts.soonest[i].known = false;
}

static int64_t soonest(struct store *store, enum store_times which,
		       enum store_sql sql, int64_t arg)
{
	struct store_soonest *soonest = &store->facts.soonest[which];

	if (!soonest->known) /* min() returns a row even over no rows */
		soonest->known = store_number(store, sql, arg, &soonest->at);
	return soonest->at;
}

int64_t store_next_due(struct store *store, bool undecided)
{
	return undecided ? soonest(store, STORE_DUE_UNDECIDED,
				   SQL_NEXT_UNDECIDED, 0)
			 : soonest(store, STORE_DUE_OTHERS, SQL_NEXT_DUE, 0);
}

int64_t store_next_retry(struct store *store, bool fresh)
{
	return soonest(store, fresh ? STORE_RETRY_FRESH : STORE_RETRY_TRIED,
		       SQL_NEXT_RETRY, !fresh);
}

int64_t store_next_suspect(struct store *store)
{
	struct store_soonest *soonest =
		&store->facts.soonest[STORE_RETRY_SUSPECT];

	if (!soonest->known) {
		soonest->known =
			store_number(store, SQL_NEXT_SUSPECT, 0, &soonest->at);
		if (soonest->at != 0)
			soonest->at += STORE_APART;
	}
	return soonest->at;
}
