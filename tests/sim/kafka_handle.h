/*
 * tests/sim/kafka_handle.h - librdkafka, played: what its handles, queues and
 * events are here. Configurations, headers, lists of partitions and errors are
 * the real library's, which is linked behind this one.
 */
#ifndef TESTS_SIM_KAFKA_HANDLE_H
#define TESTS_SIM_KAFKA_HANDLE_H

#include "tests/sim/cluster.h"

struct message {
	rd_kafka_message_t m; /* first: the bridge has only this */
	rd_kafka_headers_t *headers;
	const struct topic *topic;
	size_t size; /* on the wire, at most */
	struct message *next;
};

struct event {
	int type; /* RD_KAFKA_EVENT_* */
	rd_kafka_resp_err_t err;
	bool fatal;
	struct message *messages, *cursor;
	rd_kafka_topic_partition_list_t *list;
	int partition; /* FETCH and the end of a partition: of */
	int version;   /* ... this assignment; 0: any */
	int64_t offset;
	struct event *next;
};

struct queue {
	struct event *first, *last;
	int count, fd; /* fd -1: nobody is woken */
};

struct batch {
	struct message *messages;
	size_t bytes;
	int count;
	bool appended, waits; /* waits: for the one before it */
	struct handle *handle;
	struct part *part;
	struct batch *next;
};

/* A producer's side of a partition. */
struct part {
	struct topic *topic;
	int number;
	struct message *first, *last;	/* to be sent */
	struct batch *batches, *newest; /* sent, unanswered, in order */
	int in_flight;			/* their records */
	int64_t arrives, answers;	/* the last one: TCP keeps the order */
	bool lingers,
		known; /* known: the broker has records of this producer */
};

/* A consumer's side of one. */
struct reading {
	bool on, idle, end_told;
	int64_t next;
	int queued;
};

struct handle {
	rd_kafka_type_t type;
	uint64_t life;
	bool closed, fatal;
	size_t max_bytes;
	int max_messages, messages; /* of a producer's own queue */
	struct queue main, *consumer;
	struct part parts[CLUSTER_TOPICS][CLUSTER_PARTITIONS];

	bool subscribed, member, revoking, leaving, left;
	int version;
	struct reading readings[CLUSTER_PARTITIONS];
};

bool handle_lives(const struct handle *h);
struct event *queue_add(struct queue *queue, int type);
/* A producer's request, a fetch, an answer: one way. */
int64_t kafka_latency(void);

/* kafka_batch.c: sends what may be sent now. */
void producer_send(struct handle *h, struct part *part);
/* kafka_producer.c, kafka_consumer.c */
void producer_begin(struct handle *h);
void message_free(struct message *message);
/* What librdkafka holds against message.max.bytes. */
size_t kafka_record_bytes(size_t key, size_t value,
			  rd_kafka_headers_t *headers);
bool consumer_is_stale(struct handle *h, const struct event *event);

/* What goes wrong: the bridge's member is asked to join anew; the process is
 * no more, and its member is missed only later. */
void consumer_rebalance_now(void);
void consumer_share(bool shared); /* with another member, or no more */
void consumer_killed(void);

#endif
