/*
 * bridge/kafka/producer_internal.h - what the two halves of the producer share:
 * what becomes of records (producer.c) and their handing over (producer_pump.c).
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
	int lingering; /* records that were handed over since `coalesced_at` */
	int64_t coalesced_at;
	int unsettled; /* flights that apply or settle has to look at */
	struct topic_window windows[STORE_TOPIC_END]; /* from 1 */
};

/* All that is handed over is waited for, then the window begins anew. */
void producer_rewind(struct producer *p, struct topic_window *window,
		     int64_t pause);

#endif
