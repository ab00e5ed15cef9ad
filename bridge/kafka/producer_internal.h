/*
 * bridge/kafka/producer_internal.h - shared by producer.c (what becomes of
 * records) and producer_pump.c (handing them to librdkafka).
 */
#ifndef BRIDGE_KAFKA_PRODUCER_INTERNAL_H
#define BRIDGE_KAFKA_PRODUCER_INTERNAL_H

#include "bridge/kafka/kafka.h"
#include "bridge/kafka/producer.h"
#include "bridge/kafka/topic_window.h"

#define PRODUCER_PAUSE_FIRST_MS 250
#define PRODUCER_PAUSE_MAX_MS	15000

struct producer {
	struct core *core;
	struct store *store;
	struct producer_user user;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topics[STORE_TOPIC_END]; /* from 1 */
	rd_kafka_queue_t *queue;
	int wake_fd;
	bool ok, hold_results;
	bool lingering; /* records were handed over since the last flush */
	int unsettled;	/* in-flight records for apply or settle to handle */
	struct topic_window windows[STORE_TOPIC_END]; /* from 1 */
};

/* Waits until all handed-over records are back, then reads the outbox again
 * from its beginning. */
void producer_rewind(struct producer *p, struct topic_window *window,
		     int64_t pause);

#endif
