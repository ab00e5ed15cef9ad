/*
 * Records that cannot be read: a batch whose compression is damaged, unknown, or
 * larger than receive.message.max.bytes when unpacked; a wrong checksum.
 * librdkafka reports the batch's first offset and fetches it again, for ever. Its
 * partition must go on behind it.
 *
 * Where that is, librdkafka does not say, and a batch may hold many records. So
 * after some failures later positions are asked for: the next one, then further
 * and further (never beyond the end) until one is outside of the batch; and then
 * the middle, until the first one outside is known. A batch of one record costs
 * one question. What is read meanwhile of that partition comes again.
 */
#include "bridge/kafka/consumer_internal.h"

#define TRIES 2 /* librdkafka may have had no memory the first time */

/* Does the error say that this batch cannot be read, now or later? */
static bool is_unreadable(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
	case RD_KAFKA_RESP_ERR__UNDERFLOW:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
		return true;
	default:
		return false;
	}
}

/* --- asking for a position */

static const char *topic_of(const struct consumer *c)
{
	return c->core->config->kafka.topics.decisions;
}

bool consumer_seek(struct consumer *c, int partition, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_error_t *error;
	bool ok;

	rd_kafka_topic_partition_list_add(list, topic_of(c), partition)
		->offset = offset;
	error = rd_kafka_seek_partitions(c->rk, list, 0);
	ok = !error;
	if (!ok) {
		log_warn(c->core->log, "kafka_seek_failed",
			 LOG_INT("partition", partition),
			 LOG_INT("offset", offset),
			 LOG_STR("error", rd_kafka_error_string(error)));
		rd_kafka_error_destroy(error);
	}
	rd_kafka_topic_partition_list_destroy(list);
	return ok;
}

static int64_t end_of(struct consumer *c, int partition)
{
	int64_t low = -1, high = -1;

	if (rd_kafka_get_watermark_offsets(c->rk, topic_of(c), partition, &low,
					   &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return -1;
	return high;
}

static void ask(struct consumer *c, int partition)
{
	struct unreadable *bad = &c->partitions[partition].bad;
	int64_t end = end_of(c, partition);

	if (bad->outside >= 0) {
		bad->asked = bad->inside + (bad->outside - bad->inside + 1) / 2;
	} else {
		bad->asked = bad->inside + bad->step;
		bad->step *= 2;
		if (end > bad->inside && bad->asked > end)
			bad->asked = end;
	}
	bad->sought = true;
	log_debug(c->core->log, "kafka_unreadable",
		  LOG_INT("partition", partition), LOG_INT("offset", bad->base),
		  LOG_INT("asked", bad->asked));
	/* If that fails, so does the batch, and it is asked for again. */
	(void)consumer_seek(c, partition, bad->asked);
}

/* --- what is learnt */

static void note(struct consumer *c, int partition, int64_t base,
		 rd_kafka_resp_err_t err)
{
	struct partition *part = &c->partitions[partition];
	struct unreadable *bad = &part->bad;

	if (bad->tries == 0 || bad->base != base)
		*bad = (struct unreadable){
			.base = base,
			.err = err,
			.inside = part->seen > base ? part->seen : base,
			.outside = -1,
			.step = 1,
			.gap_first = bad->gap_first,
			.gap_end = bad->gap_end,
			.gap_err = bad->gap_err,
		};
	if (++bad->tries < TRIES)
		return;
	if (bad->sought)
		bad->inside = bad->asked;
	ask(c, partition);
}

bool consumer_gap_failed(struct consumer *c, rd_kafka_resp_err_t err,
			 rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_t *where =
		is_unreadable(err) ? rd_kafka_event_topic_partition(event)
				   : NULL;
	bool is_gap = where && where->offset >= 0 && where->partition >= 0;
	const struct unreadable *bad;

	if (is_gap && c->complete && where->partition < c->count &&
	    c->partitions[where->partition].bad.gap_end == 0) {
		bad = &c->partitions[where->partition].bad;
		if (c->partitions[where->partition].looking)
			consumer_suspect(c, "the last record read cannot be "
					    "read any more");
		/* The next batch is as bad, so the first one is over. The next
		 * one comes again. */
		else if (bad->tries > 0 && where->offset > bad->base)
			(void)consumer_gap_readable(c, where->partition,
						    where->offset);
		else
			note(c, where->partition, where->offset, err);
	}
	if (where)
		rd_kafka_topic_partition_destroy(where);
	return is_gap;
}

static void found(struct consumer *c, int partition, int64_t end)
{
	struct partition *part = &c->partitions[partition];
	struct unreadable *bad = &part->bad;
	int64_t first = part->seen > bad->base ? part->seen : bad->base;

	*bad = (struct unreadable){
		.gap_first = first,
		.gap_end = end,
		.gap_err = bad->err,
	};
	part->seen = end;
	part->last = NULL;
	part->landmark.offset = STORE_LANDMARK_UNKNOWN;
	c->moved = true;
}

bool consumer_gap_readable(struct consumer *c, int partition, int64_t offset)
{
	struct unreadable *bad;

	if (!c->complete || partition >= c->count)
		return true;
	bad = &c->partitions[partition].bad;
	if (bad->tries == 0 || offset < bad->base ||
	    (bad->sought && offset < bad->asked))
		return true;
	if (!bad->sought) {
		/* librdkafka has gone on by itself. */
		if (offset > bad->base)
			found(c, partition, offset);
		else
			bad->tries = 0;
		return true;
	}
	bad->outside = bad->asked;
	if (bad->outside == bad->inside + 1) {
		found(c, partition, bad->outside);
		return true;
	}
	ask(c, partition);
	return false;
}

/* --- the turn */

int consumer_gap_apply(struct consumer *c, struct ztp_error *error)
{
	int i, rc = 0;

	for (i = 0; i < c->count && rc == 0; i++) {
		const struct unreadable *bad = &c->partitions[i].bad;
		const struct consumer_gap gap = {
			.first = {topic_of(c), i, bad->gap_first},
			.last = bad->gap_end - 1,
			.why = rd_kafka_err2str(bad->gap_err),
		};

		if (bad->gap_end > 0)
			rc = c->user.unreadable(c->user.arg, &gap, error);
	}
	return rc;
}

void consumer_gap_settle(struct consumer *c)
{
	int i;

	for (i = 0; i < c->count; i++)
		c->partitions[i].bad.gap_end = 0;
}
