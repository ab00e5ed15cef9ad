/*
 * The SQLite store: when something is due next. The loop asks in every turn,
 * and mostly nothing is; so the earliest of each kind of times is remembered,
 * follows what is written, and is looked up only after it is gone.
 */
#include "bridge/store/store_internal.h"

static void time_gone(struct store_soonest *soonest, int64_t at)
{
	if (at != 0 && at == soonest->at)
		soonest->known = false; /* another may have the same */
}

static void time_come(struct store_soonest *soonest, int64_t at)
{
	if (at != 0 && (soonest->at == 0 || at < soonest->at))
		soonest->at = at;
}

static enum store_times due_of(enum ztp_state state)
{
	return ztp_state_undecided(state) ? STORE_DUE_UNDECIDED
					  : STORE_DUE_OTHERS;
}

void store_times_count(struct store *store, struct store_request *r)
{
	struct store_soonest *soonest = store->facts.soonest;
	enum store_times due = due_of(r->state),
			 due_before = due_of(r->stored_state);
	bool tried = r->owed.tries > 0;

	if (due != due_before || r->owed.due_at != r->stored_due) {
		time_gone(&soonest[due_before], r->stored_due);
		time_come(&soonest[due], r->owed.due_at);
	}
	if (tried != r->stored_tried || r->owed.retry_at != r->stored_retry) {
		time_gone(&soonest[STORE_RETRY_FRESH + r->stored_tried],
			  r->stored_retry);
		time_come(&soonest[STORE_RETRY_FRESH + tried],
			  r->owed.retry_at);
	}
	r->stored_tried = tried;
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

	if (!soonest->known) /* min() gives a row, too, when it is of none */
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
