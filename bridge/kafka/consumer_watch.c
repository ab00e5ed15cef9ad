/*
 * What librdkafka is trusted to do and has been seen not to, without a word,
 * until a restart. A new handle goes on.
 *
 * - It reads what it has been assigned. So the end offsets are looked at from
 *   time to time, for a partition whose position lies before its end and has
 *   not moved between two looks. An open transaction looks the same, so the
 *   pauses grow.
 * - It joins the group again when its partitions have been revoked. A group that
 *   waits for another member looks the same.
 */
#include "base/random.h"
#include "bridge/kafka/consumer_internal.h"

#define WATCH_MS      10000
#define UNASSIGNED_MS 20000 /* joining takes seconds at most */

static const struct ztp_retry_pace pace = {
	.first_ms = 30000,
	.max_ms = 600000,
};

/* Is the partition where it was at an earlier look, although there was more? */
static bool stands(struct partition *part, int64_t end, int64_t asked_at)
{
	if (end <= part->next) {
		part->behind_at = 0;
		return false;
	}
	if (part->behind_at != 0 && part->behind_next == part->next)
		return true;
	part->behind_at = asked_at;
	part->behind_next = part->next;
	return false;
}

bool consumer_stands(const struct consumer *c, int *partition)
{
	const struct standing *at = &c->stood;

	*partition = at->partition;
	return at->found && (at->partition >= c->count ||
			     c->partitions[at->partition].next == at->position);
}

static bool any_stands(struct consumer *c, bool *any_behind)
{
	bool any = false;
	int i;

	*any_behind = false;
	if (!consumer_stands(c, &i))
		c->stood.found = false;
	for (i = 0; i < c->count && i < c->ends.count; i++) {
		struct partition *part = &c->partitions[i];

		if (part->bad.tries == 0 && !part->denied &&
		    stands(part, c->ends.ends[i], c->ends.asked_at)) {
			log_warn(c->core->log, "kafka_partition_stands",
				 LOG_INT("partition", i),
				 LOG_INT("position", part->next),
				 LOG_INT("end", c->ends.ends[i]));
			if (!c->stood.found)
				c->stood =
					(struct standing){true, i, part->next};
			any = true;
		}
		*any_behind = *any_behind || part->behind_at != 0;
	}
	return any;
}

bool consumer_stands_still(struct consumer *c)
{
	bool behind;
	uint32_t random;

	/* What has not been applied yet is not librdkafka's fault. */
	if (!c->complete || c->anew || c->batch > 0 || c->large.event)
		return false;
	if (c->core->now >= c->next_watch) {
		probe_want_end_offsets(c->probe);
		c->next_watch = c->core->now + WATCH_MS;
	}
	if (!ztp_retry_due(&c->watch, c->core->now) ||
	    !probe_end_offsets_get(c->probe, c->ends.asked_at + WATCH_MS / 2,
				   &c->ends))
		return false;
	if (any_stands(c, &behind)) {
		ztp_random(&random, sizeof(random));
		ztp_retry_failed(&c->watch, &pace, c->core->now, random);
		return true;
	}
	if (!behind)
		ztp_retry_succeeded(&c->watch);
	return false;
}

/* Nothing is assigned, offered or kept from us, and nothing stands in the way
 * of it. */
static bool waits_for_group(const struct consumer *c,
			    const struct probe_status *status)
{
	return !c->complete && !c->offered && !c->shared && status->up &&
	       status->partitions > 0;
}

bool consumer_waits_in_vain(struct consumer *c,
			    const struct probe_status *status)
{
	uint32_t random;

	if (!waits_for_group(c, status)) {
		c->unassigned_at = 0;
		return false;
	}
	if (c->unassigned_at == 0)
		c->unassigned_at = c->core->now;
	if (c->core->now < c->unassigned_at + UNASSIGNED_MS ||
	    !ztp_retry_due(&c->joins, c->core->now))
		return false;
	log_warn(c->core->log, "kafka_not_assigned",
		 LOG_STR("group", c->core->config->kafka.group),
		 LOG_INT("ms", c->core->now - c->unassigned_at));
	ztp_random(&random, sizeof(random));
	ztp_retry_failed(&c->joins, &pace, c->core->now, random);
	return true;
}

int64_t consumer_next_watch(const struct consumer *c)
{
	int64_t at = c->unassigned_at + UNASSIGNED_MS;

	if (c->unassigned_at == 0)
		return 0;
	return c->joins.at > at ? c->joins.at : at;
}
