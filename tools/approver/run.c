/*
 * ztp-approver run: every request gets a decision, at least once.
 *
 * Requests wait in one queue, in the order of their arrival. A request is
 * WAITING until its time has come (--delay), SENT until Kafka reports that its
 * decision is stored, then DONE; an unreadable one is DONE from the start. Only
 * the head of the queue is removed, and only when it is DONE; then its offset
 * is stored for commit. So no committed offset is ever beyond a decision that
 * is not stored, although decisions of different devices are reported in any
 * order. After a crash, what was in the queue is repeated: the same request,
 * the same rules, the same decision, which the bridge recognises as a
 * duplicate.
 *
 * When partitions are revoked, SENT requests are waited for, and the rest is
 * left to the next owner. When the queue stays full, the partitions are paused
 * and polling goes on, so that the group does not drop us.
 *
 * One thread; librdkafka's callbacks run in its poll functions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_sink.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"

#define QUEUE_MAX      1000
#define QUEUE_RESUME   500
#define PAUSE_AFTER_MS 1000
#define POLL_MS	       100
#define POLL_BUSY_MS   5
#define DRAIN_MS       5000 /* for decisions in flight */

enum state { WAITING, SENT, DONE };

struct entry {
	struct entry *next;
	enum state state;
	int32_t partition;
	int64_t offset;
	int64_t due; /* ms, ztp_clock_boot */
	bool approve;
	const char *rule; /* owned by the rules */
	struct ztp_ask ask;
};

struct run {
	const struct options *options;
	rd_kafka_t *producer, *consumer;
	struct entry *first, **last; /* the queue; where to append */
	struct entry *undecided;     /* all before it are SENT or DONE */
	int queued, in_flight;
	int64_t sent, delivered;
	rd_kafka_resp_err_t last_error; /* has been reported */
	struct log_sink out;		/* stdout */
	int64_t unshown;		/* lines that it did not take */
	int64_t full_since;		/* 0: the queue has room */
	bool paused;
	bool failed;
};

/* --- the head of the queue: offsets of what is done are stored in order */

/* The last offset of each partition is enough. */
static void note_offset(rd_kafka_topic_partition_list_t *list,
			const char *topic, const struct entry *entry)
{
	rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_find(
		list, topic, entry->partition);

	if (!at)
		at = rd_kafka_topic_partition_list_add(list, topic,
						       entry->partition);
	at->offset = entry->offset + 1;
}

static void remove_entry(struct run *run, struct entry *entry)
{
	struct entry **at = &run->first;

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	if (!entry->next)
		run->last = at;
	if (run->undecided == entry)
		run->undecided = entry->next;
	run->queued--;
	free(entry);
}

static void settle(struct run *run)
{
	rd_kafka_topic_partition_list_t *list;
	struct entry *head = run->first;

	if (!head || head->state != DONE)
		return;
	list = rd_kafka_topic_partition_list_new(1);
	while ((head = run->first) && head->state == DONE) {
		note_offset(list, run->options->requests, head);
		remove_entry(run, head);
	}
	/* Fails, as it should, for a partition that is no longer ours. */
	(void)rd_kafka_offsets_store(run->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
}

/* The decision is in Kafka. Nobody waits for who reads of it here, neither the
 * devices nor SIGTERM. */
static void show(struct run *run, const struct entry *entry)
{
	char text[1 + ANSWER_LINE_MAX] = "\n"; /* for log_sink_write */
	size_t n =
		answer_line(text + 1, &entry->ask, entry->approve, entry->rule);

	if (!log_sink_write(&run->out, text, n)) {
		run->unshown++;
		if (errno != EAGAIN)
			run->failed = true;
	} else if (run->unshown > 0) {
		ztp_cli_warn(
			PROGRAM,
			"%lld decisions were not shown: nobody read stdout",
			(long long)run->unshown);
		run->unshown = 0;
	}
}

/* Called from rd_kafka_poll and rd_kafka_flush, in this thread. */
static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message,
			void *opaque)
{
	struct run *run = opaque;
	struct entry *entry = message->_private;

	(void)producer;
	run->in_flight--;
	if (message->err) {
		ztp_cli_warn(PROGRAM, "decision for %s not delivered: %s",
			     entry->ask.request_id,
			     rd_kafka_err2str(message->err));
		run->failed = true;
		return;
	}
	entry->state = DONE;
	run->delivered++;
	show(run, entry);
}

