/*
 * tools/common/kafka.h - librdkafka as the tools use it: settings from the
 * command line, a producer that neither loses nor repeats records, consumers
 * that commit nothing by themselves. librdkafka logs from its own threads; its
 * messages go to stderr, one line each.
 */
#ifndef ZTP_TOOLS_KAFKA_H
#define ZTP_TOOLS_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "ztp/error.h"
#include "ztp/event.h"

#define ZTP_KAFKA_PROPS_MAX 64

/* librdkafka properties in the order given. */
struct ztp_kafka_props {
	char *items[ZTP_KAFKA_PROPS_MAX]; /* owned; "name=value" */
	size_t count;
};

/* Adds "name=value". Refuses properties that a tool has an option for and those
 * that its promises depend on. */
int ztp_kafka_props_add(struct ztp_kafka_props *props, const char *text,
			struct ztp_error *error);
/* Adds the properties in a file, one per line; # starts a comment. Messages
 * start with FILE:LINE: if there is a line to name. */
int ztp_kafka_props_load(struct ztp_kafka_props *props, const char *path,
			 struct ztp_error *error);
void ztp_kafka_props_clear(struct ztp_kafka_props *props);

/* An idempotent producer with acks=all that chooses partitions as Java's
 * clients do. on_delivery is called from the calling thread's rd_kafka_poll,
 * with opaque. A timeout of 0 retries forever. End it with
 * ztp_kafka_producer_end. NULL: *error says why (ZTP_ERR_USAGE: a property). */
rd_kafka_t *ztp_kafka_producer(
	const char *brokers, const struct ztp_kafka_props *props,
	int timeout_ms,
	void (*on_delivery)(rd_kafka_t *, const rd_kafka_message_t *, void *),
	void *opaque, struct ztp_error *error);

struct ztp_kafka_consumer {
	const char *group;
	bool commit; /* commit what rd_kafka_offsets_store has stored */
	bool eof;    /* report the ends of partitions */
	void (*on_rebalance)(rd_kafka_t *, rd_kafka_resp_err_t,
			     rd_kafka_topic_partition_list_t *, void *);
	void *opaque;
};

/* A consumer that starts at the earliest record if nothing is committed. End it
 * with ztp_kafka_consumer_end. */
rd_kafka_t *ztp_kafka_consumer(const char *brokers,
			       const struct ztp_kafka_props *props,
			       const struct ztp_kafka_consumer *how,
			       struct ztp_error *error);

/* Commits what is stored, if it commits, leaves the group and is destroyed, within
 * some seconds. NULL is allowed. False: Kafka has not answered, and may not know
 * of it. */
bool ztp_kafka_consumer_end(rd_kafka_t *consumer);

/* Ends it within some seconds, and calls on_delivery no more: what is neither
 * stored nor refused by then may be in Kafka, or not. NULL is allowed. */
void ztp_kafka_producer_end(rd_kafka_t *producer);

struct ztp_kafka_record {
	const char *topic, *key;
	struct ztp_str value;
	const struct ztp_header *headers;
	size_t header_count;
	void *opaque; /* the delivery report's _private */
};

/* Sends one record, of copies. ZTP_ERR_FULL (retriable): poll, then try
 * again. All else as below. */
int ztp_kafka_send(rd_kafka_t *producer, const struct ztp_kafka_record *record,
		   struct ztp_error *error);
/* Why a record was not taken: ZTP_ERR_REFUSED, its topic is not there or may not be
 * written to; ZTP_ERR_TOO_LARGE, its topic takes smaller ones only. Neither says
 * anything about others. Otherwise ZTP_ERR_IO. */
enum ztp_err ztp_kafka_fault(rd_kafka_resp_err_t err);

/* How many headers a record has, and the one at index, which is less: a view,
 * valid as long as the record. False: it cannot be read. */
size_t ztp_kafka_header_count(const rd_kafka_message_t *message);
bool ztp_kafka_header_at(struct ztp_header *header,
			 const rd_kafka_message_t *message, size_t index);
/* All of them, so that none hides behind others; free the array. NULL: no
 * memory. */
struct ztp_header *ztp_kafka_headers(const rd_kafka_message_t *message,
				     size_t *count);

#endif
