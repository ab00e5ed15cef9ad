/*
 * bridge/kafka/consumer.h - reads decisions from Kafka. Loop thread only.
 *
 * With every change that a decision caused, the store also holds the offset
 * after that decision. An assignment starts from there; the offsets committed
 * to Kafka are a copy for monitoring lag. The bridge must own all of its
 * decision topic: with fewer than all partitions it acts on nothing.
 */
#ifndef BRIDGE_KAFKA_CONSUMER_H
#define BRIDGE_KAFKA_CONSUMER_H

#include "bridge/core/core.h"
#include "bridge/kafka/probe.h"
#include "bridge/store/store.h"

/* A record of the decision topic. Views, valid during the call. */
struct consumer_record {
	struct ztp_position position;
	struct ztp_str key, value; /* p NULL: a null value */
	const struct ztp_header *headers;
	size_t header_count;
	const uint8_t *sha256; /* of a large value; or NULL */
	/* librdkafka cannot read its headers: they are damaged, or more than
	 * 100,000. */
	bool headers_unread;
};

/* Records that librdkafka cannot read, and that are passed by. */
struct consumer_gap {
	struct ztp_position first;
	int64_t last;	 /* offset */
	const char *why; /* librdkafka's words */
};

/* The user of the records. Called during apply, once per record (or gap) and in
 * each partition's order. Returns 0, or a negative error: then the transaction
 * is rolled back, and the record comes again. */
struct consumer_user {
	int (*decision)(void *arg, const struct consumer_record *record,
			struct ztp_error *error);
	int (*unreadable)(void *arg, const struct consumer_gap *gap,
			  struct ztp_error *error);
	/* Kafka has removed them before they were read; or, with `why`, the whole
	 * topic was made anew, and what it had is not known. */
	int (*lost)(void *arg, const struct consumer_gap *gap,
		    struct ztp_error *error);
	void *arg;
};

struct consumer;

int consumer_new(struct consumer **consumer, struct core *core,
		 struct store *store, struct probe *probe,
		 const struct consumer_user *user, int wake_fd,
		 struct ztp_error *error);
/* Leaves the group; may block for some seconds. */
void consumer_free(struct consumer *consumer);

/* Before collect: so many records at once. What has been collected beyond that is
 * read again. */
void consumer_limit(struct consumer *consumer, int max);
/* The phases of the loop's turn, see bridge.h. status: the probe's latest. */
void consumer_collect(struct consumer *consumer,
		      const struct probe_status *status);
int consumer_apply(struct consumer *consumer, struct ztp_error *error);
void consumer_settle(struct consumer *consumer);
/* Commits the copy of the offsets at intervals; last: commits it now
 * and waits. */
void consumer_pump(struct consumer *consumer, bool last);
int64_t consumer_next(const struct consumer *consumer);
/* True if there may be more to collect at once. */
bool consumer_more(const struct consumer *consumer);

/* True if all partitions are assigned to this bridge. */
bool consumer_complete(const struct consumer *consumer);
/* True if another member of the group has some. */
bool consumer_shared(const struct consumer *consumer);
/* False since Kafka said that the right to read the topic, or the group, is missing,
 * until it can be read, or all partitions are assigned, again. */
bool consumer_may_read(const struct consumer *consumer);
bool consumer_may_join(const struct consumer *consumer);
/* True if a partition stood where it still is although there is more to read in
 * it; of one, which. */
bool consumer_stands(const struct consumer *consumer, int *partition);
/* True if everything before these end offsets has been read and committed to
 * the store. */
bool consumer_reached(const struct consumer *consumer,
		      const struct probe_end_offsets *ends);

#endif