/* --- rebalances */

static bool in_list(const rd_kafka_topic_partition_list_t *list,
		    const char *topic, int32_t partition)
{
	return rd_kafka_topic_partition_list_find(
		       (rd_kafka_topic_partition_list_t *)(uintptr_t)list,
		       topic, partition) != NULL;
}

static void give_up(struct run *run,
		    const rd_kafka_topic_partition_list_t *partitions)
{
	struct entry *entry, *next;

	if (run->in_flight)
		rd_kafka_flush(run->producer, DRAIN_MS);
	settle(run);
	for (entry = run->first; entry; entry = next) {
		next = entry->next;
		/* The delivery report of a SENT entry still points to it. */
		if (entry->state != SENT &&
		    in_list(partitions, run->options->requests,
			    entry->partition))
			remove_entry(run, entry);
	}
}

/* Called from rd_kafka_consumer_poll and _close, in this thread. */
static void on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t err,
			 rd_kafka_topic_partition_list_t *partitions,
			 void *opaque)
{
	bool gain = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	bool cooperative = strcmp(rd_kafka_rebalance_protocol(consumer),
				  "COOPERATIVE") == 0;
	struct run *run = opaque;
	rd_kafka_error_t *error = NULL;

	if (!gain)
		give_up(run, partitions);
	run->paused = false;
	if (!cooperative)
		err = rd_kafka_assign(consumer, gain ? partitions : NULL);
	else if (gain)
		error = rd_kafka_incremental_assign(consumer, partitions);
	else
		error = rd_kafka_incremental_unassign(consumer, partitions);
	if (error)
		err = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	if (err)
		ztp_cli_warn(PROGRAM, "assignment: %s", rd_kafka_err2str(err));
	else if (gain)
		ztp_cli_warn(PROGRAM, "ready: %s, %d partition%s",
			     run->options->requests, partitions->cnt,
			     partitions->cnt == 1 ? "" : "s");
}

/* Since when is noted here. */
static bool is_full(struct run *run)
{
	if (run->queued < QUEUE_MAX)
		run->full_since = 0;
	else if (run->full_since == 0)
		run->full_since = ztp_clock_boot();
	return run->full_since != 0;
}

/* librdkafka drops what it has fetched of a paused partition and fetches it
 * again, so a queue that is full for moments is no reason to pause. */
static void pause_or_resume(struct run *run)
{
	rd_kafka_topic_partition_list_t *partitions = NULL;
	bool pause = is_full(run) &&
		     ztp_clock_boot() - run->full_since >= PAUSE_AFTER_MS;

	if (run->paused == pause || (!pause && run->queued > QUEUE_RESUME))
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
	struct ztp_header headers[ZTP_HEADERS_MAX];
	size_t count = ztp_kafka_headers(headers, ZTP_HEADERS_MAX, message);
	struct ztp_str trace =
		ztp_header_get(headers, count, ZTP_HEADER_TRACEPARENT);

	if (trace.p && ztp_traceparent_valid(trace.p, trace.n)) {
		memcpy(ask->traceparent, trace.p, trace.n);
		ask->traceparent[trace.n] = '\0';
	}
}

static void take_request(struct run *run, const rd_kafka_message_t *message)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	struct ztp_error error;

	if (!entry) {
		ztp_cli_warn(PROGRAM, "out of memory");
		run->failed = true;
		return;
	}
	entry->partition = message->partition;
	entry->offset = message->offset;
	entry->due = ztp_clock_boot() + run->options->delay_ms;
	if (ztp_ask_parse(&entry->ask, message->payload, message->len,
			  &error)) {
		ztp_cli_warn(PROGRAM, "%s[%d]@%lld cannot be read: %s",
			     run->options->requests, (int)message->partition,
			     (long long)message->offset, error.message);
		entry->state = DONE;
	} else {
		keep_trace(&entry->ask, message);
	}
	*run->last = entry;
	run->last = &entry->next;
	if (!run->undecided)
		run->undecided = entry;
	run->queued++;
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
static void receive(struct run *run, int timeout_ms)
{
	int left = QUEUE_MAX - run->queued;

	if (left <= 0 && !run->paused) {
		rd_kafka_poll(run->producer, POLL_BUSY_MS);
		return;
	}
	while (receive_one(run, timeout_ms) && --left > 0 && !run->failed)
		timeout_ms = 0;
}

