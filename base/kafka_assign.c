#include "base/kafka_assign.h"

/* The thread takes one thing after the other: first what stops the partitions, which
 * was there before the question, then the question, then that they have stopped; and
 * whatever the caller does next. */
void ztp_kafka_settle(rd_kafka_t *consumer)
{
	rd_kafka_topic_partition_list_t *list = NULL;

	if (rd_kafka_assignment(consumer, &list) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_topic_partition_list_destroy(list);
}

rd_kafka_resp_err_t
ztp_kafka_assign(rd_kafka_t *consumer,
		 const rd_kafka_topic_partition_list_t *partitions)
{
	rd_kafka_resp_err_t err = rd_kafka_assign(consumer, partitions);

	if (partitions && partitions->cnt > 0)
		ztp_kafka_settle(consumer);
	return err;
}
