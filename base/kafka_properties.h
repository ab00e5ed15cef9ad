/*
 * base/kafka_properties.h - what we tell librdkafka, for each kind of client,
 * and what users may tell it beside that: the one list for the bridge and the
 * tools. Names and values alone, no librdkafka. Any thread.
 */
#ifndef ZTP_BASE_KAFKA_PROPERTIES_H
#define ZTP_BASE_KAFKA_PROPERTIES_H

#include <stdbool.h>
#include <stddef.h>

#include "ztp/error.h"

/* The facility under which librdkafka complains of a property that only the
 * other type of handle uses. Both types get the same from users, so it is no
 * news. */
#define ZTP_KAFKA_OTHERS_PROPERTY "CONFWARN"

enum ztp_kafka_client {
	ZTP_KAFKA_PRODUCER, /* the bridge's: writes requests, results ... */
	ZTP_KAFKA_CONSUMER, /* the bridge's: reads decisions */
	ZTP_KAFKA_PROBE,    /* the bridge's: asks, and carries no record */
	ZTP_KAFKA_TOOL_PRODUCER,
	ZTP_KAFKA_TOOL_CONSUMER,
	ZTP_KAFKA_MOCK, /* the handle behind a mock cluster */
	ZTP_KAFKA_CLIENTS
};

/* Values that are the caller's to know. */
enum ztp_kafka_given {
	ZTP_KAFKA_GIVEN_NONE,
	ZTP_KAFKA_GIVEN_BROKERS,
	ZTP_KAFKA_GIVEN_CLIENT_ID,
	ZTP_KAFKA_GIVEN_GROUP,
	ZTP_KAFKA_GIVEN_COMMIT,	 /* "true" or "false" */
	ZTP_KAFKA_GIVEN_EOF,	 /* likewise */
	ZTP_KAFKA_GIVEN_TIMEOUT, /* ms */
	ZTP_KAFKA_GIVEN_COUNT
};

/* What comes of a value that a user sets. */
enum ztp_kafka_rule {
	ZTP_KAFKA_FREE,	    /* it is taken, in place of ours if there is one */
	ZTP_KAFKA_FIXED,    /* ours is taken all the same */
	ZTP_KAFKA_PROMISED, /* it must be ours; said when it is set */
	ZTP_KAFKA_REFUSED,  /* likewise: there is another way to say it, or none
			       in which what we promise would hold */
};

struct ztp_kafka_property {
	const char *name;
	const char *alias_of; /* the property that this is a name of; or NULL */
	enum ztp_kafka_rule bridge; /* in kafka.properties */
	enum ztp_kafka_rule tools;  /* in --properties */
	enum ztp_kafka_given given;
	const char *also; /* another spelling of the promised value */
	/* By client. NULL: not set; "": as given by the caller. */
	const char *values[ZTP_KAFKA_CLIENTS];
};

/* By a name of len bytes; an alias finds the property that it is a name of.
 * NULL: one of which we know nothing, and which is free. */
const struct ztp_kafka_property *ztp_kafka_property_find(const char *name,
							 size_t len);
/* The value that is promised; NULL where none is. */
const char *
ztp_kafka_property_promise(const struct ztp_kafka_property *property);

/* 0, or what ends the walk and is returned. */
typedef int ztp_kafka_property_visit(void *arg, const char *name,
				     const char *value,
				     struct ztp_error *error);

/* What is set for a client: what is free, before what a user sets; then, with
 * ours, what is not. given may lack what that client has no use for. */
int ztp_kafka_properties_each(enum ztp_kafka_client client, bool ours,
			      const char *const given[ZTP_KAFKA_GIVEN_COUNT],
			      ztp_kafka_property_visit *visit, void *arg,
			      struct ztp_error *error);

#endif
