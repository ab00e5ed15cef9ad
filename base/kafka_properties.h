/*
 * base/kafka_properties.h - the librdkafka properties that we set, for each
 * kind of client, and those that users may set: one list for the bridge and the
 * tools. It holds names and values only and does not call librdkafka. Any
 * thread.
 */
#ifndef ZTP_BASE_KAFKA_PROPERTIES_H
#define ZTP_BASE_KAFKA_PROPERTIES_H

#include <stdbool.h>
#include <stddef.h>

#include "ztp/error.h"

/* Properties that are also looked at elsewhere. */
#define ZTP_KAFKA_HEARTBEAT    "heartbeat.interval.ms"
#define ZTP_KAFKA_SESSION      "session.timeout.ms"
#define ZTP_KAFKA_MURMUR2      "murmur2_random" /* of producers, by default */
#define ZTP_KAFKA_POLL	       "max.poll.interval.ms"
#define ZTP_KAFKA_CLIENT_ID    "client.id"
#define ZTP_KAFKA_INSTANCE     "group.instance.id"
#define ZTP_KAFKA_RECEIVE_MAX  "receive.message.max.bytes"
#define ZTP_KAFKA_QUEUE_KBYTES "queue.buffering.max.kbytes"

/* The facility of librdkafka's warning that only the other type of handle uses
 * a property. Both types get the same properties from users, so it is not worth
 * a line. */
#define ZTP_KAFKA_OTHERS_PROPERTY "CONFWARN"

enum ztp_kafka_client {
	ZTP_KAFKA_PRODUCER, /* the bridge's: writes requests, results ... */
	ZTP_KAFKA_CONSUMER, /* the bridge's: reads decisions */
	ZTP_KAFKA_PROBE,    /* the bridge's: queries only, no records */
	ZTP_KAFKA_TURN,	    /* a bridge's of several: writes transactions */
	ZTP_KAFKA_READER,   /* likewise: reads what they replicate */
	ZTP_KAFKA_MEMBER,   /* likewise: is in their group, reads nothing */
	ZTP_KAFKA_TOOL_PRODUCER,
	ZTP_KAFKA_TOOL_CONSUMER,
	ZTP_KAFKA_MOCK, /* the handle behind a mock cluster */
	ZTP_KAFKA_CLIENTS
};

/* Values that the caller supplies. */
enum ztp_kafka_given {
	ZTP_KAFKA_GIVEN_NONE,
	ZTP_KAFKA_GIVEN_BROKERS,
	ZTP_KAFKA_GIVEN_CLIENT_ID,
	ZTP_KAFKA_GIVEN_GROUP,
	ZTP_KAFKA_GIVEN_MEMBER,
	ZTP_KAFKA_GIVEN_COMMIT,		     /* "true" or "false" */
	ZTP_KAFKA_GIVEN_EOF,		     /* likewise */
	ZTP_KAFKA_GIVEN_TIMEOUT,	     /* ms */
	ZTP_KAFKA_GIVEN_TRANSACTIONS,	     /* the transactional id */
	ZTP_KAFKA_GIVEN_TRANSACTION_TIMEOUT, /* ms */
	ZTP_KAFKA_GIVEN_SESSION,	     /* ms */
	ZTP_KAFKA_GIVEN_COUNT
};

/* What happens to a value that a user sets. */
enum ztp_kafka_rule {
	ZTP_KAFKA_FREE,	    /* it replaces ours, if there is one */
	ZTP_KAFKA_PROMISED, /* ours is used; another value is refused */
	ZTP_KAFKA_REFUSED,  /* has a setting of its own, or breaks a promise */
};

struct ztp_kafka_property {
	const char *name;
	const char *alias_of; /* the property that this also names; or NULL */
	enum ztp_kafka_rule bridge; /* in kafka.properties */
	enum ztp_kafka_rule tools;  /* in --properties */
	enum ztp_kafka_given given;
	const char *promise; /* librdkafka's default, where we rely on it */
	const char *never;   /* a value that is refused */
	const char *why;     /* why REFUSED, if no setting replaces it */
	int since; /* the first version that knows it, as rd_kafka_version */
	/* Per client. NULL: not set; "": the value that the caller supplies. */
	const char *values[ZTP_KAFKA_CLIENTS];
};

/* Finds a property by a name of len bytes; an alias finds the property itself.
 * NULL: a property that is not in the list, and so is free. */
const struct ztp_kafka_property *ztp_kafka_property_find(const char *name,
							 size_t len);
/* The promised value, in one of its spellings; NULL if there is none. */
const char *
ztp_kafka_property_promise(const struct ztp_kafka_property *property);

/* Returns 0; anything else ends the walk, which returns it. */
typedef int ztp_kafka_property_visit(void *arg, const char *name,
				     const char *value,
				     struct ztp_error *error);

/* Visits the properties of a client: without `ours` the free ones, which are to
 * be set before the user's; with `ours` all others, which are to be set after
 * them. given may lack values that the client does not use. */
int ztp_kafka_properties_each(enum ztp_kafka_client client, bool ours,
			      const char *const given[ZTP_KAFKA_GIVEN_COUNT],
			      ztp_kafka_property_visit *visit, void *arg,
			      struct ztp_error *error);

#endif
