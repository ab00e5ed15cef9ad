/* What other bridges have left in their journals, as a part of the loop of one that
 * is active among several. */
#include "bridge/loop/loop_internal.h"

static bool has_leftovers(const struct loop *l)
{
	return l->leftovers != NULL;
}

static int leftovers_part_new(struct loop *l, struct ztp_error *error)
{
	if (!l->group)
		return 0;
	l->handed.own = l->group->journal;
	return leftovers_new(&l->leftovers, &l->b.core, l->b.store, l->work_fd,
			     error);
}

static void leftovers_part_collect(struct loop *l)
{
	leftovers_collect(l->leftovers);
}

static int leftovers_part_apply(struct loop *l, struct ztp_error *error)
{
	size_t i, count = leftovers_count(l->leftovers);
	size_t max = (size_t)loop_turn_max(l);
	bool soon = false;
	int rc = 1;

	if (l->b.comparing)
		count = 0;
	l->handed.taken = 0;
	if (count > max)
		count = max;
	for (i = 0; i < count && !ledger_full(l->b.ledger, &soon); i++) {
		rc = handed_take(&l->handed, &l->b,
				 leftovers_get(l->leftovers, i), error);
		if (rc <= 0)
			break;
	}
	l->more |= soon || (count > 0 && i == count);
	return rc < 0 ? rc : leftovers_take(l->leftovers, i, error);
}

static void leftovers_part_settle(struct loop *l)
{
	if (l->handed.taken > 0)
		log_info(l->b.core.log, "journal_taken",
			 LOG_UINT("entries", l->handed.taken));
	l->handed.taken = 0;
	leftovers_settle(l->leftovers);
}

static void leftovers_part_rollback(struct loop *l)
{
	l->handed.taken = 0;
	leftovers_rollback(l->leftovers);
}

static int64_t leftovers_part_next(const struct loop *l, int64_t now)
{
	(void)now;
	return leftovers_next(l->leftovers);
}

static void leftovers_part_free(struct loop *l)
{
	leftovers_free(l->leftovers);
}

const struct part leftovers_part = {
	.name = "leftovers",
	.present = has_leftovers,
	.new = leftovers_part_new,
	.collect = leftovers_part_collect,
	.apply = leftovers_part_apply,
	.settle = leftovers_part_settle,
	.rollback = leftovers_part_rollback,
	.next = leftovers_part_next,
	.needs_store = true,
	.free = leftovers_part_free,
};
