/*
 * bridge/kafka/consumer_internal.h - shared by consumer.c (reading decisions),
 * consumer_assignment.c (which partitions of the topic are assigned, and from
 * where to read them), consumer_landmark.c (whether they are still those that
 * were read before), consumer_anew.c (a topic that is recreated),
 * consumer_gap.c (what cannot be read), consumer_denied.c (what may not be read) and
 * consumer_watch.c (a partition that is not read any more, a group that is not joined
 * any more).
 */
#ifndef BRIDGE_KAFKA_CONSUMER_INTERNAL_H
#define BRIDGE_KAFKA_CONSUMER_INTERNAL_H

#include "bridge/core/batching.h"
#include "bridge/kafka/consumer.h"
#include "bridge/kafka/kafka.h"
#include "ztp/codec.h"
#include "ztp/retry.h"

/* A batch that librdkafka cannot read; see consumer_gap.c. */
struct unreadable {
	int64_t base; /* its offset, as librdkafka reports it */
	int tries;    /* 0: there is none */
	rd_kafka_resp_err_t err;
	bool sought;	 /* another position has been asked for */
	int64_t inside;	 /* a position in the batch */
	int64_t asked;	 /* the position asked for */
	int64_t outside; /* a position behind the batch, or -1 */
	int64_t step;
	/* Once its end is known: until the next commit. */
	int64_t gap_first, gap_end;
	rd_kafka_resp_err_t gap_err;
};

struct partition {
	int64_t next;	   /* next offset after those in the store, or -1 */
	int64_t seen;	   /* next offset after those in the batch, or -1 */
	int64_t seen_at;   /* when Kafka last reported it; 0: not yet */
	int64_t committed; /* the copy committed to Kafka */
	/* The last record before `next`, as stored; see consumer_landmark.c. */
	struct store_landmark landmark;
	bool looking;  /* for it: nothing has been read since the assignment */
	bool anything; /* whatever comes first is what was expected */
	/* What came is behind what was expected, and it is not known yet whether
	 * the partition begins there: since when, in steady ms; 0: it is known. */
	int64_t doubted_at;
	int64_t doubted; /* the offset of what came */
	/* What was removed before it was read, until the next commit: up to here
	 * without it. 0: nothing. */
	int64_t lost_first, lost_end;
	const rd_kafka_message_t *last; /* of the batch, or NULL */
	/* When it was first found behind the end, and where; 0: it is not. */
	int64_t behind_at, behind_next;
	bool denied; /* Kafka has said so, and not let it be read since */
	struct unreadable bad;
};

/* A partition that is not read any more, and where. */
struct standing {
	bool found;
	int partition;
	int64_t position;
};

/* See consumer_large.c. */
struct large {
	rd_kafka_event_t *event;	   /* NULL: it is hashed, or none */
	const rd_kafka_message_t *message; /* until the batch is dropped */
	size_t done;
	struct ztp_sha256 hash;
	uint8_t sha256[ZTP_SHA256_LEN];
};

struct consumer {
	struct core *core;
	struct store *store;
	struct probe *probe;
	struct consumer_user user;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int wake_fd;
	int joined_for; /* so many partitions it has joined once more */

	/* Assigned by the group but not accepted yet: the number of partitions
	 * is not known yet. */
	rd_kafka_topic_partition_list_t *offered;
	int64_t offered_at;
	bool complete, shared, more;
	bool anew;	   /* our offsets are of a deleted topic */
	bool again;	   /* a partition is to be read from its beginning */
	int doubted;	   /* partitions: their doubted_at is set */
	bool missing;	   /* the topic, as the probe said last */
	int64_t missed_at; /* asked_at of the status that reported it missing */

	int64_t next_watch;
	struct ztp_retry watch;
	struct standing stood; /* the first one that was found */
	struct probe_end_offsets ends;
	int64_t unassigned_at; /* since when it waits for the group; or 0 */
	struct ztp_retry joins;

	bool group_denied;     /* Kafka has said so since the last assignment */
	int64_t ask_denied_at; /* see consumer_denied.c */

	struct partition *partitions; /* count of them, while complete */
	int count;

	/* The batch; the events own the messages. */
	rd_kafka_event_t *events[BATCHING_SHARED_TURN_MAX];
	const rd_kafka_message_t *messages[BATCHING_SHARED_TURN_MAX];
	int batch, batch_max;
	size_t bytes;
	struct large large;
	bool moved; /* seen differs from next in some partition */

