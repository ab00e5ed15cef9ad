/*
 * A partition that is not read any more. librdkafka is trusted to read what it
 * has been assigned, and has been seen not to, without a word, until a restart.
 * So the end offsets are looked at from time to time. If a partition's position
 * lies before its end and has not moved between two looks, a new handle reads
 * on. An open transaction looks the same, so the pauses grow.
 */
#include "base/random.h"
#include "bridge/kafka/consumer_internal.h"

#define WATCH_MS 10000

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

static bool any_stands(struct consumer *c, bool *any_behind)
{
	bool any = false;
	int i;

	*any_behind = false;
	for (i = 0; i < c->count && i < c->ends.count; i++) {
		struct partition *part = &c->partitions[i];

		if (part->bad.tries == 0 &&
		    stands(part, c->ends.ends[i], c->ends.asked_at)) {
			log_warn(c->core->log, "kafka_partition_stands",
				 LOG_INT("partition", i),
				 LOG_INT("position", part->next),
				 LOG_INT("end", c->ends.ends[i]));
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

	/* A batch that has not been applied yet is not librdkafka's fault. */
	if (!c->complete || c->anew || c->batch > 0)
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
