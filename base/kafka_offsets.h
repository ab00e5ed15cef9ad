/*
 * base/kafka_offsets.h - where a partition begins and ends, asked in bounded time.
 *
 * rd_kafka_query_watermark_offsets (librdkafka 2.0.2) takes a timeout and does not
 * keep it: once its question is sent, it waits for as long as Kafka is silent, a
 * minute and more.
 */
#ifndef ZTP_BASE_KAFKA_OFFSETS_H
#define ZTP_BASE_KAFKA_OFFSETS_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

/* *low: its first offset, unless low is NULL; *high: that of its next record, of
 * what is committed if the handle reads no more than that. 0: both are set. */
rd_kafka_resp_err_t ztp_kafka_offsets(rd_kafka_t *handle, const char *topic,
				      int32_t partition, int64_t *low,
				      int64_t *high, int ms);

#endif
