/*
 * tests/sim/cluster.h - the played Kafka's own side: topics, their partitions'
 * logs, transactions, the group's offsets, and whether it answers. It outlives
 * the bridge.
 *
 * A reader that is read_committed gets no further than the first record of a
 * transaction that is open, and never sees one of a transaction that was
 * aborted; the marker that ends a transaction takes an offset of its own. A
 * topic that is deleted and made anew begins at offset 0, and knows no
 * producer and no offset of the group.
 */
#ifndef TESTS_SIM_CLUSTER_H
#define TESTS_SIM_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_TOPICS	   7
#define CLUSTER_PARTITIONS 8
#define CLUSTER_MAX_BYTES  1048588 /* message.max.bytes of a broker */

enum cluster_topic {
	CLUSTER_REQUESTS,
	CLUSTER_DECISIONS,
	CLUSTER_RESULTS,
	CLUSTER_DLQ,
	CLUSTER_AUDIT,
	CLUSTER_STATE, /* this and what follows: of several bridges */
	CLUSTER_JOURNAL
};

struct transaction {
	bool open, aborted;
	int64_t decided_at; /* us: how it ends; its markers come later */
};

struct record {
	int64_t offset, at; /* us: when it was appended */
	char *key, *value;  /* NULL: null */
	size_t key_len, value_len;
	rd_kafka_headers_t *headers; /* or NULL */
	struct transaction *part;    /* of this one, or NULL */
	bool marker;		     /* the end of one: no data */
};

struct log_ {
	struct record **records;
	int64_t end, room;
	int64_t stable;	    /* the end for who is read_committed */
	int64_t leaderless; /* us: until then nobody takes or gives records */
};

struct topic {
	const char *name;
	int partitions;
	size_t max_bytes;  /* of a batch */
	bool misleads;	   /* a larger one is refused, but not for its size */
	bool missing;	   /* deleted, and not made anew yet */
	int generation;	   /* counts how often it was made */
	int64_t denied;	   /* us: until then nobody may write to it */
	int64_t known_end; /* the longest that a partition has ever been */
	struct log_ logs[CLUSTER_PARTITIONS];
};

extern struct cluster {
	bool late; /* what is being appended comes from a process that is dead */
	struct topic topics[CLUSTER_TOPICS];
	int count;			       /* of those that are there */
	int64_t committed[CLUSTER_PARTITIONS]; /* -1: none */
	int64_t state_next;	/* what the bridges' group has committed */
	char state_birth[128];	/* of ztp.state, and what goes with it */
	int64_t away;		/* us: until then it does not answer */
	int64_t last_heartbeat; /* of the group's member that was killed */
	int given;		/* partitions that it had */
	bool shared;		/* somebody else is in the group, too */
} cluster;

void cluster_begin(void);
struct topic *cluster_find(const char *name);
bool cluster_answers(void);
int cluster_partition(const struct topic *topic, const void *key, size_t n);
/* Copies. Those who read, customers and the oracle are told. */
struct record *cluster_append(struct topic *topic, int partition,
			      const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      const rd_kafka_headers_t *headers);
/* The same, as a part of a transaction. */
struct record *cluster_append_to(struct transaction *transaction,
				 struct topic *topic, int partition,
				 const void *key, size_t key_len,
				 const void *value, size_t value_len,
				 const rd_kafka_headers_t *headers);
void cluster_end(struct transaction *transaction, bool commit);
bool cluster_is_data(const struct record *record); /* of no aborted one */

/* Has a record of it the broker's time, and which, in ms? */
bool cluster_stamps(const struct topic *topic);
int64_t cluster_time(const struct topic *topic, const struct record *record);

void cluster_delete(struct topic *topic);
void cluster_make(struct topic *topic, int partitions);

/* Who is told of a record (customer.c): what is of a transaction is told when it
 * is committed, and to who does not wait for that when it is there. */
void world_uncommitted(enum cluster_topic topic, int partition,
		       const struct record *record);
void world_record(enum cluster_topic topic, int partition,
		  const struct record *record);
/* A consumer (kafka_consumer.c). */
void consumer_appended(const struct topic *topic, int partition);

#endif
