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
 * A request that a rule leaves to somebody else is DONE at once, as all of them
 * are in a dry run, in which nothing is committed and no group is joined.
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
#include "tools/approver/from.h"
#include "tools/approver/queue.h"
#include "tools/approver/reload.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"

#define QUEUE_MAX      1000
#define QUEUE_RESUME   500
#define PAUSE_AFTER_MS 1000
#define POLL_MS	       100
#define POLL_BUSY_MS   5
#define DRAIN_MS       5000 /* for decisions in flight */

struct run {
	struct options *options;
	rd_kafka_t *producer, *consumer;
	struct from *from;
	struct queue queue;
	struct reload reload;
	int in_flight;
	bool skipped; /* has been said */
	int64_t sent, delivered;
	rd_kafka_resp_err_t last_error; /* has been reported */
	struct log_sink out;		/* stdout */
	int64_t unshown;		/* lines that it did not take */
	int64_t full_since;		/* 0: the queue has room */
	bool paused;
	bool failed;
};

/* --- the head of the queue: offsets of what is done are stored in order */

static void settle(struct run *run)
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

/* The decision is in Kafka. Nobody waits for who reads of it here, neither the
 * devices nor SIGTERM. */
static void show(struct run *run, const struct entry *entry)
{
	char text[1 + ANSWER_LINE_MAX] = "\n"; /* for log_sink_write */
	size_t n = answer_line(text + 1, &entry->ask, entry->verdict,
			       entry->rule ? entry->rule : "");

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

static void give_up(struct run *run,
		    const rd_kafka_topic_partition_list_t *partitions)
{
	if (run->in_flight)
		rd_kafka_flush(run->producer, DRAIN_MS);
	settle(run);
	queue_give_up(&run->queue, run->options->requests, partitions);
}

static void say_ready(const struct run *run,
		      const rd_kafka_topic_partition_list_t *partitions)
{
	if (!run->options->dry_run)
		from_commit(run->from, run->consumer, partitions);
	ztp_cli_warn(PROGRAM, "ready: %s, %d partition%s%s",
		     run->options->requests, partitions->cnt,
		     partitions->cnt == 1 ? "" : "s",
		     run->options->dry_run
			     ? "; dry run: nothing is sent or committed"
			     : "");
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

	if (gain)
		from_place(run->from, consumer, partitions);
	else
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
		say_ready(run, partitions);
}

/* Since when is noted here. */
static bool is_full(struct run *run)
{
	if (run->queue.count < QUEUE_MAX)
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

	if (run->paused == pause || (!pause && run->queue.count > QUEUE_RESUME))
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

/* Does the request need a decision? Only one that was there before the start
 * may not. */
static bool is_open(struct run *run, const struct entry *entry)
{
	if (!from_skips(run->from, entry->partition, entry->offset,
			&entry->ask))
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
	} else if (is_open(run, entry)) {
		keep_trace(&entry->ask, message);
		entry->state = WAITING;
	}
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
	int left = QUEUE_MAX - run->queue.count;

	if (left <= 0 && !run->paused) {
		rd_kafka_poll(run->producer, POLL_BUSY_MS);
		return;
	}
	while (receive_one(run, timeout_ms) && --left > 0 && !run->failed)
		timeout_ms = 0;
}

/* --- sending decisions */

/* The rules may be read again before the decision is stored. */
static void note_verdict(struct entry *entry, const struct ztp_answer *answer)
{
	entry->verdict = ztp_answer_verdict(answer);
	free(entry->rule);
	entry->rule = strdup(answer->rule);
}

/* False: the producer's queue is full; try again later. */
static bool decide(struct run *run, struct entry *entry)
{
	struct ztp_answer answer;
	struct ztp_error error;
	int rc;

	answer_for(&answer, run->options, &entry->ask);
	note_verdict(entry, &answer);
	if (run->options->dry_run || answer.leave) {
		entry->state = DONE;
		run->sent += !answer.leave;
		run->delivered += !answer.leave;
		show(run, entry);
		return true;
	}
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

	for (; (entry = run->queue.undecided);
	     run->queue.undecided = entry->next) {
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
		int wait;

		reload_look(&run->reload, run->options);
		wait = decide_due(run);
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

/* A dry run reads all partitions and is no member of the group, whose own
 * members go on with theirs. */
static rd_kafka_resp_err_t begin(struct run *run)
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
		err = rd_kafka_assign(run->consumer, list);
		say_ready(run, list);
	} else {
		err = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return err;
}

static bool start(struct run *run, struct ztp_error *error)
{
	const struct options *options = run->options;
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.commit = !options->dry_run,
		.on_rebalance = on_rebalance,
		.opaque = run,
	};
	rd_kafka_resp_err_t err;

	run->producer = ztp_kafka_producer(options->brokers, &options->props, 0,
					   on_delivery, run, error);
	if (!run->producer)
		return false;
	run->consumer = ztp_kafka_consumer(options->brokers, &options->props,
					   &how, error);
	if (!run->consumer)
		return false;
	run->from = from_new(options, run->consumer, error);
	if (!run->from)
		return false;
	err = begin(run);
	if (err)
		ztp_fail(error, ZTP_ERR_IO, "%s: %s", options->requests,
			 rd_kafka_err2str(err));
	return !err;
}

static void end(struct run *run)
{
	/* Commits the stored offsets and leaves the group. */
	if (run->consumer) {
		rd_kafka_consumer_close(run->consumer);
		rd_kafka_destroy(run->consumer);
	}
	/* Before the queue is freed: delivery reports point into it. */
	if (run->producer)
		rd_kafka_destroy(run->producer);
	queue_clear(&run->queue);
	from_free(run->from);
}

int run_command(struct options *options)
{
	struct run run = {.options = options};
	struct ztp_error error;
	int rc;

	queue_init(&run.queue);
	reload_init(&run.reload, options);
	log_sink_open(&run.out, STDOUT_FILENO);
	if (start(&run, &error))
		rc = loop(&run);
	else
		rc = ztp_cli_stopped() ? ZTP_EXIT_OK : report(&error);
	end(&run);
	log_sink_close(&run.out);
	return rc;
}
