/*
 * bridge/kafka/consumer_internal.h - shared by consumer.c (reading decisions)
 * and consumer_assignment.c (which partitions of the topic are assigned, and
 * from where to read them).
 */
#ifndef BRIDGE_KAFKA_CONSUMER_INTERNAL_H
#define BRIDGE_KAFKA_CONSUMER_INTERNAL_H

#include "bridge/core/batching.h"
#include "bridge/kafka/consumer.h"
#include "bridge/kafka/kafka.h"

struct partition {
	int64_t next;	   /* next offset after those in the store, or -1 */
	int64_t seen;	   /* next offset after those in the batch, or -1 */
	int64_t seen_at;   /* when Kafka last reported it; 0: not yet */
	int64_t committed; /* the copy committed to Kafka */
};

struct consumer {
	struct core *core;
	struct store *store;
	struct probe *probe;
	struct consumer_user user;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int wake_fd;

	/* Assigned by the group but not accepted yet: the number of partitions
	 * is not known yet. */
	rd_kafka_topic_partition_list_t *offered;
	int64_t offered_at;
	bool complete, shared, more;
	bool anew;	   /* our offsets are of a deleted topic */
	int64_t missed_at; /* asked_at of the status that reported it missing */

	struct partition *partitions; /* count of them, while complete */
	int count;

	rd_kafka_event_t
		*events[BATCHING_TURN_MAX]; /* the batch; owns the messages */
	const rd_kafka_message_t *messages[BATCHING_TURN_MAX];
	int batch;
	size_t bytes;
	bool moved; /* seen differs from next in some partition */

	int64_t reopen_at; /* after a fatal error: when to open a new handle */
	int64_t next_commit;
	bool commit_due;
	struct log_limit errors;
};

/* Drops the collected batch; let_go also drops the assignment. */
void consumer_drop_batch(struct consumer *c);
void consumer_let_go(struct consumer *c);

/* Handles a rebalance: the group assigns or revokes partitions. */
void consumer_rebalance(struct consumer *c, rd_kafka_event_t *event);
/* Accepts the offered partitions if they are all there are. */
void consumer_consider(struct consumer *c, const struct probe_status *status);

/* suspect: there is a sign that the topic has been deleted and recreated.
 * look_for_topic: a missing topic is such a sign. begin_anew: assigns the same
 * partitions again, from the store's current offsets. */
void consumer_suspect(struct consumer *c, const char *sign);
void consumer_look_for_topic(struct consumer *c,
			     const struct probe_status *status);
void consumer_begin_anew(struct consumer *c);

#endif
