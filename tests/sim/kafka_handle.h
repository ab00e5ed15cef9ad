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
	struct handle *handle; /* a producer's; NULL: a consumer's */
	int topic;
	int64_t at;	  /* ms: its timestamp */
	bool appended_at; /* ... is the broker's */
	char *text;	  /* of a consumer's that is an error */
	size_t size;	  /* on the wire, at most */
	struct message *next;
};

struct event {
	int type; /* RD_KAFKA_EVENT_* */
	rd_kafka_resp_err_t err;
	bool fatal;
	struct message *messages, *cursor;
	rd_kafka_topic_partition_list_t *list;
	int topic, partition; /* FETCH and the end of a partition: of */
	int version;	      /* ... this assignment; 0: any */
	int sought;	      /* ... after so many seeks in it */
	int64_t offset;
	void *opaque; /* of a commit */
	struct event *next;
};

struct queue {
	struct event *first, *last;
	int count, fd; /* fd -1: nobody is woken */
};

/* A queue with its handle: the bridge asks for it once and keeps both. */
struct lent {
	struct queue *queue;
	struct handle *handle;
};

struct batch {
	struct message *messages;
	size_t bytes; /* by which it was filled; kafka_batch_bytes: its own */
	int count;
	bool on_wire;
	bool appended;
	bool judged; /* the broker has appended it, or never will */
	bool waits;  /* for the one before it, which was refused */
	struct transaction *transaction; /* of this one, or NULL */
	bool reported;			 /* its records have been purged */
	bool over;			 /* its producer has an answer */
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
	bool lingers;
	int known; /* generation in which the broker has records of ours */
};

/* What a producer believes of a topic: 0, or the error with which its records
 * fail until metadata says otherwise. */
struct view {
	rd_kafka_resp_err_t err;
	bool asking; /* for metadata */
};

/* A consumer's side of a partition. */
struct reading {
	bool on, idle;
	int64_t next, end_told; /* end_told: for this place, or -1 */
	int queued;
	int sought; /* how often another place was asked for */
};

/* A producer's transactions (kafka_transaction.c). */
enum txn_request { TXN_NOTHING, TXN_INIT, TXN_COMMIT, TXN_ABORT };

struct txn {
	char id[80]; /* "": it has none */
	int64_t timeout_us;
	int epoch;
	struct transaction *transaction; /* that was begun, or NULL */
	bool sent;			 /* records of it */
	bool failed; /* one was not taken: it is to be aborted */
	enum txn_request asked;
	bool answered;
	int64_t request; /* its number */
	rd_kafka_resp_err_t err;
};

/* A member of the group of bridges (kafka_member.c). */
struct membership {
	bool wanted; /* it is another kind than those who share decisions */
	char client_id[200], id[256];
	int64_t session_us, heartbeat_us;
	int generation; /* 0: in none */
	bool joining, syncing, lost, closing;
	int64_t request;
};

struct handle {
	rd_kafka_type_t type;
	struct process *of;
	uint64_t life;
	bool closed, committed; /* committed: isolation.level */
	bool resets;		/* to the earliest; else it is an error */
	bool is_transactional;
	void (*delivered)(rd_kafka_t *rk, const rd_kafka_message_t *message,
			  void *opaque); /* or NULL: events */
	int64_t linger_us;
	struct txn txn;
	struct membership membership;
	struct handle *next_reader;
	bool reads;
	rd_kafka_resp_err_t fatal;
	size_t max_bytes; /* of a record */
	int64_t max_messages, max_queue_bytes;
	int64_t messages, bytes; /* accepted, and their reports not destroyed */
	struct queue main, *consumer;
	struct view views[CLUSTER_TOPICS];
	struct part parts[CLUSTER_TOPICS][CLUSTER_PARTITIONS];

	bool subscribed, member, revoking, leaving, left;
	bool is_static; /* it has a group.instance.id */
	bool missed;	/* the topic: told once, as long as it stays so */
	int version;
	int seen_partitions; /* when it joined */
	struct reading readings[CLUSTER_TOPICS][CLUSTER_PARTITIONS];
};