/* --- sending decisions */

/* False: the producer's queue is full; try again later. */
static bool decide(struct run *run, struct entry *entry)
{
	struct ztp_answer answer;
	struct ztp_error error;
	int rc;

	answer_for(&answer, run->options, &entry->ask);
	entry->approve = answer.approve;
	entry->rule = answer.rule;
	rc = send_answer(run->producer, run->options, &entry->ask, &answer,
			 entry, &error);
	if (rc == ZTP_ERR_FULL)
		return false;
	if (rc) {
		ztp_cli_warn(PROGRAM, "decision for %s: %s",
			     entry->ask.request_id, error.message);
		run->failed = true;
		return false;
	}
	entry->state = SENT;
	run->in_flight++;
	run->sent++;
	return true;
}

/* Sends the decisions that are due. Returns how long the next one has to
 * wait. */
static int decide_due(struct run *run)
{
	int64_t now = ztp_clock_boot(), left;
	struct entry *entry;

	for (; (entry = run->undecided); run->undecided = entry->next) {
		if (entry->state != WAITING)
			continue;
		if (run->options->count && run->sent == run->options->count)
			break;
		left = entry->due - now;
		if (left > 0)
			return left < POLL_MS ? (int)left : POLL_MS;
		if (!decide(run, entry))
			return POLL_BUSY_MS;
	}
	return run->in_flight ? POLL_BUSY_MS : POLL_MS;
}

static bool finished(const struct run *run)
{
	return run->failed ||
	       (run->options->count && run->delivered >= run->options->count);
}

static int loop(struct run *run)
{
	while (!finished(run) && !ztp_cli_stopped()) {
		int wait = decide_due(run);

		rd_kafka_poll(run->producer, 0);
		settle(run);
		pause_or_resume(run);
		if (!finished(run))
			receive(run, wait);
	}
	if (run->in_flight && rd_kafka_flush(run->producer, DRAIN_MS) != 0) {
		ztp_cli_warn(
			PROGRAM,
			"%d decisions are not confirmed and will be sent again",
			run->in_flight);
		run->failed = true;
	}
	settle(run);
	return run->failed ? ZTP_EXIT_FAILED : ZTP_EXIT_OK;
}

/* --- start and end */

static bool start(struct run *run, struct ztp_error *error)
{
	const struct options *options = run->options;
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.commit = true,
		.on_rebalance = on_rebalance,
		.opaque = run,
	};
	rd_kafka_topic_partition_list_t *topics;
	rd_kafka_resp_err_t err;

	run->producer = ztp_kafka_producer(options->brokers, &options->props, 0,
					   on_delivery, run, error);
	if (!run->producer)
		return false;
	run->consumer = ztp_kafka_consumer(options->brokers, &options->props,
					   &how, error);
	if (!run->consumer)
		return false;
	topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(topics, options->requests,
					  RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(run->consumer, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	if (err)
		ztp_fail(error, ZTP_ERR_IO, "%s: %s", options->requests,
			 rd_kafka_err2str(err));
	return !err;
}

static void end(struct run *run)
{
	struct entry *entry;

	/* Commits the stored offsets and leaves the group. */
	if (run->consumer) {
		rd_kafka_consumer_close(run->consumer);
		rd_kafka_destroy(run->consumer);
	}
	/* Before the queue is freed: delivery reports point into it. */
	if (run->producer)
		rd_kafka_destroy(run->producer);
	while ((entry = run->first))
		remove_entry(run, entry);
}

int run_command(const struct options *options)
{
	struct run run = {.options = options};
	struct ztp_error error;
	int rc;

	run.last = &run.first;
	log_sink_open(&run.out, STDOUT_FILENO);
	rc = start(&run, &error) ? loop(&run) : report(&error);
	end(&run);
	log_sink_close(&run.out);
	return rc;
}
