/*
 * Decisions that their topic does not take: it does not exist, this customer may not
 * write to it, or it takes smaller ones only. Each request names its topic, and with
 * several bridges each has one of its own: what is wrong with one costs nobody else
 * anything. Such decisions are sent again, until their requests expire, and others go
 * on; but no offset behind them is committed, so after a restart all of them are
 * decided again. If too many wait, the oldest is left undecided, which is said.
 *
 * With --decisions all go to one topic: if that takes none, nothing can be done here
 * at all, which ends the process. One that is too large is still its own fault.
 */
#include "base/clock.h"
#include "tools/approver/run.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"

#define REFUSED_MAX 1000
#define RETRY_MS    5000
#define TELL_MS	    60000

static bool costs_only_itself(const struct run *run, int code)
{
	return code == ZTP_ERR_TOO_LARGE ||
	       (code == ZTP_ERR_REFUSED && !run->options->decisions_given);
}

bool run_refuse(struct run *run, struct entry *entry, int code, const char *why)
{
	const char *topic = decisions_wanted(run->options, entry->ask);
	int64_t now = ztp_clock_boot();

	if (!costs_only_itself(run, code))
		return false;
	queue_set(&run->queue, entry, REFUSED);
	entry->due = now + RETRY_MS;
	entry->alone = entry->alone || code == ZTP_ERR_TOO_LARGE;
	if (run->queue.refused == 1)
		run->retry_at = now + RETRY_MS;
	if (now < run->tell_at)
		return true;
	run->tell_at = now + TELL_MS;
	ztp_cli_warn(
		PROGRAM,
		"request %s wants its decision in %s: %s; it is sent again "
		"later, and others go on",
		entry->ask->request_id, topic, why);
	return true;
}

static void leave(struct run *run, struct entry *entry, const char *why)
{
	ztp_cli_warn(PROGRAM, "request %s is left undecided: %s",
		     entry->ask->request_id, why);
	queue_set(&run->queue, entry, DONE);
}

static void leave_oldest(struct run *run)
{
	struct entry *entry = run->queue.first;

	while (entry->state != REFUSED)
		entry = entry->next;
	leave(run, entry, "too many wait for topics that do not take them");
}

bool run_leaves_expired(struct run *run, struct entry *entry)
{
	int64_t expires_at = entry->ask->expires_at;

	if (!expires_at || expires_at > ztp_clock_wall())
		return false;
	leave(run, entry, "it has expired, and its topic did not take it");
	return true;
}

bool run_may_retry(struct run *run)
{
	struct queue *queue = &run->queue;

	while (queue->refused > REFUSED_MAX ||
	       (queue->refused && queue->done >= QUEUE_DONE_MAX))
		leave_oldest(run);
	if (!queue->refused || ztp_clock_boot() < run->retry_at)
		return false;
	run->retry_at = ztp_clock_boot() + RETRY_MS;
	return true;
}
