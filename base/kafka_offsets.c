#include "base/kafka_offsets.h"

#include "base/clock.h"

/* `which` is RD_KAFKA_OFFSET_BEGINNING or _END, which Kafka's protocol has as
 * times. */
static rd_kafka_resp_err_t ask(rd_kafka_t *handle, const char *topic,
			       int32_t partition, int64_t which,
			       int64_t *offset, int64_t until)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *one =
		rd_kafka_topic_partition_list_add(list, topic, partition);
	int64_t left = until - ztp_clock_boot();
	rd_kafka_resp_err_t err;

	one->offset = which;
	err = rd_kafka_offsets_for_times(handle, list,
					 left > 0 ? (int)left : 0);
	if (!err)
		err = one->err;
	if (!err && one->offset < 0)
		err = RD_KAFKA_RESP_ERR__TIMED_OUT;
	*offset = one->offset;
	rd_kafka_topic_partition_list_destroy(list);
	return err;
}

rd_kafka_resp_err_t ztp_kafka_offsets(rd_kafka_t *handle, const char *topic,
				      int32_t partition, int64_t *low,
				      int64_t *high, int ms)
{
	int64_t until = ztp_clock_boot() + ms;
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (low)
		err = ask(handle, topic, partition, RD_KAFKA_OFFSET_BEGINNING,
			  low, until);
	return err ? err
		   : ask(handle, topic, partition, RD_KAFKA_OFFSET_END, high,
			 until);
}
