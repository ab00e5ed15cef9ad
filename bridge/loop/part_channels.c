/* Command topics that are compared after a change of mqtt.command_topic, as a part
 * of the loop. */
#include "bridge/loop/loop_internal.h"

static int channels_part_new(struct loop *l, struct ztp_error *error)
{
	return channels_look(&l->b, error);
}

static int channels_part_apply(struct loop *l, struct ztp_error *error)
{
	if (!l->b.comparing)
		return 0;
	l->more = !l->b.core.stopping;
	return channels_apply(&l->channels, &l->b, loop_turn_few(l), error);
}

static void channels_part_settle(struct loop *l)
{
	if (l->b.comparing)
		channels_settle(&l->channels, &l->b);
}

static void channels_part_rollback(struct loop *l)
{
	channels_rollback(&l->channels);
}

const struct part channels_part = {
	.name = "channels",
	.new = channels_part_new,
	.apply = channels_part_apply,
	.settle = channels_part_settle,
	.rollback = channels_part_rollback,
};
