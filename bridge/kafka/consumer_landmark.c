/*
 * Is the partition still the one that was read before? A topic that is deleted
 * and made anew has the same name, and its offsets start again: a stored
 * position would then lie behind its end, or among records that have not been
 * read. Topic ids would tell, but librdkafka shows them from 2.3 on only.
 *
 * So a position is not only a number. The last record read, its landmark, is
 * stored with it: its offset, time and checksum. Every assignment begins to read
 * at the landmark.
 *
 * - It is there: the topic is the same, and the next record is the next to apply.
 * - Another record is there, or the log ends before it, or what is read lies
 *   before it because librdkafka has begun anew: it is another topic, and all of
 *   its partitions are read from their beginnings.
 * - Only later records are there, and the beginning of the partition lies behind
 *   the landmark as well: it has been deleted by age or size. This partition is
 *   read from its beginning: nothing is passed over.
 * - Only later records are there, and the partition begins before them: it is
 *   another topic, which has the end of a transaction at that offset, or the
 *   topic was compacted. It is taken for another one.
 *
 * Retention may also have removed what has not been read, while the bridge was
 * stopped or did not get to read. Then what is read next lies behind the position:
 * that is told, since silence is not consent any more. Aborted records and the
 * ends of transactions are passed over likewise. librdkafka notes where a partition
 * begins with every answer to a fetch, and forgets it with one that failed. Unless
 * it says that the partition begins no later than expected, Kafka is asked, and
 * until it has answered nothing of the partition counts. (One that has never been
 * read is expected to begin at 0, if there are requests that have been asked.)
 *
 * The offsets committed to Kafka do not come into this: they expire as well.
 */
#include <zlib.h>

#include "bridge/kafka/consumer_internal.h"

static uint32_t checksum(const rd_kafka_message_t *message)
{
	uLong crc = crc32(0, NULL, 0);

	/* crc32 begins anew at NULL, which is an absent key or value. */
	if (message->key)
		crc = crc32_z(crc, message->key, message->key_len);
	if (message->payload)
		crc = crc32_z(crc, message->payload, message->len);
	return (uint32_t)crc;
}

static struct store_landmark landmark_of(const rd_kafka_message_t *message)
{
	return (struct store_landmark){
		.offset = message->offset,
		.written_at = rd_kafka_message_timestamp(message, NULL),
		.crc = checksum(message),
	};
}

/* What is read next, unless something is passed over. */
static int64_t expected(const struct partition *part)
{
	return part->seen >= 0 ? part->seen : 0;
}

