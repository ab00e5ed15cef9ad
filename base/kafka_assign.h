/*
 * base/kafka_assign.h - assigns partitions to a consumer, and waits until those
 * that it takes away have been stopped.
 *
 * librdkafka stops reading a partition in a thread of its own, after rd_kafka_assign
 * has returned. If the partition is assigned again and then taken away before that, it
 * is stopped twice, and the second stop aborts the process (assertion rktp_started;
 * librdkafka#5573, also in 2.15). So an assignment waits for that thread. Taking
 * all partitions away does not: the consumer may be closing, and then the thread
 * may never answer.
 */
#ifndef ZTP_BASE_KAFKA_ASSIGN_H
#define ZTP_BASE_KAFKA_ASSIGN_H

#include <librdkafka/rdkafka.h>

/* rd_kafka_assign; partitions: NULL for none. Unless there are none it waits for
 * librdkafka's thread, and not for Kafka. */
rd_kafka_resp_err_t
ztp_kafka_assign(rd_kafka_t *consumer,
		 const rd_kafka_topic_partition_list_t *partitions);

/* The same wait, after rd_kafka_incremental_assign. */
void ztp_kafka_settle(rd_kafka_t *consumer);

#endif
