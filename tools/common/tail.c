#include "tools/common/tail.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/kafka_assign.h"
#include "base/kafka_offsets.h"
#include "tools/common/cli.h"

#define ASK_MS	     3000 /* how long a broker may take to answer */
#define LOOK_AGAIN   5000 /* for new partitions and topics */
#define LOOK_MISSING 500  /* while a topic is missing */

struct spot {
	const char *topic;
	int32_t partition;
	int64_t next; /* offset */
	bool at_end;
};

struct ztp_tail {
	rd_kafka_t *consumer;
	const char *const *topics;
	size_t topic_count;
	bool from_beginning;
	bool looked;	    /* has once had an answer for every topic */
	bool complete;	    /* every topic has partitions */
	bool away;	    /* the last look had no answer */
	int64_t look_at;    /* when to look again, in ms */
	struct spot *spots; /* owned */
	size_t count;
};

struct ztp_tail *ztp_tail_new(rd_kafka_t *consumer, const char *const *topics,
			      size_t topic_count, bool from_beginning)
{
	struct ztp_tail *tail = calloc(1, sizeof(*tail));

	if (!tail)
		return NULL;
	tail->consumer = consumer;
	tail->topics = topics;
	tail->topic_count = topic_count;
	tail->from_beginning = from_beginning;
	return tail;
}

static struct spot *find_spot(const struct ztp_tail *tail, const char *topic,
			      int32_t partition)
{
	for (size_t i = 0; i < tail->count; i++)
		if (tail->spots[i].partition == partition &&
		    strcmp(tail->spots[i].topic, topic) == 0)
			return &tail->spots[i];
	return NULL;
}

/* A partition that was there at the first look is read from where the caller
 * wants. One that appears later is read from its beginning. */
static bool add_spot(struct ztp_tail *tail, const char *topic,
		     int32_t partition)
{
	int64_t low, high;
	struct spot *larger;

	if (ztp_kafka_offsets(tail->consumer, topic, partition, &low, &high,
			      ASK_MS))
		return false;
	larger = realloc(tail->spots, (tail->count + 1) * sizeof(*larger));
	if (!larger)
		return false;
	tail->spots = larger;
	larger[tail->count++] = (struct spot){
		.topic = topic,
		.partition = partition,
		.next = tail->from_beginning || tail->looked ? low : high,
	};
	return true;
}

/* 1: it is known now. -1: nobody can say yet where it begins. A partition that has
 * no leader is not asked for, since the answer would be waited for in vain. */
static int look_at_partition(struct ztp_tail *tail, const char *name,
			     const struct rd_kafka_metadata_partition *seen,
			     bool *grown)
{
	if (find_spot(tail, name, seen->id))
		return 1;
	if (seen->leader < 0 || !add_spot(tail, name, seen->id))
		return -1;
	*grown = true;
	return 1;
}

/* 1: the topic has partitions, and all are known now. 0: it does not exist. -1:
 * no answer, or not about all of them. Those that are known are read. */
static int look_at_topic(struct ztp_tail *tail, const char *name, bool *grown)
{
	rd_kafka_topic_t *topic =
		rd_kafka_topic_new(tail->consumer, name, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	int found = -1;

	if (!topic ||
	    rd_kafka_metadata(tail->consumer, 0, topic, &metadata, ASK_MS))
		goto out;
	found = metadata->topic_cnt == 1 &&
		metadata->topics[0].partition_cnt > 0;
	for (int i = 0; found && i < metadata->topics[0].partition_cnt; i++) {
		const struct rd_kafka_metadata_partition *seen =
			&metadata->topics[0].partitions[i];

		if (look_at_partition(tail, name, seen, grown) > 0)
			continue;
		found = -1;
		if (seen->leader >= 0) /* the next one may take as long */
			break;
	}
out:
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	if (topic)
		rd_kafka_topic_destroy(topic);
	return found;
}

static void assign(struct ztp_tail *tail)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new((int)tail->count);
	rd_kafka_resp_err_t err;

	for (size_t i = 0; i < tail->count; i++)
		rd_kafka_topic_partition_list_add(list, tail->spots[i].topic,
						  tail->spots[i].partition)
			->offset = tail->spots[i].next;
	err = ztp_kafka_assign(tail->consumer, list);
	if (err)
		ztp_cli_warn(rd_kafka_name(tail->consumer), "assign: %s",
			     rd_kafka_err2str(err));
	rd_kafka_topic_partition_list_destroy(list);
}

static void look(struct ztp_tail *tail)
{
	bool grown = false, answered = true, complete = true;

	for (size_t i = 0; answered && i < tail->topic_count; i++) {
		int found = look_at_topic(tail, tail->topics[i], &grown);

		answered = found >= 0;
		complete = complete && found > 0;
	}
	if (grown)
		assign(tail);
	tail->away = !answered;
	if (answered) {
		tail->looked = true;
		tail->complete = complete;
	}
	tail->look_at = ztp_clock_boot() +
			(answered && complete ? LOOK_AGAIN : LOOK_MISSING);
}

/* librdkafka names the broker of an error, and not the topic. */
static void warn(const struct ztp_tail *tail, const rd_kafka_message_t *message)
{
	const char *topic =
		message->rkt ? rd_kafka_topic_name(message->rkt) : NULL;

	ztp_cli_warn(rd_kafka_name(tail->consumer), "%s%s%s",
		     topic ? topic : "", topic ? ": " : "",
		     rd_kafka_message_errstr(message));
}

/* Handles an event of librdkafka that is not a record. */
static void note(struct ztp_tail *tail, const rd_kafka_message_t *message)
{
	struct spot *spot;

	if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		warn(tail, message);
		return;
	}
	spot = find_spot(tail, rd_kafka_topic_name(message->rkt),
			 message->partition);
	if (spot)
		spot->at_end = true;
}

rd_kafka_message_t *ztp_tail_next(struct ztp_tail *tail, int timeout_ms)
{
	rd_kafka_message_t *message;
	struct spot *spot;

	if (ztp_clock_boot() >= tail->look_at)
		look(tail);
	message = rd_kafka_consumer_poll(tail->consumer, timeout_ms);
	if (!message)
		return NULL;
	if (message->err) {
		note(tail, message);
		rd_kafka_message_destroy(message);
		return NULL;
	}
	spot = find_spot(tail, rd_kafka_topic_name(message->rkt),
			 message->partition);
	if (spot)
		spot->next = message->offset + 1;
	return message;
}

bool ztp_tail_ready(const struct ztp_tail *tail)
{
	return tail->looked && tail->complete;
}

bool ztp_tail_at_end(const struct ztp_tail *tail)
{
	if (!ztp_tail_ready(tail))
		return false;
	for (size_t i = 0; i < tail->count; i++)
		if (!tail->spots[i].at_end)
			return false;
	return true;
}

bool ztp_tail_partition_at_end(const struct ztp_tail *tail, const char *topic,
			       int32_t partition)
{
	const struct spot *spot = find_spot(tail, topic, partition);

	return spot && spot->at_end;
}

bool ztp_tail_missing(const struct ztp_tail *tail)
{
	return tail->looked && !tail->complete;
}

bool ztp_tail_away(const struct ztp_tail *tail)
{
	return tail->away;
}

void ztp_tail_free(struct ztp_tail *tail)
{
	if (!tail)
		return;
	free(tail->spots);
	free(tail);
}
