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
 * are in a dry run, in which nothing is committed and no group is joined. One
 * whose topic does not take its decision is REFUSED: others go on.
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
#include "tools/approver/run.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"

#define POLL_MS 100

/* The decision is in Kafka. Nobody waits for who reads of it here, neither the
 * devices nor SIGTERM. */
static void show(struct run *run, const struct entry *entry)
{
	char text[1 + ANSWER_LINE_MAX] = "\n"; /* for log_sink_write */
	size_t n = answer_line(text + 1, entry->ask, entry->verdict,
			       entry->rule ? entry->rule : "");

	if (!log_sink_write(&run->out, text, n)) {
		run->unshown++;
		if (errno == EAGAIN)
			return;
		if (!run->failed)
			ztp_cli_warn(PROGRAM, "stdout cannot be written: %s",
				     strerror(errno));
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
	if (entry == run->alone)
		run->alone = NULL;
	if (message->err) {
		const char *why = rd_kafka_err2str(message->err);

		run->sent--;
		if (run_refuse(run, entry, ztp_kafka_fault(message->err), why))
			return;
		ztp_cli_warn(PROGRAM, "decision for %s not delivered: %s",
			     entry->ask->request_id, why);
		run->failed = true;
		return;
	}
	run->delivered++;
	show(run, entry);
	queue_set(&run->queue, entry, DONE);
}

/* --- sending decisions */

/* The rules may be read again before the decision is stored. */
static void note_verdict(struct entry *entry, const struct ztp_answer *answer)
{
	entry->verdict = ztp_answer_verdict(answer);
	free(entry->rule);
	entry->rule = strdup(answer->rule);
}

/* False: the producer's queue is full, try again later; or run->failed. */
static bool decide(struct run *run, struct entry *entry)
{
	struct ztp_answer answer;
	struct ztp_error error;
	int rc;

	answer_for(&answer, run->options, entry->ask);
	note_verdict(entry, &answer);
	if (run->options->dry_run || answer.leave) {
		run->sent += !answer.leave;
		run->delivered += !answer.leave;
		show(run, entry);
		queue_set(&run->queue, entry, DONE);
		return true;
	}
	rc = send_answer(run->producer, run->options, entry->ask, &answer,
			 entry, &error);
	if (rc == ZTP_ERR_FULL)
		return false;
	if (rc && run_refuse(run, entry, rc, error.message))
		return true;
	if (rc) {
		ztp_cli_warn(PROGRAM, "decision for %s: %s",
			     entry->ask->request_id, error.message);
		run->failed = true;
		return false;
	}
	queue_set(&run->queue, entry, SENT);
	run->in_flight++;
	run->sent++;
	return true;
}

/* As many as --count says? */
static bool has_sent_all(const struct run *run)
{
	return run->options->count && run->sent == run->options->count;
}

/* Sends the decisions that are due. Returns how long the next one has to
 * wait. */
static int decide_due(struct run *run)
{
	int64_t now = ztp_clock_boot(), left;
	struct entry *entry;

	if (run->alone)
		return POLL_BUSY_MS;
	for (; (entry = run->queue.undecided);
	     run->queue.undecided = entry->next) {
		if (entry->state != WAITING)
			continue;
		if (has_sent_all(run))
			break;
		left = entry->due - now;
		if (left > 0)
			return left < POLL_MS ? (int)left : POLL_MS;
		if (!decide(run, entry))
			return POLL_BUSY_MS;
	}
	return run->in_flight ? POLL_BUSY_MS : POLL_MS;
}

/* Sends again what was refused, when it is time. Kafka refuses a batch as a whole:
 * what was too large is sent by itself, one after the other. */
static void retry(struct run *run)
{
	struct entry *entry = run_may_retry(run) ? run->queue.first : NULL;
	int64_t now = ztp_clock_boot();

	for (; entry && !has_sent_all(run); entry = entry->next) {
		if (entry->state != REFUSED || entry->due > now)
			continue;
		if (run->alone) {
			run->retry_at = now; /* in the next turn */
			break;
		}
		if (run_leaves_expired(run, entry))
			continue;
		if (!decide(run, entry))
			break;
		if (entry->alone && entry->state == SENT)
			run->alone = entry;
	}
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
		retry(run);
		rd_kafka_poll(run->producer, 0);
		run_settle(run);
		run_pause_or_resume(run);
		if (!finished(run))
			run_receive(run, wait);
	}
	if (run->in_flight && rd_kafka_flush(run->producer, DRAIN_MS) != 0) {
		ztp_cli_warn(
			PROGRAM,
			"%d decisions are not confirmed and will be sent again",
			run->in_flight);
		run->failed = true;
	}
	run_settle(run);
	return run->failed ? ZTP_EXIT_FAILED : ZTP_EXIT_OK;
}

/* --- start and end */

static bool start(struct run *run, struct ztp_error *error)
{
	const struct options *options = run->options;
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.commit = !options->dry_run,
		.on_rebalance = run_on_rebalance,
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
	err = run_begin(run);
	if (err)
		ztp_fail(error, ZTP_ERR_IO, "%s: %s", options->requests,
			 rd_kafka_err2str(err));
	return !err;
}

static void end(struct run *run)
{
	if (!ztp_kafka_consumer_end(run->consumer))
		ztp_cli_warn(PROGRAM, "Kafka does not answer: the requests "
				      "decided last may be decided again");
	/* Before the queue is freed: delivery reports point into it. */
	ztp_kafka_producer_end(run->producer);
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