/* As the last answer to a fetch had it; -1: not known. */
static int64_t begin_of(const struct consumer *c, int partition)
{
	int64_t low = -1, high = -1;

	return rd_kafka_get_watermark_offsets(
		       c->rk, c->core->config->kafka.topics.decisions,
		       partition, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR
		       ? low
		       : -1;
}

/* May Kafka have removed what is expected? */
static bool may_be_removed(const struct consumer *c, int partition)
{
	int64_t low = begin_of(c, partition);

	return low < 0 || low > expected(&c->partitions[partition]);
}

int64_t consumer_landmark_start(const struct consumer *c,
				struct partition *part)
{
	part->looking = part->landmark.offset >= 0;
	/* Without a record there is nothing to pass over. */
	part->anything = part->landmark.offset == STORE_LANDMARK_NONE ||
			 (part->next < 0 && !consumer_has_asked(c));
	if (part->looking)
		return part->landmark.offset;
	if (part->landmark.offset == STORE_LANDMARK_NONE)
		part->next = part->seen = 0;
	if (part->next >= 0)
		return part->next;
	/* With no offset in the store, use Kafka's copy, else the beginning. Of
	 * several bridges the rows count: what has none has not been read. */
	return c->core->config->standby.enabled ? RD_KAFKA_OFFSET_BEGINNING
						: RD_KAFKA_OFFSET_STORED;
}

/* What was expected is not there any more, nor what follows it before `end`. */
static void lose(struct partition *part, int64_t end)
{
	if (part->lost_end == 0)
		part->lost_first = expected(part);
	part->lost_end = end;
}

/* There is nothing to read before `offset`. */
static void go_on(struct consumer *c, struct partition *part, int64_t offset)
{
	part->seen = offset;
	c->moved = true;
}

static void doubt(struct consumer *c, struct partition *part, int64_t offset)
{
	part->doubted_at = ztp_clock_steady(&c->core->clock);
	part->doubted = offset;
	c->doubted++;
	probe_want_begins(c->probe);
}

bool consumer_landmark_in_doubt(struct consumer *c, int partition,
				int64_t offset)
{
	struct partition *part = &c->partitions[partition];

	if (part->doubted_at != 0)
		return true;
	if (part->anything || offset <= expected(part) ||
	    !may_be_removed(c, partition)) {
		part->anything = false;
		return false;
	}
	if (c->count > PROBE_PARTITIONS_MAX) { /* nobody can be asked */
		lose(part, offset);
		return false;
	}
	doubt(c, part, offset);
	return true;
}

static bool decide(struct consumer *c, int partition)
{
	struct partition *part = &c->partitions[partition];
	int64_t begin = c->ends.begins[partition];

	if (begin > expected(part))
		lose(part, begin);
	go_on(c, part, begin > part->doubted ? begin : part->doubted);
	part->doubted_at = 0;
	c->doubted--;
	return consumer_seek(c, partition, part->seen);
}

/* Was it asked after the doubt arose? */
static bool is_answered(const struct consumer *c, int partition)
{
	const struct partition *part = &c->partitions[partition];

	return part->doubted_at != 0 && partition < c->ends.count &&
	       c->ends.asked_at > part->doubted_at;
}

bool consumer_landmark_decide(struct consumer *c)
{
	bool ok = true;
	int i;

	if (c->doubted == 0 || !c->complete)
		return true;
	(void)probe_end_offsets_get(c->probe, c->ends.asked_at, &c->ends);
	for (i = 0; i < c->count && c->ends.has_begins && ok; i++)
		if (is_answered(c, i))
			ok = decide(c, i);
	if (c->doubted > 0)
		probe_want_begins(c->probe);
	return ok;
}

int consumer_landmark_lost(struct consumer *c, struct ztp_error *error)
{
	int i, rc = 0;

	for (i = 0; i < c->count && rc == 0; i++) {
		const struct partition *part = &c->partitions[i];
		const struct consumer_gap gap = {
			.first = {c->core->config->kafka.topics.decisions, i,
				  part->lost_first},
			.last = part->lost_end - 1,
		};

		if (part->lost_end > 0)
			rc = c->user.lost(c->user.arg, &gap, error);
	}
	return rc;
}

/* The landmark is gone; offset: of what is read first. */
static void read_again(struct consumer *c, struct partition *part,
		       int64_t offset)
{
	int64_t begin = begin_of(c, (int)(part - c->partitions));

	if (begin >= 0 && begin <= part->landmark.offset) {
		consumer_suspect(c,
				 "the last record read is not there, and the "
				 "partition begins before it");
		return;
	}
	if (offset > part->next)
		lose(part, offset);
	log_info(c->core->log, "kafka_partition_again",
		 LOG_INT("partition", part - c->partitions),
		 LOG_INT("position", part->next));
	part->landmark.offset = STORE_LANDMARK_NONE;
	part->seen = 0;
	c->again = true;
}

void consumer_landmark_found(struct consumer *c, struct partition *part,
			     const rd_kafka_message_t *message)
{
	const struct store_landmark *old = &part->landmark;
	const struct store_landmark new = landmark_of(message);

	if (c->anew || old->offset == STORE_LANDMARK_NONE)
		return; /* it is read again anyway */
	if (new.offset > old->offset)
		read_again(c, part, new.offset);
	else if (new.offset < old->offset || new.crc != old->crc ||
		 new.written_at != old->written_at)
		consumer_suspect(c,
				 "another record is where the last was read");
	else
		part->looking = false;
}

void consumer_landmark_end(struct consumer *c, struct partition *part,
			   int64_t end)
{
	if (c->anew || part->landmark.offset == STORE_LANDMARK_NONE)
		return;
	if (end > part->landmark.offset)
		read_again(c, part, end);
	else
		consumer_suspect(c, "it ends before the last record read");
}

void consumer_landmark_update(struct partition *part)
{
	if (part->last)
		part->landmark = landmark_of(part->last);
}
