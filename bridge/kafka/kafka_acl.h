/*
 * bridge/kafka/kafka_acl.h - what Kafka refuses for the lack of a right, as an
 * operator has to write it for kafka-acls. Pure.
 */
#ifndef BRIDGE_KAFKA_KAFKA_ACL_H
#define BRIDGE_KAFKA_KAFKA_ACL_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "ztp/error.h"

/* X(RIGHT, "the options before the resource's name") */
#define KAFKA_RIGHTS(X)                                                        \
	X(READ_TOPIC, "--operation Read --topic")                              \
	X(WRITE_TOPIC, "--operation Write --topic")                            \
	X(CREATE_TOPIC, "--operation Create --topic")                          \
	X(READ_GROUP, "--operation Read --group")                              \
	X(TRANSACT, "--operation Write --transactional-id")

enum kafka_right {
#define X(right, options) KAFKA_RIGHT_##right,
	KAFKA_RIGHTS(X)
#undef X
		KAFKA_RIGHTS_END
};

/* Is it such a refusal? */
bool kafka_is_denied(rd_kafka_resp_err_t err);

/* Says which right to that topic, group or transactional id is missing. Returns
 * ZTP_ERR_REFUSED. */
int kafka_denied(struct ztp_error *error, enum kafka_right right,
		 const char *name);

#endif
