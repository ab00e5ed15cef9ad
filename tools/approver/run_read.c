#include "tools/approver/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/kafka_assign.h"
#include "tools/common/cli.h"

#define QUEUE_MAX      1000
#define QUEUE_RESUME   500
#define PAUSE_AFTER_MS 1000

void run_settle(struct run *run)
{
	rd_kafka_topic_partition_list_t *list;

	if (!run->queue.first || run->queue.first->state != DONE)
		return;
	list = rd_kafka_topic_partition_list_new(1);
	queue_settle(&run->queue, run->options->requests, list);
	/* Fails, as it should, for a partition that is no longer ours. */
	if (!run->options->dry_run)
		(void)rd_kafka_offsets_store(run->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
}

/* --- rebalances */

static void give_up(struct run *run,
		    const rd_kafka_topic_partition_list_t *partitions)
{
	if (run->in_flight)
		rd_kafka_flush(run->producer, DRAIN_MS);
	run_settle(run);
	queue_give_up(&run->queue, run->options->requests, partitions);
}

static void say_ready(const struct run *run,
		      const rd_kafka_topic_partition_list_t *partitions)
{
	ztp_cli_warn(PROGRAM, "ready: %s, %d partition%s%s",
		     run->options->requests, partitions->cnt,
		     partitions->cnt == 1 ? "" : "s",
		     run->options->dry_run
			     ? "; dry run: nothing is sent or committed"
			     : "");
}

/* Called from rd_kafka_consumer_poll and _close, in this thread. */
void run_on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t err,
		      rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
	bool gain = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	bool cooperative = strcmp(rd_kafka_rebalance_protocol(consumer),
				  "COOPERATIVE") == 0;
	struct run *run = opaque;
	rd_kafka_error_t *error = NULL;

	if (gain)
		from_place(run->from, consumer, partitions);
	else
		give_up(run, partitions);
	run->paused = false;
	if (!cooperative)
		err = ztp_kafka_assign(consumer, gain ? partitions : NULL);
	else if (gain)
		error = rd_kafka_incremental_assign(consumer, partitions);
	else
		error = rd_kafka_incremental_unassign(consumer, partitions);
	if (gain)
		ztp_kafka_settle(consumer);
	if (error)
		err = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	if (err)
		ztp_cli_warn(PROGRAM, "assignment: %s", rd_kafka_err2str(err));
	if (!err && gain) {
		from_commit(run->from, consumer, partitions);
		say_ready(run, partitions);
	}
}

/* How many may be taken. */
static int room(const struct run *run)
{
	return run->queue.done < QUEUE_DONE_MAX ? QUEUE_MAX - run->queue.count
						: 0;
}

/* Since when is noted here. */
static bool is_full(struct run *run)
{
	if (room(run) > 0)
		run->full_since = 0;
	else if (run->full_since == 0)
		run->full_since = ztp_clock_boot();
	return run->full_since != 0;
}

/* librdkafka drops what it has fetched of a paused partition and fetches it
 * again, so a queue that is full for moments is no reason to pause. */
void run_pause_or_resume(struct run *run)
{
	rd_kafka_topic_partition_list_t *partitions = NULL;
	bool pause = is_full(run) &&
		     ztp_clock_boot() - run->full_since >= PAUSE_AFTER_MS;

	if (run->paused == pause ||
	    (!pause && room(run) < QUEUE_MAX - QUEUE_RESUME))
		return;
	if (rd_kafka_assignment(run->consumer, &partitions))
		return;
	if (pause)
		rd_kafka_pause_partitions(run->consumer, partitions);
	else
		rd_kafka_resume_partitions(run->consumer, partitions);
	rd_kafka_topic_partition_list_destroy(partitions);
	run->paused = pause;
}

/* --- reading requests */

