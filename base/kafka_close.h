/*
 * base/kafka_close.h - the end of a librdkafka handle, in bounded time, whatever
 * Kafka does.
 *
 * rd_kafka_consumer_close waits for Kafka's answers without limit, and so does a
 * consumer's rd_kafka_destroy. Nobody who wants to end waits for a Kafka that is
 * gone.
 */
#ifndef ZTP_BASE_KAFKA_CLOSE_H
#define ZTP_BASE_KAFKA_CLOSE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

/* Leaves the group, so that a successor need not wait for the session timeout,
 * and commits what is stored, if the handle does so by itself. Its rebalance
 * callback is called in this thread, and never again after ms. False: Kafka has
 * not answered meanwhile. */
bool ztp_kafka_leave(rd_kafka_t *consumer, int64_t ms);

/* Destroys the handle in a thread of its own, and waits for that for ms; 0: not
 * at all. False: it is under way; only its log callback still refers to the
 * caller. librdkafka (2.0.2) can wait forever for a partition whose topic has
 * been deleted. Without a thread there is no limit. */
bool ztp_kafka_destroy(rd_kafka_t *handle, int64_t ms);

#endif
