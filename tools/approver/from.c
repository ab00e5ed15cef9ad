#include "tools/approver/from.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/kafka_offsets.h"
#include "tools/approver/ended.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"

#define ASK_MS	5000 /* how long a broker may take to answer */
#define LOOK_MS 100  /* is it told to end? */

/* What a partition held at the start. */
struct span {
	int64_t low, end; /* its first offset; that of the next record */
};

struct from {
	const struct options *options;
	/* Of all partitions that there were; offset: where the group is, or
	 * RD_KAFKA_OFFSET_INVALID. */
	rd_kafka_topic_partition_list_t *committed;
	struct span *spans; /* of those partitions */
	struct ztp_id_set *ended;
};

/* --- what Kafka knows */

/* 0 if it does not exist. What Kafka does not know yet is asked for again. */
static rd_kafka_resp_err_t topic_error(const struct rd_kafka_metadata *metadata)
{
	rd_kafka_resp_err_t err = metadata->topic_cnt == 1
					  ? metadata->topics[0].err
					  : RD_KAFKA_RESP_ERR_NO_ERROR;

	return err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
		       ? RD_KAFKA_RESP_ERR_NO_ERROR
		       : err;
}

static rd_kafka_resp_err_t find_partitions(struct from *from,
					   rd_kafka_t *consumer)
{
	const char *name = from->options->requests;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer, name, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t err;

	if (!topic)
		return rd_kafka_last_error();
	err = rd_kafka_metadata(consumer, 0, topic, &metadata, ASK_MS);
	if (!err)
		err = topic_error(metadata);
	for (int i = 0; !err && metadata->topic_cnt == 1 &&
			i < metadata->topics[0].partition_cnt;
	     i++)
		rd_kafka_topic_partition_list_add(
			from->committed, name,
			metadata->topics[0].partitions[i].id);
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(topic);
	return err;
}

static rd_kafka_resp_err_t find_ends(struct from *from, rd_kafka_t *consumer)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

	free(from->spans);
	from->spans =
		calloc((size_t)from->committed->cnt + 1, sizeof(*from->spans));
	if (!from->spans)
		return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
	for (int i = 0; !err && i < from->committed->cnt; i++)
		err = ztp_kafka_offsets(
			consumer, from->committed->elems[i].topic,
			from->committed->elems[i].partition,
			&from->spans[i].low, &from->spans[i].end, ASK_MS);
	return err;
}

static rd_kafka_resp_err_t ask(struct from *from, rd_kafka_t *consumer)
{
	rd_kafka_resp_err_t err;

	if (from->committed)
		rd_kafka_topic_partition_list_destroy(from->committed);
	from->committed = rd_kafka_topic_partition_list_new(1);
	err = find_partitions(from, consumer);
	if (!err)
		err = find_ends(from, consumer);
	if (!err && from->committed->cnt)
		err = rd_kafka_committed(consumer, from->committed, ASK_MS);
	for (int i = 0; !err && i < from->committed->cnt; i++)
		err = from->committed->elems[i].err;
	return err;
}

static bool is_final(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
	       err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	       err == RD_KAFKA_RESP_ERR_INVALID_GROUP_ID ||
	       err == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
}

/* Kafka may not be there yet. */
static int ask_until_answered(struct from *from, rd_kafka_t *consumer,
			      struct ztp_error *error)
{
	rd_kafka_resp_err_t err, last = RD_KAFKA_RESP_ERR_NO_ERROR;
	bool stopped = false;

	while ((err = ask(from, consumer)) && !is_final(err)) {
		stopped = ztp_cli_stopped();
		if (stopped)
			break;
		if (err != last)
			ztp_cli_warn(PROGRAM, "group %s, %s: %s",
				     from->options->group,
				     from->options->requests,
				     rd_kafka_err2str(err));
		last = err;
		/* Serves librdkafka's own callbacks meanwhile. */
		rd_kafka_poll(consumer, 100);
	}
	return err ? ztp_fail(error, ZTP_ERR_IO, "group %s, %s: %s",
			      from->options->group, from->options->requests,
			      stopped ? "interrupted" : rd_kafka_err2str(err))
		   : 0;
}

/* --- what follows from that */

static bool has_offset(const rd_kafka_topic_partition_t *partition)
{
	return partition->offset >= 0;
}

/* Is there a request of which the group's offsets do not say that it is done? */
static bool has_unknown(const struct from *from)
{
	for (int i = 0; from->spans && i < from->committed->cnt; i++)
		if (!has_offset(&from->committed->elems[i]) &&
		    from->spans[i].low < from->spans[i].end)
			return true;
	return false;
}

struct from *from_new(const struct options *options, rd_kafka_t *consumer,
		      struct ztp_error *error)
{
	struct from *from = calloc(1, sizeof(*from));
	int rc;

