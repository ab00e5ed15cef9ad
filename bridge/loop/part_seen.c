/* What the bridge has seen, kept for people to look at, as parts of the loop:
 * the gate's verdicts, and the counters of the last hour. */
#include "bridge/core/history.h"
#include "bridge/core/verdicts.h"
#include "bridge/http/readiness.h"
#include "bridge/loop/loop_internal.h"

/* --- verdicts */

STEP(verdicts, rollback)

/* One of several keeps what it has seen when it is no longer active. */
static bool is_home(const struct loop *l)
{
	return l->group && l->group->home;
}

static int verdicts_part_new(struct loop *l, struct ztp_error *error)
{
	if (!is_home(l))
		return verdicts_new(&l->b.verdicts, error);
	l->b.verdicts = l->group->home->verdicts;
	return 0;
}

static void verdicts_part_free(struct loop *l)
{
	if (is_home(l))
		verdicts_rollback(l->group->home->verdicts);
	else
		verdicts_free(l->b.verdicts);
}

/* As the tally, once the transaction that read the records is committed. */
static void verdicts_part_settle(struct loop *l)
{
	if (!store_dirty(l->b.store))
		verdicts_commit(l->b.verdicts);
}

const struct part verdicts_part = {
	.name = "verdicts",
	.new = verdicts_part_new,
	.settle = verdicts_part_settle,
	.rollback = verdicts_part_rollback,
	.free = verdicts_part_free,
};

/* --- the last hour */

NEXT(history)

static int history_part_new(struct loop *l, struct ztp_error *error)
{
	if (!is_home(l))
		return history_new(&l->b.history, error);
	l->b.history = l->group->home->history;
	return 0;
}

static void history_part_free(struct loop *l)
{
	if (!is_home(l))
		history_free(l->b.history);
}

static void history_part_collect(struct loop *l)
{
	struct readiness r;

	history_turn(l->b.history, l->b.core.now, &l->b.total);
	/* So that an outage has its time, whether anybody asks or not. */
	if (l->housekeeping)
		bridge_readiness(&l->b, &r);
}

const struct part history_part = {
	.name = "history",
	.new = history_part_new,
	.collect = history_part_collect,
	.next = history_part_next,
	.free = history_part_free,
};