	int64_t reopen_at; /* without a handle: when to open a new one */
	int64_t next_commit;
	bool commit_due;
	struct log_limit errors;
};

/* Joins the group, or joins it once more: as its leader the bridge has the
 * partitions given out again. */
rd_kafka_resp_err_t consumer_subscribe(struct consumer *c);

/* Drops the collected batch; let_go also drops the assignment. */
void consumer_drop_batch(struct consumer *c);
void consumer_let_go(struct consumer *c);

/* Handles a rebalance: the group assigns or revokes partitions. */
void consumer_rebalance(struct consumer *c, rd_kafka_event_t *event);
/* Of one of several bridges, whose group is about who is active and not about
 * partitions: offers all that there are, and again when there are more. */
void consumer_offer_all(struct consumer *c, const struct probe_status *status);
/* Accepts the offered partitions if they are all there are. */
void consumer_consider(struct consumer *c, const struct probe_status *status);

/* suspect: there is a sign that the topic has been deleted and recreated.
 * look_for_topic: a missing topic is such a sign. Returns true if it is there
 * again, but not yet to this handle. */
void consumer_suspect(struct consumer *c, const char *sign);
/* Is a decision waited for? */
bool consumer_has_asked(const struct consumer *c);
bool consumer_look_for_topic(struct consumer *c,
			     const struct probe_status *status);

/* start: where to read a partition from, as an offset for librdkafka. found,
 * end: what was read first in a partition that is looked at, or that there is
 * nothing to read before this end. Until then nothing else of it counts.
 * in_doubt: this was read, or is the end; true if it does not count, because
 * something before it may have been removed unread, and comes again when that is
 * known. decide: in each turn, whether it was; false: only a new handle reads it.
 * lost: during apply, reports what was removed before it was read. update: makes a
 * record the landmark. */
int64_t consumer_landmark_start(const struct consumer *c,
				struct partition *part);
void consumer_landmark_found(struct consumer *c, struct partition *part,
			     const rd_kafka_message_t *message);
void consumer_landmark_end(struct consumer *c, struct partition *part,
			   int64_t end);
bool consumer_landmark_in_doubt(struct consumer *c, int partition,
				int64_t offset);
bool consumer_landmark_decide(struct consumer *c);
int consumer_landmark_lost(struct consumer *c, struct ztp_error *error);
void consumer_landmark_update(struct partition *part);

/* begin: true if the record is large. Then it is not taken into the batch before
 * go_on, once in a turn, returns true. drop: an unfinished one as well. */
bool consumer_large_begin(struct consumer *c, rd_kafka_event_t *event,
			  const rd_kafka_message_t *message);
bool consumer_large_go_on(struct consumer *c);
const uint8_t *consumer_large_sha256(const struct consumer *c,
				     const rd_kafka_message_t *message);
void consumer_large_drop(struct consumer *c);

/* Closes the handle; a new one is opened ms later, and reads from the store's
 * offsets. */
void consumer_reopen(struct consumer *c, int64_t ms);

/* True if a partition has not been read for long although there is something
 * to read. */
bool consumer_stands_still(struct consumer *c);
/* True if the group has assigned nothing for long although Kafka answers. Next:
 * when to look again, or 0. */
bool consumer_waits_in_vain(struct consumer *c,
			    const struct probe_status *status);
int64_t consumer_next_watch(const struct consumer *c);

/* by: takes note of an error event; returns true if it says that a right is missing.
 * ask: asks for a partition again that may not be read, in every turn. next: when it
 * does, or 0. */
bool consumer_denied_by(struct consumer *c, rd_kafka_resp_err_t err,
			rd_kafka_event_t *event);
void consumer_ask_denied(struct consumer *c);
int64_t consumer_next_ask(const struct consumer *c);

/* failed: takes note of an error event; returns true if it says that a batch
 * cannot be read. readable: a record at this offset, or the end, has been read.
 * Returns false if that only answers a question for a position, and the record
 * comes again. */
bool consumer_gap_failed(struct consumer *c, rd_kafka_resp_err_t err,
			 rd_kafka_event_t *event);
bool consumer_gap_readable(struct consumer *c, int partition, int64_t offset);
/* What comes next of it is at that offset; what was fetched before is not handed
 * out any more. False: that failed, and the log says why. */
bool consumer_seek(struct consumer *c, int partition, int64_t offset);
/* During apply and settle: reports the gaps that were found; forgets them. */
int consumer_gap_apply(struct consumer *c, struct ztp_error *error);
void consumer_gap_settle(struct consumer *c);

#endif
