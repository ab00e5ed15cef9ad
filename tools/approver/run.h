/*
 * tools/approver/run.h - the state of run, shared by run.c, which decides, and
 * run_read.c, which reads requests and gives their offsets back.
 */
#ifndef ZTP_APPROVER_RUN_H
#define ZTP_APPROVER_RUN_H

#include "base/log_sink.h"
#include "tools/approver/from.h"
#include "tools/approver/queue.h"
#include "tools/approver/reload.h"

#define POLL_BUSY_MS 5
#define DRAIN_MS     4000 /* for decisions in flight */

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
	int64_t retry_at;		/* ms: of what is refused */
	const struct entry *alone;	/* is sent, and nothing else; or NULL */
	int64_t tell_at;		/* ms: when that may be said again */
	struct log_sink out;		/* stdout */
	int64_t unshown;		/* lines that it did not take */
	int64_t full_since;		/* 0: the queue has room */
	bool paused;
	bool failed;
};

/* Its decision was not taken: a code of ztp_kafka_fault, and why. False: the run
 * cannot go on without it. */
bool run_refuse(struct run *run, struct entry *entry, int code,
		const char *why);
/* Is it time to send again what was refused? */
bool run_may_retry(struct run *run);
/* Is it too late for that? Then it is left undecided. */
bool run_leaves_expired(struct run *run, struct entry *entry);
/* A rebalance callback of librdkafka; opaque is the struct run. */
void run_on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t err,
		      rd_kafka_topic_partition_list_t *partitions,
		      void *opaque);
/* Starts to read, when run->from is known. */
rd_kafka_resp_err_t run_begin(struct run *run);
/* Waits for one request, and takes as many as have come. */
void run_receive(struct run *run, int timeout_ms);
void run_pause_or_resume(struct run *run);
/* Removes what is done from the head of the queue, and stores its offsets. */
void run_settle(struct run *run);

#endif