	if (!from) {
		(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		return NULL;
	}
	from->options = options;
	rc = ask_until_answered(from, consumer, error);
	if (!rc && options->from == FROM_OPEN && has_unknown(from)) {
		from->ended = ended_load(options, 0, error);
		rc = from->ended ? 0 : -1;
	}
	if (!rc)
		return from;
	from_free(from);
	return NULL;
}

/* The partition's place in both tables, or -1: it is new, and read whole. */
static int find(const struct from *from, int32_t partition)
{
	for (int i = 0; i < from->committed->cnt; i++)
		if (from->committed->elems[i].partition == partition)
			return i;
	return -1;
}

bool from_skips(const struct from *from, int32_t partition, int64_t offset,
		const struct ztp_ask *ask)
{
	int i = find(from, partition);

	return from->options->from == FROM_OPEN && i >= 0 &&
	       !has_offset(&from->committed->elems[i]) &&
	       offset < from->spans[i].end &&
	       ended_is(from->ended, from->options, ask, ztp_clock_wall());
}

static int64_t start_of(const struct from *from, int i)
{
	if (has_offset(&from->committed->elems[i]))
		return from->committed->elems[i].offset;
	return from->options->from == FROM_NOW ? from->spans[i].end
					       : RD_KAFKA_OFFSET_BEGINNING;
}

/* False: no answer, and a signal came. */
static bool ask_again(rd_kafka_t *consumer,
		      rd_kafka_topic_partition_list_t *partitions)
{
	rd_kafka_resp_err_t err;

	do {
		err = rd_kafka_committed(consumer, partitions, ASK_MS);
		for (int i = 0; !err && i < partitions->cnt; i++)
			err = partitions->elems[i].err;
	} while (err && !is_final(err) && !ztp_cli_stopped());
	return !err;
}

void from_place(const struct from *from, rd_kafka_t *consumer,
		rd_kafka_topic_partition_list_t *partitions)
{
	rd_kafka_topic_partition_list_t *now;
	bool answered;

	if (from->options->from != FROM_NOW || !partitions->cnt)
		return;
	/* It may have been somebody else's since the start. Without an answer,
	 * any place to begin at could be wrong. */
	now = rd_kafka_topic_partition_list_copy(partitions);
	answered = ask_again(consumer, now);
	for (int k = 0; answered && k < partitions->cnt; k++) {
		int i = find(from, partitions->elems[k].partition);

		if (i >= 0 && !has_offset(&now->elems[k]))
			partitions->elems[k].offset = start_of(from, i);
	}
	rd_kafka_topic_partition_list_destroy(now);
}

/* rd_kafka_commit would wait for as long as Kafka is silent. */
static rd_kafka_resp_err_t commit(rd_kafka_t *consumer,
				  const rd_kafka_topic_partition_list_t *placed)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer);
	int64_t until = ztp_clock_boot() + ASK_MS;
	rd_kafka_event_t *event = NULL;
	rd_kafka_resp_err_t err =
		rd_kafka_commit_queue(consumer, placed, queue, NULL, NULL);

	while (!err && !event)
		if ((event = rd_kafka_queue_poll(queue, LOOK_MS)) != NULL)
			err = rd_kafka_event_error(event);
		else if (ztp_cli_stopped() || ztp_clock_boot() >= until)
			err = RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	return err;
}

void from_commit(const struct from *from, rd_kafka_t *consumer,
		 const rd_kafka_topic_partition_list_t *partitions)
{
	rd_kafka_topic_partition_list_t *placed =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

	for (int i = 0; i < partitions->cnt; i++)
		if (has_offset(&partitions->elems[i]))
			rd_kafka_topic_partition_list_add(
				placed, partitions->elems[i].topic,
				partitions->elems[i].partition)
				->offset = partitions->elems[i].offset;
	if (placed->cnt)
		err = commit(consumer, placed);
	rd_kafka_topic_partition_list_destroy(placed);
	if (err)
		ztp_cli_warn(PROGRAM,
			     "group %s: where it begins is not "
			     "committed: %s",
			     from->options->group, rd_kafka_err2str(err));
}

rd_kafka_topic_partition_list_t *from_all(const struct from *from)
{
	rd_kafka_topic_partition_list_t *all =
		rd_kafka_topic_partition_list_copy(from->committed);

	for (int i = 0; i < all->cnt; i++)
		all->elems[i].offset = start_of(from, i);
	return all;
}

void from_free(struct from *from)
{
	if (!from)
		return;
	if (from->committed)
		rd_kafka_topic_partition_list_destroy(from->committed);
	free(from->spans);
	ztp_id_set_free(from->ended);
	free(from);
}
