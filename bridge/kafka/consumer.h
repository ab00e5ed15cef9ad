/*
 * bridge/kafka/consumer.h - decisions from Kafka. Loop thread only.
 *
 * The store holds, with every move, the offset behind the decision that
 * caused it; an assignment starts from there, and what is committed to Kafka
 * is a copy for those who watch lag. The bridge owns its decision topic: with
 * fewer than all of its partitions it acts on nothing.
 */
#ifndef BRIDGE_KAFKA_CONSUMER_H
#define BRIDGE_KAFKA_CONSUMER_H

#include "bridge/core/core.h"
#include "bridge/kafka/probe.h"
#include "bridge/store/store.h"

/* A record of the decision topic: views, valid during the call. */
struct consumer_record {
	struct ztp_position position;
	struct ztp_str key, value; /* p NULL: null */
	const struct ztp_header *headers;
	size_t header_count;
};

/* Who acts on them. Called during apply, once for each record and in the order
 * of its partition; 0 or a negative error, for which the transaction is rolled
 * back and the record comes again. */
struct consumer_user {
	int (*decision)(void *arg, const struct consumer_record *record,
			struct ztp_error *error);
	void *arg;
};

struct consumer;

int consumer_new(struct consumer **consumer, struct core *core,
		 struct store *store, struct probe *probe,
		 const struct consumer_user *user, int wake_fd,
		 struct ztp_error *error);
/* Leaves the group; blocks for it, some seconds at most. */
void consumer_free(struct consumer *consumer);

/* The loop's turn; see bridge.h. status: the probe's newest. */
void consumer_collect(struct consumer *consumer,
		      const struct probe_status *status);
int consumer_apply(struct consumer *consumer, struct ztp_error *error);
void consumer_settle(struct consumer *consumer);
/* Commits a copy of the offsets now and then; last: now, and waits for it. */
void consumer_pump(struct consumer *consumer, bool last);
int64_t consumer_next(const struct consumer *consumer);
/* There may be more to collect at once. */
bool consumer_more(const struct consumer *consumer);

/* All partitions are ours. */
bool consumer_complete(const struct consumer *consumer);
/* Another member of the group holds some. */
bool consumer_shared(const struct consumer *consumer);
/* Everything before these ends has been read and committed to the store. */
bool consumer_reached(const struct consumer *consumer,
		      const struct probe_end_offsets *ends);

#endif