bool handle_lives(const struct handle *h);
/* Does what it sends get to Kafka, and back, now? */
bool kafka_reaches(const struct process *of);
bool handle_reaches(const struct handle *h);
/* Until that holds, or the time has come: in any thread. */
void handle_await(struct handle *h, bool (*holds)(void *arg), int64_t until);
void handle_wake(struct handle *h); /* ... looks again */
/* Calls back for all that is reported. */
void handle_call_back(struct handle *h);
void consumer_destroyed(struct handle *h); /* without leaving */
struct event *queue_add(struct queue *queue, int type);
/* A producer's request, a fetch, an answer: one way. */
int64_t kafka_latency(void);

/* kafka_producer.c */
void producer_begin(struct handle *h);
void message_free(struct message *message);

/* kafka_batch.c: sends what may be sent now; all that has no report gets this
 * one, of one topic. */
void producer_send(struct handle *h, struct part *part);
void producer_fail(struct handle *h, int topic, rd_kafka_resp_err_t queued,
		   rd_kafka_resp_err_t in_flight);

/* Between the two ends of the wire: kafka_broker.c gets a batch, and answers. */
#define KAFKA_BACKOFF_US (100 * SIM_MS) /* retry.backoff.ms */
void broker_batch(void *batch, int64_t n);
void batch_answer(struct batch *batch, rd_kafka_resp_err_t err);
void batch_answer_in(struct batch *batch, rd_kafka_resp_err_t err, int64_t us);
void batch_refuse(struct batch *batch); /* for now */
int batch_topic(const struct batch *batch);

/* What a broker will do with the next batch of a topic (contract/). */
enum broker_will { BROKER_TAKES, BROKER_REFUSES, BROKER_LOSES_ANSWER };
void broker_will(const struct topic *topic, enum broker_will what);

/* kafka_view.c: a broker has refused records of this topic: what of it? */
void producer_ask(struct handle *h, int topic);
void producer_deny(struct handle *h, int topic);

/* kafka_transaction.c: a batch has come to the broker. */
enum txn_verdict { TXN_TAKE, TXN_LATER, TXN_FENCED, TXN_OVER };
enum txn_verdict transaction_judge(struct batch *batch);
void transaction_fence(struct handle *h); /* it has been told */
void transactions_begin(void);
/* What a Kafka would be that ... (without.h) */
void kafka_weaken(bool fences_nobody, bool waits_for_nothing);

/* kafka_member.c */
void member_subscribe(struct handle *h);
void member_answer_revoked(struct handle *h);
void member_close(struct handle *h);
void members_begin(void);
int64_t member_seen(const struct process *of); /* us: when it was last one */
/* How many, at most max, and which of them have the partition. */
int members_seated(struct handle *members[], bool assigned[], int max);

/* kafka_size.c: what librdkafka holds against message.max.bytes, and what a
 * broker holds against that of a topic. */
size_t kafka_record_bytes(size_t key, size_t value,
			  rd_kafka_headers_t *headers);
size_t kafka_batch_bytes(const struct batch *batch);

/* kafka_group.c: who has which partitions; kafka_consumer.c: what is read. */
void consumer_begin_reading(struct handle *h, int topic, int partition,
			    int64_t from);
bool consumer_is_stale(struct handle *h, const struct event *event);
rd_kafka_topic_partition_list_t *consumer_partitions(void);

/* What goes wrong: the bridge's member is asked to join anew; the process is
 * no more, and its member is missed only later. */
void consumer_rebalance_now(void);
void consumer_share(bool shared); /* with another member, or no more */
void consumer_killed(void);

/* Told when Kafka is to commit a transaction of this one, and when it has given it
 * an epoch (world_group.c). */
void world_commits(struct process *of);
void world_claims(const struct process *of);

#endif
