/*
 * tools/common/kafka.h - librdkafka as the tools use it: settings from the
 * command line, a producer that neither loses nor repeats, consumers that
 * commit nothing by themselves. librdkafka logs from its own threads; what it
 * says goes to stderr, one line each.
 */
#ifndef ZTP_TOOLS_KAFKA_H
#define ZTP_TOOLS_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "ztp/error.h"
#include "ztp/event.h"

#define ZTP_KAFKA_PROPS_MAX 64

/* librdkafka properties, in the order in which they were given. */
struct ztp_kafka_props {
	char *items[ZTP_KAFKA_PROPS_MAX]; /* owned; "name=value" */
	size_t count;
};

/* "name=value". Refuses what a tool has an option of its own for and what
 * its promises rest on. */
int ztp_kafka_props_add(struct ztp_kafka_props *props, const char *text,
			struct ztp_error *error);
/* A file of such lines; # starts a comment. Messages start with FILE:LINE:
 * where there is a line to name. */
int ztp_kafka_props_load(struct ztp_kafka_props *props, const char *path,
			 struct ztp_error *error);
void ztp_kafka_props_clear(struct ztp_kafka_props *props);

/* Idempotent, acks=all, partitions as Java's clients choose them. on_delivery
 * runs in rd_kafka_poll of the calling thread, with opaque. A timeout of 0
 * tries for ever. NULL: *error says why (ZTP_ERR_USAGE: a property). */
rd_kafka_t *ztp_kafka_producer(
	const char *brokers, const struct ztp_kafka_props *props,
	int timeout_ms,
	void (*on_delivery)(rd_kafka_t *, const rd_kafka_message_t *, void *),
	void *opaque, struct ztp_error *error);

struct ztp_kafka_consumer {
	const char *group;
	bool commit; /* what was stored with rd_kafka_offsets_store */
	bool eof;    /* tell of the ends of partitions */
	void (*on_rebalance)(rd_kafka_t *, rd_kafka_resp_err_t,
			     rd_kafka_topic_partition_list_t *, void *);
	void *opaque;
};

/* Starts at the earliest record where nothing is committed. The caller ends
 * it with rd_kafka_consumer_close and rd_kafka_destroy. */
rd_kafka_t *ztp_kafka_consumer(const char *brokers,
			       const struct ztp_kafka_props *props,
			       const struct ztp_kafka_consumer *how,
			       struct ztp_error *error);

struct ztp_kafka_record {
	const char *topic, *key;
	struct ztp_str value;
	const struct ztp_header *headers;
	size_t header_count;
	void *opaque; /* in the delivery report's _private */
};

/* What is given is copied, but for opaque. ZTP_ERR_FULL (retriable): poll,
 * then again. */
int ztp_kafka_send(rd_kafka_t *producer, const struct ztp_kafka_record *record,
		   struct ztp_error *error);

/* The record's headers as views that live as long as it does; at most max. */
size_t ztp_kafka_headers(struct ztp_header *headers, size_t max,
			 const rd_kafka_message_t *message);

#endif
