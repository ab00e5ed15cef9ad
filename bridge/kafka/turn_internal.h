/*
 * bridge/kafka/turn_internal.h - shared by turn.c (what a turn consists of, and
 * its thread) and turn_transaction.c (the calls of librdkafka).
 */
#ifndef BRIDGE_KAFKA_TURN_INTERNAL_H
#define BRIDGE_KAFKA_TURN_INTERNAL_H

#include <stdatomic.h>

#include "bridge/kafka/kafka.h"
#include "bridge/kafka/turn.h"

#define TURN_STATE                                                             \
	STORE_DECISIONS /* the topic that a row has; none is written \
				    * there */

#define TURN_ANYWHERE INT64_C(-1)

struct turn_entry {
	enum store_topic topic;
	bool has_key, has_value;
	size_t key_len, value_len;
	char *bytes;		     /* the key, then the value */
	rd_kafka_headers_t *headers; /* or NULL; librdkafka's once it is sent */
	/* As Kafka reports it. */
	rd_kafka_resp_err_t err;
	int64_t offset, written_at;
};

struct turn_handle {
	struct core *core;
	const char *id, *state_topic;
	int64_t timeout_ms;
	/* Whatever is under way: give up, for good or until the next order. */
	_Atomic bool quit, dropped;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topics[STORE_TOPIC_END];
};

/* They block, but for little more than a second once `quit` or `dropped` is set. */
void turn_handle_open(struct turn_handle *h, struct turn_result *result);
/* entries[i]: their librdkafka headers are taken. at: where the first row has to
 * come, or TURN_ANYWHERE. */
void turn_handle_send(struct turn_handle *h, struct turn_entry **entries,
		      int count, bool apart, int64_t at,
		      struct turn_result *result);
void turn_handle_close(struct turn_handle *h);

#endif
