/* The store, its journal, and their housekeeping as parts of the loop. */
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "bridge/core/batching.h"
#include "bridge/life/held_again.h"
#include "bridge/life/pending.h"
#include "bridge/loop/loop_internal.h"
#include "bridge/store/store_move.h"

#define HOUSEKEEPING_MS 1000

/* The state knows how far the journal has been taken, the copy's own totals do
 * not. */
static int take_mark(struct loop *l, struct ztp_error *error)
{
	struct store *store = l->b.store;
	struct journal_mark mark;
	int rc = turns_mark_get(store, l->group->journal, &mark, error);

	if (rc == 0)
		rc = store_mark_set(store, &mark, &mark, error);
	return rc == 0 ? store_commit(store, 0, error) : rc;
}

static int open_journal(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	const struct config_store *store = &b->core.config->store;
	struct journal_mark floor;
	int rc = l->group ? take_mark(l, error) : 0;

	if (rc != 0)
		return rc;
	store_mark_get(b->store, &b->mark);
	store_floor_get(b->store, &floor);
	rc = journal_open(&b->journal, store->path,
			  store->sync == CONFIG_SYNC_FULL, &b->mark, &floor,
			  error);
	if (rc != 0)
		return rc;
	b->told.segment = journal_first_segment(b->journal);
	rc = pending_recover(b, error);
	return rc == 0 ? store_commit(b->store, b->core.now, error) : rc;
}

static int open_store(struct loop *l, struct ztp_error *error)
{
	const struct config_store *store = &l->b.core.config->store;
	int rc;

	if (l->group) {
		l->b.store = copy_store(l->group->copy);
		return 0;
	}
	rc = store_open(&l->b.store, store->path,
			store->sync == CONFIG_SYNC_FULL, error);
	return rc == 0 ? store_refuse_copy(l->b.store, error) : rc;
}

/* What the journal tells again is written to it, before there is a producer. */
static int open_ledger(struct loop *l, struct ztp_error *error)
{
	if (l->group)
		return loop_turns_open(l, error);
	ledger_local_init(&l->local, l->b.store, NULL);
	l->b.ledger = &l->local.ledger;
	return 0;
}

static int store_part_new(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	const struct config_store *store = &b->core.config->store;
	int64_t ahead = l->group ? l->group->kafka_ahead : 0;
	char copy[4096];
	int rc;

	snprintf(copy, sizeof(copy), "%s", store->path);
	snprintf(l->backpressure.directory, sizeof(l->backpressure.directory),
		 "%s", dirname(copy));
	rc = open_store(l, error);
	if (rc == 0)
		rc = open_ledger(l, error);
	if (rc != 0)
		return rc;
	if (!ztp_clock_anchor_ahead(&b->core.clock, ahead,
				    store_newest(b->store)))
		log_warn(b->core.log, "clock_went_back");
	b->core.now = ztp_clock_steady(&b->core.clock);
	/* Decisions are held for a time, whatever clock it was told by. */
	if (b->hold_until > 0)
		b->hold_until += b->core.now - ahead - ztp_clock_wall();
	loop_turns_taken_over(l);
	rc = store_reanchor(b->store, error);
	if (rc == 0)
		rc = store_commit(b->store, b->core.now, error);
	return rc == 0 ? open_journal(l, error) : rc;
}

static int store_part_apply(struct loop *l, struct ztp_error *error)
{
	return l->recover ? pending_recover(&l->b, error) : 0;
}

/* Acknowledged events have been lost, so this must be logged. */
static void log_gaps(struct loop *l)
{
	uint64_t gaps = journal_gaps(l->b.journal);
	uint64_t cuts = journal_cuts(l->b.journal);

	if (gaps != l->gaps)
		log_error(l->b.core.log, "journal_damaged",
			  LOG_UINT("gaps", gaps - l->gaps),
			  LOG_STR("hint",
				  "some acknowledged events cannot be read"));
	if (cuts != l->cuts)
		log_error(l->b.core.log, "journal_cut",
			  LOG_UINT("files", cuts - l->cuts),
			  LOG_STR("hint", "files of the journal end early or "
					  "are missing: some acknowledged "
					  "events may be lost"));
	l->gaps = gaps;
	l->cuts = cuts;
}

static void store_part_settle(struct loop *l)
{
	struct bridge *b = &l->b;
	struct journal_mark floor;

	log_gaps(l);
	if (!store_dirty(b->store))
		tally_add(&b->total, &b->core.tally);
	store_floor_get(b->store, &floor);
	journal_release(b->journal, &floor);
}

static void store_part_rollback(struct loop *l)
{
	struct bridge *b = &l->b;

	store_rollback(b->store);
	if (journal_before(&b->told, &b->mark))
		b->told = b->mark;
	store_mark_get(b->store, &b->mark);
	/* The rollback has also undone acknowledgements, so their records
	 * are rebuilt. */
	l->recover = true;
	memset(&b->core.tally, 0, sizeof(b->core.tally));
}

static void store_part_free(struct loop *l)
{
	loop_turns_close(l);
	journal_close(l->b.journal);
	if (!l->group)
		store_close(l->b.store);
	else if (l->b.store) /* the state says what became of the turn */
		store_rollback(l->b.store);
}

const struct part store_part = {
	.name = "store",
	.new = store_part_new,
	.apply = store_part_apply,
	.settle = store_part_settle,
	.rollback = store_part_rollback,
	.free = store_part_free,
};

/* --- what is looked at once a second: the disk, and what has to go */

static void housekeeping_collect(struct loop *l)
{
	struct bridge *b = &l->b;

	l->housekeeping = b->core.now >= l->next_housekeeping;
	if (!l->housekeeping)
		return;
	backpressure_look_at_disk(&l->backpressure, b);
	log_catch_up(b->core.log);
	l->next_housekeeping = b->core.now + HOUSEKEEPING_MS;
}

static int housekeeping_apply(struct loop *l, struct ztp_error *error)
{
	bool more = false;
	int rc = 0;

	if (!l->housekeeping)
		return 0;
	if (!l->b.comparing)
		rc = held_expire(&l->b, loop_turn_few(l), &more, error);
	l->more |= more;
	return rc == 0 ? evict(&l->eviction, &l->b, error) : rc;
}

static void housekeeping_settle(struct loop *l)
{
	if (l->housekeeping && l->eviction.more)
		l->next_housekeeping = l->b.core.now + EVICT_PAUSE_MS;
}

static void housekeeping_rollback(struct loop *l)
{
	l->eviction.place = (struct store_place){0};
}

static int64_t housekeeping_next(const struct loop *l, int64_t now)
{
	(void)now;
	return l->next_housekeeping;
}

const struct part housekeeping_part = {
	.name = "housekeeping",
	.collect = housekeeping_collect,
	.apply = housekeeping_apply,
	.settle = housekeeping_settle,
	.rollback = housekeeping_rollback,
	.next = housekeeping_next,
};
