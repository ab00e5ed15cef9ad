/*
 * bridge/kafka/consumer_internal.h - what the two halves of the consumer share: what
 * becomes of decisions (consumer.c), and which partitions of their topic are
 * ours, from where on (consumer_ours.c).
 */
#ifndef BRIDGE_KAFKA_CONSUMER_INTERNAL_H
#define BRIDGE_KAFKA_CONSUMER_INTERNAL_H

#include "bridge/kafka/consumer.h"
#include "bridge/kafka/kafka.h"

#define CONSUMER_BATCH 512 /* messages */

struct partition {
	int64_t next;	   /* behind all that is in the store, or -1 */
	int64_t seen;	   /* behind all that is in the batch, or -1 */
	int64_t seen_at;   /* when Kafka last said so; 0: not yet */
	int64_t committed; /* the copy at Kafka */
};

struct consumer {
	struct core *core;
	struct store *store;
	struct probe *probe;
	struct consumer_user user;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int wake_fd;

	/* Given to us, but not taken: how many there are is not known yet. */
	rd_kafka_topic_partition_list_t *offered;
	int64_t offered_at;
	bool complete, shared, more;
	bool anew;	   /* our positions are of a topic that is no more */
	int64_t missed_at; /* asked_at of the status that it is missing */

	struct partition *partitions; /* of count, while complete */
	int count;

	rd_kafka_event_t
		*events[CONSUMER_BATCH]; /* the batch: owns the messages */
	const rd_kafka_message_t *messages[CONSUMER_BATCH];
	int batch;
	size_t bytes;
	bool moved; /* partitions' seen differs from next */

	int64_t reopen_at; /* without a handle: after a fatal error */
	int64_t next_commit;
	bool commit_due;
	struct log_limit errors;
};

/* What was collected is forgotten; with let_go, what is ours as well. */
void consumer_drop_batch(struct consumer *c);
void consumer_let_go(struct consumer *c);

/* The group has given us partitions, or wants them back. */
void consumer_rebalance(struct consumer *c, rd_kafka_event_t *event);
/* Takes what was offered if it is all that there is. */
void consumer_consider(struct consumer *c, const struct probe_status *status);

/* A sign that the topic has been deleted and made again; one is that it is
 * missing. And what is ours once more, from where the store is now. */
void consumer_suspect(struct consumer *c, const char *sign);
void consumer_look_for_topic(struct consumer *c,
			     const struct probe_status *status);
void consumer_begin_anew(struct consumer *c);

#endif