static void keep_trace(struct ztp_ask *ask, const rd_kafka_message_t *message)
{
	size_t count = ztp_kafka_header_count(message);
	struct ztp_header header;
	struct ztp_str trace = {NULL, 0};

	for (size_t i = 0;
	     !trace.p && i < count && ztp_kafka_header_at(&header, message, i);
	     i++)
		trace = ztp_header_get(&header, 1, ZTP_HEADER_TRACEPARENT);
	if (trace.p && ztp_traceparent_valid(trace.p, trace.n)) {
		memcpy(ask->traceparent, trace.p, trace.n);
		ask->traceparent[trace.n] = '\0';
	}
}

/* Does the request need a decision? Only one that was there before the start
 * may not. */
static bool is_open(struct run *run, const struct entry *entry)
{
	if (!from_skips(run->from, entry->partition, entry->offset, entry->ask))
		return true;
	if (!run->skipped)
		ztp_cli_warn(PROGRAM,
			     "requests that have ended or expired are not "
			     "decided (--from beginning: they are)");
	run->skipped = true;
	return false;
}

static void take_request(struct run *run, const rd_kafka_message_t *message)
{
	struct entry *entry = queue_append(&run->queue);
	struct ztp_error error;

	if (entry)
		entry->ask = malloc(sizeof(*entry->ask));
	if (!entry || !entry->ask) {
		ztp_cli_warn(PROGRAM, "out of memory");
		run->failed = true;
		return;
	}
	entry->partition = message->partition;
	entry->offset = message->offset;
	entry->due = ztp_clock_boot() + run->options->delay_ms;
	if (ztp_ask_parse(entry->ask, message->payload, message->len, &error)) {
		ztp_cli_warn(PROGRAM, "%s[%d]@%lld cannot be read: %s",
			     run->options->requests, (int)message->partition,
			     (long long)message->offset, error.message);
	} else if (is_open(run, entry)) {
		keep_trace(entry->ask, message);
		queue_set(&run->queue, entry, WAITING);
		return;
	}
	queue_set(&run->queue, entry, DONE); /* lets go of its ask */
}

static void take_error(struct run *run, const rd_kafka_message_t *message)
{
	if (message->err == RD_KAFKA_RESP_ERR__FATAL)
		run->failed = true;
	else if (message->err == run->last_error)
		return;
	run->last_error = message->err;
	ztp_cli_warn(PROGRAM, "%s", rd_kafka_message_errstr(message));
}

/* False: there is none. */
static bool receive_one(struct run *run, int timeout_ms)
{
	rd_kafka_message_t *message =
		rd_kafka_consumer_poll(run->consumer, timeout_ms);

	if (!message)
		return false;
	if (message->err) {
		take_error(run, message);
	} else {
		run->last_error = RD_KAFKA_RESP_ERR_NO_ERROR;
		take_request(run, message);
	}
	rd_kafka_message_destroy(message);
	return true;
}

/* Waits for the first one only. Many together share a turn of the loop, and
 * their decisions share requests to Kafka. */
void run_receive(struct run *run, int timeout_ms)
{
	int left = room(run);

	if (left <= 0 && !run->paused) {
		rd_kafka_poll(run->producer, POLL_BUSY_MS);
		return;
	}
	while (receive_one(run, timeout_ms) && --left > 0 && !run->failed)
		timeout_ms = 0;
}

/* A dry run reads all partitions and is no member of the group, whose own
 * members go on with theirs. */
rd_kafka_resp_err_t run_begin(struct run *run)
{
	const char *topic = run->options->requests;
	rd_kafka_topic_partition_list_t *list =
		run->options->dry_run ? from_all(run->from)
				      : rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	if (!run->options->dry_run) {
		rd_kafka_topic_partition_list_add(list, topic,
						  RD_KAFKA_PARTITION_UA);
		err = rd_kafka_subscribe(run->consumer, list);
	} else if (list->cnt) {
		err = ztp_kafka_assign(run->consumer, list);
		say_ready(run, list);
	} else {
		err = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return err;
}
